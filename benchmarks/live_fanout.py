"""How many viewers one streamer serves per core: `python -m benchmarks.live_fanout`.

See benchmarks/README.md.
"""

import argparse
import asyncio
import os
import resource
import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks import live_fanout_report, proc_usage
from benchmarks.live_fanout_installation import FanoutFailed, divide, installation, pin
from benchmarks.live_fanout_load import Load, LoadFailed
from benchmarks.live_fanout_summary import (
    HALVINGS,
    Series,
    Step,
    between,
    delays,
    quantile,
    ramp,
    summarise,
)
from benchmarks.live_fanout_tally import Report
from tools.local.api_client import ApiClient, ApiFailed
from tools.local.launcher import EXPLAINED

TRANSPORTS = {"ll-hls": "hls", "websocket": "websocket"}
"""And where a live link has their address."""
LINK_SECONDS = 3600
MOST_GENERATORS = 4


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line asks for."""

    seconds: float
    settle_seconds: float
    most: int
    transports: tuple[str, ...]
    out: Path


def main(arguments: Sequence[str] | None = None) -> int:
    """Return 0, or 1 when it could not be measured."""
    options = _parse(arguments)
    try:
        asyncio.run(_run(options))
    except (*EXPLAINED, ApiFailed, FanoutFailed, LoadFailed, proc_usage.ProcessGone) as error:
        _say(f"could not be measured: {error}")
        return 1
    except (KeyboardInterrupt, asyncio.CancelledError):
        return 130
    return 0


async def _run(options: Options) -> None:
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    most_files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most_files, most_files))
    cores = divide(os.sched_getaffinity(0))
    os.sched_setaffinity(0, cores.others)  # whatever is started from here on inherits it
    done: list[Series] = []
    _say("starting an installation")
    async with installation() as (stack, api, camera):
        pid = stack.services["streamer-1"].pid
        pin(pid, cores.streamer)
        processes = min(MOST_GENERATORS, len(cores.others))
        async with Load(stack.streamer_urls[0], processes=processes) as load:
            for transport in options.transports:
                _say(transport)
                run = _Run(transport, options, load, pid, _Links(api, camera, transport))
                try:
                    await run.measure()
                finally:
                    if run.series is not None:  # an interrupted run keeps what it measured
                        done.append(run.series)
                        text = live_fanout_report.write(
                            done, cores=cores.description, seconds=options.seconds, out=options.out
                        )
                await load.watch(transport, [])
    _say("\n" + text)


class _Links:
    """Live links, made when they are needed; each is another viewer."""

    def __init__(self, api: ApiClient, camera: str, transport: str) -> None:
        self._api, self._camera, self._transport = api, camera, transport
        self._paths: list[str] = []

    async def take(self, count: int) -> list[str]:
        """Return the first `count` paths, always the same ones. Raises ApiFailed."""
        body = {"valid_seconds": LINK_SECONDS}
        while len(self._paths) < count:
            link = await self._api.call("POST", f"/cameras/{self._camera}/live-links", body)
            self._paths.append(link[TRANSPORTS[self._transport]])
        return self._paths[:count]


class _Run:
    """One transport, step by step."""

    def __init__(
        self, transport: str, options: Options, load: Load, pid: int, links: _Links
    ) -> None:
        self._transport, self._options = transport, options
        self._load, self._pid, self._links = load, pid, links
        self.series: Series | None = None

    async def measure(self) -> None:
        """Fill `series`. Raises FanoutFailed, LoadFailed, ApiFailed and ProcessGone."""
        await self._baseline()
        for viewers in ramp(self._options.most):
            step = await self._step(viewers)
            if not step.is_within:
                break
        for _ in range(HALVINGS):
            assert self.series is not None
            middle = between(self.series.steps)
            if middle is None:
                return
            await self._step(middle)

    async def _baseline(self) -> None:
        """One viewer: what everybody's delay is compared with."""
        watching, reports, step = await self._window(1, baseline=0.0)
        seen = delays(reports)
        if not watching or not seen:
            raise FanoutFailed(f"one viewer by {self._transport} gets no picture: {step.errors}")
        median = quantile(seen, 0.5)
        step = replace(step, p50=0.0, p99=step.p99 - median, worst=step.worst - median)
        self.series = Series(self._transport, median, (step,))
        _say(f"  one viewer: median delay {median * 1000:.0f} ms")

    async def _step(self, viewers: int) -> Step:
        series = self.series
        assert series is not None
        _, _, step = await self._window(viewers, baseline=series.baseline)
        steps = sorted((*series.steps, step), key=lambda each: each.viewers)
        self.series = replace(series, steps=tuple(steps))
        _say(
            f"  {viewers} viewers: streamer {step.streamer_cpu:.0%}, generator "
            f"{step.generator_cpu:.0%}, added p50 {step.p50 * 1000:.0f} ms, p99 "
            f"{step.p99 * 1000:.0f} ms, received {step.received:.1%}, errors {step.errors}"
        )
        return step

    async def _window(self, viewers: int, *, baseline: float) -> tuple[int, list[Report], Step]:
        watching = await self._load.watch(self._transport, await self._links.take(viewers))
        await asyncio.sleep(self._options.settle_seconds)
        generators = [[pid] for pid in self._load.pids]
        streamer = proc_usage.cpu_seconds([self._pid])
        before = [proc_usage.cpu_seconds(pids) for pids in generators]
        machine, began = proc_usage.machine_cpu(), time.monotonic()

        reports = await self._load.measure(self._options.seconds)

        seconds = time.monotonic() - began
        streamer = proc_usage.cpu_seconds([self._pid]) - streamer
        after = [proc_usage.cpu_seconds(pids) for pids in generators]
        busy = proc_usage.busy_share(machine, proc_usage.machine_cpu())
        step = summarise(
            reports,
            viewers=viewers,
            watching=watching,
            seconds=seconds,
            baseline=baseline,
            streamer_cpu=streamer / seconds,
            generator_cpu=max(b - a for a, b in zip(before, after, strict=True)) / seconds,
            machine_busy=busy,
        )
        return watching, reports, step


def _parse(arguments: Sequence[str] | None) -> Options:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.live_fanout")
    parser.add_argument("--seconds", type=float, default=20.0, help="of each step")
    parser.add_argument("--settle", type=float, default=5.0, help="seconds before it")
    parser.add_argument("--most", type=int, default=2000, help="viewers")
    parser.add_argument(
        "--transports", default=",".join(TRANSPORTS), help="which, separated by commas"
    )
    parser.add_argument("--out", type=Path, default=Path("docs/benchmarks"))
    given = parser.parse_args(arguments)
    transports = tuple(given.transports.split(","))
    if not set(transports) <= set(TRANSPORTS):
        parser.error(f"--transports are {' and '.join(TRANSPORTS)}")
    if given.seconds <= 0 or given.settle < 0 or given.most < 1:
        parser.error("--seconds and --most must be positive")
    return Options(given.seconds, given.settle, given.most, transports, given.out)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
