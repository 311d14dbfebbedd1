"""Decides where recordings begin and end. No I/O: parts and clock readings in, steps out."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction

from libs.contracts.recordings import EndReason
from libs.contracts.times import from_unix_seconds
from libs.media.packets import VIDEO_TIMESCALE, Break, InitSegment, Part

_END_REASONS = {
    Break.SESSION_START: EndReason.CONNECTION_LOST,
    Break.PARAMETERS_CHANGED: EndReason.PARAMETERS_CHANGED,
    Break.TIMESTAMP_JUMP: EndReason.TIMESTAMP_JUMP,
}


@dataclass(frozen=True, slots=True)
class Opening:
    """A recording begins."""

    started_at: datetime
    init: InitSegment
    expected_fragments: int
    camera_skew_seconds: float | None


@dataclass(frozen=True, slots=True)
class Closing:
    """The current recording ends."""

    ended_at: datetime
    reason: EndReason


@dataclass(frozen=True, slots=True)
class Step:
    """What to do with a part: close, then open, then write. `part` None: it is not recordable."""

    closing: Closing | None
    opening: Opening | None
    part: Part | None


class Segmenter:
    """Cuts one camera's parts into recordings.

    A recording starts with a keyframe. It ends at the first keyframe at or after a wall-clock
    multiple of `recording_seconds`, or earlier with a reason. Within an unbroken session a
    recording starts at exactly the moment at which the one before it ended.
    """

    def __init__(self, recording_seconds: int) -> None:
        self.recording_seconds = recording_seconds
        self._started_at: datetime | None = None
        self._init_sha256 = ""
        self._media_90k = 0
        self._next_cut_unix = 0.0

    @property
    def is_open(self) -> bool:
        """Whether a recording is being written."""
        return self._started_at is not None

    @property
    def recorded_until(self) -> datetime | None:
        """End of the last part of the open recording, by media time."""
        if self._started_at is None:
            return None
        return self._started_at + timedelta(
            milliseconds=int(Fraction(self._media_90k * 1000, VIDEO_TIMESCALE))
        )

    def push(self, part: Part, start_unix: float) -> Step:
        """Place a part that starts at `start_unix` (Unix seconds, server clock)."""
        reason = self._why_cut(part, start_unix)
        closing = opening = None
        if reason is not None:
            boundary = from_unix_seconds(start_unix)
            is_seamless = reason in {EndReason.ROTATION, EndReason.PARAMETERS_CHANGED}
            closing = self._close(reason, boundary if is_seamless else None)
        if not self.is_open:
            if not part.is_keyframe_start:
                return Step(closing, None, None)
            opening = self._open(part, start_unix)
        self._media_90k += part.duration_90k
        return Step(closing, opening, part)

    def close(self, reason: EndReason) -> Closing | None:
        """End the open recording, if there is one."""
        return self._close(reason, None) if self.is_open else None

    def _why_cut(self, part: Part, start_unix: float) -> EndReason | None:
        if not self.is_open:
            return None
        if part.starts_after is not None:
            return _END_REASONS[part.starts_after]
        if not part.is_keyframe_start:
            return None
        if part.init.sha256 != self._init_sha256:
            return EndReason.PARAMETERS_CHANGED
        return EndReason.ROTATION if start_unix >= self._next_cut_unix else None

    def _open(self, part: Part, start_unix: float) -> Opening:
        self._started_at = from_unix_seconds(start_unix)
        self._init_sha256 = part.init.sha256
        self._media_90k = 0
        length = self.recording_seconds
        self._next_cut_unix = (start_unix // length + 1) * length
        # one keyframe a second, twice over; more are merged in the file's own index
        return Opening(self._started_at, part.init, 2 * length + 16, part.camera_skew_seconds)

    def _close(self, reason: EndReason, boundary: datetime | None) -> Closing:
        until = self.recorded_until
        started_at = self._started_at
        assert until is not None
        assert started_at is not None
        self._started_at = None
        # both clocks drift, by far less than 0.2 %; a larger difference is a clock that was set
        tolerance = timedelta(seconds=1) + (until - started_at) / 500
        if boundary is not None and abs(boundary - until) < tolerance:
            until = max(boundary, started_at + timedelta(milliseconds=1))
        return Closing(until, reason)
