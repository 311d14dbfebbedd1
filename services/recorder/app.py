"""Puts the recorder together and runs it."""

import asyncio
import contextlib
import fcntl
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import structlog

from libs.bus.presence import PresenceReport
from libs.bus.startup import connect_service
from libs.runtime.credentials import CredentialBox
from libs.runtime.health import HealthServer
from libs.runtime.memory import return_freed_memory
from libs.runtime.service import FatalError, supervise
from libs.storage.store import ObjectStore, StoreConfig
from services.recorder.assignment import Environment, gap_event
from services.recorder.figures import recorder_figures
from services.recorder.ledger import Gap
from services.recorder.outbox import Outbox
from services.recorder.ownership import Ownership
from services.recorder.recovery import quarantined_footage, recover_spool
from services.recorder.rejected_logins import RejectedLogins
from services.recorder.settings import RecorderSettings
from services.recorder.spool import Spool, SpoolEntry
from services.recorder.spool_writer import SpoolReports, SpoolWriter
from services.recorder.uploader import Uploader
from services.recorder.wiring import WIRING

log = structlog.get_logger()


async def run(settings: RecorderSettings, stop: asyncio.Event) -> None:
    """Record until `stop` is set. Raises FatalError when it cannot run at all."""
    return_freed_memory()
    health = HealthServer(settings.health_host, settings.health_port)
    async with asyncio.TaskGroup() as group:
        serving = group.create_task(health.run(), name="health")
        log.info("service.started", health_port=health.port)
        try:
            with _open_spool(settings.spool_dir) as spool:
                await _Recorder(settings, spool, health).run(stop)
        finally:
            serving.cancel()


class _Recorder:
    """The running parts and the order in which they start and stop."""

    def __init__(self, settings: RecorderSettings, spool: Spool, health: HealthServer) -> None:
        self._settings = settings
        self._spool = spool
        self._health = health
        self._name = f"recorder-{settings.instance}"
        self._loop = asyncio.get_running_loop()
        self._outbox = Outbox(spool.root)

    async def run(self, stop: asyncio.Event) -> None:
        settings = self._settings
        credentials = _credential_box(settings)
        vanished: list[SpoolEntry] = []
        recovered = await asyncio.to_thread(lambda: list(recover_spool(self._spool, vanished)))
        unreadable = await asyncio.to_thread(lambda: list(quarantined_footage(self._spool)))
        for camera_id, lost in unreadable:
            self._lost(camera_id, settings.site, lost)
        bus = await connect_service(settings, WIRING, stop)
        if bus is None:
            return
        store = _object_store(settings)
        self._uploader = Uploader(self._spool, store, bus, settings, on_gap=self._lost_footage)
        for entry, gap in recovered:
            self._take_recovered(entry, gap)
        writer = SpoolWriter(
            self._spool, self._reports(), queue_bytes=int(settings.write_queue_bytes)
        )
        writer.start()
        env = Environment(
            recorder=self._name,
            spool=self._spool.identity,
            bus=bus,
            settings=settings,
            writer=writer,
            credentials=credentials,
            logins=RejectedLogins(
                first_seconds=settings.unauthorized_retry_seconds,
                longest_seconds=settings.unauthorized_longest_seconds,
            ),
            publish=self._outbox.put,
            pending_uploads=self._uploader.pending,
            last_recording_at=self._uploader.last_announced_at.get,
            stored_until=self._uploader.stored_until,
            vanished=vanished,
        )
        self._ownership = Ownership(bus, env, [entry for entry, gap in recovered if gap is None])
        self._health.add_check("bus", lambda: None if bus.is_connected else "not connected")
        self._health.add_check(
            "cameras", lambda: None if self._ownership.is_ready else "wanted state not read yet"
        )
        presence = PresenceReport(
            bus,
            service=WIRING.service,
            instance=settings.instance,
            figures=partial(
                recorder_figures, settings, self._spool, self._ownership, self._uploader
            ),
        )
        tasks = [
            asyncio.create_task(supervise("uploads", self._uploader.run), name="uploads"),
            asyncio.create_task(supervise("outbox", lambda: self._outbox.run(bus)), name="outbox"),
            asyncio.create_task(self._ownership.run(), name="ownership"),
            asyncio.create_task(presence.run(), name="presence"),
        ]
        try:
            await stop.wait()
            await self._close(writer)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await bus.drain(2.0)
            await store.aclose()

    def _take_recovered(self, entry: SpoolEntry, gap: Gap | None) -> None:
        if gap is None:
            self._uploader.add(entry)
            return
        self._lost_footage(entry, gap)
        self._spool.remove(entry)

    def _lost_footage(self, entry: SpoolEntry, gap: Gap) -> None:
        self._lost(entry.camera_id, entry.site, gap)

    def _lost(self, camera_id: str, site: str, gap: Gap) -> None:
        self._outbox.put(gap_event(gap, camera_id=camera_id, site=site, recorder=self._name))

    def _reports(self) -> SpoolReports:
        """Bring the writer thread's reports to the event loop."""
        call = self._loop.call_soon_threadsafe

        def recorded(entry: SpoolEntry, until: datetime) -> None:
            call(self._ownership.recorded, entry, until)

        def finished(entry: SpoolEntry) -> None:
            call(self._uploader.add, entry)

        def lost(entry: SpoolEntry, until: datetime) -> None:
            call(self._uploader.add_unfinished, entry, until)

        return SpoolReports(recorded=recorded, finished=finished, lost=lost)

    async def _close(self, writer: SpoolWriter) -> None:
        """Stop capture first, then bring home what can be brought home in the grace time."""
        started = datetime.now(UTC)
        await self._ownership.close()
        await asyncio.to_thread(writer.stop, self._settings.shutdown_grace_seconds)
        await asyncio.sleep(0)
        spent = (datetime.now(UTC) - started).total_seconds()
        left = max(0.5, self._settings.shutdown_grace_seconds - spent - 5.0)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(left):
                await self._uploader.wait_empty()
                await self._outbox.wait_empty()
        log.info("recorder.stopped", left_in_spool=self._uploader.pending())


@contextlib.contextmanager
def _open_spool(root: Path) -> Iterator[Spool]:
    """Open the spool for this process alone."""
    try:
        spool = Spool(root)
    except OSError as error:
        raise FatalError(
            f"the spool directory {root} cannot be used: {error.strerror}; "
            "set EVERFRAME_RECORDER_SPOOL_DIR to a writable local directory"
        ) from error
    with (root / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise FatalError(
                f"another recorder uses the spool directory {root}; give each its own"
            ) from None
        yield spool


def _credential_box(settings: RecorderSettings) -> CredentialBox:
    try:
        return CredentialBox(settings.credential_keys.get_secret_value())
    except ValueError as error:
        raise FatalError(f"EVERFRAME_RECORDER_CREDENTIAL_KEYS: {error}") from error


def _object_store(settings: RecorderSettings) -> ObjectStore:
    return ObjectStore(
        StoreConfig(
            endpoint=settings.s3_endpoint,
            access_key=settings.s3_access_key,
            secret_key=settings.s3_secret_key.get_secret_value(),
            bucket=settings.s3_bucket,
            secure=settings.s3_secure,
            region=settings.s3_region,
        )
    )
