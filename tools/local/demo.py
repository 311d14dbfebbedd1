"""The demo's three simulated cameras, and the check that the product keeps its promise."""

import asyncio
import re
import sys
from dataclasses import dataclass
from datetime import datetime

from libs.media.playback import NotPlayableError, play
from tools.local.api_client import ApiClient, ApiFailed
from tools.local.ports import LOOPBACK, ensure_free
from tools.local.processes import ManagedProcess, ProcessSpec
from tools.local.stack import ROOT, Stack

CAMERAS = {"Front door": "front-door", "Parking lot": "parking-lot", "Warehouse": "warehouse"}
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
        data = stack.servers.data
        arguments = (
            *("--cameras", "demo", "--port-base", str(port_base)),
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
        for offset in (*range(len(CAMERAS)), CONTROL_OFFSET):
            await ensure_free(
                self._port_base + offset, wanted_by="a simulated camera", setting="--camera-port"
            )

    def encoding_progress(self) -> str:
        """Return how far the clips are, for example `40%`; empty when nothing is encoded."""
        shares = re.findall(r"(\d+)%", self.process.log.tail())
        return f"{shares[-1]}%" if shares else ""

    async def add_to(self, api: ApiClient) -> list[str]:
        """Register the cameras; return their ids."""
        added = []
        for number, name in enumerate(CAMERAS):
            camera = await api.ensure_camera(
                name,
                {
                    "url": f"rtsp://{LOOPBACK}:{self._port_base + number}/stream1",
                    "credentials": {"username": USERNAME, "password": PASSWORD},
                    "recording_seconds": RECORDING_SECONDS,
                },
            )
            await api.call("POST", f"/cameras/{camera}/recording/start", None)
            added.append(camera)
        return added

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
