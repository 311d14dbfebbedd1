"""Back-off with full jitter, so that a site's cameras do not come back in step."""

import random


class Backoff:
    """Delays that double from `first_seconds` to `max_seconds`; `reset()` after a success."""

    def __init__(self, *, first_seconds: float, max_seconds: float) -> None:
        self._first = first_seconds
        self._max = max_seconds
        self._attempt = 0

    @property
    def attempt(self) -> int:
        """How many delays were handed out since the last reset."""
        return self._attempt

    def next_seconds(self) -> float:
        """Return the next delay: between half and all of the doubled bound."""
        bound: float = min(self._max, self._first * 2.0 ** min(self._attempt, 30))
        self._attempt += 1
        return bound * random.uniform(0.5, 1.0)  # noqa: S311 - spreading load, not a secret

    def reset(self) -> None:
        """Start again from the first delay."""
        self._attempt = 0
