"""Glass to glass: the clock in the camera's picture, read back from a player in a browser.

`python -m benchmarks.live_latency`; see benchmarks/README.md.
"""

import argparse
import asyncio
import contextlib
import statistics
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.async_api import Browser

from benchmarks import live_report
from tools.browser import ChromiumMissing, LivePage, chromium, live_page
from tools.camera_sim.camera_spec import CameraSpec
from tools.camera_sim.clip_spec import ClipSpec
from tools.camera_sim.process import CameraProcess
from tools.local.api_client import ApiClient
from tools.local.stack import Stack
from tools.local.stack_options import StackOptions

LOOP_SECONDS = 10
ONE = ClipSpec(width=1280, height=720, gop_seconds=2.0, audio="aac", duration_seconds=LOOP_SECONDS)
TILE = ClipSpec(width=640, height=360, gop_seconds=2.0, duration_seconds=LOOP_SECONDS)
TRANSPORTS = ("ll-hls", "websocket")
TARGETS = {  # seconds: p50, p95, first picture
    "ll-hls": (1.0, 1.5, 1.0),
    "websocket": (0.5, 0.8, 0.5),
}
SETTLE_SECONDS = 10.0
WALL = 16
PHASE_SECONDS = 0.0137


@dataclass(frozen=True, slots=True)
class Latency:
    """One transport, as its second viewer sees it."""

    transport: str
    first_viewer_seconds: float
    """From the player's start to the first picture; nobody watched the camera before."""
    second_viewer_seconds: float
    p50: float
    p95: float
    worst: float
    samples: int
    stalls: int
    shown_seconds_behind: float
    """What the page itself says at the end."""


@dataclass(frozen=True, slots=True)
class Wall:
    """Sixteen tiles in one tab."""

    transport: str
    tiles: int
    seconds: float
    stalls: int
    skipped_parts: int
    slowest_tile_fps: float
    p50: float
    p95: float


def main(arguments: Sequence[str] | None = None) -> int:
    """Return 0, or 2 where there is no browser."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.live_latency")
    parser.add_argument("--seconds", type=float, default=120.0, help="of each measurement")
    parser.add_argument("--out", type=Path, default=Path("docs/benchmarks"))
    parser.add_argument("--no-wall", action="store_true", help="leave the sixteen tiles out")
    options = parser.parse_args(arguments)
    try:
        return asyncio.run(_run(options.seconds, options.out, wall=not options.no_wall))
    except ChromiumMissing as error:
        print(error, file=sys.stderr)
        return 2


async def _run(seconds: float, out: Path, *, wall: bool) -> int:
    names = [f"tile-{number:02}" for number in range(1, WALL + 1)]
    specs = [CameraSpec("camera", ONE)]
    latencies: list[Latency] = []
    walls: list[Wall] = []
    async with _installation(specs) as (stack, password), chromium() as browser:
        for transport in TRANSPORTS:
            _say(f"one camera by {transport}, {seconds:.0f} s")
            latencies.append(await _measure(browser, stack, password, transport, seconds))
            _say(f"  {latencies[-1]}")
    if wall:
        tiles = [
            CameraSpec(name, TILE, clock_ahead_seconds=number * PHASE_SECONDS)
            for number, name in enumerate(names)
        ]
        async with _installation(tiles) as (stack, password), chromium() as browser:
            _say(f"{WALL} tiles in one tab, {seconds:.0f} s")
            walls.append(await _measure_wall(browser, stack, password, names, seconds))
            _say(f"  {walls[-1]}")
    live_report.write_latency(latencies, walls, TARGETS, out=out)
    return 0


@contextlib.asynccontextmanager
async def _installation(specs: Sequence[CameraSpec]) -> AsyncIterator[tuple[Stack, str]]:
    """A whole installation that records the simulated cameras."""
    with (
        tempfile.TemporaryDirectory(prefix="everframe-live-") as folder,
        CameraProcess(specs, start_seconds=300.0) as simulated,
    ):
        stack = Stack(StackOptions.for_tests(Path(folder), streamers=1))
        password = await stack.start()
        assert password, "a first start returns the password of admin"
        key = await stack.make_key("benchmark")
        try:
            client = ApiClient(stack.api_url, key)
            for spec in specs:
                await client.ensure_camera(spec.name, {"url": simulated.plain_url(spec.name)})
            await asyncio.sleep(SETTLE_SECONDS)
            yield stack, password
        finally:
            await stack.stop()


async def _measure(
    browser: Browser, stack: Stack, password: str, transport: str, seconds: float
) -> Latency:
    query = f"camera=camera&transport={transport}"
    async with live_page(browser, stack.api_url, password, query) as first:
        first_frame = await _first_frame(first)
        await asyncio.sleep(2.0)
        async with live_page(browser, stack.api_url, password, query) as second:
            second_frame = await _first_frame(second)
            await first.page.close()
            await asyncio.sleep(SETTLE_SECONDS)
            before = await second.player()
            await second.watch_clock(loop_seconds=LOOP_SECONDS)
            await asyncio.sleep(seconds)
            behind = [late / 1000 for _, late in await second.clock_samples()]
            after = await second.player()
    cuts = statistics.quantiles(behind, n=20)
    return Latency(
        transport=transport,
        first_viewer_seconds=first_frame,
        second_viewer_seconds=second_frame,
        p50=statistics.median(behind),
        p95=cuts[18],
        worst=max(behind),
        samples=len(behind),
        stalls=after["stats"]["stalls"] - before["stats"]["stalls"],
        shown_seconds_behind=after["behind"],
    )


async def _measure_wall(
    browser: Browser, stack: Stack, password: str, names: Sequence[str], seconds: float
) -> Wall:
    query = "&".join((*(f"camera={name}" for name in names), "transport=websocket"))
    async with live_page(browser, stack.api_url, password, query) as page:
        await page.until(
            f"window.everframe.players.length === {len(names)} &&"
            " window.everframe.players.every((p) => p.stats.firstFrameMs !== null)",
            within=60.0,
        )
        await asyncio.sleep(SETTLE_SECONDS)
        before = await page.players()
        await page.watch_clock(loop_seconds=LOOP_SECONDS, every_ms=1000)
        await asyncio.sleep(seconds)
        after = await page.players()
        behind = [
            late / 1000 + names.index(player["camera"]) * PHASE_SECONDS  # its clock runs ahead
            for index, player in enumerate(after)
            for _, late in await page.clock_samples(index)
        ]

    def grown(name: str) -> list[Any]:
        pairs = zip(before, after, strict=True)
        return [b["stats"][name] - a["stats"][name] for a, b in pairs]

    frames = [b["frames"] - a["frames"] for a, b in zip(before, after, strict=True)]
    return Wall(
        transport="websocket",
        tiles=len(names),
        seconds=seconds,
        stalls=sum(grown("stalls")),
        skipped_parts=sum(grown("skippedParts")),
        slowest_tile_fps=min(frames) / seconds,
        p50=statistics.median(behind),
        p95=statistics.quantiles(behind, n=20)[18],
    )


async def _first_frame(page: LivePage) -> float:
    await page.until("window.everframe.players[0].stats.firstFrameMs !== null")
    milliseconds: float = (await page.player())["stats"]["firstFrameMs"]
    return milliseconds / 1000


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
