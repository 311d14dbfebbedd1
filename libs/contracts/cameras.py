"""Cameras: what should be recorded, and how it goes."""

from enum import StrEnum
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, StringConstraints, field_validator

from libs.contracts.devices import ChannelKey, DeviceId
from libs.contracts.ids import DEFAULT_SITE, CameraId, Site
from libs.contracts.messages import DesiredState, Event, Message
from libs.contracts.times import UtcTime, isoformat_z

RtspUrl = Annotated[str, StringConstraints(pattern=r"^rtsps?://[^\s@]+$", max_length=2048)]
"""An RTSP URL without user name and password (those travel encrypted)."""


class WantedInterval(Message):
    """A stretch of time in which a camera's footage is wanted."""

    started_at: UtcTime
    ended_at: UtcTime | None = None
    """None while recording is switched on."""


class CameraConfig(DesiredState):
    """How one camera is to be recorded. Written by api, reconciled by recorder."""

    bucket: ClassVar[str] = "cameras"

    camera_id: CameraId
    site: Site = DEFAULT_SITE
    name: str = Field(min_length=1, max_length=100)
    url: RtspUrl
    transport: Literal["tcp", "udp"] = "tcp"
    """How RTP travels; rtsps URLs always use TCP."""
    verify_tls: bool = False
    """Check the certificate of an rtsps camera; most cameras sign their own."""
    credentials: str | None = None
    """Fernet token over the JSON of `{"username", "password"}`; never readable on the bus."""
    recording_seconds: int = Field(default=60, ge=10, le=3600)
    """Length of a recording; cuts fall on wall-clock multiples, at the next keyframe."""
    sub_url: RtspUrl | None = None
    """The camera's small stream, watched live where many cameras are shown; never recorded."""
    part_seconds: float = Field(default=0.2, ge=0.1, le=1.0)
    """About how long parts are; live latency is a few of them."""
    audio: Literal["keep", "off"] = "keep"
    """Keep audio (AAC copied, G.711 and G.726 converted to AAC) or leave it out."""
    wanted: tuple[WantedInterval, ...] = ()
    """The newest intervals in which recording was switched on, oldest first; at most 32."""
    device_id: DeviceId | None = None
    """The device that this camera is a channel of; None for one known by its RTSP URL only."""
    channel: ChannelKey | None = None
    """Which channel of the device."""
    footage_check_seconds: int = Field(default=600, ge=0, le=86_400)
    """How often the footage that the device holds of it is listed; 0: never."""
    version: int = Field(default=1, ge=1)
    """Counts changes of this camera; a lower one never replaces a higher one."""

    @field_validator("wanted")
    @classmethod
    def _ordered(cls, value: tuple[WantedInterval, ...]) -> tuple[WantedInterval, ...]:
        ordered = tuple(sorted(value, key=lambda w: w.started_at))
        if any(w.ended_at is None for w in ordered[:-1]):
            msg = "only the newest wanted interval may be open"
            raise ValueError(msg)
        return ordered

    @property
    def is_recording_wanted(self) -> bool:
        """Whether footage is wanted now."""
        return bool(self.wanted) and self.wanted[-1].ended_at is None

    @property
    def key(self) -> str:
        """Key in the bucket."""
        return camera_key(self.site, self.camera_id)

    def session_differs(self, other: Self) -> bool:
        """Whether a change from `other` needs a new camera connection."""
        fields = ("url", "transport", "verify_tls", "credentials", "part_seconds", "audio")
        return any(getattr(self, f) != getattr(other, f) for f in fields)


def camera_key(site: str, camera_id: str) -> str:
    """Return the key under which per-camera state lies in every bucket."""
    return f"{site}.{camera_id}"


class CameraState(StrEnum):
    """What a camera's recorder is doing."""

    STOPPED = "stopped"
    """Recording is not wanted."""
    CONNECTING = "connecting"
    RECORDING = "recording"
    LIVE = "live"
    """Recording is not wanted; the camera is connected because somebody watches it."""
    OFFLINE = "offline"
    """Not reachable, or it stopped sending."""
    UNAUTHORIZED = "unauthorized"
    ERROR = "error"
    """Reachable, but nothing that can be recorded; `detail` says why."""


class CameraStatusChanged(Event):
    """A camera's recording state changed."""

    entity: ClassVar[str] = "camera-status-changed"
    type: ClassVar[str] = "io.everframe.camera.status-changed.v1"

    state: CameraState
    since: UtcTime
    detail: str = ""
    """For people: what happened and what to do. Never holds a credential."""
    recorder: str
    """The recorder instance that reports."""

    def natural_key(self) -> str:
        """Camera, moment and state."""
        return f"{self.camera_id}/{isoformat_z(self.since)}/{self.state}"
