"""What each consumed event does: one transaction that stores it and advances the cursor."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import asyncpg
import structlog

from libs.bus.client import Bus, Delivery
from libs.bus.errors import Permanent, Transient
from libs.contracts.cameras import CameraStatusChanged
from libs.contracts.footage import StoredFootageFound
from libs.contracts.gaps import GapDetected
from libs.contracts.health import CameraHealthChanged
from libs.contracts.messages import Event
from libs.contracts.recordings import RecordingCompleted
from services.api import metrics
from services.api.database import Database, DatabaseUnavailable
from services.api.health_history import store_change
from services.api.projection import (
    Report,
    advance_cursor,
    read_cursor,
    store_footage,
    store_gap,
    store_health,
    store_recording,
    store_status,
)
from services.api.wiring import WIRING

if TYPE_CHECKING:
    from services.api.database import Connection

log = structlog.get_logger()

LONGEST_RECORDING = timedelta(days=1)
"""Recordings last an hour, and until the next keyframe; more is a mistake."""
LONGEST_FILE = timedelta(days=400)
"""Some devices tell weeks of footage as one file."""


async def on_recording_completed(
    db: "Connection", event: RecordingCompleted, report: Report
) -> None:
    if event.ended_at <= event.started_at:
        raise Permanent("the recording ends before it starts")
    if event.ended_at - event.started_at > LONGEST_RECORDING:
        raise Permanent("the recording lasts longer than a day")
    await store_recording(db, event, report)


async def on_gap_detected(db: "Connection", event: GapDetected, report: Report) -> None:
    await store_gap(db, event, report)


async def on_camera_status_changed(
    db: "Connection", event: CameraStatusChanged, report: Report
) -> None:
    await store_status(db, event, report)
    await store_change(db, event, report.time)


async def on_camera_health_changed(
    db: "Connection", event: CameraHealthChanged, report: Report
) -> None:
    await store_health(db, event, report)
    await store_change(db, event, report.time)


async def on_stored_footage_found(
    db: "Connection", event: StoredFootageFound, report: Report
) -> None:
    if event.ended_at <= event.started_at:
        raise Permanent("the file ends before it starts")
    if event.ended_at - event.started_at > LONGEST_FILE:
        raise Permanent(f"the file lasts longer than {LONGEST_FILE.days} days")
    await store_footage(db, event, report)


HANDLERS: dict[type[Event], Callable[["Connection", Any, Report], Awaitable[None]]] = {
    RecordingCompleted: on_recording_completed,
    GapDetected: on_gap_detected,
    CameraStatusChanged: on_camera_status_changed,
    CameraHealthChanged: on_camera_health_changed,
    StoredFootageFound: on_stored_footage_found,
}


class Projector:
    """Keeps the catalog level with the stream of events."""

    def __init__(
        self, database: Database, bus: Bus, on_stored: Callable[[Event], None] = lambda _: None
    ) -> None:
        """`on_stored` hears of every new event that is in the catalog, not of a replay's."""
        self._database = database
        self._bus = bus
        self._on_stored = on_stored
        self._created_at: datetime | None = None
        self._stored_seq = 0
        self._rewound = asyncio.Event()

    async def run_once(self) -> None:
        """Make up for what the database lacks, then follow the stream.

        Returns when the database went back in time, so that the caller begins anew.
        """
        self._rewound.clear()
        await self.catch_up()
        async with asyncio.TaskGroup() as tasks:
            consuming = tasks.create_task(self._bus.consume(self.handle), name="consume")
            await self._rewound.wait()
            consuming.cancel()

    async def catch_up(self) -> None:
        """Replay what the consumer has finished but this database does not hold.

        That is the case after the database was restored from a backup or made anew. Until it is
        done nothing new is taken, because the cursor says "everything up to here".
        """
        state = await self._bus.stream_state()
        self._created_at = state.created_at
        async with self._database.connection() as db:
            self._stored_seq = await read_cursor(db, state.created_at)
        if self._stored_seq >= state.ack_floor:
            return
        log.info("catalog.replay_started", from_seq=self._stored_seq + 1, to_seq=state.ack_floor)
        if state.first_seq > self._stored_seq + 1:
            log.warning("catalog.events_expired", first_seq=state.first_seq)
        deliveries = self._bus.replay(
            WIRING.consumes, from_seq=self._stored_seq + 1, to_seq=state.ack_floor
        )
        async for delivery in deliveries:
            try:
                await self._store(delivery, way="replay")
            except Permanent as error:
                # The dead letters have it from the first time.
                log.warning("catalog.event_skipped", event_id=delivery.event_id, reason=str(error))
        await self._advance(state.ack_floor)
        log.info("catalog.replay_finished", to_seq=state.ack_floor)

    async def handle(self, delivery: Delivery) -> None:
        """Store one delivered event; it is acknowledged when this returns."""
        try:
            await self._store(delivery, way="live")
        except (DatabaseUnavailable, asyncpg.PostgresError) as error:
            # A missing table or right is a fault of the installation, not of the event.
            raise Transient(f"the database does not take it: {error}") from error
        self._on_stored(delivery.event)

    async def measure_lag(self) -> None:
        """Set the metric of how far behind the catalog is."""
        state = await self._bus.stream_state()
        metrics.PROJECTION_LAG.set(max(0, state.last_seq - max(self._stored_seq, state.ack_floor)))

    async def _store(self, delivery: Delivery, *, way: str) -> None:
        assert self._created_at is not None
        report = Report(delivery.event_id, delivery.time)
        try:
            async with self._database.transaction() as db:
                await self._check_not_rewound(db)
                await HANDLERS[type(delivery.event)](db, delivery.event, report)
                await advance_cursor(db, self._created_at, delivery.stream_seq)
        except (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError) as error:
            raise Permanent(f"the event does not fit the catalog: {error}") from error
        self._stored_seq = max(self._stored_seq, delivery.stream_seq)
        metrics.EVENTS_APPLIED.labels(delivery.type, way).inc()

    async def _check_not_rewound(self, db: "Connection") -> None:
        """Notice a database that was restored from a backup while we run."""
        assert self._created_at is not None
        if await read_cursor(db, self._created_at) < self._stored_seq:
            log.warning("catalog.went_back", stored_seq=self._stored_seq)
            self._rewound.set()
            raise Transient("the database went back in time; its events are replayed first")

    async def _advance(self, seq: int) -> None:
        assert self._created_at is not None
        async with self._database.connection() as db:
            await advance_cursor(db, self._created_at, seq)
        self._stored_seq = max(self._stored_seq, seq)
