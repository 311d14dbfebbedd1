"""The demo's three simulated cameras, and the check that the product keeps its promise."""

import asyncio
import re
import sys
from dataclasses import dataclass
from datetime import datetime

from libs.media.playback import NotPlayableError, play
from tools.camera_sim.camera_spec import CameraSpec
from tools.camera_sim.clip_spec import FRONT_DOOR, PARKING_LOT, WAREHOUSE, ClipSpec
from tools.camera_sim.spec_json import specs_to_json
from tools.local.api_client import ApiClient, ApiFailed
from tools.local.ports import LOOPBACK, ensure_free
from tools.local.processes import ManagedProcess, ProcessSpec
from tools.local.stack import ROOT, Stack

CAMERAS = {"Front door": FRONT_DOOR, "Parking lot": PARKING_LOT, "Warehouse": WAREHOUSE}
SUB_STREAMS = {"Front door": ClipSpec(audio="aac", label="front-door-small")}
USERNAME, PASSWORD = "viewer", "demo-camera"
RECORDING_SECONDS = 20
CONTROL_OFFSET = 9
SETTLE_SECONDS = 10.0
PLAYED_SLACK_SECONDS = 2.0


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
    """The simulated cameras as a process beside the services."""

    def __init__(self, stack: Stack, port_base: int) -> None:
        self._port_base = port_base
        clips = (*CAMERAS.values(), *SUB_STREAMS.values())
        self._ports = {clip.label: port_base + number for number, clip in enumerate(clips)}
        self._specs = [
            CameraSpec(
                clip.label,
                clip,
                port=self._ports[clip.label],
                username=USERNAME,
                password=PASSWORD,
            )
            for clip in clips
        ]
        data = stack.servers.data
        self._specs_file = data.path / "cameras.json"
        arguments = (
            *("--specs", str(self._specs_file)),
            *("--control-port", str(port_base + CONTROL_OFFSET)),
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
        for port in (*self._ports.values(), self._port_base + CONTROL_OFFSET):
            await ensure_free(port, wanted_by="a simulated camera", setting="--camera-port")

    async def start(self) -> None:
        """Start them; the first time their clips are encoded before they are on air."""
        self._specs_file.parent.mkdir(parents=True, exist_ok=True)
        self._specs_file.write_text(specs_to_json(self._specs))
        await self.process.start()

    def encoding_progress(self) -> str:
        """Return how far the clips are, for example `40%`; empty when nothing is encoded."""
        shares = re.findall(r"(\d+)%", self.process.log.tail())
        return f"{shares[-1]}%" if shares else ""

    async def add_to(self, api: ApiClient) -> list[str]:
        """Register the cameras; return their ids."""
        added = []
        for name, clip in CAMERAS.items():
            camera = await api.ensure_camera(
                name,
                {
                    "url": self._url(clip),
                    "sub_url": self._url(SUB_STREAMS[name]) if name in SUB_STREAMS else None,
                    "credentials": {"username": USERNAME, "password": PASSWORD},
                    "recording_seconds": RECORDING_SECONDS,
                },
            )
            await api.call("POST", f"/cameras/{camera}/recording/start", None)
            added.append(camera)
        return added

    def _url(self, clip: ClipSpec) -> str:
        return f"rtsp://{LOOPBACK}:{self._ports[clip.label]}/stream1"

    async def _are_on_air(self) -> bool:
        try:
            _, writer = await asyncio.open_connection(LOOPBACK, self._port_base + CONTROL_OFFSET)
        except OSError:
            return False
        writer.close()
        return True


async def check_promise(api: ApiClient, since: datetime) -> list[Finding]:
    """Check, for every camera, what was recorded since `since`: stored, listed, playable."""
    cameras = await api.get("/cameras")
    return [await _check_camera(api, camera["camera_id"], since) for camera in cameras]


async def _check_camera(api: ApiClient, camera: str, since: datetime) -> Finding:
    page = await api.get(
        f"/cameras/{camera}/recordings", **{"from": since.isoformat(), "limit": 500}
    )
    recordings = page["items"]
    seconds = await api.coverage(camera, since)
    played, problem = 0.0, None
    if recordings:
        until = max(datetime.fromisoformat(item["ended_at"]) for item in recordings)
        played, problem = await _play(api, camera, since, until)
    else:
        problem = "no recording is in the catalog"
    if problem is None and played < seconds["recorded"] - PLAYED_SLACK_SECONDS:
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


async def _play(
    api: ApiClient, camera: str, since: datetime, until: datetime
) -> tuple[float, str | None]:
    try:
        url = await api.playlist_url(camera, since, until)
        played = await asyncio.to_thread(play, url)
    except (ApiFailed, NotPlayableError) as error:
        return 0.0, f"does not play back: {error}"
    return played.seconds, None
