"""The server's clock: wall time that runs on steadily, and a word when somebody sets it."""

import time
from datetime import UTC, datetime
from typing import Protocol

STEP_SECONDS = 1.0


class Clock(Protocol):
    """Wall and monotonic time; tests pass their own."""

    def monotonic(self) -> float: ...
    def unix(self) -> float: ...


class SystemClock:
    """The real clock."""

    def monotonic(self) -> float:
        return time.monotonic()

    def unix(self) -> float:
        return time.time()


def utc_now(clock: Clock) -> datetime:
    """Return the current moment."""
    return datetime.fromtimestamp(clock.unix(), UTC)


class WallClock:
    """Maps monotonic seconds to Unix time; slow corrections are followed, steps are reported.

    `check()` is called from time to time. It returns the size of a step in seconds when the
    system clock was set by more than STEP_SECONDS since the last call, else 0.0; smaller
    differences (NTP slewing) are taken over silently.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._offset = clock.unix() - clock.monotonic()

    def check(self) -> float:
        """Follow the system clock; return the step it made, in seconds, or 0.0."""
        offset = self._clock.unix() - self._clock.monotonic()
        change = offset - self._offset
        self._offset = offset
        return change if abs(change) > STEP_SECONDS else 0.0

    def unix_at(self, monotonic: float) -> float:
        """Return the Unix time of a monotonic moment, in seconds."""
        return self._offset + monotonic
