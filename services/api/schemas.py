"""What the API takes and gives: strict models with examples, shown in the OpenAPI document."""

import re
from datetime import date, datetime
from typing import Annotated, Any, Generic, Literal, Self, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    StringConstraints,
    model_validator,
)

from libs.contracts.cameras import CameraState
from libs.contracts.devices import ChannelKey, DeviceId
from libs.contracts.gaps import GapReason
from libs.contracts.health import HealthState
from libs.contracts.ids import CameraId
from libs.contracts.live import Rendition
from libs.contracts.ownership import OpenGap
from libs.contracts.times import UtcTime
from services.api.catalog import EARLIEST, LATEST


def _repair_plus(value: Any) -> Any:
    """In a query string `+01:00` arrives as ` 01:00`; nobody means a space there."""
    return re.sub(r" (\d\d:?\d\d)$", r"+\1", value) if isinstance(value, str) else value


def _in_bounds(value: datetime) -> datetime:
    if not EARLIEST <= value <= LATEST:
        raise ValueError("must lie between the years 2000 and 2100")
    return value


def _no_controls(value: str) -> str:
    if not value.isprintable():
        raise ValueError("must not contain control characters")
    return value


ApiTime = Annotated[UtcTime, BeforeValidator(_repair_plus), AfterValidator(_in_bounds)]
Name = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=100),
    AfterValidator(_no_controls),
]
LoginPart = Annotated[str, StringConstraints(max_length=200), AfterValidator(_no_controls)]
Stream = Literal["main", "sub"]


class Model(BaseModel):
    """What all have in common: fields carry their descriptions, unknown ones are refused."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True, frozen=True)


class Credentials(Model):
    """A camera's login; stored encrypted and never shown again."""

    username: LoginPart = Field(examples=["viewer"])
    password: Annotated[SecretStr, Field(max_length=200)] = Field(examples=["a long one"])


class CameraSettings(Model):
    """How a camera is recorded."""

    transport: Literal["tcp", "udp"] = "tcp"
    """How RTP travels; rtsps always uses TCP."""
    verify_tls: bool = False
    """Check the certificate of an rtsps camera; most cameras sign their own."""
    recording_seconds: int = Field(default=60, ge=10, le=3600)
    """Length of a recording."""
    part_seconds: float = Field(default=0.2, ge=0.1, le=1.0, allow_inf_nan=False)
    audio: Literal["keep", "off"] = "keep"
    footage_check_seconds: int = Field(default=600, ge=0, le=86_400)
    """How often the footage that the camera's device holds is listed; 0: never."""


class CameraCreate(CameraSettings):
    """A new camera: by its RTSP address, or as a channel of a device that was added before."""

    name: Name = Field(examples=["Front door"])
    """For people; the camera's id is made from it once."""
    url: str | None = Field(
        default=None, max_length=2048, examples=["rtsp://192.0.2.10:554/stream1"]
    )
    """RTSP address. A login in it is taken out and stored encrypted. May be left out for a channel
    of a device, which tells it."""
    sub_url: str | None = Field(
        default=None, max_length=2048, examples=["rtsp://192.0.2.10:554/stream2"]
    )
    """RTSP address of the camera's small stream, for watching live; it uses the same login."""
    credentials: Credentials | None = None
    """For a channel of a device: leave it out, the device's login is used."""
    device_id: DeviceId | None = None
    """The device that the camera is a channel of."""
    channel: ChannelKey | None = None
    """Which channel of the device."""
    record: bool = True
    """Start recording at once."""

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.device_id is None) != (self.channel is None):
            raise ValueError("device_id and channel belong together; send both or none")
        if self.device_id is None and self.url is None:
            raise ValueError("url must be sent, or device_id and channel")
        if self.device_id is not None and self.credentials is not None:
            raise ValueError("a channel of a device uses the device's login: leave credentials out")
        return self


class CameraPatch(Model):
    """What to change; fields left out stay as they are."""

    name: Name | None = None
    url: str | None = Field(default=None, max_length=2048)
    sub_url: str | None = Field(default=None, max_length=2048)
    """`null` removes it."""
    credentials: Credentials | None = None
    """`null` removes the login."""
    transport: Literal["tcp", "udp"] | None = None
    verify_tls: bool | None = None
    recording_seconds: int | None = Field(default=None, ge=10, le=3600)
    part_seconds: float | None = Field(default=None, ge=0.1, le=1.0, allow_inf_nan=False)
    audio: Literal["keep", "off"] | None = None
    footage_check_seconds: int | None = Field(default=None, ge=0, le=86_400)

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("name at least one field to change")
        for field in self.model_fields_set - {"credentials", "sub_url"}:
            if getattr(self, field) is None:
                raise ValueError(f"{field} must not be null; leave it out to keep it")
        return self


class HealthView(Model):
    """Whether a camera can be reached."""

    state: HealthState = HealthState.UNKNOWN
    since: UtcTime | None = None
    checked_at: UtcTime | None = None
    detail: str = ""
    proof: Literal["recorder", "probe"] | None = None
    """`recorder`: frames are arriving. Null where only an older report is known."""
    rtt_ms: float | None = None
    """Round trip of the check, in milliseconds."""
    is_flapping: bool = False
    """It comes and goes."""


class CameraView(CameraSettings):
    """A camera as it is set up."""

    camera_id: CameraId = Field(examples=["front-door"])
    name: str
    url: str | None
    """Without user name and password. Null for those who may not change cameras: some cameras
    take a login elsewhere in the address."""
    sub_url: str | None
    """The small stream for watching live, where the camera has one; null as `url`."""
    has_sub_stream: bool
    """Whether it has a small stream for watching live."""
    has_credentials: bool
    record: bool
    """Whether recording is switched on."""
    recording_since: UtcTime | None
    """Since when it is on."""
    device_id: DeviceId | None
    """The device that it is a channel of; null for one known by its RTSP address only."""
    channel: ChannelKey | None
    health: HealthView
    version: int
    published: bool
    """Whether the recorders can know this version; false while the bus is away."""
    created_at: UtcTime
    deleted_at: UtcTime | None
    """When it was deleted; its footage stays."""


class CameraDeleted(Model):
    """What happened to a deleted camera."""

    camera: CameraView
    detail: str = Field(
        examples=["recording has been stopped; the footage stays in the catalog and playable"]
    )


class StatusView(Model):
    """What a camera's recorder is doing."""

    camera_id: CameraId
    name: str
    record: bool
    """Whether recording is switched on."""
    state: CameraState | Literal["unknown"]
    """`unknown`: no recorder speaks of this camera."""
    since: UtcTime | None
    detail: str
    recorder: str | None
    """The recorder that holds the camera."""
    seen_at: UtcTime | None
    """When a recorder last spoke of it."""
    accounted_until: UtcTime | None
    """Every wanted moment before this is stored, in a spool, or an announced gap."""
    open_gap: OpenGap | None
    last_recording_at: UtcTime | None
    pending_uploads: int
    bitrate_bps: int
    codec: str
    resolution: str
    transport: str
    health: HealthView


class RecordingView(Model):
    """A recording in the object store."""

    id: str = Field(examples=["front-door~20261120T231805123Z~7"])
    camera_id: str
    stream: Stream
    epoch: int
    started_at: UtcTime
    ended_at: UtcTime
    duration_seconds: float
    """Media length."""
    bytes: int
    sha256: str
    object_key: str
    video_codec: str
    audio_codec: str | None
    width: int
    height: int
    fps: float | None
    fragments: int
    """How many stretches that begin with a keyframe."""
    source: str
    end_reason: str
    clock_source: str
    camera_skew_seconds: float | None
    recorder: str
    media_path: str
    """Where its bytes are, by range."""
    download_path: str


class MissingSpan(Model):
    """A stretch without footage."""

    started_at: UtcTime
    ended_at: UtcTime


class GapView(Model):
    """A stretch that was wanted and is, or was, missing."""

    gap_id: str
    camera_id: str
    stream: Stream
    started_at: UtcTime
    ended_at: UtcTime | None
    """Null while it goes on."""
    reason: GapReason | str
    detail: str
    recorder: str
    state: Literal["open", "missing", "filled"]
    """`filled`: all of it has been recorded after all."""
    missing: list[MissingSpan]
    """What has no footage, after everything that was recorded is subtracted."""
    missing_seconds: float


ItemT = TypeVar("ItemT")


class Page(Model, Generic[ItemT]):
    """One page of a list."""

    items: list[ItemT]
    next_cursor: str | None
    """Send it as `cursor` for the next page; null at the end."""


class CoverageDay(Model):
    """How one local day of one camera went; all figures in seconds, overlaps counted once."""

    day: date
    started_at: UtcTime
    """Where the day, cut to the asked range and to now, begins."""
    ended_at: UtcTime
    wanted: float
    recorded: float
    """Of what was wanted."""
    unasked: float
    """Recorded although it was not wanted."""
    missing: float
    """wanted - recorded = explained + pending + unexplained."""
    explained: float
    """Missing, and a gap says why."""
    pending: float
    """Not stored yet, but a live recorder reports that it has it."""
    unexplained: float
    """Missing without a reason. Should be zero."""


class CoverageView(Model):
    """How completely one camera was recorded."""

    camera_id: CameraId
    tz: str
    days: list[CoverageDay]


class CameraStorage(Model):
    """What a camera occupies."""

    camera_id: str
    objects: int
    bytes: int
    seconds: float
    oldest: UtcTime | None
    newest: UtcTime | None


class StorageView(Model):
    """What all footage occupies, by the catalog."""

    objects: int
    bytes: int
    seconds: float
    cameras: list[CameraStorage]


class PlaybackLinkCreate(Model):
    """What a link shall open."""

    camera_id: CameraId = Field(examples=["front-door"])
    start: ApiTime = Field(alias="from", examples=["2026-11-20T22:00:00Z"])
    end: ApiTime | None = Field(default=None, alias="to", examples=["2026-11-20T23:00:00Z"])
    valid_seconds: int = Field(default=3600, ge=10, le=86_400)


class PlaybackLink(Model):
    """A playlist address that needs no key."""

    path: str
    """Put the address of this server before it. Whoever has it can watch until it expires."""
    expires_at: UtcTime


class LiveLinkCreate(Model):
    """How long somebody may watch live."""

    valid_seconds: int = Field(default=900, ge=30, le=3600)
    """A link cannot be taken back, so none lasts longer; prolong it by `viewer_id`."""
    viewer_id: str | None = Field(
        default=None, pattern=r"^[0-9a-f]{16}$", examples=["5f0c9a7be2d14c63"]
    )
    """From the answer before, to go on as the same viewer."""


class LiveLink(Model):
    """Addresses for watching live that need no key. Put the address of this server before them.

    Whoever has one can watch until it expires. The same access is set as a cookie, so a page of
    this server may leave `?token=` out and prolong it without changing an address.
    """

    hls: str = Field(examples=["/api/v1/cameras/front-door/live/master.m3u8?token=eyJ..."])
    """Low-latency HLS; add `&rendition=sub` for the small stream."""
    websocket: str = Field(examples=["/api/v1/cameras/front-door/live/ws?token=eyJ..."])
    """For players on Media Source Extensions; add `&rendition=sub` for the small stream."""
    snapshot: str = Field(examples=["/api/v1/cameras/front-door/snapshot.jpg?token=eyJ..."])
    """The newest keyframe as JPEG."""
    expires_at: UtcTime
    viewer_id: str = Field(examples=["5f0c9a7be2d14c63"])
    renditions: list[Rendition] = Field(examples=[["main", "sub"]])
