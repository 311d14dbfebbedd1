"""Gaps as they are drawn: where several overlap the newest report counts, recordings go first."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from heapq import heappop, heappush
from itertools import pairwise


@dataclass(frozen=True)
class Gap:
    """Missing footage, in Unix milliseconds; `start_ms` < `end_ms`."""

    start_ms: int
    end_ms: int
    reason: str
    detail: str
    reported_at: datetime


def paint(gaps: Sequence[Gap], recorded: Sequence[Sequence[int]], *, step_ms: int) -> list[Gap]:
    """Return what the gaps leave between the recorded spans: in order, apart from each other.

    `recorded` is in order and without overlaps. Neighbours of one reason are joined over less
    than a step that nothing is known of.
    """
    joined: list[Gap] = []
    starts = [start for start, _ in recorded]
    for piece in _on_top(gaps):
        for rest in _unrecorded(piece, recorded, starts):
            if joined and _is_one(joined[-1], rest, starts, step_ms):
                newest = max(joined[-1], rest, key=lambda gap: gap.reported_at)
                joined[-1] = replace(newest, start_ms=joined[-1].start_ms, end_ms=rest.end_ms)
            else:
                joined.append(rest)
    return joined


def _on_top(gaps: Sequence[Gap]) -> Iterator[Gap]:
    """Yield pieces without overlaps, in order; each moment belongs to the newest report."""
    edges = sorted({edge for gap in gaps for edge in (gap.start_ms, gap.end_ms)})
    coming = sorted(gaps, key=lambda gap: gap.start_ms, reverse=True)
    open_gaps: list[tuple[float, int, int, Gap]] = []
    for start, end in pairwise(edges):
        while coming and coming[-1].start_ms == start:
            gap = coming.pop()
            # newest first; of equal ones the later start, then whichever came first
            key = (-gap.reported_at.timestamp(), -gap.start_ms, len(coming))
            heappush(open_gaps, (*key, gap))
        while open_gaps and open_gaps[0][-1].end_ms <= start:
            heappop(open_gaps)
        if open_gaps:
            yield replace(open_gaps[0][-1], start_ms=start, end_ms=end)


def _unrecorded(
    gap: Gap, recorded: Sequence[Sequence[int]], starts: Sequence[int]
) -> Iterator[Gap]:
    at = gap.start_ms
    index = max(0, bisect_right(starts, at) - 1)
    while index < len(recorded) and recorded[index][0] < gap.end_ms:
        start, end = recorded[index]
        if at < start:
            yield replace(gap, start_ms=at, end_ms=start)
        at = max(at, end)
        index += 1
    if at < gap.end_ms:
        yield replace(gap, start_ms=at)


def _is_one(before: Gap, after: Gap, starts: Sequence[int], step_ms: int) -> bool:
    """Whether two pieces of one reason touch, or almost do with no recording between them."""
    if before.reason != after.reason or after.start_ms - before.end_ms > step_ms:
        return False
    following = bisect_right(starts, before.end_ms - 1)
    return following == len(starts) or starts[following] >= after.end_ms
