"""What the pictures show: four recorded cameras, two more to be found, users, a key, a gap."""

import asyncio
import contextlib
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from tools.camera_sim.camera_spec import CameraSpec
from tools.camera_sim.clip_spec import ClipSpec
from tools.camera_sim.devices.spec import ChannelSpec, DeviceSpec
from tools.camera_sim.process import CameraProcess
from tools.local.api_client import ApiClient
from tools.local.ports import LOOPBACK
from tools.local.stack import Stack
from tools.local.stack_options import StackOptions
from tools.screenshots.pages import Scene

RECORDED = ("Front door", "Yard", "Parking lot", "Warehouse")
NOT_ADDED = ("Garage", "Side gate")
LOGIN = ("viewer", "demo-camera")
WIDTH, HEIGHT = 960, 540
CLIPS = Path(tempfile.gettempdir()) / "everframe-screenshot-clips"
RECORDING_SECONDS = 20
BEFORE_THE_GAP, AFTER_THE_GAP = 3, 2
"""Recordings of each camera."""
WITHIN_SECONDS = 240.0


class NothingToShow(Exception):
    """The installation did not come to what the pictures show; the text says what is missing."""


@dataclass(frozen=True, slots=True)
class Installation:
    """A running stack with something to look at."""

    url: str
    password: str
    """Of `admin`."""
    scene: Scene


@contextlib.asynccontextmanager
async def running_installation(data: Path) -> AsyncIterator[Installation]:
    """Start everything on free ports and wait until there is footage on both sides of a gap."""
    simulated = CameraProcess(
        [_camera(name) for name in RECORDED + NOT_ADDED],
        devices=[_device(name, number) for number, name in enumerate(RECORDED + NOT_ADDED, 1)],
        clips_dir=CLIPS,
    )
    stack = Stack(StackOptions.for_tests(data, streamers=1, discoverers=1))
    async with simulated:
        try:
            password = await stack.start()
            if password is None:
                raise NothingToShow(f"{data} holds an installation already; name a new folder")
            async with contextlib.aclosing(_client(stack, await stack.make_key("demo"))) as api:
                yield Installation(stack.api_url, password, await _furnish(stack, api, simulated))
        finally:
            await stack.stop()


def _client(stack: Stack, key: str) -> ApiClient:
    return ApiClient(stack.api_url, key)


async def _furnish(stack: Stack, api: ApiClient, simulated: CameraProcess) -> Scene:
    ports = tuple(simulated.device_port(name) for name in RECORDED + NOT_ADDED)
    cameras = await _add(api, ports[: len(RECORDED)])
    await _invite(api, cameras)
    await _recordings(api, cameras, BEFORE_THE_GAP)
    recorder = stack.services["recorder-1"]
    await recorder.kill()
    await recorder.start()
    newest = await _recordings(api, cameras, BEFORE_THE_GAP + AFTER_THE_GAP)
    at = datetime.fromisoformat(newest["started_at"]) + timedelta(seconds=4)
    return Scene(
        cameras=cameras,
        at=at.isoformat().replace("+00:00", "Z"),
        scan_ports=ports,
        login=LOGIN,
        gaps=2 * len(cameras),  # until they were connected, and while no recorder was running
    )


async def _add(api: ApiClient, ports: tuple[int, ...]) -> tuple[str, ...]:
    """Find the devices at these ports and add them; return the ids of their cameras."""
    login = {"username": LOGIN[0], "password": LOGIN[1]}
    scan = await api.scan(targets=[LOOPBACK], ports=list(ports), credentials=login)
    devices = [
        {
            "found_id": device["found_id"],
            "cameras": [
                {
                    "channel": channel["channel"],
                    "name": device["details"]["identity"]["name"],
                    "recording_seconds": RECORDING_SECONDS,
                }
                for channel in device["details"]["channels"]
            ],
        }
        for device in scan["devices"]
    ]
    path = f"/discovery/scans/{scan['scan_id']}/add"
    await api.call("POST", path, {"credentials": login, "devices": devices})
    names = {camera["name"]: camera["camera_id"] for camera in await api.get("/cameras")}
    if set(names) != set(RECORDED):
        raise NothingToShow(f"of the cameras only these were added: {sorted(names)}")
    return tuple(names[name] for name in RECORDED)


async def _invite(api: ApiClient, cameras: tuple[str, ...]) -> None:
    """Make groups, users and a key with few rights."""
    for name, members in (("Outside", cameras[:3]), ("Entrances", cameras[:1])):
        await api.call("POST", "/groups", {"name": name, "camera_ids": members})
    await api.call(
        "POST", "/users", {"name": "reception", "role": "viewer", "group_ids": ["entrances"]}
    )
    await api.call("POST", "/users", {"name": "guard", "role": "operator", "all_cameras": True})
    wall = {"name": "wall", "permissions": ["cameras:read", "live:watch"]}
    await api.call("POST", "/api-keys", {**wall, "camera_ids": cameras[:2]})


async def _recordings(api: ApiClient, cameras: tuple[str, ...], count: int) -> dict[str, Any]:
    """Wait until every camera has so many; return the newest of the last camera."""

    async def newest() -> dict[str, Any] | None:
        lists = [
            (await api.get(f"/cameras/{camera}/recordings", order="desc", limit=count))["items"]
            for camera in cameras
        ]
        return lists[-1][0] if all(len(found) == count for found in lists) else None

    return await _until(f"{count} recordings of each camera", newest)


async def _until(
    what: str, check: Callable[[], Awaitable[dict[str, Any] | None]]
) -> dict[str, Any]:
    try:
        async with asyncio.timeout(WITHIN_SECONDS):
            while True:
                if found := await check():
                    return found
                await asyncio.sleep(1.0)
    except TimeoutError:
        raise NothingToShow(f"not within {WITHIN_SECONDS:.0f} s: {what}") from None


def _camera(name: str) -> CameraSpec:
    clip = ClipSpec(width=WIDTH, height=HEIGHT, label=name.lower().replace(" ", "-"))
    return CameraSpec(name, clip, username=LOGIN[0], password=LOGIN[1])


def _device(name: str, number: int) -> DeviceSpec:
    """Return the ONVIF side of a camera."""
    return DeviceSpec(
        name=name,
        model=f"SIM-{HEIGHT}P",
        serial=f"SIM{number:09}",
        mac=f"02:00:00:00:00:{number:02x}",
        endpoint_id=f"urn:uuid:00000000-0000-4000-8000-{number:012}",
        username=LOGIN[0],
        password=LOGIN[1],
        channels=(ChannelSpec(name=name, main_url=f"camera:{name}", width=WIDTH, height=HEIGHT),),
        recorded_hours=2.0,
        file_seconds=900.0,
    )
