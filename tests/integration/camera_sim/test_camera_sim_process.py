import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tests.integration.camera_sim.rtsp_viewer import PacketViewer, watch
from tools.camera_sim.camera_spec import CameraSpec
from tools.camera_sim.clip_spec import SMALL
from tools.camera_sim.process import CameraProcess

ROOT = Path(__file__).parents[3]


def test_cameras_play_in_a_process_of_their_own(clips_dir: Path) -> None:
    specs = [
        CameraSpec("front", SMALL, username="viewer", password="secret"),
        CameraSpec("back", replace(SMALL, codec="hevc"), transports=("tcp",)),
    ]

    with CameraProcess(specs, clips_dir=clips_dir) as cameras:
        front = watch(cameras.url("front"), pictures=5)
        back = watch(cameras.url("back"), pictures=5)

    assert (front.video_codec, back.video_codec) == ("h264", "hevc")
    assert front.clock_steps(10_000) == {40}


async def test_faults_arrive_over_the_control_port(clips_dir: Path) -> None:
    async with CameraProcess([CameraSpec("a")], clips_dir=clips_dir) as cameras:
        async with PacketViewer(cameras.url("a")) as viewer:
            await viewer.play()
            assert cameras.status("a")["sessions"] == 1
            cameras.fault("a", "drop", refuse_seconds=0.1)
            assert not await viewer.silence(5)

        cameras.fault("a", "offline")
        assert cameras.status("a")["online"] is False
        cameras.fault("a", "online")
        assert cameras.status("a")["online"] is True
        cameras.fault("a", "switch_clip", width=480, height=272)


@pytest.mark.parametrize(
    ("name", "fault", "arguments"),
    [
        ("nobody", "drop", {}),
        ("a", "explode", {}),
        ("a", "_set", {}),
        ("a", "drop", {"colour": "red"}),
        ("a", "switch_clip", {"colour": "red"}),
    ],
)
def test_commands_that_make_no_sense_are_answered_with_a_reason(
    clips_dir: Path, name: str, fault: str, arguments: dict[str, object]
) -> None:
    with (
        CameraProcess([CameraSpec("a")], clips_dir=clips_dir) as cameras,
        pytest.raises(ValueError, match=r"no such|unexpected"),
    ):
        cameras.fault(name, fault, **arguments)


def test_a_simulator_that_cannot_start_says_why(clips_dir: Path) -> None:
    with (
        CameraProcess([CameraSpec("a")], clips_dir=clips_dir) as cameras,
        pytest.raises(RuntimeError, match="address already in use"),
        CameraProcess(
            [CameraSpec("b", port=int(cameras.url("a").rpartition(":")[2].partition("/")[0]))],
            clips_dir=clips_dir,
        ),
    ):
        pytest.fail("two simulators on one port")


def test_sigterm_is_a_clean_end(clips_dir: Path) -> None:
    command = [sys.executable, "-m", "tools.camera_sim", "--count", "2", "--audio", "none"]
    command += ["--width", "320", "--height", "240", "--duration", "10", "--clips", str(clips_dir)]
    process = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    with process:
        assert process.stdout
        lines = [process.stdout.readline() for _ in range(2)]
        process.terminate()
        _, errors = process.communicate(timeout=20)

    assert ["camera-01" in lines[0], "camera-02" in lines[1]] == [True, True]
    assert process.returncode == 0
    assert "Traceback" not in errors
