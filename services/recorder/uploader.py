"""Takes finished recordings to the object store, announces them, and keeps the spool in bounds."""

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import structlog

from libs.bus.client import Bus
from libs.bus.errors import BusUnavailable
from libs.contracts.gaps import GapReason
from libs.runtime.backoff import Backoff
from libs.storage.errors import (
    BucketMissing,
    ObjectNotFound,
    StorageError,
    StoreDenied,
    StoreUnavailable,
)
from libs.storage.store import ObjectStore
from services.recorder import metrics
from services.recorder.ledger import Gap
from services.recorder.recovery import finish_interrupted, lost_stretch
from services.recorder.settings import RecorderSettings
from services.recorder.spool import Spool, SpoolEntry, SpoolState

log = structlog.get_logger()

HOUSEKEEPING_SECONDS = 2.0
AWAY = (BusUnavailable, StoreUnavailable, StoreDenied, BucketMissing)
"""Failures that every recording would meet; others are one recording's own."""

IDLE_SECONDS = 1.0
"""How often an idle worker looks whether a pause is over; new recordings wake it at once."""


class Uploader:
    """Owns every entry of the spool that is no longer being written.

    Uploads go oldest first, `upload_concurrency` at a time; while the store or the bus is away
    they wait and are tried again. A recording that fails alone is set back behind the others.
    `on_gap` hears of footage that had to be given up.
    """

    def __init__(
        self,
        spool: Spool,
        store: ObjectStore,
        bus: Bus,
        settings: RecorderSettings,
        *,
        on_gap: Callable[[SpoolEntry, Gap], None],
        housekeeping_seconds: float = HOUSEKEEPING_SECONDS,
        idle_seconds: float = IDLE_SECONDS,
    ) -> None:
        self._spool = spool
        self._store = store
        self._bus = bus
        self._settings = settings
        self._on_gap = on_gap
        self._housekeeping_seconds = housekeeping_seconds
        self._idle_seconds = idle_seconds
        self._entries: dict[str, SpoolEntry] = {}
        self._busy: set[str] = set()
        self._unfinished: list[tuple[SpoolEntry, datetime | None]] = []
        self._changed = asyncio.Event()
        self._store_paused_until = self._bus_paused_until = 0.0
        self._store_backoff = Backoff(first_seconds=0.5, max_seconds=15.0)
        self._bus_backoff = Backoff(first_seconds=0.5, max_seconds=15.0)
        self._set_back: dict[str, tuple[Backoff, float]] = {}
        self.last_announced_at: dict[str, datetime] = {}

    def add(self, entry: SpoolEntry) -> None:
        """Take over an entry that is no longer written; one that is here already stays as it is."""
        if entry.state is SpoolState.RECORDING:
            self.add_unfinished(entry)
            return
        self._entries.setdefault(entry.object_key, entry)
        self._changed.set()

    def add_unfinished(self, entry: SpoolEntry, until: datetime | None = None) -> None:
        """Take over a recording whose file could not be completed, to try again.

        What then is missing before `until` was accounted for as recorded, and becomes a gap.
        """
        self._unfinished.append((entry, until))

    def stored_until(self, camera_id: str) -> datetime | None:
        """Return up to when everything recorded is stored and announced; None: not known."""
        waiting = [
            entry.started_at
            for entry in (*self._entries.values(), *(entry for entry, _ in self._unfinished))
            if entry.camera_id == camera_id and entry.state is not SpoolState.ANNOUNCED
        ]
        return min(waiting) if waiting else self.last_announced_at.get(camera_id)

    def pending(self, camera_id: str | None = None) -> int:
        """Count recordings that are not announced yet, of one camera or all."""
        return sum(
            entry.state is not SpoolState.ANNOUNCED
            for entry in self._entries.values()
            if camera_id in {None, entry.camera_id}
        )

    def oldest_waiting_seconds(self) -> float:
        """Return the age of the oldest recording that is not announced yet; 0 when all are."""
        waiting = [e for e in self._entries.values() if e.state is not SpoolState.ANNOUNCED]
        oldest = min((e.started_at for e in waiting), default=None)
        return max(0.0, (datetime.now(UTC) - oldest).total_seconds()) if oldest else 0.0

    async def run(self) -> None:
        """Upload, announce and clean up until cancelled."""
        async with asyncio.TaskGroup() as group:
            for number in range(self._settings.upload_concurrency):
                group.create_task(self._work(), name=f"upload-{number}")
            group.create_task(self._keep_house(), name="spool-housekeeping")

    async def wait_empty(self) -> None:
        """Return when everything is announced."""
        while self.pending() or self._busy:  # noqa: ASYNC110 - three states decide, not one event
            await asyncio.sleep(0.05)

    # ---- store and announce -------------------------------------------------
    async def _work(self) -> None:
        while True:
            entry = self._next()
            if entry is None:
                self._changed.clear()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(self._idle_seconds):
                        await self._changed.wait()
                continue
            with self._claimed(entry):
                await self._attempt(entry)

    def _next(self) -> SpoolEntry | None:
        now = time.monotonic()
        # while the bus is away the store still takes footage, and the other way round
        ready = set()
        if now >= self._store_paused_until:
            ready.add(SpoolState.FINISHED)
        if now >= self._bus_paused_until and self._bus.is_connected:
            ready.add(SpoolState.STORED)
        waiting = (
            entry
            for key, entry in self._entries.items()
            if entry.state in ready
            and key not in self._busy
            and (key not in self._set_back or now >= self._set_back[key][1])
        )
        return min(waiting, key=lambda entry: entry.started_at, default=None)

    @contextlib.contextmanager
    def _claimed(self, entry: SpoolEntry) -> Iterator[None]:
        """Keep everybody else from this recording."""
        self._busy.add(entry.object_key)
        try:
            yield
        finally:
            self._busy.discard(entry.object_key)

    async def _attempt(self, entry: SpoolEntry) -> None:
        try:
            try:
                await self._advance(entry)
            except FileNotFoundError:
                if self._is_in_store(entry) or self._spool.media_path(entry).exists():
                    raise
                await self._lose(
                    entry, GapReason.RECORDING_LOST, "its file vanished from the spool"
                )
        except BusUnavailable as error:
            self._bus_paused_until = self._pause(self._bus_backoff, "not_announced", error)
        except AWAY as error:
            self._store_paused_until = self._pause(self._store_backoff, "not_stored", error)
        except Exception as error:  # noqa: BLE001 - one bad recording must not keep back the rest
            self._put_back(entry, error)

    def _pause(self, backoff: Backoff, what: str, error: Exception) -> float:
        """Return the monotonic moment until which to leave a server that is away alone."""
        delay = backoff.next_seconds()
        log.warning(f"recording.{what}", reason=str(error), retry_seconds=round(delay, 2))
        return time.monotonic() + delay

    def _is_in_store(self, entry: SpoolEntry) -> bool:
        return self._entries[entry.object_key].state is not SpoolState.FINISHED

    def _put_back(self, entry: SpoolEntry, error: Exception) -> None:
        fresh = (Backoff(first_seconds=1.0, max_seconds=120.0), 0.0)
        backoff, _ = self._set_back.get(entry.object_key, fresh)
        delay = backoff.next_seconds()
        self._set_back[entry.object_key] = (backoff, time.monotonic() + delay)
        log.error(
            "recording.set_back",
            object_key=entry.object_key,
            error=type(error).__name__,
            reason=str(error),
            retry_seconds=round(delay, 2),
        )

    async def _advance(self, entry: SpoolEntry) -> None:
        """Store, then announce; each step is on disk before the next begins."""
        if entry.state is SpoolState.FINISHED:
            started = time.monotonic()
            path = self._spool.media_path(entry)
            stored = await self._store.put_file(entry.object_key, path, content_type="video/mp4")
            metrics.UPLOAD_SECONDS.observe(time.monotonic() - started)
            entry = await self._record(entry.stored(stored.sha256), sync=True)
            self._store_backoff.reset()
            if not self._bus.is_connected:
                return  # others may be stored meanwhile; this one is announced later
        await self._bus.publish(entry.to_event())
        entry = await self._record(entry.announced(datetime.now(UTC)))
        self._bus_backoff.reset()
        self._set_back.pop(entry.object_key, None)
        assert entry.ended_at is not None
        newest = self.last_announced_at.get(entry.camera_id, entry.ended_at)
        self.last_announced_at[entry.camera_id] = max(newest, entry.ended_at)
        reason = entry.end_reason
        metrics.RECORDINGS.labels(entry.camera_id, reason).inc()
        log.info(
            "recording.completed",
            camera_id=entry.camera_id,
            started_at=entry.started_at.isoformat(),
            seconds=round((entry.ended_at - entry.started_at).total_seconds(), 3),
            bytes=entry.bytes,
            end_reason=reason,
        )

    async def _record(self, entry: SpoolEntry, *, sync: bool = False) -> SpoolEntry:
        await asyncio.to_thread(self._spool.save, entry, sync=sync)
        self._entries[entry.object_key] = entry
        return entry

    # ---- housekeeping -------------------------------------------------------
    async def _keep_house(self) -> None:
        while True:
            # room first: without it, nothing else that writes may ever succeed
            for chore in (self._make_room, self._expire, self._retry_unfinished, self._measure):
                try:
                    await chore()
                except OSError as error:
                    log.error("spool.housekeeping_failed", reason=str(error))
            await asyncio.sleep(self._housekeeping_seconds)

    async def _retry_unfinished(self) -> None:
        for item in list(self._unfinished):
            entry, until = item
            try:
                finished = await asyncio.to_thread(finish_interrupted, self._spool, entry)
            except OSError as error:
                log.error("recording.not_recovered", object_key=entry.object_key, reason=str(error))
                continue
            self._unfinished.remove(item)
            reached = finished.ended_at if finished is not None else None
            start = reached or entry.started_at
            if until is not None and start < until:
                detail = "the end of its file could not be recovered"
                self._on_gap(entry, Gap(start, until, GapReason.RECORDING_LOST, detail))
            if finished is not None:
                self.add(finished)

    async def _expire(self) -> None:
        """Delete what was announced long enough ago, when the store really has it."""
        limit = datetime.now(UTC) - timedelta(seconds=self._settings.spool_keep_seconds)
        for entry in self._oldest_first(SpoolState.ANNOUNCED):
            if entry.announced_at is None or entry.announced_at > limit:
                continue
            try:
                is_whole = await self._is_stored_whole(entry)
            except StorageError:
                return  # ask again when the store is back
            if is_whole:
                await self._forget(entry)
            else:
                await self._store_again(entry)

    async def _is_stored_whole(self, entry: SpoolEntry) -> bool:
        try:
            stat = await self._store.stat(entry.object_key)
        except ObjectNotFound:
            return False
        return stat.size == entry.bytes

    async def _store_again(self, entry: SpoolEntry) -> None:
        """The store acknowledged this recording and does not have it (it may not sync to disk)."""
        log.warning("recording.store_lost_it", object_key=entry.object_key)
        if self._spool.media_path(entry).exists():
            metrics.REUPLOADS.inc()
            await self._record(entry.reopened())
            self._changed.set()
        else:
            await self._lose(entry, GapReason.RECORDING_LOST, "the object store lost it")

    async def _make_room(self) -> None:
        """Stay within the limits: quarantine, then announced files, then the oldest footage."""
        excess = await asyncio.to_thread(self._excess_bytes)
        if excess <= 0:
            return
        excess -= await asyncio.to_thread(self._spool.empty_quarantine)
        for state in (SpoolState.ANNOUNCED, SpoolState.STORED, SpoolState.FINISHED):
            for entry in self._oldest_first(state):
                if excess <= 0:
                    return
                # while others were dropped, a worker may have taken this one on
                if self._entries.get(entry.object_key) is entry and not self._is_busy(entry):
                    with self._claimed(entry):
                        excess -= await self._free(entry)

    async def _free(self, entry: SpoolEntry) -> int:
        """Drop the media of an entry; return how many bytes that freed."""
        if entry.state is SpoolState.ANNOUNCED:
            await self._forget(entry)
        elif entry.state is SpoolState.FINISHED:
            await self._lose(
                entry,
                GapReason.SPOOL_FULL,
                "the spool was full and this was its oldest footage",
            )
        elif self._spool.media_path(entry).exists():
            await asyncio.to_thread(self._spool.truncate, entry)
        else:
            return 0
        return entry.bytes

    def _excess_bytes(self) -> int:
        over = self._spool.used_bytes() - self._settings.spool_max_bytes
        short = self._settings.spool_min_free_bytes - self._spool.free_bytes()
        return max(over, short)

    async def _lose(self, entry: SpoolEntry, reason: GapReason, detail: str) -> None:
        """Give up footage; its gap is in the outbox before the sidecar goes."""
        dropped = entry.dropped()
        await asyncio.to_thread(self._spool.truncate, entry)
        await self._record(dropped)
        gap = lost_stretch(dropped, detail=detail, reason=reason)
        if gap is not None:
            self._on_gap(dropped, gap)
        metrics.SPOOL_DROPPED.labels(entry.camera_id).inc()
        log.error("spool.footage_lost", camera_id=entry.camera_id, reason=reason, detail=detail)
        await self._forget(dropped)

    async def _forget(self, entry: SpoolEntry) -> None:
        await asyncio.to_thread(self._spool.remove, entry)
        self._entries.pop(entry.object_key, None)
        self._set_back.pop(entry.object_key, None)

    def _oldest_first(self, state: SpoolState) -> list[SpoolEntry]:
        found = (
            entry
            for key, entry in self._entries.items()
            if entry.state is state and key not in self._busy
        )
        return sorted(found, key=lambda entry: entry.started_at)

    def _is_busy(self, entry: SpoolEntry) -> bool:
        return entry.object_key in self._busy

    async def _measure(self) -> None:
        metrics.SPOOL_PENDING.set(self.pending())
        metrics.SPOOL_OLDEST.set(self.oldest_waiting_seconds())
        metrics.SPOOL_BYTES.set(await asyncio.to_thread(self._spool.used_bytes))
