"""A whole installation under test, and the questions that every test asks it."""

import asyncio
import itertools
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import httpx

from libs.media.playback import play
from tests.infra import server_folder
from tools.camera_sim.camera_spec import CameraSpec
from tools.camera_sim.clip_clock import read_clock
from tools.camera_sim.clip_spec import ClipSpec
from tools.camera_sim.devices.spec import DeviceSpec
from tools.camera_sim.process import CameraProcess
from tools.local.ports import LOOPBACK
from tools.local.processes import ManagedProcess
from tools.local.stack import Stack, StackOptions

PROJECTION_SECONDS = 40.0
"""An event that the catalog could not take is delivered again after up to half a minute."""
LOG_CHARACTERS = 60_000
Interval = tuple[datetime, datetime]


def small_clip(label: str = "test", **changes: Any) -> ClipSpec:
    """A clip that encodes in a moment: 10 s of 640x360."""
    values: dict[str, Any] = {"label": label, "width": 640, "height": 360, "duration_seconds": 10}
    return ClipSpec(**(values | {"bitrate_bps": 500_000} | changes))


async def until(
    what: str, check: Callable[[], Awaitable[Any]], *, within: float = 30.0, every: float = 0.2
) -> Any:
    """Return the first true answer of `check`; fail with `what` when there is none in time."""
    deadline = time.monotonic() + within
    while True:
        if answer := await check():
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {within:.0f} s: {what}")
        await asyncio.sleep(every)


@dataclass
class Installation:
    """The stack, its API, and the cameras."""

    stack: Stack
    http: httpx.AsyncClient
    key: str
    password: str
    """Of `admin`."""
    cameras: dict[str, dict[str, Any]] = field(default_factory=dict)

    # ---- the API ------------------------------------------------------------
    async def get(self, path: str, **params: Any) -> Any:
        answer = await self.http.get(f"/api/v1{path}", params=params)
        assert answer.status_code == httpx.codes.OK, f"{path}: {answer.status_code} {answer.text}"
        return answer.json()

    async def post(self, path: str, body: Any = None) -> Any:
        answer = await self.http.post(f"/api/v1{path}", json=body)
        assert answer.is_success, f"{path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    async def patch(self, path: str, body: Any) -> Any:
        answer = await self.http.patch(f"/api/v1{path}", json=body)
        assert answer.is_success, f"{path}: {answer.status_code} {answer.text}"
        return answer.json()

    async def add(self, name: str, url: str, **fields: Any) -> str:
        """Add a camera (credentials may be inside the URL); return its id."""
        camera = await self.post("/cameras", {"name": name, "url": url, **fields})
        self.cameras[camera["camera_id"]] = camera
        return str(camera["camera_id"])

    async def status(self, camera: str) -> dict[str, Any]:
        answer: dict[str, Any] = await self.get(f"/cameras/{camera}/status")
        return answer

    async def state(self, camera: str) -> str:
        return str((await self.status(camera))["state"])

    async def until_recording(self, camera: str, *, within: float = 30.0) -> None:
        async def is_recording() -> bool:
            return await self.state(camera) == "recording"

        await until(f"{camera} is recording", is_recording, within=within)

    async def until_state(self, camera: str, *states: str, within: float = 30.0) -> dict[str, Any]:
        seen: dict[str, Any] = {}

        async def reached() -> dict[str, Any] | None:
            seen.update(await self.status(camera))
            return seen if seen["state"] in states else None

        try:
            found: dict[str, Any] = await until(f"{camera} is {states}", reached, within=within)
        except AssertionError as error:
            raise AssertionError(f"{error}; it says {seen}") from None
        return found

    async def recordings(self, camera: str) -> list[dict[str, Any]]:
        """All recordings of a camera, oldest first."""
        found: list[dict[str, Any]] = []
        params: dict[str, Any] = {"limit": 500}
        while True:
            page = await self.get(f"/cameras/{camera}/recordings", **params)
            found += page["items"]
            if not page.get("next_cursor"):
                return sorted(found, key=lambda recording: recording["started_at"])
            params["cursor"] = page["next_cursor"]

    async def gaps(self, camera: str) -> list[dict[str, Any]]:
        """All gaps of a camera, oldest first."""
        page = await self.get(f"/cameras/{camera}/gaps", limit=500)
        return sorted(page["items"], key=lambda gap: gap["started_at"])

    async def until_recordings(
        self, camera: str, count: int, *, within: float = 60.0
    ) -> list[dict[str, Any]]:
        async def enough() -> list[dict[str, Any]] | None:
            found = await self.recordings(camera)
            return found if len(found) >= count else None

        found: list[dict[str, Any]] = await until(
            f"{count} recordings of {camera}", enough, within=within
        )
        return found

    # ---- what is promised ---------------------------------------------------
    async def stop_and_settle(self, camera: str, *, within: float = 40.0) -> None:
        """Switch recording off and wait until everything is stored and announced."""
        await self.post(f"/cameras/{camera}/recording/stop")

        async def settled() -> bool:
            return await self.state(camera) == "stopped" and not await self.unannounced(camera)

        await until(f"{camera} has settled", settled, within=within)

    async def unannounced(self, camera: str) -> list[str]:
        """What of a camera (and all small events) the store or the bus does not have yet."""
        spool = self.stack.servers.data.path / "spool"
        sidecars = spool.glob(f"*/{camera}/*.json")
        waiting = [str(p) for p in sidecars if '"announced"' not in _read(p)]
        return waiting + [str(p) for p in spool.glob("*/outbox/*.json")]

    async def assert_explained(self, camera: str, *, slack_seconds: float = 0.3) -> None:
        """Every wanted moment is in a recording or in a gap, and nothing is recorded twice.

        The catalog gets some time to hear of what was announced.
        """
        deadline = time.monotonic() + PROJECTION_SECONDS
        while problem := await self._unexplained(camera, slack_seconds):
            assert time.monotonic() < deadline, problem
            await asyncio.sleep(0.2)

    async def _unexplained(self, camera: str, slack_seconds: float) -> str | None:
        recorded = [_interval(r) for r in await self.recordings(camera)]
        gaps = [_interval(g) for g in await self.gaps(camera)]
        wanted = await self._wanted(camera)
        assert wanted, "nothing was ever wanted"
        holes = _uncovered(wanted, [*recorded, *gaps], slack_seconds)
        if holes:
            return f"unexplained: {holes}\nrecorded: {recorded}\ngaps: {gaps}"
        doubles = [
            (before, after)
            for before, after in itertools.pairwise(recorded)
            if (before[1] - after[0]).total_seconds() > slack_seconds
        ]
        return f"recorded twice: {doubles}" if doubles else None

    async def _wanted(self, camera: str) -> list[Interval]:
        connection = await asyncpg.connect(self.stack.servers.endpoints.pg_dsn)
        try:
            rows = await connection.fetch(
                "select started_at, coalesce(ended_at, now()) as ended_at"
                " from camera_wanted where camera_id = $1",
                camera,
            )
        finally:
            await connection.close()
        return [(row["started_at"], row["ended_at"]) for row in rows]

    # ---- processes ----------------------------------------------------------
    def recorder(self, number: int = 1) -> ManagedProcess:
        return self.stack.services[f"recorder-{number}"]

    async def metric(self, service: str, name: str) -> float:
        """Sum of a metric's samples."""
        port = self.stack.health_ports[service]
        async with httpx.AsyncClient() as client:
            text = (await client.get(f"http://{LOOPBACK}:{port}/metrics")).text
        values = [
            float(line.rpartition(" ")[2])
            for line in text.splitlines()
            if line.startswith((f"{name} ", f"{name}{{"))
        ]
        return sum(values)

    async def playback_url(self, camera: str) -> str:
        """A signed address that plays everything of a camera; a player needs nothing else."""
        recorded = [_interval(recording) for recording in await self.recordings(camera)]
        start, end = recorded[0][0], max(interval[1] for interval in recorded)
        body = {"camera_id": camera, "from": start.isoformat(), "to": end.isoformat()}
        return self.stack.api_url + str((await self.post("/playback-links", body))["path"])


def _interval(item: dict[str, Any]) -> Interval:
    start = datetime.fromisoformat(item["started_at"])
    end = item.get("ended_at")
    return start, datetime.fromisoformat(end) if end else datetime.now(UTC)


def _uncovered(
    wanted: Iterable[Interval], covering: Iterable[Interval], slack_seconds: float
) -> list[Interval]:
    holes = []
    covers = sorted(covering)
    for start, end in wanted:
        position = start
        for low, high in covers:
            if low > end:
                break
            if (low - position).total_seconds() > slack_seconds:
                holes.append((position, low))
            position = max(position, high)
        if (end - position).total_seconds() > slack_seconds:
            holes.append((position, end))
    return holes


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except FileNotFoundError:
        return '"announced"'


@asynccontextmanager
async def installation(
    *,
    recorders: int = 1,
    streamers: int = 0,
    discoverers: int = 0,
    recorder_env: Mapping[str, str] | None = None,
    discovery_env: Mapping[str, str] | None = None,
) -> AsyncIterator[Installation]:
    """Start everything on free ports; everything has ended when this returns."""
    with server_folder() as folder:
        options = StackOptions.for_tests(
            folder,
            recorders=recorders,
            streamers=streamers,
            discoverers=discoverers,
            env=recorder_env,
        )
        stack = Stack(replace(options, discovery_env=discovery_env or {}))
        password = await stack.start()
        assert password, "a first start returns the password of admin"
        key = await stack.make_key("test")
        headers = {"Authorization": f"Bearer {key}"}
        try:
            async with httpx.AsyncClient(
                base_url=stack.api_url, headers=headers, timeout=20.0
            ) as http:
                yield Installation(stack, http, key, password)
        except BaseException:
            show_logs(stack)
            raise
        finally:
            await stack.stop()


def show_logs(stack: Stack) -> None:
    """Print what the services wrote last; pytest shows it with the failure."""
    for process in stack.services.values():
        print(f"---- {process.name}\n{process.log.path.read_text()[-LOG_CHARACTERS:]}")


def cameras(
    *specs: CameraSpec, devices: Sequence[DeviceSpec] = (), discovery_port: int | None = None
) -> CameraProcess:
    """Simulated cameras, and devices whose channels they are, in a process of their own."""
    clips = Path(tempfile.gettempdir()) / "everframe-test-clips"
    return CameraProcess(specs, devices=devices, discovery_port=discovery_port, clips_dir=clips)


def clock_steps(source: str, *, headers: dict[str, str] | None = None) -> list[int]:
    """Play `source`; return the milliseconds from each picture's burnt-in clock to the next."""
    clocks: list[int | None] = []
    play(source, headers=headers, on_frame=lambda frame: clocks.append(read_clock(frame)))
    assert None not in clocks, "a picture's clock cannot be read"
    seen = [clock for clock in clocks if clock is not None]
    return [after - before for before, after in itertools.pairwise(seen)]


def decode_with_ffmpeg(arguments: list[str]) -> str:
    """Run ffmpeg and return what it said; fails on a non-zero exit."""
    done = subprocess.run(
        ["ffmpeg", "-v", "error", "-nostdin", *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stderr
