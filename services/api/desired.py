"""Desired state: what the database says about cameras and devices, put on the bus and kept so.

The database is the record, with one exception: what only the bus knows, without even a deleted
row, means that the database was lost. It is adopted, because the other way round a fresh database
would stop every recording.
"""

import asyncio
import contextlib
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Generic, Literal, Protocol

import structlog

from libs.bus.errors import Conflict
from libs.bus.keyvalue import ChangeKind, Entry, KeyValue
from services.api import metrics, registry
from services.api.database import Database
from services.api.stored import ConfigT, Source, Stored

log = structlog.get_logger()


@dataclass(frozen=True)
class Step(Generic[ConfigT]):
    """One thing to do so that the bus says what the database says."""

    action: Literal["put", "delete", "outbid", "adopt", "note"]
    key: str
    config: ConfigT
    revision: int = 0
    """Of the value on the bus; 0 when there is none."""


@dataclass(frozen=True)
class OnBus(Generic[ConfigT]):
    """What the bucket holds."""

    entries: dict[str, Entry[ConfigT]]
    invalid: dict[str, int]
    """Revisions of values that do not fit the contract; a known one's is overwritten."""


def plan(stored: Sequence[Stored[ConfigT]], on_bus: OnBus[ConfigT]) -> list[Step[ConfigT]]:
    """Return the steps. `on_bus` must have been read before `stored`.

    What cannot be read under a key that the database does not know is left to people.
    """
    steps: list[Step[ConfigT]] = []
    known = {row.config.key: row for row in stored}
    for key, row in known.items():
        config, entry = row.config, on_bus.entries.get(key)
        revision = entry.revision if entry else on_bus.invalid.get(key, 0)
        if row.deleted_at is not None:
            steps += [Step("delete", key, config, revision)] if revision else []
        elif entry is None:
            steps.append(Step("put", key, config, revision))
        elif entry.value == config:
            steps += [] if row.is_published else [Step("note", key, config)]
        elif entry.value.version < config.version:
            steps.append(Step("put", key, config, entry.revision))
        else:
            steps.append(Step("outbid", key, entry.value, entry.revision))
    adopted = [entry for key, entry in on_bus.entries.items() if key not in known]
    return steps + [Step("adopt", e.key, e.value, e.revision) for e in adopted]


async def read_bucket(bucket: KeyValue[ConfigT]) -> OnBus[ConfigT]:
    """Return what is in the bucket at one moment."""
    found: OnBus[ConfigT] = OnBus({}, {})
    async with aclosing(bucket.watch()) as changes:
        async for change in changes:
            if change.is_snapshot_done:
                break
            found.entries.pop(change.key, None)
            found.invalid.pop(change.key, None)
            if change.value is not None:
                found.entries[change.key] = Entry(change.key, change.value, change.revision)
            elif change.kind is ChangeKind.INVALID:
                found.invalid[change.key] = change.revision
    return found


class Publishes(Protocol):
    """What brings changes to the bus, as far as the routes need it."""

    async def publish_soon(self, wait_seconds: float) -> None: ...


class Publishers:
    """Several at once, for changes that concern cameras and devices."""

    def __init__(self, *publishers: Publishes) -> None:
        self._publishers = publishers

    async def publish_soon(self, wait_seconds: float) -> None:
        """Ask all of them, and wait for them together."""
        await asyncio.gather(*(each.publish_soon(wait_seconds) for each in self._publishers))


class DesiredState(Generic[ConfigT]):
    """Reconciles the bucket with the database: at once after a change, and every so often."""

    def __init__(
        self, database: Database, source: Source[ConfigT], interval_seconds: float
    ) -> None:
        self._database = database
        self._source: Source[ConfigT] = source
        self._interval_seconds = interval_seconds
        self._asked = 0
        self._done = 0
        self._wake = asyncio.Event()
        self._finished = asyncio.Condition()
        self._is_running = False

    async def run_once(self, bucket: KeyValue[ConfigT]) -> None:
        """Reconcile until cancelled; raises when the bus or the database fails."""
        self._is_running = True
        try:
            await self._run(bucket)
        finally:
            self._is_running = False

    async def _run(self, bucket: KeyValue[ConfigT]) -> None:
        while True:
            asked = self._asked
            self._wake.clear()
            # Twice: what the first round outbids or adopts is put by the second.
            if await self._reconcile(bucket):
                await self._reconcile(bucket)
            async with self._finished:
                self._done = asked
                self._finished.notify_all()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._interval_seconds):
                    await self._wake.wait()

    async def publish_soon(self, wait_seconds: float) -> None:
        """Ask for a round and wait for it a little; without a bus it comes later."""
        self._asked += 1
        wanted = self._asked
        self._wake.set()
        if not self._is_running:
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(wait_seconds), self._finished:
                await self._finished.wait_for(lambda: self._done >= wanted)

    async def _reconcile(self, bucket: KeyValue[ConfigT]) -> bool:
        on_bus = await read_bucket(bucket)
        async with self._database.connection() as db:
            stored = await self._source.read_all(db)
        steps = plan(stored, on_bus)
        for step in steps:
            try:
                await self._take(bucket, step)
            except Conflict:
                log.info("desired.contended", **self._named(step.config))
        return any(step.action in {"outbid", "adopt"} for step in steps)

    async def _take(self, bucket: KeyValue[ConfigT], step: Step[ConfigT]) -> None:
        config = step.config
        match step.action:
            case "put" if step.revision:
                await bucket.update(step.key, config, step.revision)
            case "put":
                await bucket.create(step.key, config)
            case "delete":
                await bucket.delete(step.key, step.revision)
            case "outbid":
                await self._outbid(config)
            case "adopt":
                await self._adopt(config)
            case "note":
                pass
        if step.action in {"put", "note"}:
            async with self._database.connection() as db:
                await self._source.note_published(db, self._source.id_of(config), config.version)
        if step.action != "note":
            metrics.CONFIGS_PUBLISHED.labels(self._source.kind, step.action).inc()
            log.info("desired.reconciled", action=step.action, **self._named(config))

    async def _outbid(self, seen: ConfigT) -> None:
        row_id = self._source.id_of(seen)
        async with self._database.transaction() as db:
            own = await self._source.read_one(db, row_id)
            if own is not None and own.config.version <= seen.version:
                await self._source.outbid_version(
                    db, row_id, own=own.config.version, other=seen.version
                )

    async def _adopt(self, config: ConfigT) -> None:
        log.warning("desired.adopted", **self._named(config))
        async with self._database.transaction() as db:
            await registry.lock_registry(db)
            if await self._source.read_one(db, self._source.id_of(config)) is None:
                await self._source.insert(db, config)

    def _named(self, config: ConfigT) -> dict[str, str]:
        return {f"{self._source.kind}_id": self._source.id_of(config)}
