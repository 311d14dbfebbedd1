"""The timeline and the calendar: what is asked, and what is answered."""

from datetime import date, timedelta
from typing import Annotated, Self
from zoneinfo import ZoneInfo

from pydantic import Field, model_validator

from libs.contracts.ids import CameraId
from services.api.catalog import EARLIEST, LATEST
from services.api.schemas import ApiTime, Model, Stream
from services.api.schemas_queries import ZoneName

MAX_CAMERAS = 16
MAX_DAYS = 400

Cameras = Annotated[list[CameraId], Field(min_length=1, max_length=MAX_CAMERAS)]


class SomeCameras(Model):
    """Which cameras; each once."""

    camera: Cameras = Field(examples=[["front-door"]])
    """May be repeated."""
    stream: Stream = "main"

    @property
    def cameras(self) -> list[str]:
        """The cameras in the order asked, each once."""
        return list(dict.fromkeys(self.camera))


class TimelineQuery(SomeCameras):
    """A stretch of time, and how finely it is drawn."""

    start: ApiTime = Field(alias="from", examples=["2026-11-20T00:00:00Z"])
    """Inclusive, with Z or an offset."""
    end: ApiTime = Field(alias="to", examples=["2026-11-21T00:00:00Z"])
    """Exclusive."""
    resolution_seconds: float = Field(default=0.001, ge=0.001, le=86_400, allow_inf_nan=False)
    """Spans that are not further apart are joined. A 4000th of the range, where that is more."""

    @model_validator(mode="after")
    def _sensible(self) -> Self:
        if self.end <= self.start:
            raise ValueError("`to` must come after `from`")
        if self.end - self.start > timedelta(days=MAX_DAYS):
            raise ValueError(f"the range may be at most {MAX_DAYS} days; ask for a shorter one")
        return self


class CalendarQuery(SomeCameras):
    """Some days of a time zone."""

    first: date = Field(alias="from", ge=EARLIEST.date(), lt=LATEST.date(), examples=["2026-11-01"])
    last: date = Field(alias="to", ge=EARLIEST.date(), lt=LATEST.date(), examples=["2026-11-30"])
    """The last day, included."""
    tz: ZoneName = Field(default="UTC", examples=["Europe/Berlin"])
    """IANA zone whose days are meant."""

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.tz)

    @model_validator(mode="after")
    def _sensible(self) -> Self:
        if self.last < self.first:
            raise ValueError("`to` must not come before `from`")
        if (self.last - self.first).days >= MAX_DAYS:
            raise ValueError(f"ask for at most {MAX_DAYS} days at once")
        return self


class TimelineGap(Model):
    """A stretch that was wanted and is missing."""

    start_ms: int
    end_ms: int
    reason: str
    """Of the newest report, where several speak of the same time."""
    detail: str


class TimelineView(Model):
    """What there is of one camera. Times are Unix milliseconds; spans are [start, end)."""

    camera_id: CameraId
    recorded: list[tuple[int, int]]
    gaps: list[TimelineGap]
    """Without what was recorded after all; one that goes on ends now."""
    stored: list[tuple[int, int]]
    """On the device and not recorded."""
    pending_from_ms: int | None
    """From here to now there is footage that is still on its way to the store."""


class CalendarDay(Model):
    """How much there is of one local day."""

    day: date
    recorded_seconds: float
    """In which at least one of the cameras was recorded."""
