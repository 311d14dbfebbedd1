"""Devices beside cameras in one simulator, and in a process of their own."""

import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tools.camera_sim.camera_spec import CameraSpec
from tools.camera_sim.clip_spec import SMALL
from tools.camera_sim.devices.spec import ChannelSpec, DeviceSpec
from tools.camera_sim.process import CameraProcess
from tools.camera_sim.simulator import CameraSimulator

ROOT = Path(__file__).parents[3]
DEVICE = DeviceSpec(
    name="Front door",
    protocols=frozenset({"isapi"}),
    channels=(ChannelSpec(main_url="camera:a"),),
    recorded_hours=2.0,
)


def get(process: CameraProcess, path: str, password: str = DEVICE.password) -> httpx.Response:
    auth = httpx.DigestAuth(DEVICE.username, password)
    return httpx.get(process.device_url("Front door") + path, auth=auth, trust_env=False)


def test_a_device_in_a_process_of_its_own_takes_faults_over_the_control_port() -> None:
    with CameraProcess([CameraSpec("a", SMALL)], devices=[DEVICE]) as process:
        healthy = get(process, "/ISAPI/System/deviceInfo")
        process.device_fault("Front door", "low_privilege", True)
        faulty = get(process, "/ISAPI/System/deviceInfo")
        process.device_fault("Front door", "clear")
        cleared = get(process, "/ISAPI/System/deviceInfo")
        rejected = get(process, "/ISAPI/System/deviceInfo", password="wrong")
        status = process.device_status("Front door")

    answers = (healthy, faulty, cleared, rejected)
    assert [answer.status_code for answer in answers] == [200, 403, 200, 401]
    assert (status["online"], status["attempts"], status["rejected"]) == (True, 4, 1)


def test_a_device_goes_offline_and_comes_back_on_the_same_port() -> None:
    with CameraProcess([CameraSpec("a", SMALL)], devices=[DEVICE]) as process:
        port = process.device_port("Front door")
        process.device_fault("Front door", "offline")
        with pytest.raises(httpx.ConnectError):
            get(process, "/ISAPI/System/deviceInfo")
        assert process.device_status("Front door")["online"] is False

        process.device_fault("Front door", "online")

        assert get(process, "/ISAPI/System/deviceInfo").status_code == 200
        assert process.device_port("Front door") == port


@pytest.mark.parametrize(
    ("name", "fault", "value", "reason"),
    [
        ("Nobody", "drops", True, "no such device"),
        ("Front door", "explodes", True, "no such fault"),
        ("Front door", "clock_mode", "sideways", "Input should be"),
    ],
)
def test_device_commands_that_make_no_sense_are_answered_with_a_reason(
    name: str, fault: str, value: object, reason: str
) -> None:
    with (
        CameraProcess([], devices=[DEVICE_ALONE]) as process,
        pytest.raises(ValueError, match=reason),
    ):
        process.device_fault(name, fault, value)


async def test_a_channel_that_names_a_camera_tells_that_cameras_address() -> None:
    async with CameraSimulator([CameraSpec("a", SMALL)], devices=[DEVICE]) as simulator:
        device = simulator.devices["Front door"]

        assert device.spec.channels[0].main_url == simulator["a"].plain_url
        assert device.timeline.files()[-1].is_open


def test_sigterm_ends_a_simulator_with_devices_cleanly(tmp_path: Path) -> None:
    specs = tmp_path / "specs.json"
    specs.write_text('{"devices": [{"protocols": ["dahua"]}]}')
    command = [sys.executable, "-m", "tools.camera_sim", "--specs", str(specs)]
    process = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    with process:
        assert process.stdout
        line = process.stdout.readline()
        process.terminate()
        _, errors = process.communicate(timeout=20)

    assert '"kind": "device"' in line
    assert process.returncode == 0
    assert "Traceback" not in errors


DEVICE_ALONE = DeviceSpec(name="Front door", protocols=frozenset({"isapi"}))
