"""Camera health: whether a camera can be reached, and since when."""

from enum import StrEnum
from typing import ClassVar, Literal

from libs.contracts.ids import DEFAULT_SITE, CameraId, Site
from libs.contracts.messages import Event, Message
from libs.contracts.times import UtcTime, isoformat_z


class HealthState(StrEnum):
    """How a camera is."""

    ONLINE = "online"
    OFFLINE = "offline"
    """Not reachable, or it does not answer."""
    UNAUTHORIZED = "unauthorized"
    """It answers and rejects the login; nobody tries again before the operator acts."""
    ERROR = "error"
    """It answers, but has no usable stream; `detail` says why."""
    UNKNOWN = "unknown"
    """Not checked yet."""


class CameraHealth(Message):
    """Last value per camera, written by discovery after each check."""

    bucket: ClassVar[str] = "health"

    camera_id: CameraId
    site: Site = DEFAULT_SITE
    state: HealthState
    since: UtcTime
    checked_at: UtcTime
    proof: Literal["recorder", "probe"] = "probe"
    """`recorder`: frames are arriving, so nobody had to ask the camera."""
    detail: str = ""
    """For people: what happened and what to do. Never holds a credential."""
    rtt_ms: float | None = None
    """Round trip of the check, in milliseconds; None where the recorder was the proof."""
    is_flapping: bool = False
    """It came and went so often that it counts as what it is at its worst until it is steady."""


class CameraHealthChanged(Event):
    """A camera went online, offline, into error, or rejects its login."""

    entity: ClassVar[str] = "camera-health-changed"
    type: ClassVar[str] = "io.everframe.camera.health-changed.v1"

    state: HealthState
    previous: HealthState
    since: UtcTime
    checked_at: UtcTime
    detail: str = ""
    """For people; never holds a credential."""
    is_flapping: bool = False

    def natural_key(self) -> str:
        """Camera, moment and state."""
        return f"{self.camera_id}/{isoformat_z(self.since)}/{self.state}"
