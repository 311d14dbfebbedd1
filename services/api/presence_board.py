"""Which processes of Everframe run, held in memory from the watched bucket `services`."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from libs.bus.keyvalue import Change, KeyValue
from libs.contracts.presence import ServiceState

SILENT = timedelta(seconds=30)
"""A process that has said nothing for this long is shown as silent."""


@dataclass(frozen=True)
class ServiceSeen:
    """A process and when it was heard."""

    state: ServiceState
    revision: int
    seen_at: datetime
    """By our clock, where its word came while we listened; else by its own."""

    def judged(self, now: datetime) -> Literal["up", "silent"]:
        """Whether it spoke lately; after a step of the clock that is wrong for ten seconds."""
        return "up" if abs(now - self.seen_at) <= SILENT else "silent"


class PresenceBoard:
    """The last word of every process."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._seen: dict[str, ServiceSeen] = {}
        self._is_listening = False
        """Whether what comes is being said now, and not told from before."""

    def services(self) -> list[ServiceSeen]:
        """Return everybody by service and instance."""
        return [seen for _, seen in sorted(self._seen.items())]

    def on_change(self, change: Change[ServiceState]) -> None:
        """Take over one change of the bucket."""
        if change.is_snapshot_done:
            self._is_listening = True
        elif change.value is None:
            self._seen.pop(change.key, None)
        else:
            self._hear(change.key, change.value, change.revision)

    async def follow(self, bucket: KeyValue[ServiceState]) -> None:
        """Follow the processes until cancelled."""
        async for change in bucket.watch():
            self.on_change(change)

    def _hear(self, key: str, state: ServiceState, revision: int) -> None:
        known = self._seen.get(key)
        if known is not None and known.revision == revision:
            return  # told again after an interruption
        # Clocks of two machines may differ by more than the silence that counts.
        seen_at = self._now() if self._is_listening else state.seen_at
        self._seen[key] = ServiceSeen(state, revision, seen_at)
