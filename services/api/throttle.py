"""Sign-in attempts: after some that failed, every further one has to wait twice as long.

Attempts count by name and by address. Neither may be a way to lock people out: who comes from a
session or an address that the user has signed in from before is counted apart from strangers.
"""

import math
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

MOST_REMEMBERED = 20_000
"""Names and addresses that are remembered; whoever failed longest ago is forgotten first."""
FORGET_SECONDS = 3600.0
"""After this time without an attempt everything is forgiven."""
LONGEST_SECONDS = 300.0

FREE: dict[str, int] = {"name": 5, "known": 5, "session": 5, "address": 20}
"""Attempts that may fail before the first wait; many people may share an address."""


@dataclass(frozen=True)
class Attempts:
    """What attempts are counted by."""

    kind: Literal["name", "known", "session", "address"]
    value: str


@dataclass
class _Count:
    failed: int
    at: float


class Throttle:
    """Counts attempts in this process; a restart forgives."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._counts: OrderedDict[Attempts, _Count] = OrderedDict()

    def begin(self, counted_by: Sequence[Attempts]) -> int | None:
        """Count an attempt as failed and return None; or count nothing and return the wait.

        It is counted before its outcome is known, so that a hundred at once get no further than
        a hundred in turn. The wait is in whole seconds.
        """
        now = self._monotonic()
        wait = max(self._wait(each, now) for each in counted_by)
        if wait > 0:
            return math.ceil(wait)
        for each in counted_by:
            self._count(each, now)
        return None

    def succeeded(self, counted_by: Sequence[Attempts]) -> None:
        """Forgive.

        An address gets back only this attempt, or whoever has an account could clear the way for
        guessing others'.
        """
        for each in counted_by:
            if each.kind == "address":
                self._take_back(each)
            else:
                self._counts.pop(each, None)

    def take_back(self, counted_by: Sequence[Attempts]) -> None:
        """Uncount an attempt whose outcome could not be found out."""
        for each in counted_by:
            self._take_back(each)

    def _wait(self, each: Attempts, now: float) -> float:
        count = self._counts.get(each)
        if count is None:
            return 0.0
        if now - count.at >= FORGET_SECONDS:
            del self._counts[each]
            return 0.0
        excess = count.failed - FREE[each.kind]
        if excess < 0:
            return 0.0
        delay = min(2.0 ** min(excess, 30), LONGEST_SECONDS)
        return count.at + delay - now

    def _count(self, each: Attempts, now: float) -> None:
        count = self._counts.setdefault(each, _Count(0, now))
        count.failed += 1
        count.at = now
        self._counts.move_to_end(each)
        if len(self._counts) > MOST_REMEMBERED:
            self._counts.popitem(last=False)

    def _take_back(self, each: Attempts) -> None:
        count = self._counts.get(each)
        if count is not None:
            count.failed = max(0, count.failed - 1)
