"""Who records which camera, and how far the recording has come."""

from typing import ClassVar, Literal

from pydantic import Field

from libs.contracts.cameras import CameraState
from libs.contracts.gaps import GapReason
from libs.contracts.ids import DEFAULT_SITE, CameraId, Site
from libs.contracts.messages import DesiredState, Message
from libs.contracts.times import UtcTime


class Lease(Message):
    """The right to record one camera; lost when it is not renewed. Its revision is the epoch."""

    bucket: ClassVar[str] = "owner"

    recorder: str
    """The instance that holds it."""
    spool: str = ""
    """Its spool: two recorders of one name are told apart by it."""


class Presence(Message):
    """A recorder instance that is alive; kept by renewal like a lease."""

    bucket: ClassVar[str] = "presence"

    recorder: str
    spool: str = ""


class OpenGap(Message):
    """A gap that goes on."""

    started_at: UtcTime
    reason: GapReason


class RecordingProgress(DesiredState):
    """Last value per camera, written every two seconds by the recorder that owns it.

    Invariant: every wanted moment before `accounted_until` is in a durable spool file or stored
    recording, or in a gap that was announced or is `open_gap`.
    """

    bucket: ClassVar[str] = "progress"

    camera_id: CameraId
    site: Site = DEFAULT_SITE
    recorder: str
    spool: str = ""
    """Where what is not stored yet lies."""
    epoch: int = Field(ge=0)
    seen_at: UtcTime
    """When the recorder wrote this."""
    accounted_until: UtcTime
    open_gap: OpenGap | None = None
    state: CameraState
    state_since: UtcTime
    detail: str = ""
    bitrate_bps: int = 0
    """Mean of the last ten seconds."""
    recorded_seconds: float = 0.0
    """Recorded by this instance since it took the camera."""
    last_recording_at: UtcTime | None = None
    """End of the newest recording that is stored and announced."""
    stored_until: UtcTime | None = None
    """Everything recorded before this is stored and announced."""
    pending_uploads: int = 0
    codec: str = ""
    resolution: str = ""
    transport: Literal["tcp", "udp", ""] = ""
