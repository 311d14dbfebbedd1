"""Devices are found, added, watched and listed by a whole installation."""

import json
import socket
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from tests.e2e.harness import Installation, cameras, installation, small_clip, until
from tests.secrets_in import forms_of
from tools.camera_sim.camera_spec import CameraSpec
from tools.camera_sim.devices.spec import ChannelSpec, DeviceSpec
from tools.camera_sim.process import CameraProcess

USERNAME, PASSWORD = "viewer", "tr0mb0ne-Pa$$word/42"
LOGIN = {"username": USERNAME, "password": PASSWORD}
NAMES = ("front", "yard", "gate")
PROTOCOLS = {"front": "onvif", "yard": "isapi", "gate": "dahua"}


def camera(name: str) -> CameraSpec:
    """The RTSP side, at the path that its device's protocol expects."""
    path = {
        "onvif": "/stream1",
        "isapi": "/Streaming/Channels/101",
        "dahua": "/cam/realmonitor?channel=1&subtype=0",
    }[PROTOCOLS[name]]
    return CameraSpec(name, small_clip("found"), path=path, username=USERNAME, password=PASSWORD)


def device(name: str, **changes: Any) -> DeviceSpec:
    number = NAMES.index(name) + 1
    values: dict[str, Any] = {
        "name": name,
        "serial": f"SIM{number:08d}X{number * 7919:08d}",
        "mac": f"02:00:00:00:02:{number:02x}",
        "endpoint_id": f"urn:uuid:00000000-0000-4000-8000-{number:012d}",
        "username": USERNAME,
        "password": PASSWORD,
        "protocols": frozenset({PROTOCOLS[name]}),
        "channels": (ChannelSpec(name=name, main_url=f"camera:{name}", width=640, height=360),),
        "recorded_hours": 2.0,
        "file_seconds": 900.0,
    }
    return DeviceSpec(**(values | changes))


async def scanned(everframe: Installation, **question: Any) -> dict[str, Any]:
    """A scan, ended."""
    scan = await everframe.post("/discovery/scans", question)

    async def ended() -> dict[str, Any] | None:
        now: dict[str, Any] = await everframe.get(f"/discovery/scans/{scan['scan_id']}")
        return now if now["state"] != "running" else None

    found: dict[str, Any] = await until("the scan ends", ended)
    assert found["state"] == "finished", found
    return found


async def added(everframe: Installation, scan: dict[str, Any]) -> list[dict[str, Any]]:
    wanted = [{"found_id": found["found_id"]} for found in scan["devices"]]
    body = {"credentials": LOGIN, "devices": wanted}
    answer = await everframe.post(f"/discovery/scans/{scan['scan_id']}/add", body)
    items: list[dict[str, Any]] = answer["items"]
    return items


def ports_of(simulated: CameraProcess) -> list[int]:
    return [simulated.device_port(name) for name in NAMES]


async def test_devices_are_found_added_recorded_and_their_footage_listed_without_leaking_a_login():
    devices = [device(name) for name in NAMES]
    async with (
        cameras(*map(camera, NAMES), devices=devices) as simulated,
        installation(discoverers=1) as everframe,
    ):
        ports = ports_of(simulated)
        scan = await scanned(everframe, targets=["127.0.0.1"], ports=ports, credentials=LOGIN)
        assert {(found["port"], found["driver"]) for found in scan["devices"]} == {
            (simulated.device_port(name), PROTOCOLS[name]) for name in NAMES
        }
        assert {item["status"] for item in await added(everframe, scan)} == {201}
        again = await added(everframe, await scanned(everframe, targets=["127.0.0.1"], ports=ports))
        assert {item["status"] for item in again} == {409}

        listed = await everframe.get("/cameras")
        ids = [found["camera_id"] for found in listed]
        assert len(ids) == 3
        for camera_id in ids:
            await everframe.until_recording(camera_id)
            await until("it is online", partial(_is_online, everframe, camera_id))
            await until("its footage is listed", partial(_footage, everframe, camera_id))
            footage = await _footage(everframe, camera_id)
            assert all(file["state"] == "on_device" for file in footage)
            seconds = sum(file["seconds"] for file in footage)
            # what is still being written is held back; with ONVIF that is all since the full hour
            assert 0.9 * 3600 < seconds < 2 * 3600
        for name in ids:
            await everframe.stop_and_settle(name)

        _assert_no_secret(everframe)
        paths = ("/devices", "/cameras", "/status", "/discovery/scans", "/stored-footage")
        told = json.dumps([await everframe.get(path) for path in paths])
        assert not [form for form in forms_of(PASSWORD) if form in told]


async def test_a_wrong_login_is_tried_once_and_not_again_until_somebody_corrects_it():
    async with (
        cameras(camera("yard"), devices=[device("yard")]) as simulated,
        installation(discoverers=1) as everframe,
    ):
        wrong = {"username": USERNAME, "password": "wrong"}
        body = {
            "name": "Yard",
            "driver": "isapi",
            "host": "127.0.0.1",
            "port": simulated.device_port("yard"),
            "credentials": wrong,
            "cameras": [{"channel": "1", "name": "Yard", "url": simulated.plain_url("yard")}],
        }
        device_id = (await everframe.post("/devices", body))["device_id"]

        async def is_rejected() -> bool:
            state = (await everframe.get(f"/devices/{device_id}"))["state"]
            return bool(state and state["login"]["is_rejected"])

        await until("the login is rejected", is_rejected)
        await everframe.post(f"/devices/{device_id}/sync")
        process = everframe.stack.services["discovery-1"]
        await process.stop()
        await process.start()
        await until("discovery watches again", lambda: _is_ready(everframe))
        assert simulated.device_status("yard")["rejected"] == 1

        await everframe.patch(f"/devices/{device_id}", {"credentials": LOGIN})

        async def is_known() -> bool:
            state = (await everframe.get(f"/devices/{device_id}"))["state"]
            return bool(state["identity"] and state["identity"]["serial"])

        await until("it tells who it is", is_known)
        assert simulated.device_status("yard")["rejected"] == 1


async def test_a_camera_that_goes_and_comes_back_is_told_as_health_and_as_events():
    env = {"EVERFRAME_DISCOVERY_HEALTH_SECONDS": "2"}
    async with (
        cameras(camera("front")) as simulated,
        installation(discoverers=1, discovery_env=env) as everframe,
    ):
        await everframe.add("front", simulated.url("front"), record=False)
        await until("it is online", lambda: _is_online(everframe, "front"))
        simulated.fault("front", "offline")
        await until("it is offline", lambda: _has_health(everframe, "front", "offline"))
        assert [c["camera_id"] for c in await everframe.get("/cameras", health="offline")] == [
            "front"
        ]
        simulated.fault("front", "online")
        await until("it is online again", lambda: _is_online(everframe, "front"))

        assert simulated.status("front")["sessions"] == 0


async def test_devices_are_found_by_multicast_on_the_interfaces_that_are_listed():
    port = free_udp_port()
    env = {
        "EVERFRAME_DISCOVERY_MULTICAST_INTERFACES": "127.0.0.1",
        "EVERFRAME_DISCOVERY_WS_DISCOVERY_PORT": str(port),
    }
    devices = [device(name, protocols=frozenset({"onvif"}), recorded_hours=0.0) for name in NAMES]
    async with (
        cameras(*map(camera, NAMES), devices=devices, discovery_port=port) as simulated,
        installation(discoverers=1, discovery_env=env) as everframe,
    ):
        scan = await scanned(everframe, multicast=True)

        assert {found["port"] for found in scan["devices"]} == set(ports_of(simulated))
        assert {found["endpoint_id"] for found in scan["devices"]} == {
            spec.endpoint_id for spec in devices
        }


def free_udp_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    return port


async def _is_online(everframe: Installation, camera_id: str) -> bool:
    return await _has_health(everframe, camera_id, "online")


async def _has_health(everframe: Installation, camera_id: str, state: str) -> bool:
    health = (await everframe.get(f"/cameras/{camera_id}"))["health"]
    return bool(health["state"] == state)


async def _footage(everframe: Installation, camera_id: str) -> list[dict[str, Any]]:
    start = datetime.now(UTC) - timedelta(hours=3)
    page = await everframe.get(
        f"/cameras/{camera_id}/stored-footage", **{"from": start.isoformat()}
    )
    files: list[dict[str, Any]] = page["items"]
    return files


async def _is_ready(everframe: Installation) -> bool:
    return await everframe.metric("discovery-1", "everframe_discovery_leads") == 1


def _assert_no_secret(everframe: Installation) -> None:
    """No form of the password in any log, nor in what the bus keeps on disk."""
    data = everframe.stack.servers.data.path
    looked = [*data.glob("logs/*.log"), *data.glob("nats/**/*"), *data.glob("spool/**/*.json")]
    assert any(path.suffix == ".blk" for path in looked), "the bus keeps nothing here"
    for path in filter(Path.is_file, looked):
        content = path.read_bytes()
        for form in forms_of(PASSWORD):
            assert form.encode() not in content, f"{path} holds the password"
