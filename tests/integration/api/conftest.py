"""The API over a real database, with the bus and the object store replaced by memory."""

from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import argon2
import httpx
import pytest
from anyio.from_thread import start_blocking_portal
from cryptography.fernet import Fernet
from fastapi import FastAPI

from libs.bus.testing import FakeBroker, FakeBus
from libs.contracts.gaps import GapDetected, GapReason
from libs.contracts.keys import recording_key
from libs.contracts.messages import AnswerT, Ask, Event
from libs.contracts.recordings import EndReason, FragmentEntry, RecordingCompleted
from libs.runtime.credentials import CredentialBox
from libs.storage.testing import MemoryObjectStore
from libs.web.live_tokens import LiveTokens
from services.api.app import build_followers, build_gateway
from services.api.asking import ask_on
from services.api.audit_log import AuditLog
from services.api.context import Context
from services.api.database import Database
from services.api.desired import Publishers
from services.api.handlers import HANDLERS
from services.api.http import build_http
from services.api.identity import Identity
from services.api.keys import create_key
from services.api.known_cameras import KnownCameras
from services.api.link import Followers
from services.api.migrate import migrate
from services.api.own_state import OwnState
from services.api.passwords import Passwords
from services.api.principals import Principals
from services.api.projection import Report
from services.api.settings import ApiSettings
from services.api.signing import LinkSigner
from services.api.wiring import WIRING
from services.discovery.wiring import WIRING as DISCOVERY
from tests.infra import Infra, fresh_database

NOW = datetime(2026, 11, 20, 23, 30, tzinfo=UTC)
LIVE_KEY = "l" * 40
CHEAP_HASHES = argon2.PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
INIT_BYTES = 100
FRAGMENT_BYTES = 1000


@dataclass
class Clock:
    """The time of the whole application."""

    at: datetime = NOW

    def __call__(self) -> datetime:
        return self.at


class FakeLink:
    """A bus in memory that is up or away as told."""

    def __init__(self) -> None:
        self.is_up = True
        self.broker = FakeBroker()
        self.bus = FakeBus(self.broker, WIRING)
        self.discovery = FakeBus(self.broker, DISCOVERY)
        """Tests answer with it."""

    async def ask(self, question: Ask[AnswerT]) -> AnswerT:
        return await ask_on(self.bus if self.is_up else None, question)


@dataclass
class Answering:
    """Something that the api needs, as its watch sees it."""

    problem: str | None = None


@dataclass
class Api:
    """The application and everything around it that tests turn."""

    app: FastAPI
    client: httpx.AsyncClient
    """Sends a valid key."""
    key: str
    context: Context
    store: MemoryObjectStore
    link: FakeLink
    followers: Followers
    clock: Clock

    @property
    def database(self) -> Database:
        return self.context.database

    def anonymous(self, **headers: str) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        return httpx.AsyncClient(transport=transport, base_url="http://api", headers=headers)

    def set_now(self, now: datetime) -> None:
        self.clock.at = now

    async def apply(self, *events: Event) -> None:
        for event in events:
            async with self.database.transaction() as db:
                await HANDLERS[type(event)](db, event, Report(event.event_id, NOW))

    async def add_camera(self, name: str = "Front door", **fields: object) -> dict[str, Any]:
        body = {"name": name, "url": "rtsp://192.0.2.10/stream1", **fields}
        answer = await self.client.post("/api/v1/cameras", json=body)
        assert answer.status_code == 201, answer.text
        camera: dict[str, Any] = answer.json()
        return camera

    async def store_recording(self, recording: RecordingCompleted) -> bytes:
        content = bytes(index % 251 for index in range(recording.bytes))

        async def chunks() -> AsyncIterator[bytes]:
            yield content

        await self.store.put_stream(recording.object_key, chunks())
        await self.apply(recording)
        return content


@pytest.fixture(scope="session")
def catalog_template(infra: Infra) -> Iterator[str]:
    """Name of a database with the catalog's tables, to be copied and never used."""
    # in a thread of its own, because a test's loop may be running
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(fresh_database(infra.pg_dsn)) as dsn,
    ):
        portal.call(migrate, dsn)
        yield dsn.rsplit("/", 1)[1]


@pytest.fixture
async def migrated(infra: Infra, catalog_template: str) -> AsyncIterator[str]:
    """DSN of a database with the catalog's tables."""
    async with fresh_database(infra.pg_dsn, catalog_template) as dsn:
        yield dsn


@pytest.fixture
def settings(migrated: str, monkeypatch: pytest.MonkeyPatch) -> ApiSettings:
    monkeypatch.setenv("EVERFRAME_API_PG_DSN", migrated)
    monkeypatch.setenv("EVERFRAME_API_CREDENTIAL_KEYS", Fernet.generate_key().decode())
    monkeypatch.setenv("EVERFRAME_API_SIGNING_KEY", "s" * 40)
    monkeypatch.setenv("EVERFRAME_API_LIVE_KEY", LIVE_KEY)
    monkeypatch.setenv("EVERFRAME_API_SESSION_KEY", "b" * 40)
    monkeypatch.setenv("EVERFRAME_API_REQUESTS_PER_MINUTE", "1000000")
    monkeypatch.setenv("EVERFRAME_API_MEDIA_REQUESTS_PER_MINUTE", "1000000")
    return ApiSettings()


@pytest.fixture
async def api(settings: ApiSettings) -> AsyncIterator[Api]:
    store, link, clock = MemoryObjectStore(), FakeLink(), Clock()
    gateway = build_gateway(settings)
    async with Database.open(settings) as database, aclosing(gateway):
        followers = build_followers(settings, database, clock)
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
            own_state=OwnState(
                settings.instance,
                now=clock,
                database=Answering(),
                store=Answering(),
                is_bus_up=lambda: link.is_up,
                event_clients=lambda: len(followers.events.clients),
            ),
            desired=Publishers(followers.cameras, followers.devices),
            principals=Principals(database, clock),
            identity=replace(Identity.build(settings), passwords=Passwords(CHEAP_HASHES)),
            signer=LinkSigner(settings.signing_key.get_secret_value()),
            credentials=CredentialBox(settings.credential_keys.get_secret_value()),
            known_cameras=KnownCameras(database),
            live_tokens=LiveTokens(settings.live_key.get_secret_value()),
            gateway=gateway,
            audit_log=AuditLog(database),
            now=clock,
        )
        async with database.connection() as db:
            key = await create_key(db, "test")
        app = build_http(context)
        client = httpx.AsyncClient(
            transport=httpx.ASGITransport(app, raise_app_exceptions=False),
            base_url="http://api",
            headers={"Authorization": f"Bearer {key}"},
        )
        async with client:
            yield Api(app, client, key, context, store, link, followers, clock)


def recording(
    start: datetime,
    seconds: float = 60,
    *,
    camera_id: str = "front-door",
    epoch: int = 1,
    fragment_seconds: float = 2,
    **fields: object,
) -> RecordingCompleted:
    """A recording of equal fragments; `seconds` is a multiple of theirs."""
    count = round(seconds / fragment_seconds)
    fragments = tuple(
        FragmentEntry(
            offset=INIT_BYTES + index * FRAGMENT_BYTES,
            bytes=FRAGMENT_BYTES,
            duration_90k=round(fragment_seconds * 90_000),
        )
        for index in range(count)
    )
    values = {
        "camera_id": camera_id,
        "epoch": epoch,
        "object_key": recording_key(camera_id, start, epoch),
        "started_at": start,
        "ended_at": start + timedelta(seconds=seconds),
        "duration_90k": round(seconds * 90_000),
        "bytes": INIT_BYTES + count * FRAGMENT_BYTES,
        "sha256": "a" * 64,
        "init_bytes": INIT_BYTES,
        "init_sha256": "b" * 64,
        "video_codec": "avc1.640028",
        "width": 1920,
        "height": 1080,
        "fps": 25.0,
        "fragments": fragments,
        "end_reason": EndReason.ROTATION,
        "recorder": "r1",
        **fields,
    }
    return RecordingCompleted.model_validate(values)


def gap(
    start: datetime, end: datetime | None, *, camera_id: str = "front-door", **fields: object
) -> GapDetected:
    values = {
        "camera_id": camera_id,
        "started_at": start,
        "ended_at": end,
        "reason": GapReason.CAMERA_OFFLINE,
        "recorder": "r1",
        **fields,
    }
    return GapDetected.model_validate(values)
