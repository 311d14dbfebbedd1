"""Whether what was received last is what happens now. No I/O; times are monotonic seconds."""

from libs.contracts.live import LivePart
from services.streamer.part_log import end_ms

LATE_MS = 500
"""A part that was published this much later than it could have been is one the recorder kept."""
SETTLE_SECONDS = 1.0
"""A recorder that lags all the time is at its edge too."""


class LiveEdge:
    """Judges parts by the recorder's clock and their coming by ours, which may differ.

    When somebody begins to watch, the bus tells what it had kept, which may be old, and then the
    recorder sends what it had kept. Who began there would stay behind.
    """

    def __init__(self) -> None:
        self._last: LivePart | None = None
        self._last_at = 0.0
        self._began_at = 0.0
        self._is_reached = False

    def took(self, part: LivePart, now: float) -> None:
        """A part came that the bus had not kept."""
        if not self._is_flowing(now):
            self._is_reached, self._began_at = False, now
        self._last, self._last_at = part, now
        is_prompt = part.published_ms - end_ms(part) <= part.part_target_ms + LATE_MS
        if is_prompt or now - self._began_at > SETTLE_SECONDS:
            self._is_reached = True

    def is_live(self, now: float) -> bool:
        """Whether who begins with the newest part sees what happens now."""
        return self._is_reached and self._is_flowing(now)

    def stands_still(self, now: float) -> bool:
        """Whether a part is overdue; False before the first."""
        if self._last is None:
            return False
        return now - self._last_at > 2 * self._last.part_target_ms / 1000 + 1.0

    def _is_flowing(self, now: float) -> bool:
        return self._last is not None and now - self._last_at < 3 * self._last.target_seconds
