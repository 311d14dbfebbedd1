"""What downloads of a range and pictures for scrubbing take and give."""

from typing import Annotated

from pydantic import Field

from libs.contracts.times import UtcTime
from services.api.schemas import ApiTime, Model, Stream
from services.api.schemas_queries import MediaQuery, PlaybackQuery

LONGEST_PICTURE_90K = 2**32 - 1


class ClipQuery(Model):
    """What to download."""

    start: ApiTime = Field(alias="from", examples=["2026-11-20T22:00:00Z"])
    end: ApiTime = Field(alias="to", examples=["2026-11-20T22:05:00Z"])
    stream: Stream = "main"


class ClipFileQuery(ClipQuery):
    """Which file to download."""

    file: int | None = Field(default=None, ge=1, le=1_000_000)
    """Which of the range's files, from 1; needed where there are several."""


class ClipFileView(Model):
    """One MP4 file of a range."""

    start: UtcTime = Field(serialization_alias="from")
    """Of its first picture: the keyframe at or before the `from` that was asked for."""
    end: UtcTime = Field(serialization_alias="to")
    seconds: float
    """How long it plays; gaps in the range are not in it."""
    bytes: int
    path: str
    """Where it can be downloaded."""
    file_name: str


class ClipPlanView(Model):
    """The files of a range: one, or several where the camera's picture or sound changed."""

    files: list[ClipFileView]
    missing_seconds: float
    """Of the range, up to now, without footage."""
    start: UtcTime = Field(serialization_alias="from")
    """Of the first file."""
    end: UtcTime = Field(serialization_alias="to")
    """Of the last file."""


class PicturesQuery(PlaybackQuery):
    """What to scrub through."""

    every_seconds: Annotated[float | None, Field(ge=0.5, le=3600, allow_inf_nan=False)] = None
    """At most one picture in this time. Left out: every keyframe."""


class PictureQuery(MediaQuery):
    """How to serve one picture."""

    duration: int | None = Field(default=None, ge=1, le=LONGEST_PICTURE_90K)
    """How long it is shown, in 1/90000 s; left out: as long as its fragment."""
