"""The device's wall clock: its zone, found out by comparing, and its times as UTC.

The library tells no zone. What the clock shows differs from ours by the zone's offset and by how
wrong the clock is; zones have few offsets, so the nearest of them is the zone, and the rest is the
error. A wrong guess does no harm: zone and error always add up to what was seen.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Any, Final

from libs.contracts.devices import ClockMode, DeviceClock, FailureReason
from libs.devices.errors import DeviceError
from libs.devices.posix_tz import YEARS, zone_of

_QUARTERS: Final = (-570, -210, 210, 270, 330, 345, 390, 525, 570, 630, 765, 825)
OFFSETS_MINUTES: Final = tuple(sorted({*range(-720, 841, 60), *_QUARTERS}))
"""Offsets from UTC that zones have."""

_STAYS_WITHIN: Final = timedelta(minutes=20)
"""A clock that is this wrong in the zone found earlier is wrong; beyond, the zone changed."""
_RESOLUTION: Final = timedelta(seconds=1)


@dataclass(frozen=True)
class Zone:
    """What the device means by its wall-clock times."""

    name: str
    """POSIX TZ string; empty when it could not be found out, and times then count as UTC."""
    rules: tzinfo


UNKNOWN_ZONE: Final = Zone("", UTC)


@dataclass(frozen=True)
class Measured:
    """A clock and the zone that it was measured with."""

    clock: DeviceClock
    zone: Zone


def measure(
    shown: datetime,
    *,
    asked_at: datetime,
    answered_at: datetime,
    daylight_saving: dict[str, Any] | None,
    earlier: Zone | None,
) -> Measured:
    """Compare what the clock showed (naive) with when it was asked and answered (aware UTC).

    `earlier` is the zone that was found before; it stays while it explains what is seen, so that
    files do not change their times when a clock drifts. Raises PROTOCOL for nonsense.
    """
    if shown.year not in YEARS:
        raise DeviceError(FailureReason.PROTOCOL, f"a clock in the year {shown.year}")
    middle = asked_at + (answered_at - asked_at) / 2
    # The device cuts to whole seconds; the middle of the second is the best guess.
    seen = shown + _RESOLUTION / 2
    zone = earlier
    if zone is None or abs(_error(seen, middle, zone)) > _STAYS_WITHIN:
        zone = _zone(seen, middle, daylight_saving)
    clock = DeviceClock(
        mode=ClockMode.DEVICE_LOCAL,
        offset_seconds=round(_error(seen, middle, zone).total_seconds(), 3),
        uncertainty_seconds=round(((answered_at - asked_at) + _RESOLUTION).total_seconds() / 2, 3),
        zone=zone.name,
        measured_at=answered_at,
    )
    return Measured(clock, zone)


def naive(parts: Sequence[int]) -> datetime:
    """Return the device's year, month, ... as a naive time; raises PROTOCOL for nonsense."""
    try:
        year, month, day, hour, minute, second = parts
        # A leap second, or a day's end written as 24:00:00, is the start of the next one.
        carry = timedelta(hours=hour, minutes=minute, seconds=second)
        if carry > timedelta(days=1) or minute > 59 or second > 60:
            raise ValueError("no time of day")
        return datetime(year, month, day) + carry  # noqa: DTZ001 - the zone is the device's own
    except (ValueError, TypeError, OverflowError) as error:
        raise DeviceError(FailureReason.PROTOCOL, "the device wrote an impossible time") from error


def wall_clock(moment: datetime, zone: Zone) -> datetime:
    """Return what the device's clock shows at a moment, naive."""
    return moment.astimezone(zone.rules).replace(tzinfo=None)


def _error(seen: datetime, moment: datetime, zone: Zone) -> timedelta:
    return seen - wall_clock(moment, zone)


def _zone(seen: datetime, moment: datetime, daylight_saving: dict[str, Any] | None) -> Zone:
    difference = (seen - wall_clock(moment, UNKNOWN_ZONE)) / timedelta(minutes=1)
    minutes = min(OFFSETS_MINUTES, key=lambda offset: abs(offset - difference))
    if abs(minutes - difference) > _STAYS_WITHIN / timedelta(minutes=1) * 2:
        return UNKNOWN_ZONE  # the clock is wrong by hours; no zone can be seen through that
    now = timedelta(minutes=minutes)
    if (tail := _tail(daylight_saving)) is not None and daylight_saving is not None:
        bias = timedelta(minutes=daylight_saving["bias_minutes"])
        for standard in (now, now - bias):
            name = f"{_posix(standard)}{_posix(standard + bias)}{tail}"
            rules = zone_of(name)
            if moment.astimezone(rules).utcoffset() == now:
                return Zone(name, rules)
    return Zone(_posix(now), timezone(now))


def _posix(offset: timedelta) -> str:
    """Return `<+0530>-5:30`: POSIX counts westward."""
    minutes = int(offset / timedelta(minutes=1))
    hours, rest = divmod(abs(minutes), 60)
    sign, reverse = ("-", "") if minutes < 0 else ("+", "-")
    return f"<{sign}{hours:02}{rest:02}>{reverse}{hours}:{rest:02}"


def _tail(rule: dict[str, Any] | None) -> str | None:
    """Return `,M3.5.0/02:00,M10.5.0/03:00`; None without a rule that makes sense."""
    if rule is None or not 0 < rule["bias_minutes"] <= 120:
        return None
    points = [rule["begin"], rule["end"]]
    for point in points:
        if point["month"] > 11 or point["week"] > 4 or point["weekday"] > 6:
            return None
        if point["hour"] > 24 or point["minute"] > 59:
            return None
    return "".join(
        f",M{point['month'] + 1}.{point['week'] + 1}.{point['weekday']}"
        f"/{point['hour']:02}:{point['minute']:02}"
        for point in points
    )
