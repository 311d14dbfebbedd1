"""Composition root: builds everything and runs it until asked to stop."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from functools import partial

import structlog

from libs.contracts.times import to_milliseconds
from libs.runtime.clock import SystemClock, utc_now
from libs.runtime.credentials import CredentialBox
from libs.runtime.health import HealthServer
from libs.runtime.service import FatalError, supervise
from libs.storage.store import ObjectStore, StoreConfig
from libs.web.live_tokens import LiveTokens
from libs.web.server import HttpServer
from services.api.audit_log import AuditLog
from services.api.context import Context
from services.api.database import Database, DatabaseUnavailable, is_away
from services.api.desired import DesiredState, Publishers
from services.api.device_registry import DEVICES
from services.api.event_hub import EventHub
from services.api.gateway import Gateway, GatewayLimits
from services.api.health_board import HealthBoard
from services.api.health_history import keep_pruned
from services.api.http import build_http
from services.api.identity import Identity
from services.api.known_cameras import KnownCameras
from services.api.link import BusLink, Followers
from services.api.migrate import MigrationRefused, migrate, pending
from services.api.own_state import OwnState, StoreWatch
from services.api.presence_board import PresenceBoard
from services.api.principals import Principals
from services.api.registry import CAMERAS
from services.api.routes.status import live_status
from services.api.scan_board import ScanBoard
from services.api.session_cleaning import clean_daily
from services.api.settings import ApiSettings
from services.api.signing import LinkSigner
from services.api.status import StatusBoard
from services.api.streamers import Streamers, StreamerUrlInvalid, parse_urls

log = structlog.get_logger()

DATABASE_CHECK_SECONDS = 5.0
SCHEMA_RETRY_SECONDS = 2.0


async def run(settings: ApiSettings, stop: asyncio.Event) -> None:
    """Serve until `stop` is set; raises FatalError for what only people can put right."""
    health = HealthServer(settings.health_host, settings.health_port)
    watch = DatabaseWatch()
    health.add_check("database", lambda: watch.problem)
    async with _stores(settings) as (database, store), _gateway(settings) as gateway:
        clock = SystemClock()

        def now() -> datetime:
            return to_milliseconds(utc_now(clock))

        followers = build_followers(settings, database, now)
        store_watch = StoreWatch()
        own_state = OwnState(
            settings.instance,
            now=now,
            database=watch,
            store=store_watch,
            is_bus_up=lambda: link.is_up,
            event_clients=lambda: len(followers.events.clients),
        )
        link = BusLink(settings, database=database, followers=followers, own_state=own_state)
        context = Context(
            settings=settings,
            database=database,
            objects=store,
            bus=link,
            board=followers.board,
            health=followers.health,
            scans=followers.scans,
            presence=followers.presence,
            events=followers.events,
            own_state=own_state,
            desired=Publishers(followers.cameras, followers.devices),
            principals=Principals(database, now),
            identity=Identity.build(settings),
            signer=LinkSigner(settings.signing_key.get_secret_value()),
            credentials=_credential_box(settings),
            known_cameras=KnownCameras(database),
            live_tokens=LiveTokens(settings.live_key.get_secret_value()),
            gateway=gateway,
            audit_log=(audit_log := AuditLog(database)),
            now=now,
        )
        server = HttpServer(
            build_http(context),
            host=settings.host,
            port=settings.port,
            max_connections=settings.max_connections,
            grace_seconds=settings.http_grace_seconds,
        )
        async with asyncio.TaskGroup() as tasks:
            jobs = [
                tasks.create_task(health.run(), name="health"),
                tasks.create_task(watch.run(database), name="database-watch"),
                tasks.create_task(store_watch.run(store), name="store-watch"),
                tasks.create_task(
                    supervise("health-history", partial(keep_pruned, database)),
                    name="health-history",
                ),
                tasks.create_task(
                    supervise(
                        "events", partial(followers.events.run, partial(live_status, context))
                    ),
                    name="events",
                ),
                tasks.create_task(_follow_bus(settings, link), name="bus"),
                tasks.create_task(clean_daily(database, now), name="session-cleaning"),
                tasks.create_task(audit_log.run(), name="audit"),
                tasks.create_task(
                    audit_log.expire_daily(now, settings.audit_days), name="audit-expiry"
                ),
            ]
            serving = tasks.create_task(server.run(), name="http")
            log.info("api.started", port=server.port, health_port=health.port)
            await stop.wait()
            followers.scans.close()
            followers.events.close()
            server.stop()
            await serving
            for job in jobs:
                job.cancel()
            await audit_log.flush_at_end()


@contextlib.asynccontextmanager
async def _stores(settings: ApiSettings) -> AsyncIterator[tuple[Database, ObjectStore]]:
    store = ObjectStore(
        StoreConfig(
            endpoint=settings.s3_endpoint,
            access_key=settings.s3_access_key,
            secret_key=settings.s3_secret_key.get_secret_value(),
            bucket=settings.s3_bucket,
            region=settings.s3_region,
            secure=settings.s3_secure,
        )
    )
    try:
        async with Database.open(settings) as database:
            yield database, store
    finally:
        await store.aclose()


@contextlib.asynccontextmanager
async def _gateway(settings: ApiSettings) -> AsyncIterator[Gateway]:
    gateway = build_gateway(settings)
    try:
        yield gateway
    finally:
        await gateway.aclose()


def build_followers(
    settings: ApiSettings, database: Database, now: Callable[[], datetime]
) -> Followers:
    """Return what is kept level with the bus."""
    events = EventHub()
    return Followers(
        board=StatusBoard(settings.status_stale_seconds, events.heard),
        health=HealthBoard(events.heard),
        scans=ScanBoard(now),
        presence=PresenceBoard(now),
        events=events,
        cameras=DesiredState(database, CAMERAS, settings.reconcile_seconds),
        devices=DesiredState(database, DEVICES, settings.reconcile_seconds),
    )


def build_gateway(settings: ApiSettings) -> Gateway:
    """Return the gateway to the streamers that the settings name."""
    try:
        urls = parse_urls(settings.streamer_urls)
    except StreamerUrlInvalid as error:
        raise FatalError(f"EVERFRAME_API_STREAMER_URLS: {error}") from None
    limits = GatewayLimits(
        settings.max_live_requests, settings.live_connect_seconds, settings.live_stall_seconds
    )
    return Gateway(Streamers(urls), limits)


def _credential_box(settings: ApiSettings) -> CredentialBox:
    try:
        return CredentialBox(settings.credential_keys.get_secret_value())
    except ValueError as error:
        raise FatalError(f"EVERFRAME_API_CREDENTIAL_KEYS: {error}") from None


async def _follow_bus(settings: ApiSettings, link: BusLink) -> None:
    """Nothing is consumed before the tables are there: an event must not fail for want of one."""
    while not await schema_is_ready(settings):  # noqa: ASYNC110 - PostgreSQL sets no event
        await asyncio.sleep(SCHEMA_RETRY_SECONDS)
    await supervise("bus", link.run_once, max_delay_seconds=5.0)


async def schema_is_ready(settings: ApiSettings) -> bool:
    """Migrate, or look whether somebody did; False while the database is away."""
    dsn = settings.pg_dsn.get_secret_value()
    try:
        if settings.migrate_on_start:
            for name in await migrate(dsn):
                log.info("migration.applied", migration=name)
            return True
        missing = await pending(dsn)
    except MigrationRefused as error:
        raise FatalError(str(error)) from error
    except Exception as error:
        if not is_away(error):
            raise
        log.warning("database.unavailable", reason=f"{type(error).__name__}: {error}")
        return False
    if missing:
        log.warning("database.not_migrated", missing=missing)
    return not missing


class DatabaseWatch:
    """Keeps an eye on the database for the health check, which must not wait for it."""

    def __init__(self) -> None:
        self.problem: str | None = "not asked yet"

    async def run(self, database: Database) -> None:
        """Ask every few seconds until cancelled."""
        while True:
            try:
                await database.ping()
                self.problem = None
            except DatabaseUnavailable as error:
                self.problem = str(error)
            await asyncio.sleep(DATABASE_CHECK_SECONDS)
