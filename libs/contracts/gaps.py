"""Gaps: wanted time without footage, each with its reason."""

from enum import StrEnum
from typing import ClassVar, Literal, Self

from pydantic import model_validator

from libs.contracts.messages import Event
from libs.contracts.times import UtcTime, isoformat_z


class GapReason(StrEnum):
    """Why wanted footage is missing."""

    CONNECTING = "connecting"
    """The camera was being connected, or its first keyframe was awaited."""
    CAMERA_OFFLINE = "camera_offline"
    CAMERA_UNAUTHORIZED = "camera_unauthorized"
    CAMERA_ERROR = "camera_error"
    """Reachable, but it sent nothing that can be recorded."""
    STREAM_STALLED = "stream_stalled"
    NO_KEYFRAME = "no_keyframe"
    TIMESTAMP_JUMP = "timestamp_jump"
    CLOCK_CHANGED = "clock_changed"
    """The server's own clock was set forward."""
    RECORDER_DOWN = "recorder_down"
    """No recorder was running for the camera."""
    HANDOVER = "handover"
    """The camera moved from one recorder to another."""
    SPOOL_FULL = "spool_full"
    WRITE_ERROR = "write_error"
    RECORDING_LOST = "recording_lost"
    """Footage was recorded but its file could not be recovered."""


class GapDetected(Event):
    """Wanted footage is missing. Sent when a gap is noticed, and again when it ends."""

    entity: ClassVar[str] = "gap-detected"
    type: ClassVar[str] = "io.everframe.gap.detected.v1"

    stream: Literal["main", "sub"] = "main"
    started_at: UtcTime
    ended_at: UtcTime | None = None
    """None while the gap goes on."""
    reason: GapReason
    detail: str = ""
    """For people; never holds a credential."""
    recorder: str

    @property
    def gap_id(self) -> str:
        """Stream, camera and start: the same gap keeps its id when it ends."""
        return f"{self.stream}/{self.camera_id}/{isoformat_z(self.started_at)}"

    def natural_key(self) -> str:
        """The gap and whether it has ended."""
        return f"{self.gap_id}/{'open' if self.ended_at is None else isoformat_z(self.ended_at)}"

    @model_validator(mode="after")
    def _ends_after_start(self) -> Self:
        if self.ended_at is not None and self.ended_at <= self.started_at:
            msg = "a gap ends after it starts"
            raise ValueError(msg)
        return self
