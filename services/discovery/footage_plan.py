"""What to list next of a camera's stored footage. Pure: no I/O."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from libs.contracts.footage import FootageCheck
from libs.devices.driver import Window

OVERLAP = timedelta(hours=2)
"""Listed again at each check: files appear late, and clocks are set."""
FULL_EVERY = timedelta(days=1)
"""How often everything is listed: cards come back, and recorders fetch footage from cameras."""
AHEAD = timedelta(minutes=5)
"""Beyond the device's now: the end of the file being written may lie there."""
SLICE = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Plan:
    """One listing: windows of at most a day, newest first, because people want those first."""

    windows: tuple[Window, ...]
    is_full: bool


def plan(
    check: FootageCheck | None,
    *,
    device_now: datetime,
    now: datetime,
    lookback: timedelta,
) -> Plan:
    """Return what to list; times of windows are the device's UTC.

    Everything at first, once a day, and when the device's clock went back behind what was listed.
    """
    beginning = device_now - lookback
    is_full = (
        check is None
        or check.full_at is None
        or check.listed_until is None
        or not timedelta(0) <= now - check.full_at < FULL_EVERY
        or check.listed_until > device_now + AHEAD + OVERLAP
    )
    start = beginning
    if not is_full and check is not None and check.listed_until is not None:
        start = max(beginning, min(check.listed_until, device_now) - OVERLAP)
    return Plan(tuple(_slices(start, device_now + AHEAD)), is_full)


def listed_until(device_now: datetime, held_from: datetime | None) -> datetime:
    """Return up to which of the device's moments a complete listing at `device_now` has come.

    `held_from` is the end of a file that was held back: it has to be seen again, also by another
    instance, unless that was so long ago that everything is listed sooner.
    """
    return device_now if held_from is None else min(device_now, max(held_from, device_now - SLICE))


def _slices(start: datetime, end: datetime) -> list[Window]:
    found = []
    while end > start:
        begin = max(start, end - SLICE)
        found.append(Window(begin, end))
        end = begin
    return found
