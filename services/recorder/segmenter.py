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
_SEAMLESS = frozenset({EndReason.ROTATION, EndReason.PARAMETERS_CHANGED})


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


SETTLE_90K = VIDEO_TIMESCALE
"""How much of a session is looked at before its first recording is opened: what a camera sent
while it was being opened arrives late and all at once, and would be placed too late."""
LARGEST_CORRECTION = timedelta(milliseconds=500)
"""How far one recording may move the clock of an unbroken session towards a better estimate,
besides what clocks may drift in its length."""
LARGEST_DRIFT = Fraction(1, 500)
HOLE = timedelta(seconds=5)
"""A start this far after the media's end is silence that the media does not show."""

MOST_FRAGMENTS = 120_000
"""A recording's event lists each, in some 60 bytes, and the bus takes 8 MB. Only an hour of more
than 33 keyframes a second has so many."""


class Segmenter:
    """Cuts one camera's parts into recordings.

    A recording starts with a keyframe. It ends at the first keyframe at or after a wall-clock
    multiple of `recording_seconds` or after MOST_FRAGMENTS, or earlier with a reason. Within an
    unbroken session a recording starts at exactly the moment at which the one before it ended.
    """

    def __init__(self, recording_seconds: int) -> None:
        self.recording_seconds = recording_seconds
        self._started_at: datetime | None = None
        self._init_sha256 = ""
        self._media_90k = 0
        self._fragments = 0
        self._next_cut_unix = 0.0
        self._held: list[tuple[Part, float]] = []

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

    def push(self, part: Part, start_unix: float) -> list[Step]:
        """Place a part that starts at `start_unix` (Unix seconds, server clock).

        The parts of the first second are held back; close() gives them if it comes first.
        """
        reason = self._why_cut(part, start_unix)
        if reason in _SEAMLESS and part.is_keyframe_start and not self._is_hole(start_unix):
            opened_at = self._seamless_start(start_unix)
            closing = self._close(reason, opened_at)
            return [Step(closing, self._open(part, opened_at, start_unix), self._write(part))]
        steps = []
        if reason is not None:
            not_after = None if reason in _SEAMLESS else from_unix_seconds(start_unix)
            steps.append(Step(self._close(reason, not_after), None, None))
        if self.is_open:
            return [Step(None, None, self._write(part))]
        return steps + self._hold(part, start_unix)

    def close(self, reason: EndReason) -> list[Step]:
        """End the open recording, if there is one."""
        steps = self._release()
        if self.is_open:
            steps.append(Step(self._close(reason, None), None, None))
        return steps

    def _hold(self, part: Part, start_unix: float) -> list[Step]:
        if not self._held and not part.is_keyframe_start:
            return []
        self._held.append((part, start_unix))
        held_90k = part.start_90k + part.duration_90k - self._held[0][0].start_90k
        return self._release() if held_90k >= SETTLE_90K else []

    def _release(self) -> list[Step]:
        """Open the recording of the held parts where the least delayed of them says."""
        held, self._held = self._held, []
        if not held:
            return []
        first = held[0][0]
        broken_at = (n for n, (part, _) in enumerate(held) if n and part.starts_after is not None)
        start_unix = min(
            start - (part.start_90k - first.start_90k) / VIDEO_TIMESCALE
            for part, start in held[: next(broken_at, len(held))]
        )
        opening = self._open(first, from_unix_seconds(start_unix), start_unix)
        steps = [Step(None, opening, self._write(first))]
        for part, start in held[1:]:
            steps += self.push(part, start)
        return steps

    def _write(self, part: Part) -> Part:
        self._media_90k += part.duration_90k
        self._fragments += part.is_keyframe_start
        return part

    def _seamless_start(self, start_unix: float) -> datetime:
        """Where the next recording begins: the media goes on, the clock is corrected a little."""
        until, correction = self._correction(start_unix)
        largest = LARGEST_CORRECTION + self._drift()
        corrected = until + max(-largest, min(largest, correction))
        return max(corrected, self._earliest_end())

    def _is_hole(self, start_unix: float) -> bool:
        return self._correction(start_unix)[1] > HOLE + self._drift()

    def _correction(self, start_unix: float) -> tuple[datetime, timedelta]:
        until = self.recorded_until
        assert until is not None
        return until, from_unix_seconds(start_unix) - until

    def _drift(self) -> timedelta:
        seconds = self._media_90k * LARGEST_DRIFT / VIDEO_TIMESCALE
        return timedelta(milliseconds=int(seconds * 1000))

    def _why_cut(self, part: Part, start_unix: float) -> EndReason | None:
        if not self.is_open:
            return None
        if part.starts_after is not None:
            return _END_REASONS[part.starts_after]
        if not part.is_keyframe_start:
            return None
        if part.init.sha256 != self._init_sha256:
            return EndReason.PARAMETERS_CHANGED
        is_due = start_unix >= self._next_cut_unix or self._fragments >= MOST_FRAGMENTS
        return EndReason.ROTATION if is_due else None

    def _open(self, part: Part, started_at: datetime, start_unix: float) -> Opening:
        self._started_at = started_at
        self._init_sha256 = part.init.sha256
        self._media_90k = self._fragments = 0
        length = self.recording_seconds
        self._next_cut_unix = (start_unix // length + 1) * length
        # one keyframe a second, twice over; more are merged in the file's own index
        return Opening(started_at, part.init, 2 * length + 16, part.camera_skew_seconds)

    def _close(self, reason: EndReason, next_start: datetime | None) -> Closing:
        until = self.recorded_until
        assert until is not None
        earliest = self._earliest_end()
        self._started_at = None
        if reason in _SEAMLESS and next_start is not None:
            until = next_start
        elif next_start is not None and earliest <= next_start < until:
            until = next_start  # the same moment is not recorded twice
        return Closing(until, reason)

    def _earliest_end(self) -> datetime:
        assert self._started_at is not None
        return self._started_at + timedelta(milliseconds=1)
