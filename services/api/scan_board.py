"""Scans and what they have found, held in memory from the watched `scans` bucket."""

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from libs.bus.keyvalue import Change, KeyValue
from libs.contracts.asks import FoundDevice, ScanState
from libs.contracts.devices import Failure, FailureReason

SILENT_SECONDS = 30.0
"""A scan that was accepted and of which nothing is heard for this long has failed."""
KEPT = timedelta(days=1)
"""How long the bucket keeps a scan; it does not tell when it forgets one."""
MOST_EXPECTED = 100
"""Accepted scans of which nothing has been heard yet; the oldest is forgotten first."""


@dataclass(frozen=True)
class ScanRecord:
    """A scan and when what of it changed."""

    state: ScanState
    revision: int = 0
    """Of the bucket's value; 0 while discovery has not written one. Grows with every change."""
    changed: dict[str, int] = field(default_factory=dict)
    """For each `found_id` the revision in which it was told or changed last."""

    def devices_since(self, revision: int) -> list[FoundDevice]:
        """Return the devices that are new or other than at a revision."""
        return [each for each in self.state.devices if self.changed[each.found_id] > revision]


@dataclass(frozen=True)
class NextChange:
    """The next change of any scan."""

    event: asyncio.Event

    async def within(self, wait_seconds: float) -> bool:
        """Wait for it; False when the time is over first."""
        try:
            async with asyncio.timeout(wait_seconds):
                await self.event.wait()
        except TimeoutError:
            return False
        return True


class ScanBoard:
    """The last word about every scan."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._records: dict[str, ScanRecord] = {}
        self._keys: dict[str, str] = {}
        """Bucket key to scan id."""
        self._expected: dict[str, ScanState] = {}
        self._changed = asyncio.Event()
        self.followers = 0
        """How many follow a scan now."""
        self.is_closed = False
        """Whether those who follow a scan are to leave."""

    def expect(self, state: ScanState) -> None:
        """Show a scan that was accepted until the bucket tells of it."""
        self._expected[state.scan_id] = state
        while len(self._expected) > MOST_EXPECTED:
            del self._expected[next(iter(self._expected))]

    def find(self, scan_id: str) -> ScanRecord | None:
        """Return a scan; None where it is not known, or not any more."""
        record = self._records.get(scan_id)
        if record is not None:
            return record
        expected = self._expected.get(scan_id)
        return None if expected is None else ScanRecord(self._judged(expected))

    def newest_first(self) -> list[ScanRecord]:
        """Return all scans that are known."""
        scan_ids = {**self._expected, **self._records}
        found = [record for scan_id in scan_ids if (record := self.find(scan_id)) is not None]
        return sorted(found, key=lambda r: (r.state.started_at, r.state.scan_id), reverse=True)

    def next_change(self) -> "NextChange":
        """Return something to wait with; take it before looking, so that nothing is missed."""
        return NextChange(self._changed)

    async def wait_for_end(self, scan_id: str, wait_seconds: float) -> None:
        """Return when a scan has ended, or the time is over."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(wait_seconds):
                while True:
                    change, record = self.next_change(), self.find(scan_id)
                    if record is None or record.state.state != "running":
                        return
                    await change.within(wait_seconds)

    @contextlib.contextmanager
    def follower(self) -> Iterator[None]:
        """Count somebody who follows a scan."""
        self.followers += 1
        try:
            yield
        finally:
            self.followers -= 1

    def close(self) -> None:
        """Send away who follows a scan, so that the server can stop."""
        self.is_closed = True
        self._wake()

    async def follow(self, bucket: KeyValue[ScanState]) -> None:
        """Follow the scans until cancelled."""
        async for change in bucket.watch():
            self.on_change(change)

    def on_change(self, change: Change[ScanState]) -> None:
        """Take over one change of the bucket."""
        if change.is_snapshot_done:
            return
        if change.value is None:
            self.forget(change.key)
            return
        self._keys[change.key] = change.value.scan_id
        self._expected.pop(change.value.scan_id, None)
        self._store(change.value, change.revision)
        self._forget_old()
        self._wake()

    def forget(self, key: str) -> None:
        """Forget the scan under a bucket key: it was deleted."""
        self._records.pop(self._keys.pop(key, ""), None)
        self._wake()

    def _forget_old(self) -> None:
        oldest = self._now() - KEPT
        for key, scan_id in list(self._keys.items()):
            if self._records[scan_id].state.started_at < oldest:
                del self._keys[key], self._records[scan_id]

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    def _store(self, state: ScanState, revision: int) -> None:
        old = self._records.get(state.scan_id)
        known = {each.found_id: each for each in old.state.devices} if old else {}
        # A bucket that was made anew counts from the beginning: everything is told again.
        before = old.changed if old and old.revision <= revision else {}
        changed = {
            each.found_id: before[each.found_id]
            if each.found_id in before and known.get(each.found_id) == each
            else revision
            for each in state.devices
        }
        self._records[state.scan_id] = ScanRecord(state, revision, changed)

    def _judged(self, expected: ScanState) -> ScanState:
        age = self._now() - expected.started_at
        if age < timedelta(seconds=SILENT_SECONDS):
            return expected
        failure = Failure(
            reason=FailureReason.INTERNAL,
            detail="discovery accepted the scan and was not heard of again",
            advice="Start the scan again.",
        )
        ended_at = expected.started_at + timedelta(seconds=SILENT_SECONDS)
        return expected.model_copy(
            update={"state": "failed", "failure": failure, "ended_at": ended_at}
        )
