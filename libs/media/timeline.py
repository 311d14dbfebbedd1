"""The session's own continuous timeline, one clock per track (sans-I/O).

Cameras restart, freeze and step their timestamps; libavformat steps them when a sender report
moves the camera's clock, per track at different times. Decode times here only ever go forward,
and arrival time decides what a jump was worth.
"""

from fractions import Fraction

from libs.media.packets import VIDEO_TIMESCALE

SESSION_START_SECONDS = 10
# A step of more than this beside what was expected, and ahead of the arrivals, is a jump.
JUMP_SECONDS = 0.5
FROZEN_SECONDS = 2.0
_RTP_WRAP = 1 << 32
_WRAP_SLACK_SECONDS = 30
_COMMON_CLOCK_SECONDS = 3
_DEFAULT_VIDEO_FPS = 25


class ArrivalEstimate:
    """When frames would have arrived without jitter: the fastest arrival of the last 30 s.

    Down at once (a faster arrival proves the estimate late), up slowly, so that clock drift is
    followed and a burst of late packets is not.
    """

    def __init__(self) -> None:
        self.offset: float | None = None  # monotonic seconds at session time 0
        self._recent: list[float] = []  # minima of the last whole buckets
        self._bucket_min = 0.0
        self._bucket_until = 0.0

    def observe(self, arrived: float, session_seconds: float) -> None:
        """Take note of a video frame that arrived at `arrived` (monotonic seconds)."""
        offset = arrived - session_seconds
        if self.offset is None or offset < self.offset:
            self.offset = offset
        if arrived < self._bucket_until:
            self._bucket_min = min(self._bucket_min, offset)
            return
        if self._bucket_until:
            self._recent = [*self._recent[-5:], self._bucket_min]
            floor = min(self._recent)
            lag = floor - self.offset
            # 50 ms per 5 s bucket covers any real drift; beyond 1 s the path itself has changed
            self.offset = min(offset, floor if lag > 1 else self.offset + min(max(lag, 0.0), 0.05))
        self._bucket_min = offset
        self._bucket_until = arrived + 5.0

    def arrival_of(self, session_seconds: float) -> float:
        """Monotonic time at which the frame of this session time arrived, jitter removed."""
        return session_seconds + (self.offset or 0.0)


class TrackClock:
    """Maps one track's ticks to decode times on the session timeline, in `timescale` units.

    The first packet placed must be anchored by `start`. `peer` is the other track's clock: after
    a step of the camera's clock both move by the same amount, and so stay in sync.
    """

    def __init__(
        self, time_base: Fraction, timescale: int, nominal: int, arrivals: ArrivalEstimate
    ) -> None:
        self.timescale = timescale
        self.nominal = nominal  # usual distance of packets, follows the stream
        self.last = 0  # decode time of the last packet placed
        self.jumped = False  # the last placement was re-anchored
        self.jumps = 0
        self.adjustments = 0  # placements that did not follow the camera's timestamp
        self.frozen_packets = 0  # packets that repeated the timestamp before
        self.peer: TrackClock | None = None
        self._scale = time_base * timescale
        self._is_direct = self._scale == 1
        self._arrivals = arrivals
        self._offset = 0  # session time minus the track's own, in `timescale`
        self._last_ticks: int | None = None
        self._wraps = 0
        self._threshold = int(JUMP_SECONDS * timescale)
        self._is_frozen = False

    def start(self, ticks: int, session_time: int) -> None:
        """Say that the camera's `ticks` are `session_time`; nothing is placed by this."""
        self._offset = session_time - self._scaled(ticks)
        self.last = session_time - self.nominal
        self._last_ticks = None

    def start_beside(self, other: "TrackClock", ticks: int | None, arrived: float) -> None:
        """Share the other track's origin: equal camera times are equal session times.

        Unless that contradicts the arrival by seconds; then the tracks have no common clock.
        """
        self.peer = other
        by_arrival = int((arrived - self._arrivals.arrival_of(0.0)) * self.timescale)
        self._offset = other._offset * self.timescale // other.timescale  # noqa: SLF001 (same class)
        mapped = by_arrival if ticks is None else self._scaled(ticks) + self._offset
        if abs(mapped - by_arrival) > _COMMON_CLOCK_SECONDS * self.timescale:
            self._offset += by_arrival - mapped
            mapped = by_arrival
        self.last = mapped - self.nominal
        self._last_ticks = None

    def place(self, ticks: int | None, arrived: float) -> int:
        """The decode time of the next packet, always after the one before."""
        self.jumped = False
        if ticks is None:
            self.last += self.nominal
            return self.last
        if self._last_ticks is not None:
            self.frozen_packets += ticks == self._last_ticks
        mapped = self._scaled(ticks + self._wraps) + self._offset
        step = mapped - self.last
        if 0 < step <= self.nominal + self._threshold:
            self._is_frozen = False
            if step < self.timescale:
                self.nominal += (step - self.nominal) >> 3
            self._last_ticks = ticks
            self.last = mapped
            return mapped
        return self._place_unexpected(ticks, mapped, arrived)

    def _place_unexpected(self, ticks: int, mapped: int, arrived: float) -> int:
        unwrapped = self._unwrap(ticks, mapped, arrived)
        if unwrapped is not None:
            mapped = unwrapped
        is_repeated = ticks == self._last_ticks
        self._last_ticks = ticks
        step = mapped - self.last
        if step > 0 and (
            step <= self.nominal + self._threshold or not self._is_ahead(mapped, arrived)
        ):
            self.last = mapped  # the stream has a hole as long as the silence was
            return mapped
        self.adjustments += 1
        if is_repeated:
            return self._place_frozen(mapped, arrived)
        self._is_frozen = False
        if -self._threshold <= step <= 0:
            # A small step back: go on slowly until the camera's time is reached again.
            self.last += max(1, self.nominal >> 2)
            return self.last
        return self._place_jump(ticks, mapped, arrived)

    def _place_frozen(self, mapped: int, arrived: float) -> int:
        """The camera repeats a timestamp: nudge, and after a while follow the arrivals."""
        behind = arrived - self._arrivals.arrival_of(self.last / self.timescale)
        nudged = self.last + max(1, self.nominal >> 2)
        if self._is_frozen or behind > FROZEN_SECONDS:
            if not self._is_frozen:
                self._is_frozen = True
                self._count_jump()
            nudged = max(nudged, self.last + int(behind * self.timescale))
            self._offset += nudged - mapped
        self.last = nudged
        return nudged

    def _place_jump(self, ticks: int, mapped: int, arrived: float) -> int:
        self._count_jump()
        expected = self._expected(arrived)
        if self.peer is not None:
            offset = self.peer._offset * self.timescale // self.peer.timescale  # noqa: SLF001 (same class)
            beside = self._scaled(ticks + self._wraps) + offset
            if abs(beside - expected) <= self._threshold:
                self._offset = offset
                self.last = max(beside, self.last + max(1, self.nominal >> 2))
                return self.last
        self._offset += expected - mapped
        self.last = expected
        return expected

    def _expected(self, arrived: float) -> int:
        """Where the next packet belongs: one nominal step on, or where its arrival says."""
        session_seconds = arrived - self._arrivals.arrival_of(0.0)
        gap = int(session_seconds * self.timescale) - self.last
        if gap > self.nominal + self._threshold:
            return self.last + gap
        return self.last + max(1, self.nominal)

    def _is_ahead(self, mapped: int, arrived: float) -> bool:
        """Whether this decode time lies in the future of what has arrived."""
        return self._arrivals.arrival_of(mapped / self.timescale) > arrived + JUMP_SECONDS

    def _unwrap(self, ticks: int, mapped: int, arrived: float) -> int | None:
        """The decode time if the step is a 32-bit wrap of the RTP timestamp, forward or back."""
        expected = self._expected(arrived)
        slack = _WRAP_SLACK_SECONDS * self.timescale
        if abs(mapped - expected) <= slack:
            return None
        for turn in (_RTP_WRAP, -_RTP_WRAP):
            candidate = self._scaled(ticks + self._wraps + turn) + self._offset
            if abs(candidate - expected) <= slack:
                self._wraps += turn
                return candidate
        return None

    def _count_jump(self) -> None:
        self.jumped = True
        self.jumps += 1

    def _scaled(self, ticks: int) -> int:
        return ticks if self._is_direct else int(ticks * self._scale)


def nominal_video_step(fps: float | None) -> int:
    """The usual frame distance in 1/90000 s, before the stream has shown its own."""
    usable = fps if fps and 0.1 <= fps <= 240 else _DEFAULT_VIDEO_FPS
    return round(VIDEO_TIMESCALE / usable)
