"""The device's clock (ONVIF Core 8.3.7 GetSystemDateAndTime), asked without a login."""

from datetime import UTC, datetime, timedelta
from typing import Any

from libs.contracts.devices import ClockMode, DeviceClock, FailureReason
from libs.devices.errors import DeviceError
from libs.devices.onvif.answers import field_of, text_of
from libs.devices.onvif.client import OnvifClient
from libs.devices.posix_tz import YEARS, to_utc, zone_of

_HALF_SECOND = timedelta(seconds=0.5)


async def measure_clock(client: OnvifClient) -> DeviceClock:
    """Return the clock, and make the client's tokens follow it.

    Times are whole seconds, so that the truth is half a second later on average.
    """
    asked_at = client.now()
    answer = await client.call("devicemgmt", "GetSystemDateAndTime", login="if_asked")
    answered_at = client.now()
    halfway = asked_at + (answered_at - asked_at) / 2
    offset = _device_time(answer) + _HALF_SECOND - halfway
    client.clock_offset = offset
    return DeviceClock(
        mode=ClockMode.UTC,
        offset_seconds=round(offset.total_seconds(), 3),
        uncertainty_seconds=round(abs((answered_at - asked_at).total_seconds()) / 2 + 0.5, 3),
        zone=text_of(answer, "TimeZone", "TZ"),
        measured_at=answered_at,
    )


def _device_time(answer: Any) -> datetime:
    told = _whole_seconds(field_of(answer, "UTCDateTime"))
    if told is not None:
        return told.replace(tzinfo=UTC)
    local = _whole_seconds(field_of(answer, "LocalDateTime"))
    if local is None:
        raise DeviceError(FailureReason.PROTOCOL, "the device does not tell its time")
    return to_utc(local, zone_of(text_of(answer, "TimeZone", "TZ")))


def _whole_seconds(told: Any) -> datetime | None:
    date, time = field_of(told, "Date"), field_of(told, "Time")
    try:
        moment = datetime(  # noqa: DTZ001 - the caller knows which zone it is in
            date.Year, date.Month, date.Day, time.Hour, time.Minute, min(time.Second, 59)
        )
    except (AttributeError, TypeError, ValueError):
        return None
    return moment if moment.year in YEARS else None
