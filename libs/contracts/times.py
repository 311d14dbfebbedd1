"""Time as contracts carry it: aware UTC with millisecond precision, written with a Z."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, PlainSerializer, WithJsonSchema


def to_milliseconds(moment: datetime) -> datetime:
    """Return `moment` in UTC, cut to whole milliseconds."""
    utc = moment.astimezone(UTC)
    return utc.replace(microsecond=utc.microsecond // 1000 * 1000)


def isoformat_z(moment: datetime) -> str:
    """Return `2026-11-20T23:18:05.123Z`."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _in_utc(moment: datetime) -> datetime:
    try:
        return to_milliseconds(moment)
    except OverflowError:  # the first or last day of the calendar, in another zone
        raise ValueError("must lie between the years 1 and 9999") from None


UtcTime = Annotated[
    AwareDatetime,
    AfterValidator(_in_utc),
    PlainSerializer(isoformat_z, return_type=str),
    WithJsonSchema(
        {
            "type": "string",
            "format": "date-time",
            "description": "UTC, milliseconds",
            "examples": ["2026-11-20T23:18:05.123Z"],
        }
    ),
]
"""An aware datetime; anything naive is refused."""


def from_unix_seconds(seconds: float) -> datetime:
    """Return the UTC moment, cut to milliseconds, of a Unix time in seconds."""
    return to_milliseconds(datetime.fromtimestamp(seconds, UTC))


def seconds_between(start: datetime, end: datetime) -> float:
    """Return `end - start` in seconds; negative when `end` comes first."""
    return (end - start) / timedelta(seconds=1)
