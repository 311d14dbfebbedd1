"""The demo's three simulated cameras, found by a scan, and the check of what is promised."""

import asyncio
import re
import sys
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from libs.media.playback import NotPlayableError, play
from tools.camera_sim.camera_spec import CameraSpec
from tools.camera_sim.clip_spec import FRONT_DOOR, PARKING_LOT, WAREHOUSE, ClipSpec
from tools.camera_sim.devices.spec import ChannelSpec, DeviceSpec
from tools.camera_sim.spec_json import specs_to_json
from tools.local.api_client import ApiClient, ApiFailed
from tools.local.ports import LOOPBACK, ensure_free
from tools.local.processes import ManagedProcess, ProcessSpec
from tools.local.stack import ROOT, Stack

CAMERAS = {"Front door": FRONT_DOOR, "Parking lot": PARKING_LOT, "Warehouse": WAREHOUSE}
SUB_STREAMS = {"Front door": ClipSpec(audio="aac", label="front-door-small")}
USERNAME, PASSWORD = "viewer", "demo-camera"
RECORDING_SECONDS = 20
STORED_HOURS = 3.0
"""Of footage on each camera's own card, still being written."""
CONTROL_OFFSET = 9
DEVICE_OFFSET = 10
"""Of the first camera's ONVIF port from its RTSP port."""
SETTLE_SECONDS = 10.0
STORED_WITHIN_SECONDS = 60.0
"""An event that an api was killed over is delivered again after half a minute."""
POLL_SECONDS = 1.0
PLAYED_SLACK_SECONDS = 2.0
"""Of each playlist."""
PLAYED_RECORDINGS = 90
"""In one playlist: half an hour. The api makes none of more than six hours."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What the check found out about one camera."""

    camera: str
    recordings: int
    recorded_seconds: float
    explained_seconds: float
    unexplained_seconds: float
    played_seconds: float
    problem: str | None


class DemoCameras:
    """The simulated cameras as a process beside the services.

    Each is a device of its own: they share an address and differ by their ONVIF ports.
    """

    def __init__(self, stack: Stack, port_base: int) -> None:
        clips = (*CAMERAS.values(), *SUB_STREAMS.values())
        self._control_port = port_base + CONTROL_OFFSET
        self._ports = {clip.label: port_base + number for number, clip in enumerate(clips)}
        self.device_ports = [port_base + DEVICE_OFFSET + number for number in range(len(CAMERAS))]
        """Where the devices answer ONVIF."""
        self._cameras = [
            CameraSpec(
                clip.label,
                clip,
                port=self._ports[clip.label],
                username=USERNAME,
                password=PASSWORD,
            )
            for clip in clips
        ]
        self._devices = [
            _device(name, number, port)
            for number, (name, port) in enumerate(zip(CAMERAS, self.device_ports, strict=True), 1)
        ]
        data = stack.servers.data
        self._specs_file = data.path / "cameras.json"
        arguments = (
            *("--specs", str(self._specs_file)),
            *("--control-port", str(self._control_port)),
            *("--clips", str(data.path / "clips")),
        )
        self.process = ManagedProcess(
            ProcessSpec(
                name="cameras",
                argv=(sys.executable, "-m", "tools.camera_sim", *arguments),
                cwd=ROOT,
                log=data.logs / "cameras.log",
                ready=self._are_on_air,
                ready_within_seconds=180.0,
            )
        )

    async def check_ports(self) -> None:
        """Raise PortBusy when a port is taken."""
        for port in (*self._ports.values(), *self.device_ports, self._control_port):
            await ensure_free(port, wanted_by="a simulated camera", setting="--camera-port")

    async def start(self) -> None:
        """Start them; the first time their clips are encoded before they are on air."""
        self._specs_file.parent.mkdir(parents=True, exist_ok=True)
        self._specs_file.write_text(specs_to_json(self._cameras, self._devices))
        await self.process.start()

    def encoding_progress(self) -> str:
        """Return how far the clips are, for example `40%`; empty when nothing is encoded."""
        shares = re.findall(r"(\d+)%", self.process.log.tail())
        return f"{shares[-1]}%" if shares else ""

    async def find(self, api: ApiClient) -> dict[str, Any]:
        """Scan this machine for the devices; return the finished scan."""
        scan = await api.scan(
            targets=[LOOPBACK],
            ports=self.device_ports,
            credentials={"username": USERNAME, "password": PASSWORD},
        )
        found = len(scan["devices"])
        if found < len(CAMERAS):
            raise ApiFailed(f"the scan found {found} of {len(CAMERAS)} cameras: {scan['failure']}")
        return scan

    async def add(self, api: ApiClient, scan: dict[str, Any]) -> list[str]:
        """Add what the scan found and is not there yet; return the ids of the cameras."""
        login = {"username": USERNAME, "password": PASSWORD}
        wanted = [
            {"found_id": device["found_id"], "cameras": _cameras(device)}
            for device in scan["devices"]
            if device["device_id"] is None
        ]
        if wanted:
            path = f"/discovery/scans/{scan['scan_id']}/add"
            answer = await api.call("POST", path, {"credentials": login, "devices": wanted})
            # 409: an earlier run has added the cameras, by their addresses
            refused = [item for item in answer["items"] if item["status"] not in {201, 409}]
            problems = [item["problem"] for item in refused]
            if problems:
                raise ApiFailed("; ".join(problems))
        for device in scan["devices"]:
            if device["device_id"] is not None:
                await self._move(api, device)
        cameras = [camera["camera_id"] for camera in await api.get("/cameras")]
        for camera in cameras:
            await api.call("POST", f"/cameras/{camera}/recording/start", None)
        return cameras

    async def _move(self, api: ApiClient, device: dict[str, Any]) -> None:
        """Point what was added by an earlier run to the ports of this one."""
        login = {"username": USERNAME, "password": PASSWORD}
        where = {"host": device["host"], "port": device["port"], "credentials": login}
        await api.call("PATCH", f"/devices/{device['device_id']}", where)
        for channel in device["details"]["channels"]:
            urls = {stream["stream"]: stream["url"] for stream in channel["streams"]}
            fields = {"url": urls["main"], "sub_url": urls.get("sub"), "credentials": login}
            for camera in await api.get("/cameras"):
                if (camera["device_id"], camera["channel"]) == (
                    device["device_id"],
                    channel["channel"],
                ):
                    await api.call("PATCH", f"/cameras/{camera['camera_id']}", fields)

    async def _are_on_air(self) -> bool:
        try:
            _, writer = await asyncio.open_connection(LOOPBACK, self._control_port)
        except OSError:
            return False
        writer.close()
        return True


def _cameras(device: dict[str, Any]) -> list[dict[str, Any]]:
    name = device["details"]["identity"]["name"]
    return [
        {"channel": channel["channel"], "name": name, "recording_seconds": RECORDING_SECONDS}
        for channel in device["details"]["channels"]
    ]


def _device(name: str, number: int, port: int) -> DeviceSpec:
    """Return the ONVIF side of a camera; its channel names the RTSP camera by its label."""
    clip, small = CAMERAS[name], SUB_STREAMS.get(name)
    channel = ChannelSpec(
        name=name,
        main_url=f"camera:{clip.label}",
        sub_url=f"camera:{small.label}" if small else None,
        codec="h265" if clip.codec == "hevc" else "h264",
        width=clip.width,
        height=clip.height,
        fps=clip.fps,
        bitrate_bps=clip.video_bitrate_bps,
    )
    return DeviceSpec(
        name=name,
        model=f"SIM-{clip.height}P",
        serial=f"SIM{number:09}",
        mac=f"02:00:00:00:00:{number:02x}",
        endpoint_id=f"urn:uuid:00000000-0000-4000-8000-{number:012}",
        username=USERNAME,
        password=PASSWORD,
        channels=(channel,),
        recorded_hours=STORED_HOURS,
        file_seconds=900.0,
        port=port,
    )


async def check_promise(api: ApiClient, since: datetime) -> list[Finding]:
    """Check, for every camera, what was recorded since `since`: stored, listed, playable."""
    cameras = await api.get("/cameras")
    return [await _check_camera(api, camera["camera_id"], since) for camera in cameras]


async def _check_camera(api: ApiClient, camera: str, since: datetime) -> Finding:
    # First, so that all it counts is listed, also where the catalog is just catching up.
    seconds = await _coverage(api, camera, since)
    path = f"/cameras/{camera}/recordings"
    recordings = await api.get_all(path, **{"from": since.isoformat()})
    played, slack = 0.0, 0.0
    problem = None if recordings else "no recording is in the catalog"
    for first in range(0, len(recordings), PLAYED_RECORDINGS):
        some = recordings[first : first + PLAYED_RECORDINGS]
        start = min(datetime.fromisoformat(item["started_at"]) for item in some)
        until = max(datetime.fromisoformat(item["ended_at"]) for item in some)
        more, problem = await _play(api, camera, max(since, start), until)
        played, slack = played + more, slack + PLAYED_SLACK_SECONDS
        if problem is not None:
            break
    if problem is None and played < seconds["recorded"] - slack:
        problem = "less plays back than was recorded"
    if problem is None and seconds["unexplained"] >= 1.0:
        problem = "there is missing footage that no gap explains"
    return Finding(
        camera,
        len(recordings),
        seconds["recorded"],
        seconds["explained"],
        seconds["unexplained"],
        played,
        problem,
    )


async def _coverage(api: ApiClient, camera: str, since: datetime) -> dict[str, float]:
    """Return the seconds when all are accounted for, or what they are after a while."""
    loop = asyncio.get_running_loop()
    end = loop.time() + STORED_WITHIN_SECONDS
    while True:
        seconds = await api.coverage(camera, since)
        if seconds["pending"] + seconds["unexplained"] < 1.0 or loop.time() >= end:
            return seconds
        await asyncio.sleep(POLL_SECONDS)


async def _play(
    api: ApiClient, camera: str, since: datetime, until: datetime
) -> tuple[float, str | None]:
    try:
        url = await api.playlist_url(camera, since, until)
        played = await asyncio.to_thread(play, url)
    except (ApiFailed, NotPlayableError) as error:
        return 0.0, f"does not play back: {error}"
    return played.seconds, None
