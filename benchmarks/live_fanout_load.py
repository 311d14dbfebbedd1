"""The load generator as the benchmark sees it: its processes and what they say."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from benchmarks.live_fanout_tally import Report

_ROOT = Path(__file__).resolve().parents[1]
_STOP_SECONDS = 5.0
_SPARE_SECONDS = 60.0  # beyond what a command takes by itself: joining may take this long
_JOINING_SECONDS = 0.05  # per viewer
_ANSWER_BYTES = 256 * 1024 * 1024


class LoadFailed(Exception):
    """The generator ended or does not answer."""


class Load:
    """`processes` of viewers at the streamer `url`; they inherit the caller's cores."""

    def __init__(self, url: str, *, processes: int) -> None:
        self._port = urlsplit(url).port or 80
        self._count = processes
        self._processes: list[asyncio.subprocess.Process] = []

    async def __aenter__(self) -> Self:
        try:
            for _ in range(self._count):
                self._processes.append(await self._start())
        except BaseException:
            await self._end()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._end()

    @property
    def pids(self) -> list[int]:
        return [process.pid for process in self._processes]

    async def watch(self, transport: str, paths: Sequence[str]) -> int:
        """Let exactly these watch; return how many had a picture in time. Raises LoadFailed."""
        shares = [paths[number :: self._count] for number in range(self._count)]
        commands = [{"watch": [[transport, path] for path in share]} for share in shares]
        within = _SPARE_SECONDS + _JOINING_SECONDS * len(paths)
        return sum(answer["watching"] for answer in await self._all(commands, within))

    async def measure(self, seconds: float) -> list[Report]:
        """Return what each process counted in the next seconds. Raises LoadFailed."""
        commands = [{"measure": seconds}] * self._count
        return [Report(**answer) for answer in await self._all(commands, seconds + _SPARE_SECONDS)]

    async def _start(self) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "benchmarks.live_fanout_viewers", "--port", str(self._port)),
            cwd=_ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            limit=_ANSWER_BYTES,
        )

    async def _all(self, commands: Sequence[Any], within_seconds: float) -> list[Any]:
        try:
            async with asyncio.timeout(within_seconds):
                pairs = zip(self._processes, commands, strict=True)
                return await asyncio.gather(*(_ask(process, command) for process, command in pairs))
        except TimeoutError as error:
            raise LoadFailed("the load generator does not answer") from error
        except (OSError, ValueError) as error:
            raise LoadFailed("the load generator ended; its messages stand above") from error

    async def _end(self) -> None:
        """They end with their input; those that do not are killed."""
        for process in self._processes:
            if process.stdin is not None:
                process.stdin.close()
        for process in self._processes:
            try:
                async with asyncio.timeout(_STOP_SECONDS):
                    await process.wait()
            except TimeoutError:
                process.kill()
                await process.wait()


async def _ask(process: asyncio.subprocess.Process, command: object) -> Any:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(json.dumps(command).encode() + b"\n")
    await process.stdin.drain()
    return json.loads(await process.stdout.readline())
