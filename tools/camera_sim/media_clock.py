"""The time that a camera shows and stamps."""

import time


class MediaClock:
    """Unix time at its creation plus `ahead_seconds`, then `speed` times as fast as real time."""

    def __init__(self, speed: float = 1.0, *, ahead_seconds: float = 0.0) -> None:
        self._speed = speed
        self._unix_origin = time.time() + ahead_seconds
        self._origin = time.monotonic()

    def now(self) -> float:
        """Media time as seconds of unix time; never steps."""
        return self._unix_origin + (time.monotonic() - self._origin) * self._speed

    def seconds_until(self, media_time: float) -> float:
        """Real seconds until then; negative when it has passed."""
        return (media_time - self.now()) / self._speed
