"""Live: finished parts on their way to viewers, who watches what, and how parts are numbered."""

from enum import StrEnum
from typing import ClassVar, Literal

from pydantic import Field

from libs.contracts.ids import DEFAULT_SITE, CameraId, Site
from libs.contracts.messages import CameraMessage, DesiredState, Event, Message
from libs.contracts.times import UtcTime, isoformat_z


class Rendition(StrEnum):
    """Which of a camera's streams: the recorded one, or the small one beside it."""

    MAIN = "main"
    SUB = "sub"


def rendition_key(site: str, camera_id: str, rendition: str) -> str:
    """Return the key under which per-rendition state lies."""
    return f"{site}.{camera_id}.{rendition}"


class LivePart(CameraMessage):
    """One part for live viewers. Travels as plain headers; the payload is media.

    The recorder numbers, so that every streamer serves the same playlist. The payload is the
    part's moof + mdat, in part 0 of every segment preceded by the init segment.
    """

    plane: ClassVar[str] = "live"
    entity: ClassVar[str] = "part"

    rendition: Rendition = Rendition.MAIN
    live_id: str = Field(pattern=r"^[a-z0-9]{1,32}$")
    """Stands in every address; new whenever numbering or declared durations could not go on."""
    epoch: int = Field(ge=0)
    """The recorder's lease; parts of a lower one than was seen are an old owner's."""
    msn: int = Field(ge=0)
    """Media sequence number of the segment."""
    part: int = Field(ge=0)
    """Index in the segment."""
    discontinuity: int = Field(ge=0)
    """Discontinuities before this segment since `live_id` began."""
    first_msn: int = Field(ge=0)
    """Segments before this one must not be listed any more: what lay between is long ago."""
    init_id: str = Field(pattern=r"^[0-9a-f]{16}$")
    """Begin of the init segment's SHA-256."""
    init_bytes: int = Field(default=0, ge=0)
    """Bytes of the init segment at the payload's start; 0 in parts that have none."""
    is_independent: bool
    """Begins with a keyframe."""
    is_last: bool
    """Ends its segment."""
    start_ms: int
    """Wall time of the first video frame's arrival, Unix milliseconds, server clock."""
    start_90k: int
    """Decode time of the first video sample, 1/90000 s; continuous within a discontinuity."""
    duration_90k: int = Field(gt=0)
    published_ms: int
    """When the recorder sent this, Unix milliseconds, server clock."""
    part_target_ms: int = Field(gt=0)
    """No part is longer; constant for a `live_id`."""
    target_seconds: int = Field(gt=0)
    """No segment, rounded, is longer; constant for a `live_id`."""
    codecs: str
    """RFC 6381, for example `avc1.640028,mp4a.40.2`."""
    width: int = 0
    height: int = 0
    fps: float | None = None

    @property
    def subject(self) -> str:
        """The bus subject, with the rendition at its end."""
        return f"{super().subject}.{self.rendition}"

    @classmethod
    def subject_filter(cls, *, site: str = "*", camera_id: str = "*", rendition: str = "*") -> str:
        """The subject filter that matches every part, or those of a site, camera, rendition."""
        return f"{super().subject_filter(site=site, camera_id=camera_id)}.{rendition}"


class Demand(Message):
    """Somebody watches a rendition. Kept by renewal; live parts are sent while there is one.

    One key for each streamer instance: `<site>.<camera>.<rendition>.<instance>`.
    """

    bucket: ClassVar[str] = "demand"

    camera_id: CameraId
    site: Site = DEFAULT_SITE
    rendition: Rendition = Rendition.MAIN
    streamer: str
    """The instance that asks."""

    @property
    def key(self) -> str:
        """Key in the bucket."""
        return f"{rendition_key(self.site, self.camera_id, self.rendition)}.{self.streamer}"


class LiveState(DesiredState):
    """Where a rendition's numbering is, for the recorder that continues it after the stream of
    parts was lost. Written at every segment's start; key `<site>.<camera>.<rendition>`.
    """

    bucket: ClassVar[str] = "live"

    camera_id: CameraId
    site: Site = DEFAULT_SITE
    rendition: Rendition = Rendition.MAIN
    live_id: str
    msn: int = Field(ge=0)
    """The segment that was begun last."""
    discontinuity: int = Field(ge=0)
    first_msn: int = Field(ge=0)
    part_target_ms: int = Field(gt=0)
    target_seconds: int = Field(gt=0)
    started_at: UtcTime
    """When that segment was begun."""

    @property
    def key(self) -> str:
        """Key in the bucket."""
        return rendition_key(self.site, self.camera_id, self.rendition)


Transport = Literal["ll-hls", "websocket"]


class _Viewing(Event):
    """One viewer on one rendition."""

    viewer_id: str
    """Opaque; the same when it begins and when it ends."""
    viewer: str
    """Who: the name of the key or user to whom access was given."""
    rendition: Rendition
    transport: Transport
    started_at: UtcTime
    streamer: str

    def natural_key(self) -> str:
        """Camera, rendition, viewer, transport and start."""
        start = isoformat_z(self.started_at)
        return f"{self.camera_id}/{self.rendition}/{self.viewer_id}/{self.transport}/{start}"


class ViewingStarted(_Viewing):
    """Somebody began to watch a camera live."""

    entity: ClassVar[str] = "viewing-started"
    type: ClassVar[str] = "io.everframe.viewing.started.v1"


class ViewingStopped(_Viewing):
    """Somebody does not watch a camera any more."""

    entity: ClassVar[str] = "viewing-stopped"
    type: ClassVar[str] = "io.everframe.viewing.stopped.v1"

    ended_at: UtcTime
    reason: Literal["left", "refused", "shutdown"]
    """`refused`: access ended or the camera was removed."""
