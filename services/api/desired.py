"""Desired state: what the database says about cameras, put on the bus and kept so.

The database is the record, with one exception: a camera that only the bus knows, without even a
deleted row, means that the database was lost. It is adopted, because the other way round a fresh
database would stop every recording.
"""

import asyncio
import contextlib
from contextlib import aclosing
from dataclasses import dataclass
from typing import Literal

import structlog

from libs.bus.errors import Conflict
from libs.bus.keyvalue import ChangeKind, Entry, KeyValue
from libs.contracts.cameras import CameraConfig
from services.api import metrics, registry
from services.api.database import Database

log = structlog.get_logger()


@dataclass(frozen=True)
class Step:
    """One thing to do so that the bus says what the database says."""

    action: Literal["put", "delete", "outbid", "adopt", "note"]
    key: str
    config: CameraConfig
    revision: int = 0
    """Of the value on the bus; 0 when there is none."""


@dataclass(frozen=True)
class OnBus:
    """What the bucket holds."""

    entries: dict[str, Entry[CameraConfig]]
    invalid: dict[str, int]
    """Revisions of values that do not fit the contract; a known camera's is overwritten."""


def plan(cameras: list[registry.Camera], on_bus: OnBus) -> list[Step]:
    """Return the steps. `on_bus` must have been read before `cameras`.

    What cannot be read under a key that the database does not know is left to people.
    """
    steps: list[Step] = []
    known = {camera.config.key: camera for camera in cameras}
    for key, camera in known.items():
        config, entry = camera.config, on_bus.entries.get(key)
        revision = entry.revision if entry else on_bus.invalid.get(key, 0)
        if camera.deleted_at is not None:
            steps += [Step("delete", key, config, revision)] if revision else []
        elif entry is None:
            steps.append(Step("put", key, config, revision))
        elif entry.value == config:
            steps += [] if camera.is_published else [Step("note", key, config)]
        elif entry.value.version < config.version:
            steps.append(Step("put", key, config, entry.revision))
        else:
            steps.append(Step("outbid", key, entry.value, entry.revision))
    adopted = [entry for key, entry in on_bus.entries.items() if key not in known]
    return steps + [Step("adopt", e.key, e.value, e.revision) for e in adopted]


async def read_bucket(bucket: KeyValue[CameraConfig]) -> OnBus:
    """Return what is in the bucket at one moment."""
    found = OnBus({}, {})
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


class DesiredState:
    """Reconciles the bucket with the database: at once after a change, and every so often."""

    def __init__(self, database: Database, interval_seconds: float) -> None:
        self._database = database
        self._interval_seconds = interval_seconds
        self._asked = 0
        self._done = 0
        self._wake = asyncio.Event()
        self._finished = asyncio.Condition()
        self._is_running = False

    async def run_once(self, bucket: KeyValue[CameraConfig]) -> None:
        """Reconcile until cancelled; raises when the bus or the database fails."""
        self._is_running = True
        try:
            await self._run(bucket)
        finally:
            self._is_running = False

    async def _run(self, bucket: KeyValue[CameraConfig]) -> None:
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
                await asyncio.wait_for(self._wake.wait(), self._interval_seconds)

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

    async def _reconcile(self, bucket: KeyValue[CameraConfig]) -> bool:
        on_bus = await read_bucket(bucket)
        async with self._database.connection() as db:
            cameras = await registry.read_cameras(db, with_deleted=True)
        steps = plan(cameras, on_bus)
        for step in steps:
            try:
                await self._take(bucket, step)
            except Conflict:
                log.info("camera.config_contended", camera_id=step.config.camera_id)
        return any(step.action in {"outbid", "adopt"} for step in steps)

    async def _take(self, bucket: KeyValue[CameraConfig], step: Step) -> None:
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
                await registry.note_published(db, config.camera_id, config.version)
        if step.action != "note":
            metrics.CONFIGS_PUBLISHED.labels(step.action).inc()
            log.info("camera.config_reconciled", camera_id=config.camera_id, action=step.action)

    async def _outbid(self, seen: CameraConfig) -> None:
        async with self._database.transaction() as db:
            camera = await registry.read_camera(db, seen.camera_id)
            if camera is not None and camera.config.version <= seen.version:
                await registry.outbid_version(
                    db, seen.camera_id, own=camera.config.version, other=seen.version
                )

    async def _adopt(self, config: CameraConfig) -> None:
        log.warning("camera.adopted", camera_id=config.camera_id)
        async with self._database.transaction() as db:
            await registry.lock_registry(db)
            if await registry.read_camera(db, config.camera_id) is None:
                await registry.insert_camera(db, config)
