"""What one rendition can show now: the newest segments and parts, in memory. No I/O.

Everything that a playlist says follows from the parts of its own segments, so that two replicas
that hold them say the same, whenever they joined.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from libs.contracts.live import LivePart
from libs.media.packets import VIDEO_TIMESCALE

FEWEST_SEGMENTS = 6
"""Apple's authoring specification, 8.11."""
LONGEST_LISTED_90K = 24 * VIDEO_TIMESCALE
"""Six long segments are more than anybody needs."""
_MOST_RETIRED = 8

Position = tuple[int, int]
"""Media sequence number and index of a part."""


@dataclass(frozen=True, slots=True)
class HeldPart:
    """A part with its media: moof + mdat, without the init segment."""

    part: LivePart
    data: bytes

    @property
    def position(self) -> Position:
        return self.part.msn, self.part.part


@dataclass(slots=True)
class Segment:
    """Parts 0, 1, 2 ... of one media sequence number, never with one missing between them."""

    parts: list[HeldPart]
    duration_90k: int = 0
    bytes: int = 0
    is_complete: bool = False
    """Nothing is to come. A segment that lost parts never becomes complete."""
    keep_until_90k: int | None = field(default=None, compare=False)
    """Set when it has left the playlist: on the window's own clock of media."""

    @property
    def first(self) -> LivePart:
        return self.parts[0].part

    @property
    def last(self) -> LivePart:
        return self.parts[-1].part

    @property
    def msn(self) -> int:
        return self.first.msn

    def append(self, held: HeldPart) -> None:
        self.parts.append(held)
        self.duration_90k += held.part.duration_90k
        self.bytes += len(held.data)
        self.is_complete = held.part.is_last


class LiveWindow:
    """Takes parts as the bus tells them: with repeats, holes and an old owner's among them.

    Bounded: what left the playlist is forgotten after a while. A part with an unknown `live_id`
    begins anew, whatever its epoch; the bus lets nobody publish behind a newer owner's back.
    """

    def __init__(self) -> None:
        self.version = 0  # grows with each change; a local count, never shown
        self.bytes_held = 0

        # Where the stream is
        self._newest: LivePart | None = None
        self._seen: Position = (-1, -1)
        self._epoch = 0
        self._first_msn = 0
        self._retired: deque[str] = deque(maxlen=_MOST_RETIRED)
        self._published_ms = 0

        # What is kept, oldest first
        self._segments: dict[int, Segment] = {}
        self._inits: dict[str, bytes] = {}
        self._listed: tuple[Segment, ...] = ()
        self._clock_90k = 0

    # What is there

    @property
    def newest(self) -> LivePart | None:
        """The newest part that can be played; None while there is none."""
        return self._newest

    @property
    def live_id(self) -> str | None:
        """Stands in every address; None while there is no part."""
        return self._newest.live_id if self._newest else None

    @property
    def edge(self) -> Position | None:
        """Position of the newest part."""
        return (self._newest.msn, self._newest.part) if self._newest else None

    @property
    def next_position(self) -> Position | None:
        """The part that comes next, for all that is known: the preload hint."""
        if self._newest is None:
            return None
        if (self._newest.msn, self._newest.part) < self._seen:
            return self._seen[0] + 1, 0  # what was missed never comes
        if self._newest.is_last:
            return self._newest.msn + 1, 0
        return self._newest.msn, self._newest.part + 1

    def listed(self) -> tuple[Segment, ...]:
        """What the playlist lists, oldest first, without a hole. Only the last may be open."""
        return self._listed

    def part(self, msn: int, part: int) -> HeldPart | None:
        """A part that is or was listed."""
        segment = self._segments.get(msn)
        if segment is None or not 0 <= part < len(segment.parts):
            return None
        return segment.parts[part]

    def segment(self, msn: int) -> bytes | None:
        """The bytes of a complete segment: those of its parts, one after the other."""
        segment = self._segments.get(msn)
        if segment is None or not segment.is_complete:
            return None
        return b"".join(held.data for held in segment.parts)

    def init(self, init_id: str) -> bytes | None:
        """An init segment that something held needs."""
        return self._inits.get(init_id)

    def newest_keyframe(self) -> HeldPart | None:
        """The newest part that begins with a keyframe."""
        newest_first = reversed(self._segments.values())
        parts = (held for segment in newest_first for held in reversed(segment.parts))
        return next((held for held in parts if held.part.is_independent), None)

    def parts_from(self, position: Position) -> Iterator[HeldPart]:
        """What is held from `position` on, oldest first."""
        for msn in [msn for msn in self._segments if msn >= position[0]]:
            for held in self._segments[msn].parts:
                if held.position >= position:
                    yield held

    # What comes

    def add(self, part: LivePart, payload: bytes) -> bool:
        """Take a part; returns whether anything changed."""
        if not self._is_current(part):
            return False
        position = (part.msn, part.part)
        if self._newest is not None and position <= self.edge:  # type: ignore[operator]  # not None
            return False
        return self._advance(part, position, payload)

    def _is_current(self, part: LivePart) -> bool:
        """Whether a part belongs to what is shown; turns to a new `live_id`."""
        return True

    def _advance(self, part: LivePart, position: Position, payload: bytes) -> bool:
        return False
