"""When a camera counts as offline, as back, and as flapping. Pure: time is a parameter.

Offline needs two failed checks in a row; every other state counts at once. A camera that changes
often is flapping: it counts as the worst that it was until it has been steady for a while.
"""

from collections import deque
from dataclasses import dataclass
from typing import Final

from libs.contracts.health import HealthState

CONFIRM_SECONDS: Final = 5.0
"""When the second look comes after the first failed one."""
FLAPPING_CHANGES: Final = 4
FLAPPING_SECONDS: Final = 600.0
"""So many changes within so long are flapping."""
STEADY_SECONDS: Final = 120.0

_BADNESS: Final = {
    HealthState.UNKNOWN: 0,
    HealthState.ONLINE: 0,
    HealthState.ERROR: 1,
    HealthState.UNAUTHORIZED: 2,
    HealthState.OFFLINE: 3,
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a camera counts as after a check."""

    state: HealthState
    is_flapping: bool
    check_again_seconds: float | None = None
    """Sooner than usual, when something is to be confirmed; None: as usual."""


class Damping:
    """One camera's history. Times are monotonic seconds."""

    def __init__(self, state: HealthState = HealthState.UNKNOWN) -> None:
        self._seen = state
        """As confirmed, flapping or not."""
        self._held: HealthState | None = None
        """The worst state since flapping began; None when it does not flap."""
        self._is_suspected = False
        self._changes: deque[float] = deque(maxlen=FLAPPING_CHANGES)
        self._restless_at = 0.0
        """When something other than the confirmed state was last seen."""

    @property
    def state(self) -> HealthState:
        """What the camera counts as."""
        return self._seen if self._held is None else self._held

    def push(self, found: HealthState, now: float) -> Verdict:
        """Take in what a check found; UNKNOWN, which says nothing, changes nothing."""
        if found is HealthState.UNKNOWN:
            return self._verdict(now)
        was_suspected, self._is_suspected = self._is_suspected, False
        if found is not self._seen:
            self._restless_at = now
            if found is HealthState.OFFLINE and not was_suspected:
                self._is_suspected = True
            else:
                self._change(found, now)
        if self._held is not None and now - self._restless_at >= STEADY_SECONDS:
            self._held = None
            self._changes.clear()
        return self._verdict(now)

    def _change(self, found: HealthState, now: float) -> None:
        before, self._seen = self._seen, found
        if before is HealthState.UNKNOWN:
            return  # the first word is no change
        self._changes.append(now)
        if self._held is not None:
            self._held = worse(self._held, found)
        elif len(self._changes) == FLAPPING_CHANGES and now - self._changes[0] <= FLAPPING_SECONDS:
            self._held = worse(before, found)

    def _verdict(self, now: float) -> Verdict:
        again: float | None = None
        if self._is_suspected:
            again = CONFIRM_SECONDS
        elif self._held is not None:
            again = max(CONFIRM_SECONDS, STEADY_SECONDS - (now - self._restless_at))
        return Verdict(self.state, self._held is not None, again)


def worse(one: HealthState, other: HealthState) -> HealthState:
    """Return the state that is worse for who wants footage."""
    return one if _BADNESS[one] >= _BADNESS[other] else other
