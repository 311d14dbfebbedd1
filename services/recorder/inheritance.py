"""What the new owner of a camera owes for the time before it. No I/O.

Known are the wanted intervals, the last word of the owner before, and the footage in this
recorder's spool. Equal gaps have equal ids, so announcing one twice does no harm.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from libs.contracts.cameras import WantedInterval
from libs.contracts.gaps import GapReason
from libs.contracts.ownership import OpenGap
from services.recorder.ledger import Gap

Stretch = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class LastWord:
    """What the owner before left behind."""

    accounted_until: datetime
    seen_at: datetime
    open_gap: OpenGap | None


@dataclass(frozen=True, slots=True)
class Inheritance:
    """Gaps to announce at once, and where the ledger of the open interval begins."""

    gaps: tuple[Gap, ...]
    ledger_start: datetime | None
    """None when recording is switched off now."""


def inherit(
    wanted: Sequence[WantedInterval],
    last_word: LastWord | None,
    spooled: Sequence[Stretch],
    *,
    now: datetime,
    reason: GapReason,
) -> Inheritance:
    """Account for everything wanted before `now`; `reason` names the time without an owner."""
    gaps: list[Gap] = []
    ledger_start = None
    for interval in wanted:
        start = interval.started_at
        if last_word is not None:
            start = max(start, min(last_word.accounted_until, now))
        end = now if interval.ended_at is None else min(interval.ended_at, now)
        missing = holes((start, end), spooled)
        if interval.ended_at is None:
            ledger_start = max([start, *(stop for _, stop in spooled if stop > start)])
            if missing and missing[-1][1] == now:
                ledger_start = missing.pop()[0]
        for hole in missing:
            gaps += _explain(hole, last_word, reason)
    if ledger_start is not None and ledger_start < now:
        # what the owner before had a reason for keeps it; the rest is the ledger's
        told = [g for g in _explain((ledger_start, now), last_word, reason) if g.reason != reason]
        gaps += told
        ledger_start = max([ledger_start, *(g.ended_at for g in told if g.ended_at)])
    return Inheritance((*_retraction(last_word, gaps, ledger_start), *gaps), ledger_start)


def holes(stretch: Stretch, recorded: Sequence[Stretch]) -> list[Stretch]:
    """Return what of `stretch` is not recorded, oldest first."""
    position, end = stretch
    found = []
    for low, high in sorted(recorded):
        if high <= position or low >= end:
            continue
        if low > position:
            found.append((position, low))
        position = max(position, high)
    if position < end:
        found.append((position, end))
    return found


def _explain(hole: Stretch, last_word: LastWord | None, reason: GapReason) -> list[Gap]:
    start, end = hole
    open_gap = last_word.open_gap if last_word else None
    if (
        last_word is None
        or open_gap is None
        or not open_gap.started_at <= start < last_word.seen_at
    ):
        return [Gap(start, end, reason)]
    change = min(last_word.seen_at, end)
    gaps = [Gap(start, change, open_gap.reason)]
    return [*gaps, Gap(change, end, reason)] if change < end else gaps


def _retraction(
    last_word: LastWord | None, gaps: Sequence[Gap], ledger_start: datetime | None
) -> list[Gap]:
    """End an open gap that turns out to hold footage; it shrinks to nothing."""
    open_gap = last_word.open_gap if last_word else None
    if open_gap is None or open_gap.started_at in {ledger_start, *(gap.started_at for gap in gaps)}:
        return []
    start = open_gap.started_at
    return [Gap(start, start + timedelta(milliseconds=1), open_gap.reason)]
