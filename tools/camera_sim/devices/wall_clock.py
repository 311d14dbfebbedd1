"""A device's clock: its error, its zone with daylight saving time, and how it writes times.

Zones are computed here and not by a library, so that what is tested has another opinion.
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Final

from tools.camera_sim.devices.faults import DeviceFaults
from tools.camera_sim.devices.timeline import Timeline

_OFFSET: Final = r"[+-]?\d{1,2}(?::\d{2}){0,2}"
_ZONE: Final = re.compile(
    rf"^(?:[A-Za-z]+|<[^>]+>)({_OFFSET})"
    rf"(?:([A-Za-z]+|<[^>]+>)({_OFFSET})?(?:,M([\d.]+)(?:/({_OFFSET}))?,M([\d.]+)(?:/({_OFFSET}))?)?)?$"
)


@dataclass(frozen=True, slots=True)
class ZoneRules:
    """Offsets east of UTC, and when daylight saving time begins and ends."""

    standard: timedelta
    daylight: timedelta | None = None
    begins: tuple[int, int, int] = (3, 2, 0)
    """Month, week (5: the last), weekday (0: Sunday); POSIX Mm.w.d."""
    begins_at: timedelta = timedelta(hours=2)
    """Standard wall-clock time."""
    ends: tuple[int, int, int] = (11, 1, 0)
    ends_at: timedelta = timedelta(hours=2)
    """Daylight wall-clock time."""

    def offset(self, utc: datetime) -> timedelta:
        """How far the wall clock is ahead of UTC."""
        if self.daylight is None:
            return self.standard
        year = (utc + self.standard).year
        begin = _day(year, self.begins) + self.begins_at - self.standard
        end = _day(year, self.ends) + self.ends_at - self.daylight
        moment = utc.replace(tzinfo=None)
        is_summer = begin <= moment < end if begin < end else not end <= moment < begin
        return self.daylight if is_summer else self.standard


def zone_rules(text: str) -> ZoneRules:
    """The rules of a POSIX TZ string; ISAPI's `DST01:00:00` names the shift, not the offset.

    Raises ValueError on anything else.
    """
    found = _ZONE.match(text)
    if found is None:
        raise ValueError(f"not a POSIX time zone: {text}")
    west, dst_name, dst, begins, begins_at, ends, ends_at = found.groups()
    standard = -_span(west)
    if dst_name is None:
        return ZoneRules(standard)
    daylight = standard + timedelta(hours=1)
    if dst is not None:
        daylight = standard + _span(dst) if dst_name == "DST" else -_span(dst)
    if begins is None:
        return ZoneRules(standard, daylight)
    two = timedelta(hours=2)
    return ZoneRules(
        standard,
        daylight,
        _rule(begins),
        _span(begins_at) if begins_at else two,
        _rule(ends),
        _span(ends_at) if ends_at else two,
    )


class WallClock:
    """What the device takes for the time; everything here carries the error of its clock."""

    def __init__(self, timeline: Timeline, faults: DeviceFaults) -> None:
        self._timeline, self._faults = timeline, faults

    @property
    def zone(self) -> str:
        """POSIX TZ string."""
        return self._faults.zone

    def now(self) -> datetime:
        """The device's idea of UTC."""
        return self.of(self._timeline.now())

    def of(self, true: datetime) -> datetime:
        """The device's UTC at a true moment."""
        return true + timedelta(seconds=self._faults.clock_offset_seconds)

    def offset(self, utc: datetime) -> timedelta:
        """Of the zone, at a moment by the device's clock."""
        return zone_rules(self._faults.zone).offset(utc)

    def local(self, utc: datetime) -> datetime:
        """Aware wall-clock time of the device's zone."""
        return utc.astimezone(timezone(self.offset(utc)))

    def naive(self, utc: datetime) -> datetime:
        """Wall-clock time without a zone, ambiguous for an hour each autumn."""
        return self.local(utc).replace(tzinfo=None)


def _day(year: int, rule: tuple[int, int, int]) -> datetime:
    month, week, weekday = rule
    first = date(year, month, 1)
    day = 1 + (weekday - first.isoweekday() % 7) % 7 + 7 * (week - 1)
    following = datetime(year + month // 12, month % 12 + 1, 1, tzinfo=UTC)
    last = (following - timedelta(days=1)).day
    while day > last:
        day -= 7
    return datetime(year, month, day)  # noqa: DTZ001 - wall-clock time


def _rule(text: str) -> tuple[int, int, int]:
    month, week, day = (int(part) for part in text.split("."))
    return month, week, day


def _span(text: str) -> timedelta:
    sign = -1 if text.startswith("-") else 1
    parts = [int(part) for part in text.lstrip("+-").split(":")] + [0, 0]
    return sign * timedelta(hours=parts[0], minutes=parts[1], seconds=parts[2])
