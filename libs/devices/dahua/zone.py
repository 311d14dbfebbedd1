"""A Dahua device's time zone, out of its NTP and Locales tables, as a POSIX TZ string."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from libs.devices.dahua.keyvalue import is_true, number

_HOUR: Final = 60
# NTP.TimeZone is an index and not a number of hours: 13 is eight hours ahead of UTC.
_MINUTES_EAST: Final = (
    *(0, 60, 120, 180, 210, 240, 270, 300, 330, 345, 360, 390, 420, 480, 540, 570),
    *(600, 660, 720, 780),
    *(-60, -120, -180, -210, -240, -300, -360, -420, -480, -540, -600, -660, -720),
)
_DAYS_BEFORE: Final = (0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334)


def posix_zone(ntp: Mapping[str, str], locales: Mapping[str, str]) -> str:
    """Return the zone with its daylight saving rules; empty where the device does not tell."""
    index = number(ntp.get("table.ntp.timezone"))
    if index is None or index >= len(_MINUTES_EAST):
        return ""
    standard = _MINUTES_EAST[index]
    zone = _named(standard)
    if not is_true(locales.get("table.locales.dstenable")):
        return zone
    begin, end = (_date(locales, f"table.locales.{side}.") for side in ("dststart", "dstend"))
    if not begin or not end:
        return zone
    return f"{zone}{_named(standard + _HOUR)},{begin},{end}"


def zone_of_offset(ahead: timedelta) -> str:
    """Return the zone that wall clocks are `ahead` of UTC in, to the next quarter of an hour."""
    quarters = round(ahead / timedelta(minutes=15))
    return _named(15 * max(-96, min(96, quarters)))


def _named(minutes_east: int) -> str:
    """`<+0530>-5:30`: the sign of the offset counts westwards, that of the name eastwards."""
    hours, minutes = divmod(abs(minutes_east), _HOUR)
    name, offset = f"{hours:02}", f"{hours}"
    if minutes:
        name, offset = f"{name}{minutes:02}", f"{offset}:{minutes:02}"
    east = minutes_east >= 0
    return f"<{'+' if east else '-'}{name}>{'-' if east and minutes_east else ''}{offset}"


def _date(locales: Mapping[str, str], prefix: str) -> str:
    """Return a day and time of change: by week and weekday, or by date where the week is 0."""
    month, day, week, hour, minute = (
        _signed(locales.get(prefix + name, "0")) for name in _DATE_PARTS
    )
    if month is None or day is None or week is None or not 1 <= month <= 12:
        return ""
    time = f"/{hour or 0}:{minute or 0:02}"
    if week == 0:
        if not 1 <= day <= 31:
            return ""
        return f"J{min(365, _DAYS_BEFORE[month - 1] + day)}{time}"
    if not 0 <= day <= 6 or not -4 <= week <= 5:
        return ""
    # -1 is the last week of the month, which POSIX calls the fifth.
    return f"M{month}.{week if week > 0 else 6 + week}.{day}{time}"


_DATE_PARTS: Final = ("month", "day", "week", "hour", "minute")


def _signed(text: str) -> int | None:
    value = number(text.removeprefix("-"))
    return None if value is None else -value if text.startswith("-") else value
