"""A Dahua device's clock: wall-clock time of its zone, to the second."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from libs.contracts.devices import ClockMode, DeviceClock, FailureReason
from libs.devices.dahua.cgi import DahuaCgi
from libs.devices.dahua.zone import posix_zone, zone_of_offset
from libs.devices.errors import DeviceError
from libs.devices.posix_tz import YEARS, zone_of

_WRITTEN = "%Y-%m-%d %H:%M:%S"
_HALF_SECOND = timedelta(seconds=0.5)


def local_time(text: str | None) -> datetime | None:
    """Return a wall-clock time, naive; None for anything else, also for `0000-00-00 00:00:00`."""
    try:
        moment = datetime.strptime(" ".join((text or "").split()), _WRITTEN)  # noqa: DTZ007 - wall clock
    except ValueError:
        return None
    return moment if moment.year in YEARS else None


def written(moment: datetime) -> str:
    """Write a wall-clock time as queries want it."""
    return moment.strftime(_WRITTEN)


async def clock_of(cgi: DahuaCgi, now: Callable[[], datetime]) -> DeviceClock:
    """Measure the clock. Without a told zone, the one that makes the clock least wrong is taken."""
    configuration = "configManager.cgi"
    ntp = await cgi.values_if_told(configuration, "getConfig", name="NTP")
    locales = await cgi.values_if_told(configuration, "getConfig", name="Locales")
    before = now()
    told = await cgi.values("global.cgi", "getCurrentTime")
    after = now()
    local = local_time(told.get("result"))
    if local is None:
        raise DeviceError(FailureReason.PROTOCOL, "the device does not tell a time")
    # The device cuts fractions off: on average it is half a second later.
    local += _HALF_SECOND
    middle = before + (after - before) / 2
    zone = posix_zone(ntp, locales) or zone_of_offset(local.replace(tzinfo=UTC) - middle)
    moments = (local.replace(tzinfo=zone_of(zone), fold=fold).astimezone(UTC) for fold in (0, 1))
    offset = min((moment - middle for moment in moments), key=abs)
    return DeviceClock(
        mode=ClockMode.DEVICE_LOCAL,
        offset_seconds=offset.total_seconds(),
        uncertainty_seconds=((after - before) / 2 + _HALF_SECOND).total_seconds(),
        zone=zone,
        measured_at=after,
    )
