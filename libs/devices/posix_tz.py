"""Time zones as devices tell them: POSIX TZ strings (IEEE 1003.1 chapter 8.3) and IANA names.

Offsets count westwards: `CST-8:00:00` is eight hours ahead of UTC. Some vendors write behind the
daylight time's name by how much clocks go forward, where POSIX wants the offset from UTC.
"""

import io
import re
import struct
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from libs.contracts.devices import FailureReason
from libs.devices.errors import DeviceError

_NAME = r"(?:[A-Za-z]{3,15}|<[A-Za-z0-9+-]{3,15}>)"
_TIME = r"[+-]?\d{1,3}(?::\d{1,2}){0,2}"
_DATE = r"(?:M\d{1,2}\.\d\.\d|J\d{1,3}|\d{1,3})"
_POSIX = re.compile(
    rf"(?P<std>{_NAME})(?P<offset>{_TIME})"
    rf"(?:(?P<dst>{_NAME})(?P<dst_offset>{_TIME})?"
    rf"(?:,(?P<start>{_DATE})(?:/(?P<start_time>{_TIME}))?"
    rf",(?P<end>{_DATE})(?:/(?P<end_time>{_TIME}))?)?)?"
)
_ONE_HOUR = timedelta(hours=1)
YEARS = range(1970, 2200)
"""What a clock may show. Without a battery it starts in 1970 or 2000; the rest is no time."""
_LONGEST_SHIFT = timedelta(hours=2)


def zone_of(text: str) -> tzinfo:
    """Return the zone of a POSIX TZ string or IANA name.

    Raises DeviceError(PROTOCOL) for anything else. Without rules for its change dates, daylight
    time is left out.
    """
    text = text.strip()
    match = _POSIX.fullmatch(text)
    try:
        if match is None:
            return ZoneInfo(text)
        if match["dst"] and not match["start"]:
            return _named_or_fixed(text, match)
        return _zone_with_footer(_normalized(match))
    except (ValueError, KeyError, OSError) as error:
        raise DeviceError(FailureReason.PROTOCOL, f"no known time zone: {text[:60]!a}") from error


def to_utc(local: datetime, zone: tzinfo, *, not_before: datetime | None = None) -> datetime:
    """Return the UTC moment at which a naive wall clock of the zone showed `local`.

    In the hour that comes twice it is the first moment that is not before `not_before` (aware);
    the second one where both are. A time that clocks skipped counts as not yet put forward.
    """
    try:
        moments = [local.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)]
    except OverflowError as error:
        raise DeviceError(FailureReason.PROTOCOL, "a time outside the calendar") from error
    if moments[1] <= moments[0] or not_before is None or moments[0] >= not_before:
        return moments[0]
    return moments[1]


def _named_or_fixed(text: str, match: re.Match[str]) -> tzinfo:
    """`EST5EDT` is a name that is known with its rules; others have none."""
    try:
        return ZoneInfo(text)
    except (ValueError, KeyError, OSError):
        east = _bounded(-_seconds(match["offset"]))
        return _zone_with_footer(f"{_quoted(match['std'])}{_signed(east)}")


def _normalized(match: re.Match[str]) -> str:
    east = _bounded(-_seconds(match["offset"]))
    text = f"{_quoted(match['std'])}{_signed(east)}"
    if not match["dst"]:
        return text
    text += f"{_quoted(match['dst'])}{_signed(_bounded(east + _shift(match, east)))}"
    for side in ("start", "end"):
        time = match[f"{side}_time"]
        text += f",{match[side]}" + (f"/{_clock(_seconds(time))}" if time else "")
    return text


def _bounded(offset: timedelta) -> timedelta:
    if abs(offset) >= timedelta(hours=24):
        raise ValueError("a day from UTC")
    return offset


def _shift(match: re.Match[str], east: timedelta) -> timedelta:
    """Return by how much clocks go forward."""
    if not match["dst_offset"]:
        return _ONE_HOUR
    written = _seconds(match["dst_offset"])
    by_posix = -written - east
    # `CST-1:00:00DST01:00:00`: read as an offset it would be two hours backwards.
    is_amount = timedelta(0) < written <= _LONGEST_SHIFT and (
        match["dst"] == "DST" or not timedelta(0) < by_posix <= _LONGEST_SHIFT
    )
    return written if is_amount else by_posix


def _seconds(text: str) -> timedelta:
    hours, minutes, seconds = ([int(part) for part in text.lstrip("+-").split(":")] + [0, 0])[:3]
    amount = timedelta(hours=hours, minutes=minutes, seconds=seconds)
    return -amount if text.startswith("-") else amount


def _signed(east: timedelta) -> str:
    """Write an offset from UTC as POSIX does, westwards."""
    return _clock(-east)


def _clock(amount: timedelta) -> str:
    seconds = abs(int(amount.total_seconds()))
    sign = "-" if amount < timedelta(0) else ""
    return f"{sign}{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def _quoted(name: str) -> str:
    return name if name.startswith("<") else f"<{name}>"


def _zone_with_footer(rule: str) -> ZoneInfo:
    """Let zoneinfo read a time zone file that has no history, only a rule (RFC 8536, 3.3)."""
    counts = struct.pack(">6I", 0, 0, 0, 0, 1, 4)
    local_time_type = struct.pack(">iBB", 0, 0, 0) + b"UTC\0"
    block = b"TZif2" + bytes(15) + counts + local_time_type
    return ZoneInfo.from_file(io.BytesIO(block + block + b"\n" + rule.encode() + b"\n"), key=rule)
