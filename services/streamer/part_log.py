"""The newest parts of a rendition in the order in which they are pushed to players."""

from collections import deque
from dataclasses import dataclass

from libs.contracts.live import LivePart
from libs.media.packets import VIDEO_TIMESCALE
from services.streamer.window import HeldPart

MOST_PARTS = 500
KEPT_90K = 4 * VIDEO_TIMESCALE
"""Kept beside the newest GOP, for clients that are a little behind."""


@dataclass(frozen=True, slots=True)
class LoggedPart:
    """A part and where it stands in the log. Indices count up and never have a hole."""

    index: int
    held: HeldPart
    init: bytes
    end_90k: int
    """How much media the log has taken with this part: no clock's jump disturbs it."""

    @property
    def part(self) -> LivePart:
        return self.held.part


class PartLog:
    """One for all sockets of a rendition: each remembers only how far it is, so a slow one costs
    nothing. Bounded: the newest GOP and the last few seconds, at most MOST_PARTS.

    A part whose predecessor is missing is left out until a keyframe comes.
    """

    def __init__(self) -> None:
        self._parts: deque[LoggedPart] = deque()
        self._keyframe: int | None = None
        self._last: LivePart | None = None

    @property
    def next_index(self) -> int:
        """The index that the next part will have."""
        return self._parts[-1].index + 1 if self._parts else 0

    @property
    def keyframe(self) -> int | None:
        """Index of the newest part that begins with a keyframe, if it is kept."""
        return self._keyframe

    @property
    def kept(self) -> int:
        """How many parts are kept."""
        return len(self._parts)

    def append(self, held: HeldPart, init: bytes) -> None:
        """Take the part that the window just took."""
        part = held.part
        if not part.is_independent and not (self._last and _follows(self._last, part)):
            self._last = None
            return
        self._last = part
        end_90k = part.duration_90k + (self._parts[-1].end_90k if self._parts else 0)
        logged = LoggedPart(self.next_index, held, init, end_90k)
        self._parts.append(logged)
        if part.is_independent:
            self._keyframe = logged.index
        self._trim()

    def get(self, index: int) -> LoggedPart | None:
        """Return the part at an index, or the oldest that is kept after it; None: not yet."""
        if not self._parts or index >= self.next_index:
            return None
        return self._parts[max(0, index - self._parts[0].index)]

    def behind_90k(self, logged: LoggedPart) -> int:
        """Return how much media came after a part."""
        return self._parts[-1].end_90k - logged.end_90k

    def _trim(self) -> None:
        newest = self._parts[-1]
        while len(self._parts) > MOST_PARTS or (
            self._keyframe is not None
            and self._parts[0].index < self._keyframe
            and newest.end_90k - self._parts[0].end_90k > KEPT_90K
        ):
            gone = self._parts.popleft()
            if gone.index == self._keyframe:
                self._keyframe = None


def end_ms(part: LivePart) -> int:
    """Return when a part's last frame ended, Unix milliseconds of the recorder's clock."""
    return part.start_ms + part.duration_90k // 90


def _follows(before: LivePart, part: LivePart) -> bool:
    if before.live_id != part.live_id or before.discontinuity != part.discontinuity:
        return False
    same = part.msn == before.msn and part.part == before.part + 1
    return same or (part.msn == before.msn + 1 and part.part == 0)
