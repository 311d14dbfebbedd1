"""What is kept of a stream so that its first viewer sees a picture at once. Bounded by bytes."""

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

from libs.media.packets import VIDEO_TIMESCALE, Part


@dataclass(frozen=True, slots=True, eq=False)
class BufferedPart:
    """A part and where it stands."""

    serial: int
    """Counts the parts of one buffer."""
    part: Part
    start_unix: float
    """Arrival of its first frame, Unix seconds, server clock."""
    part_target: float
    """What its session declared, seconds."""

    @property
    def end_unix(self) -> float:
        """When its last frame ends."""
        return self.start_unix + self.part.duration_90k / VIDEO_TIMESCALE


class LiveBuffer:
    """The last complete GOP of a stream and the one under way.

    Filled by one session at a time, in that session's thread; read by the event loop.
    """

    def __init__(self, limit_bytes: int) -> None:
        self._limit = limit_bytes
        self._lock = threading.Lock()
        self._parts: deque[BufferedPart] = deque()
        self._bytes = 0
        self._serial = 0
        self._keyframes = 0
        self._tap: LiveTap | None = None
        self._notify: Callable[[], object] | None = None

    def open(self) -> "LiveTap":
        """Return the end that a new session fills; what an older one still sends is not taken."""
        tap = LiveTap(self)
        with self._lock:
            self._tap = tap
            self._clear()
        return tap

    def close(self) -> None:
        """Take nothing more and keep nothing."""
        with self._lock:
            self._tap = None
            self._clear()

    def put(self, tap: "LiveTap", part: Part, start_unix: float) -> None:
        """Append a part; what is older than the last complete GOP goes."""
        with self._lock:
            if tap is not self._tap:
                return
            self._serial += 1
            self._parts.append(BufferedPart(self._serial, part, start_unix, tap.part_target))
            self._bytes += len(part.data)
            self._keyframes += part.is_keyframe_start
            while len(self._parts) > 1 and (self._keyframes > 2 or self._bytes > self._limit):
                self._drop_oldest()
            if self._keyframes == 2:
                while not self._parts[0].part.is_keyframe_start:
                    self._drop_oldest()
            notify = self._notify
        if notify is not None:
            notify()

    def attach(self, notify: Callable[[], object] | None) -> None:
        """Call `notify`, in the session's thread, after every part; None: no longer."""
        with self._lock:
            self._notify = notify

    def first(self) -> BufferedPart | None:
        """Return the oldest part that a viewer can begin with."""
        with self._lock:
            return next((item for item in self._parts if item.part.is_keyframe_start), None)

    def after(self, serial: int) -> tuple[BufferedPart | None, bool]:
        """Return the part that follows `serial`, and whether it is still there.

        (None, True): not there yet. (None, False): it is gone; begin again with `first`.
        """
        with self._lock:
            if serial >= self._serial:
                return None, True
            ahead = serial + 1 - self._parts[0].serial if self._parts else -1
            return (self._parts[ahead], True) if ahead >= 0 else (None, False)

    def longest_gop_seconds(self) -> float | None:
        """Return the longest known distance of keyframes; None when none is known."""
        with self._lock:
            starts = [item.start_unix for item in self._parts if item.part.is_keyframe_start]
        return max((b - a for a, b in pairwise(starts)), default=None)

    def _clear(self) -> None:
        self._parts.clear()
        self._bytes = self._keyframes = 0

    def _drop_oldest(self) -> None:
        dropped = self._parts.popleft()
        self._bytes -= len(dropped.part.data)
        self._keyframes -= dropped.part.is_keyframe_start


class LiveTap:
    """One session's end of a buffer."""

    def __init__(self, buffer: LiveBuffer) -> None:
        self.part_target = 1.0
        """Seconds; no part of the present connection is meant to be longer."""
        self._buffer = buffer

    def put(self, part: Part, start_unix: float) -> None:
        """Hand a part on, which began to arrive at `start_unix` (Unix seconds, server clock)."""
        self._buffer.put(self, part, start_unix)
