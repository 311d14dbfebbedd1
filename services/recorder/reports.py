"""What a camera's session says about itself, from its own thread."""

from dataclasses import dataclass

from libs.contracts.cameras import CameraState
from libs.contracts.gaps import GapReason


@dataclass(frozen=True, slots=True)
class Connected:
    """The camera sends; recording starts with the next keyframe."""

    codec: str
    resolution: str


@dataclass(frozen=True, slots=True)
class Failed:
    """Recording was interrupted, or could not begin."""

    state: CameraState
    reason: GapReason
    detail: str


@dataclass(frozen=True, slots=True)
class Interrupted:
    """The session goes on, but the time before the next footage has a reason of its own."""

    reason: GapReason
    detail: str


Report = Connected | Interrupted | Failed
