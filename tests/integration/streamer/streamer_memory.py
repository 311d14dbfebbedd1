"""A streamer in a process of its own that tells what it holds: one line of JSON per line read.

`python -m tests.integration.streamer.streamer_memory`, with the bus in NATS_URL. Ends when its
input does.
"""

import asyncio
import gc
import json
import os
import sys
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from libs.bus.client import Bus, BusConfig
from libs.bus.reader import StreamReader
from libs.runtime.logging import configure_logging
from libs.runtime.memory import return_freed_memory
from services.streamer import metrics
from services.streamer.app import Readiness, Streamer
from services.streamer.channel import Channel
from services.streamer.settings import StreamerSettings
from services.streamer.socket import _Push
from services.streamer.viewers import Viewer
from services.streamer.window import HeldPart, LiveWindow
from services.streamer.wiring import WIRING
from tests.integration.streamer.streamer_world import KEY
from tests.waiting import eventually

COUNTED = (Channel, LiveWindow, HeldPart, Viewer, _Push, StreamReader)


@dataclass(frozen=True)
class Held:
    """What the process holds at one moment."""

    rss_bytes: int
    tasks: int
    channels: int
    viewers: int
    waiting_events: int
    media_bytes: int
    """Of all windows."""
    logged_parts: int
    skipped_parts: int
    """Left out so far for viewers that were too slow."""
    objects: dict[str, int]
    """Everything of these classes that is reachable."""


class StreamerProcess:
    """The process, from outside."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.port = 0

    @classmethod
    async def start(cls, nats_url: str) -> "StreamerProcess":
        """Start until viewers are served."""
        made = cls(
            await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                __name__,
                env={**os.environ, "NATS_URL": nats_url},
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
            )
        )
        made.port = (await made._line())["port"]
        return made

    async def held(self) -> Held:
        """Ask what it holds now, after a collection of garbage."""
        assert self._process.stdin is not None
        self._process.stdin.write(b"held\n")
        return Held(**await self._line())

    async def end(self) -> int:
        """Let it stop; return its exit code."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            async with asyncio.timeout(20):
                return await self._process.wait()
        except TimeoutError:
            self._process.kill()
            return await self._process.wait()

    async def _line(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        async with asyncio.timeout(20):
            line = await self._process.stdout.readline()
        told: dict[str, Any] = json.loads(line)
        return told


async def _run() -> None:
    return_freed_memory()
    configure_logging("streamer", "1", level="error", fmt="json")
    settings = StreamerSettings(
        port=0, live_key=SecretStr(KEY), linger_seconds=0.5, viewer_idle_seconds=0.5
    )
    bus = await Bus.connect(BusConfig(url=os.environ["NATS_URL"]), WIRING, wait_seconds=10)
    streamer, stop = Streamer(settings, bus, Readiness()), asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(streamer.run(stop))
        await eventually(lambda: streamer.port is not None)
        _tell({"port": streamer.port})
        while await asyncio.to_thread(sys.stdin.readline):
            _tell(asdict(_held(streamer)))
        stop.set()
    await bus.drain(1)


def _held(streamer: Streamer) -> Held:
    gc.collect()
    context = streamer.context
    channels = list(context.channels._channels.values())
    counts = Counter(type(each) for each in gc.get_objects())
    return Held(
        rss_bytes=_rss_bytes(),
        tasks=len(asyncio.all_tasks()),
        channels=len(context.channels),
        viewers=len(context.viewers),
        waiting_events=len(streamer.events._waiting),
        media_bytes=sum(channel.window.bytes_held for channel in channels),
        logged_parts=sum(channel.log.kept for channel in channels),
        skipped_parts=_skipped_parts(),
        objects={kind.__name__: counts[kind] for kind in COUNTED},
    )


def _skipped_parts() -> int:
    samples = (each for metric in metrics.SKIPPED_PARTS.collect() for each in metric.samples)
    return int(sum(each.value for each in samples if each.name.endswith("_total")))


def _rss_bytes() -> int:
    """proc(5): resident pages are the second number."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def _tell(told: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(_run())
