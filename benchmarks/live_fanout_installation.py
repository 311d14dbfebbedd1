"""What is measured: an installation with one camera, and which core serves whom."""

import asyncio
import contextlib
import os
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from tools.camera_sim.camera_spec import CameraSpec
from tools.camera_sim.clip_spec import ClipSpec
from tools.camera_sim.process import CameraProcess
from tools.local.api_client import ApiClient
from tools.local.stack import Stack
from tools.local.stack_options import StackOptions

CLIP = ClipSpec(width=1280, height=720, gop_seconds=2.0, audio="aac")
STREAMER_ENV = {
    "EVERFRAME_STREAMER_MAX_VIEWERS": "100000",
    "EVERFRAME_STREAMER_MAX_VIEWERS_PER_CAMERA": "100000",
    "EVERFRAME_STREAMER_MAX_CONNECTIONS": "200000",
}
RECORDING_SECONDS = 60.0


class FanoutFailed(Exception):
    """There is nothing to measure; the text says why."""


@dataclass(frozen=True, slots=True)
class Cores:
    """Who runs where; the streamer has a core of its own where there are two."""

    streamer: frozenset[int]
    others: frozenset[int]

    @property
    def description(self) -> str:
        if self.streamer == self.others:
            return "All share one core: the figures are too low."
        return (
            "The streamer has one core of its own; the load generator, the rest of the "
            f"installation and the camera share what is left ({len(self.others)})."
        )


def divide(cores: set[int]) -> Cores:
    """Give the streamer the first core where there are two."""
    first, *rest = sorted(cores)
    return Cores(frozenset({first}), frozenset(rest or {first}))


@contextlib.asynccontextmanager
async def installation() -> AsyncIterator[tuple[Stack, ApiClient, str]]:
    """A whole installation that records one camera; also the camera's id."""
    specs = [CameraSpec("camera", CLIP)]
    with _folder() as folder, CameraProcess(specs, start_seconds=300.0) as simulated:
        options = replace(
            StackOptions.for_tests(folder, streamers=1), streamer_env=dict(STREAMER_ENV)
        )
        stack = Stack(options)
        await stack.start()
        key = await stack.make_key("benchmark")
        api = ApiClient(stack.api_url, key)
        try:
            camera = await api.ensure_camera("camera", {"url": simulated.plain_url("camera")})
            await _until_recording(api)
            yield stack, api, camera
        finally:
            await api.aclose()
            await stack.stop()


async def _until_recording(api: ApiClient) -> None:
    deadline = time.monotonic() + RECORDING_SECONDS
    while True:
        states = [row["state"] for row in await api.get("/status")]
        if states == ["recording"]:
            return
        if time.monotonic() > deadline:
            raise FanoutFailed(f"the simulated camera is not recorded but {states}")
        await asyncio.sleep(0.3)


def pin(pid: int, cores: frozenset[int]) -> None:
    """Move a process with all its threads; those that it starts later inherit it."""
    for thread in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(ProcessLookupError):
            os.sched_setaffinity(int(thread.name), cores)


@contextlib.contextmanager
def _folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="everframe-fanout-"))
    folder.chmod(0o711)  # PostgreSQL runs as another account when the benchmark runs as root
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
