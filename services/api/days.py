"""Calendar days of a time zone as stretches of UTC; around a clock change a day has 23 or 25 h."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo


@dataclass(frozen=True)
class DaySpan:
    """The part of one local day that lies in the asked range; `start` < `end`, both UTC."""

    day: date
    start: datetime
    end: datetime


def local_days(start: datetime, end: datetime, zone: ZoneInfo) -> list[DaySpan]:
    """Cut a range at the zone's midnights.

    Where midnight happens twice the first one begins the day; where it does not happen the day
    begins at the jump. (PostgreSQL's `at time zone` takes the second, hence this function.)
    """
    spans = []
    day = start.astimezone(zone).date()
    while (begins := _midnight(day, zone)) < end:
        following = day + timedelta(days=1)
        first, last = max(begins, start), min(_midnight(following, zone), end)
        if first < last:
            spans.append(DaySpan(day, first.astimezone(UTC), last.astimezone(UTC)))
        day = following
    return spans


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), tzinfo=zone).astimezone(UTC)
