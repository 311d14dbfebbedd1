"""What every camera's recorder said last, held in memory from two watched buckets."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from libs.bus.keyvalue import Change, KeyValue
from libs.contracts.cameras import CameraState
from libs.contracts.ownership import Lease, RecordingProgress
from libs.contracts.times import seconds_between


@dataclass(frozen=True)
class Sighting:
    """What is known of one camera now."""

    progress: RecordingProgress | None
    owner: str | None
    """The recorder that holds the camera's lease."""
    is_fresh: bool
    """Whether the recorder spoke lately; if not, `progress` is history."""


class StatusBoard:
    """The last word of every recorder."""

    def __init__(
        self, stale_seconds: float, on_heard: Callable[[str], None] = lambda _: None
    ) -> None:
        """`on_heard` is told the bucket key of a camera about which something was said."""
        self._stale_seconds = stale_seconds
        self._on_heard = on_heard
        self._progress: dict[str, RecordingProgress] = {}
        self._owners: dict[str, str] = {}

    def sighting(self, key: str, now: datetime) -> Sighting:
        """Return what is known of the camera under a bucket key."""
        progress = self._progress.get(key)
        age = seconds_between(progress.seen_at, now) if progress else None
        is_fresh = age is not None and abs(age) <= self._stale_seconds
        return Sighting(progress, self._owners.get(key), is_fresh)

    def pending_since(self, key: str, now: datetime) -> datetime | None:
        """Return from when on footage is recorded but not yet stored; None when unknown."""
        sighting = self.sighting(key, now)
        progress = sighting.progress
        if not sighting.is_fresh or progress is None:
            return None
        if progress.stored_until is not None:
            return progress.stored_until
        return progress.state_since if progress.state is CameraState.RECORDING else None

    def newest_stored(self, key: str, now: datetime) -> datetime | None:
        """Return the end of the newest recording that is stored and announced; None if unknown."""
        sighting = self.sighting(key, now)
        if not sighting.is_fresh or sighting.progress is None:
            return None
        return sighting.progress.last_recording_at

    def on_progress(self, change: Change[RecordingProgress]) -> None:
        """Take over one change of the `progress` bucket."""
        if change.value is not None:
            self._progress[change.key] = change.value
        else:
            self._progress.pop(change.key, None)
        self._on_heard(change.key)

    def on_owner(self, change: Change[Lease]) -> None:
        """Take over one change of the `owner` bucket."""
        if change.value is not None:
            self._owners[change.key] = change.value.recorder
        else:
            self._owners.pop(change.key, None)
        self._on_heard(change.key)

    async def follow_progress(self, bucket: KeyValue[RecordingProgress]) -> None:
        """Follow the recorders' progress until cancelled."""
        async for change in bucket.watch():
            self.on_progress(change)

    async def follow_owners(self, bucket: KeyValue[Lease]) -> None:
        """Follow the leases until cancelled."""
        async for change in bucket.watch():
            self.on_owner(change)
