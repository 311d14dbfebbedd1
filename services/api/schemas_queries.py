"""What callers ask lists for: ranges, pages, filters and cursors."""

import base64
import binascii
from datetime import UTC, datetime
from functools import cache
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, Field, model_validator

from libs.contracts.health import HealthState
from libs.contracts.ids import CameraId
from libs.contracts.times import isoformat_z
from services.api.catalog import EARLIEST, LATEST, Position
from services.api.schemas import ApiTime, Model, Stream

MAX_PAGE = 1000


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())  # it looks into hundreds of files


def _zone(value: str) -> str:
    if value not in _zones():
        raise ValueError("must be an IANA time zone such as Europe/Berlin")
    return value


ZoneName = Annotated[str, AfterValidator(_zone)]


class RangeQuery(Model):
    """A stretch of time."""

    start: ApiTime = Field(default=EARLIEST, alias="from", examples=["2026-11-20T00:00:00Z"])
    """Inclusive, with Z or an offset."""
    end: ApiTime = Field(default=LATEST, alias="to", examples=["2026-11-21T00:00:00Z"])
    """Exclusive."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.end <= self.start:
            raise ValueError("`to` must come after `from`")
        return self


class CursorQuery(RangeQuery):
    """A page of what lies in a stretch of time."""

    cursor: str | None = Field(default=None, max_length=200)
    """`next_cursor` of the page before."""
    limit: int = Field(default=100, ge=1, le=MAX_PAGE)

    @property
    def position(self) -> Position | None:
        """Where the page before ended."""
        return decode_cursor(self.cursor) if self.cursor else None

    @model_validator(mode="after")
    def _readable_cursor(self) -> Self:
        if self.cursor:
            decode_cursor(self.cursor)
        return self


class PageQuery(CursorQuery):
    """A page of a list over a stretch of time."""

    stream: Stream = "main"


class RecordingsQuery(PageQuery):
    """A page of recordings."""

    order: Literal["asc", "desc"] = "asc"
    """`desc`: newest first. Keep it the same from page to page."""


class CamerasQuery(Model):
    """Which cameras; none named means all."""

    camera: list[CameraId] = Field(default=[], max_length=100)
    """May be repeated."""


class AllRecordingsQuery(RecordingsQuery, CamerasQuery):
    """A page of recordings of several cameras."""


class GapsQuery(PageQuery):
    """A page of gaps."""

    state: Literal["open", "missing", "filled"] | None = None


class AllGapsQuery(GapsQuery, CamerasQuery):
    """A page of gaps of several cameras."""


class HealthQuery(Model):
    """Which cameras, by their health."""

    health: HealthState | None = None


class CamerasListQuery(HealthQuery):
    """Which cameras."""

    with_deleted: bool = False


class FootageQuery(PageQuery):
    """A page of files that devices hold."""

    state: Literal["stored", "partial", "on_device"] | None = None


class AllFootageQuery(FootageQuery, CamerasQuery):
    """A page of files that devices hold of several cameras."""


class CoverageQuery(Model):
    """Which days."""

    start: ApiTime = Field(alias="from", examples=["2026-11-20T00:00:00Z"])
    end: ApiTime = Field(alias="to", examples=["2026-11-21T00:00:00Z"])
    tz: ZoneName = Field(default="UTC", examples=["Europe/Berlin"])
    """IANA zone whose days are meant."""
    stream: Stream = "main"

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.tz)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.end <= self.start:
            raise ValueError("`to` must come after `from`")
        return self


class SignedQuery(Model):
    """The signature of a link; not needed by who is signed in or sends a key."""

    by: str | None = Field(default=None, max_length=80)
    """Who made the link."""
    exp: str | None = Field(default=None, max_length=12)
    sig: str | None = Field(default=None, max_length=64)


class MediaQuery(SignedQuery):
    """How to serve a recording's media."""

    shift: int = Field(default=0, ge=-(2**40), le=2**40)
    """Added to all decode times, in 1/90000 s; playlists use it to join recordings."""


class PlaybackQuery(SignedQuery):
    """What to play."""

    start: ApiTime = Field(alias="from", examples=["2026-11-20T22:00:00Z"])
    end: ApiTime | None = Field(default=None, alias="to", examples=["2026-11-20T23:00:00Z"])
    """Left out: six hours, growing as they are recorded."""
    stream: Stream = "main"


def encode_cursor(position: Position) -> str:
    """Return a cursor for the page behind `position`."""
    text = f"{isoformat_z(position.started_at)} {position.row_id}"
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def decode_cursor(cursor: str) -> Position:
    """Return the position of a cursor; ValueError when it is none of ours."""
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        stamp, _, row_id = base64.urlsafe_b64decode(padded).decode().partition(" ")
        started_at = datetime.fromisoformat(stamp).astimezone(UTC)
    except (ValueError, OverflowError, binascii.Error):
        raise ValueError("cursor: send `next_cursor` of the page before, unchanged") from None
    if not row_id.isprintable():
        raise ValueError("cursor: send `next_cursor` of the page before, unchanged")
    return Position(started_at, row_id)
