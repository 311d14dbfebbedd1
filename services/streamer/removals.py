"""Cameras that were deleted: their viewers would wait for a picture that never comes."""

from collections.abc import Callable
from contextlib import aclosing

from libs.bus.client import Bus
from libs.bus.keyvalue import Change, ChangeKind
from libs.contracts.ownership import RecordingProgress


class Removals:
    """Watches the bucket `progress`: a recorder removes a camera's key when it is deleted.

    Keys are those of per-camera state. A camera that was never reported is not one of these.
    """

    def __init__(self, bus: Bus) -> None:
        self._bucket = bus.kv(RecordingProgress)
        self._revisions: dict[str, int] = {}
        self._removed: set[str] = set()

    def __contains__(self, key: str) -> bool:
        return key in self._removed

    async def follow(self, on_removed: Callable[[str], None]) -> None:
        """Call `on_removed` with the key of each camera that is deleted, until cancelled."""
        async with aclosing(self._bucket.watch()) as changes:
            async for change in changes:
                if self._is_removal(change):
                    on_removed(change.key)

    def _is_removal(self, change: Change[RecordingProgress]) -> bool:
        key = change.key
        if change.is_snapshot_done:
            return False
        if change.kind is not ChangeKind.DELETED:
            self._revisions[key] = change.revision
            self._removed.discard(key)
            return False
        # a deletion is newer than the value; without one the bus has lost the whole bucket
        if change.revision <= self._revisions.pop(key, 0):
            return False
        self._removed.add(key)
        return True
