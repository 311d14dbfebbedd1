"""What one rendition can show now: the newest segments and parts, in memory. No I/O.

Everything that a playlist says follows from the parts of its own segments, so that two replicas
that hold them say the same, whenever they joined.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

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
    keep_until_90k: int | None = None
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

    Bounded: what left the playlist is forgotten after a while. A new `live_id` begins anew.
    """

    def __init__(self) -> None:
        self.version = 0  # grows with each change; a local count, never shown

        # Where the stream is
        self._live_id: str | None = None
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
        """Stands in every address; None before the first part, playable or not."""
        return self._live_id

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

    def segment(self, msn: int) -> list[bytes] | None:
        """The media of a complete segment: that of its parts, in order, without a copy."""
        segment = self._segments.get(msn)
        if segment is None or not segment.is_complete:
            return None
        return [held.data for held in segment.parts]

    def init(self, init_id: str) -> bytes | None:
        """An init segment that something held needs."""
        return self._inits.get(init_id)

    def newest_keyframe(self) -> HeldPart | None:
        """The newest part with a keyframe at its start from which all is held; None without."""
        for segment in self._unbroken():
            for held in reversed(segment.parts):
                if held.part.is_independent:
                    return held
        return None

    @property
    def bytes_held(self) -> int:
        """How much memory the media takes."""
        inits = sum(len(init) for init in self._inits.values())
        return inits + sum(segment.bytes for segment in self._segments.values())

    # What comes

    def add(self, part: LivePart, payload: bytes) -> bool:
        """Take the next part that the bus tells; returns whether anything changed."""
        is_new_numbering = part.live_id != self._live_id
        if is_new_numbering:
            if self._is_outdated(part):
                return False
            self._begin_anew(part.live_id)
        elif part.epoch < self._epoch or not self._is_ahead(part):
            return False
        self._epoch = max(self._epoch, part.epoch)
        self._published_ms = max(self._published_ms, part.published_ms)
        expected = self.next_position
        if self._is_playable(part, payload):
            self._take(part, payload)
        self._seen = max(self._seen, (part.msn, part.part))
        if not is_new_numbering and expected == self.next_position:
            return False
        self.version += 1
        return True

    def _is_outdated(self, part: LivePart) -> bool:
        """Whether a part belongs to a numbering that was given up.

        An unknown one is always newer: the stream takes nothing behind a newer owner's back, and
        epochs may begin anew where numberings do. One that was left comes back only for an owner
        that goes on with it.
        """
        if part.live_id not in self._retired:
            return False
        return part.epoch < self._epoch or part.published_ms <= self._published_ms

    def _begin_anew(self, live_id: str) -> None:
        if self._live_id is not None:
            self._retired.append(self._live_id)
        self._live_id = live_id
        self._newest = None
        self._seen = (-1, -1)
        self._epoch = self._first_msn = self._published_ms = self._clock_90k = 0
        self._segments.clear()
        self._inits.clear()
        self._listed = ()

    def _is_ahead(self, part: LivePart) -> bool:
        edge = self.edge
        return edge is None or (part.msn, part.part) > edge

    def _is_playable(self, part: LivePart, payload: bytes) -> bool:
        """Whether a part that is ahead begins a segment, or follows on what is there."""
        if part.part == 0:
            has_init = 0 < part.init_bytes < len(payload)
            return has_init or (not part.init_bytes and part.init_id in self._inits)
        newest = self._newest
        if newest is None or newest.is_last:
            return False
        # a recorder that never ended its segment would fill the memory
        longest_90k = 2 * newest.target_seconds * VIDEO_TIMESCALE
        is_bounded = self._segments[newest.msn].duration_90k < longest_90k
        return is_bounded and (part.msn, part.part) == (newest.msn, newest.part + 1)

    def _take(self, part: LivePart, payload: bytes) -> None:
        media = payload
        if part.init_bytes:
            self._inits.setdefault(part.init_id, payload[: part.init_bytes])
            media = payload[part.init_bytes :]
        if part.part == 0:
            self._close(part)
            self._segments[part.msn] = Segment([])
        self._segments[part.msn].append(HeldPart(part, media))
        self._newest = part
        self._first_msn = max(self._first_msn, part.first_msn)
        self._clock_90k += part.duration_90k
        self._list()

    def _close(self, successor: LivePart) -> None:
        """Complete the open segment when nothing of it is missing.

        Its recorder may have died, so that no part was ever said to be the last. Within one
        timeline a missing end shows in the decode times.
        """
        newest = self._newest
        if newest is None or newest.is_last:
            return
        is_next = successor.msn == newest.msn + 1 and self._seen == self.edge
        is_new_timeline = successor.discontinuity != newest.discontinuity
        is_joined = successor.start_90k == newest.start_90k + newest.duration_90k
        self._segments[newest.msn].is_complete = is_next and (is_new_timeline or is_joined)

    # What is listed and kept

    def _unbroken(self) -> Iterator[Segment]:
        """Segments from the newest backwards, as far as nothing is missing."""
        after: Segment | None = None
        for segment in reversed(self._segments.values()):
            if after is not None and (not segment.is_complete or segment.msn != after.msn - 1):
                return
            yield segment
            after = segment

    def _list(self) -> None:
        """Choose what is listed: a function of the newest segments alone, so replicas agree.

        Its begin never moves back. RFC 8216bis 6.2.2: not less than three target durations.
        """
        assert self._newest is not None
        least_90k = 3 * self._newest.target_seconds * VIDEO_TIMESCALE
        chosen: list[Segment] = []
        complete = span_90k = 0
        for segment in self._unbroken():
            is_enough = complete >= FEWEST_SEGMENTS or span_90k >= LONGEST_LISTED_90K
            if (is_enough and span_90k >= least_90k) or (chosen and segment.msn < self._first_msn):
                break
            chosen.append(segment)
            if segment.is_complete:
                complete += 1
                span_90k += segment.duration_90k
        before, self._listed = self._listed, tuple(reversed(chosen))
        self._forget(before, least_90k)

    def _forget(self, before: tuple[Segment, ...], least_90k: int) -> None:
        """Let go of what left the playlist long ago.

        RFC 8216bis 6.2.2: parts stay for three target durations, segments for their own duration
        and that of the longest playlist with them.
        """
        kept_90k = max(least_90k, sum(segment.duration_90k for segment in before) + least_90k // 3)
        first = self._listed[0].msn
        for segment in before:
            if segment.msn < first:
                segment.keep_until_90k = self._clock_90k + kept_90k
        for msn, segment in list(self._segments.items()):
            if segment.keep_until_90k is None or segment.keep_until_90k > self._clock_90k:
                break
            del self._segments[msn]
        needed = {segment.first.init_id for segment in self._segments.values()}
        for init_id in self._inits.keys() - needed:
            del self._inits[init_id]
