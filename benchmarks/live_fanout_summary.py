"""What the readings say: steps, how far to go, and what limited it. No I/O."""

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from benchmarks.live_fanout_tally import Report

PART_SECONDS = 0.2
FULL_CORE = 0.9
"""Of one core's time; a process of one thread that uses more has no reserve."""
FULL_GENERATOR = 0.85
"""Of one core's time; more means that the generator may be what is slow."""
LATE_GENERATOR_SECONDS = PART_SECONDS / 2
MOST_ERRORS = 0.01
"""Per part that was to come."""
LEAST_RECEIVED = 0.9
HALVINGS = 2

_FIRST_STEPS = (10, 25, 50, 100, 150)
_STEP = 100


@dataclass(frozen=True, slots=True)
class Step:
    """One number of viewers, measured; delays are added ones, in seconds."""

    viewers: int
    watching: int
    """Those who had a picture when it began."""
    seconds: float
    streamer_cpu: float
    """Share of one core."""
    generator_cpu: float
    """Share of one core, of the busiest process."""
    generator_late_p99: float
    """Seconds by which the generator's own timers came late."""
    machine_busy: float
    requests_per_second: float
    megabytes_per_second: float
    p50: float
    p99: float
    worst: float
    received: float
    """Share of the parts that were to come."""
    errors: dict[str, int]

    @property
    def is_within(self) -> bool:
        """Whether nearly all got nearly everything within one part's time."""
        return (
            self.watching == self.viewers
            and self.p99 <= PART_SECONDS
            and self.received >= LEAST_RECEIVED
            and sum(self.errors.values()) <= MOST_ERRORS * self._parts
        )

    @property
    def is_generator_full(self) -> bool:
        return (
            self.generator_cpu > FULL_GENERATOR or self.generator_late_p99 > LATE_GENERATOR_SECONDS
        )

    @property
    def _parts(self) -> float:
        return self.viewers * self.seconds / PART_SECONDS


@dataclass(frozen=True, slots=True)
class Series:
    """All steps by one transport."""

    transport: str
    baseline: float
    """Median delay of one viewer's parts in seconds: what was subtracted."""
    steps: tuple[Step, ...]

    @property
    def most(self) -> Step | None:
        """The largest number of viewers that was within bounds, and no smaller one was not."""
        return _last_within(self.steps)

    @property
    def exceeded(self) -> Step | None:
        """The smallest number that was not."""
        return _first_beyond(self.steps)


def quantile(values: Sequence[float], share: float) -> float:
    """Return the smallest value that `share` of all values do not exceed; NaN without any."""
    if not values:
        return math.nan
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def summarise(
    reports: Sequence[Report],
    *,
    viewers: int,
    watching: int,
    seconds: float,
    baseline: float,
    streamer_cpu: float,
    generator_cpu: float,
    machine_busy: float,
) -> Step:
    """Put together what the generator's processes counted in `seconds`."""
    added = [delay - baseline for delay in delays(reports)]
    made = max(report.positions for report in reports)
    errors: Counter[str] = Counter()
    for report in reports:
        errors.update(report.errors)
    lags = [lag / 1000 for report in reports for lag in report.lags_ms]
    return Step(
        viewers=viewers,
        watching=watching,
        seconds=seconds,
        streamer_cpu=streamer_cpu,
        generator_cpu=generator_cpu,
        generator_late_p99=quantile(lags, 0.99),
        machine_busy=machine_busy,
        requests_per_second=sum(report.requests for report in reports) / seconds,
        megabytes_per_second=sum(report.bytes for report in reports) / seconds / 1e6,
        p50=quantile(added, 0.5),
        p99=quantile(added, 0.99),
        worst=quantile(added, 1.0),
        received=len(added) / (viewers * made) if made else 0.0,
        errors=dict(errors),
    )


def delays(reports: Sequence[Report]) -> list[float]:
    return [delay / 1000 for report in reports for delay in report.delays_ms]


def ramp(most: int) -> Iterator[int]:
    """Numbers of viewers after the first one, up to `most`."""
    for viewers in _FIRST_STEPS:
        if viewers <= most:
            yield viewers
    yield from range(_FIRST_STEPS[-1] + _STEP // 2, most + 1, _STEP)


def between(steps: Sequence[Step]) -> int | None:
    """Return the number to try between the last one within bounds and the first one beyond.

    None where all were within or there is nothing between that would say more.
    """
    beyond = _first_beyond(steps)
    if beyond is None:
        return None
    within = _last_within(steps)
    low = within.viewers if within else 1
    middle = (low + beyond.viewers) // 2
    is_finer = beyond.viewers - low >= max(4, beyond.viewers // 10)
    return middle if is_finer else None


def limit(series: Series) -> str:
    """Return what kept more viewers from watching, in words."""
    beyond = series.exceeded
    if beyond is None:
        return "nothing, more viewers were not tried"
    if beyond.is_generator_full:
        return "the load generator was full, so the streamer may serve more"
    if beyond.streamer_cpu > FULL_CORE:
        return "the streamer's core was full"
    if beyond.errors:
        kind = max(beyond.errors, key=lambda name: beyond.errors[name])
        return f'viewers had errors (most often "{kind}") while the streamer\'s core had reserve'
    return (
        f"the burst after each part: with {beyond.streamer_cpu:.0%} of the core in use on average, "
        "the last viewers' turn came too late"
    )


def conclusion(series: Series) -> str:
    """One sentence."""
    most, beyond = series.most, series.exceeded
    if most is None:
        where = f"not even {beyond.viewers} viewers" if beyond else "no number of viewers"
        return f"{series.transport}: {where} stayed within one part; {limit(series)}."
    more = f" ({beyond.viewers} did not)" if beyond else ""
    return (
        f"{series.transport}: one streamer on one core serves {most.viewers} viewers{more} with a "
        f"p99 of the added part delay within one part ({PART_SECONDS} s), using "
        f"{most.streamer_cpu:.0%} of the core; what limited it: {limit(series)}."
    )


def _first_beyond(steps: Sequence[Step]) -> Step | None:
    beyond = [step for step in steps if not step.is_within]
    return min(beyond, key=lambda step: step.viewers, default=None)


def _last_within(steps: Sequence[Step]) -> Step | None:
    beyond = _first_beyond(steps)
    bound = beyond.viewers if beyond else math.inf
    within = [step for step in steps if step.is_within and step.viewers < bound]
    return max(within, key=lambda step: step.viewers, default=None)
