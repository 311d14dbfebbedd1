"""Recordings: finished files of continuous footage, and everything needed to play them."""

from enum import StrEnum
from typing import ClassVar, Literal

from pydantic import Field

from libs.contracts.ids import recording_id
from libs.contracts.messages import Event, Message
from libs.contracts.times import UtcTime


class EndReason(StrEnum):
    """Why a recording ended."""

    ROTATION = "rotation"
    PARAMETERS_CHANGED = "parameters_changed"
    TIMESTAMP_JUMP = "timestamp_jump"
    CLOCK_CHANGED = "clock_changed"
    CONNECTION_LOST = "connection_lost"
    STREAM_STALLED = "stream_stalled"
    NO_KEYFRAME = "no_keyframe"
    STOPPED = "stopped"
    CONFIG_CHANGED = "config_changed"
    HANDOVER = "handover"
    SHUTDOWN = "shutdown"
    CRASH_RECOVERED = "crash_recovered"
    WRITE_ERROR = "write_error"


class FragmentEntry(Message):
    """A run of parts that starts at a keyframe; one HLS byte range."""

    offset: int = Field(ge=0)
    bytes: int = Field(gt=0)
    duration_90k: int = Field(gt=0)
    """Length in 1/90000 s."""


class RecordingCompleted(Event):
    """A recording is in the object store and can be played."""

    entity: ClassVar[str] = "recording-completed"
    type: ClassVar[str] = "io.everframe.recording.completed.v1"

    stream: Literal["main", "sub"] = "main"
    epoch: int = Field(ge=0)
    """The lease epoch of the recorder that made it."""
    object_key: str
    started_at: UtcTime
    ended_at: UtcTime
    """End of the last frame, on the server's clock; the next recording of an unbroken session
    starts at exactly this moment."""
    duration_90k: int = Field(gt=0)
    """Media length in 1/90000 s; differs from the clock span by the camera's clock drift."""
    bytes: int = Field(gt=0)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    init_bytes: int = Field(gt=0)
    """ftyp and moov: the init segment is the object's first `init_bytes` bytes."""
    init_sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    video_codec: str
    """RFC 6381, for example `avc1.640028`."""
    audio_codec: str | None = None
    width: int = Field(ge=0)
    height: int = Field(ge=0)
    fps: float | None = None
    fragments: tuple[FragmentEntry, ...] = Field(min_length=1)
    source: Literal["live", "backfill", "sync", "manual"] = "live"
    end_reason: EndReason
    clock_source: Literal["arrival", "device"] = "arrival"
    """Which clock `started_at` is read from."""
    camera_skew_seconds: float | None = None
    """Camera clock minus server clock, where the camera's sender reports tell it."""
    recorder: str
    """The instance that made it."""

    @property
    def recording_id(self) -> str:
        """Camera, start and epoch."""
        return recording_id(self.camera_id, self.started_at, self.epoch)

    def natural_key(self) -> str:
        """Stream and recording id."""
        return f"{self.stream}/{self.recording_id}"
