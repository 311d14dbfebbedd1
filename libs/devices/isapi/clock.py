"""ISAPI's times: the device's clock, and what the Z behind a search result's time means.

Some firmware writes UTC there, other firmware the wall clock of its zone with the same Z.
"""

import re
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, timezone, tzinfo

from libs.contracts.devices import ClockMode, FailureReason
from libs.devices.driver import Window
from libs.devices.errors import DeviceError
from libs.devices.isapi.documents import expect, printable
from libs.devices.posix_tz import to_utc, zone_of
from libs.devices.xml import Element, local_text

_TIME = re.compile(
    r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d{1,9})?(Z|[+-]\d\d:?\d\d)?", re.IGNORECASE
)
_TOLERANCE = timedelta(minutes=2)
_LONGEST_FILE = timedelta(minutes=65)

Spans = Iterable[tuple[str, str]]
"""Start and end of files, as written in a search result."""


@dataclass(frozen=True, slots=True)
class WrittenTime:
    """A time as a document has it."""

    wall: datetime
    """Naive."""
    offset: timezone | None
    """A real offset, to be believed; None for a Z or nothing."""


@dataclass(frozen=True, slots=True)
class DeviceTime:
    """What System/time tells."""

    moment: datetime
    """Aware UTC, by the device's clock, cut to its whole second."""
    zone: tzinfo
    zone_text: str


@dataclass(frozen=True, slots=True)
class SearchTimes:
    """Writes times of searches, and reads those of their results."""

    zone: tzinfo
    mode: ClockMode = ClockMode.UNKNOWN
    writes_offsets: bool = False
    """The device writes wall clock and real offset; it is asked in the same way."""

    def write(self, window: Window) -> tuple[str, str]:
        """Return start and end of a query that misses nothing of the window."""
        if self.writes_offsets:
            start, end = (moment.astimezone(self.zone) for moment in (window.start, window.end))
            return start.isoformat(timespec="seconds"), end.isoformat(timespec="seconds")
        starts, ends = [], []
        if self.mode is not ClockMode.DEVICE_LOCAL:
            starts.append(window.start.astimezone(UTC).replace(tzinfo=None))
            ends.append(window.end.astimezone(UTC).replace(tzinfo=None))
        if self.mode is not ClockMode.UTC:
            starts.append(min(_walls(window.start, self.zone)))
            ends.append(max(_walls(window.end, self.zone)))
        return wall_z(min(starts)), wall_z(max(ends))

    def read(self, text: str, *, not_before: datetime | None = None) -> datetime:
        """Return the UTC moment of a time in a result; `not_before` decides in repeated hours.

        Raises DeviceError(PROTOCOL) for what is no time, and where it is not known what it means.
        """
        written = written_time(text)
        if written.offset is not None:
            return to_utc(written.wall, written.offset)
        utc = written.wall.replace(tzinfo=UTC)
        if self.mode is ClockMode.UTC:
            return utc
        local = to_utc(written.wall, self.zone, not_before=not_before)
        if self.mode is ClockMode.UNKNOWN and local != utc:
            raise DeviceError(
                FailureReason.PROTOCOL,
                "it is not known yet whether the times of this device's footage are UTC or local: "
                "that shows while it records",
            )
        return local


def written_time(text: str) -> WrittenTime:
    """Read `2025-03-01T08:00:00Z` and its kin; raises DeviceError(PROTOCOL) for anything else."""
    match = _TIME.fullmatch(text.strip())
    if match is None:
        raise DeviceError(FailureReason.PROTOCOL, f"no time: {printable(text)!r}")
    suffix = (match[2] or "").upper()
    try:
        wall = datetime.fromisoformat(match[1])
        aware = datetime.fromisoformat(match[1] + suffix) if suffix else None
    except ValueError as error:
        raise DeviceError(FailureReason.PROTOCOL, f"no time: {printable(text)!r}") from error
    if aware is None or suffix == "Z":
        return WrittenTime(wall, None)
    return WrittenTime(wall, timezone(aware.utcoffset() or timedelta(0)))


def device_time_of(root: Element, now: datetime) -> DeviceTime:
    """Read System/time; `now` is ours, and decides where a Z might mean UTC or local."""
    expect(root, "Time")
    written = written_time(local_text(root, "localTime"))
    text = local_text(root, "timeZone")
    zone = _zone_or_none(text)
    if not 1970 <= written.wall.year < 2100:
        raise DeviceError(FailureReason.PROTOCOL, f"a clock in the year {written.wall.year}")
    if written.offset is not None:
        return DeviceTime(
            to_utc(written.wall, written.offset), zone or written.offset, printable(text, 300)
        )
    candidates = [to_utc(written.wall, zone or UTC)]
    if "Z" in local_text(root, "localTime").upper():
        candidates.append(written.wall.replace(tzinfo=UTC))
    nearest = min(candidates, key=lambda moment: abs(moment - now))
    return DeviceTime(nearest, zone or UTC, printable(text, 300))


async def calibrate(
    times: SearchTimes, device_now: datetime, search: Callable[[str, str], Awaitable[Spans]]
) -> SearchTimes:
    """Return the times with the mode that the newest footage proves; unchanged where none does.

    `search` asks for a stretch, as written. Nothing is recorded in the future: a file that one
    way of reading would put there must be read the other way. So the stretch is asked for first
    that is future in one reading. Without footage there, a file that ends now proves the other.
    """
    utc = device_now.astimezone(UTC).replace(tzinfo=None)
    local = device_now.astimezone(times.zone).replace(tzinfo=None)
    if utc == local:
        is_same_always = not _changes_clocks(times.zone, device_now)
        return replace(times, mode=ClockMode.UTC) if is_same_always else times
    early, late = min(utc, local), max(utc, local)
    of_late, of_early = ClockMode.DEVICE_LOCAL, ClockMode.UTC
    if utc > local:
        of_late, of_early = of_early, of_late
    files = _written(await search(wall_z(early + _TOLERANCE), wall_z(late + timedelta(days=1))))
    if any(end.offset is not None for _, end in files):
        return replace(times, mode=ClockMode.UTC, writes_offsets=True)
    if any(end.wall > early + _TOLERANCE for _, end in files):
        return replace(times, mode=of_late)
    files = _written(await search(wall_z(early - _LONGEST_FILE), wall_z(early + _TOLERANCE)))
    if any(end.offset is not None for _, end in files):
        return replace(times, mode=ClockMode.UTC, writes_offsets=True)
    if any(_ends_about(early, start.wall, end.wall) for start, end in files):
        return replace(times, mode=of_early)
    return times


def wall_z(wall: datetime) -> str:
    """Write a naive time as ISAPI wants it, with a Z whatever it means."""
    return wall.isoformat(timespec="seconds") + "Z"


def _written(spans: Spans) -> list[tuple[WrittenTime, WrittenTime]]:
    return [(written_time(start), written_time(end)) for start, end in spans]


def _ends_about(now: datetime, start: datetime, end: datetime) -> bool:
    """Whether a file is being written, or was the one before that which is.

    Some devices do not list the file being written; recording on, it is about as long.
    """
    length = min(max(end - start, timedelta(0)), _LONGEST_FILE)
    return now - _TOLERANCE - length <= end <= now + _TOLERANCE


def _walls(moment: datetime, zone: tzinfo) -> tuple[datetime, datetime]:
    """Return what a zone's clock shows, and where it shows that twice, also an hour beside it."""
    local = moment.astimezone(zone)
    wall = local.replace(tzinfo=None)
    other = local.replace(fold=1 - local.fold)
    shift = (other.utcoffset() or timedelta(0)) - (local.utcoffset() or timedelta(0))
    is_twice = other.astimezone(UTC).astimezone(zone).replace(tzinfo=None) == wall
    return wall, wall + shift if is_twice else wall


def _zone_or_none(text: str) -> tzinfo | None:
    try:
        return zone_of(text)
    except DeviceError:
        return None


def _changes_clocks(zone: tzinfo, about: datetime) -> bool:
    offsets = {
        (about + timedelta(days=days)).astimezone(zone).utcoffset() for days in range(0, 366, 30)
    }
    return len(offsets) > 1
