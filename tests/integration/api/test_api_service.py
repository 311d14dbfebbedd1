"""The whole service with real servers: from an event on the bus to bytes over HTTP."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import httpx
import m3u8
import pytest

from libs.bus.client import Bus, BusConfig
from libs.bus.declare import declare
from libs.bus.wiring import Wiring
from libs.contracts.cameras import CameraConfig, CameraState
from libs.contracts.ownership import Lease, RecordingProgress
from libs.contracts.recordings import RecordingCompleted
from libs.contracts.times import isoformat_z
from libs.storage.store import ObjectStore, StoreConfig
from services.api.keys import create_key
from services.api.migrate import migrate
from services.api.wiring import WIRING
from tests.infra import Infra
from tests.integration.api.conftest import recording
from tests.integration.api.service_worlds import Service, eventually, running_service
from tools.local.nats_server import NatsServer
from tools.local.postgres import PostgresServer

RECORDER = Wiring(
    service="recorder",
    publishes=(RecordingCompleted,),
    watches=(CameraConfig,),
    writes=(RecordingProgress, Lease),
)


@pytest.fixture
async def recorder(nats_server: NatsServer) -> AsyncIterator[Bus]:
    """The bus as the recorder has it, on a server of this test's own with everything declared."""
    await declare(BusConfig(url=nats_server.users.admin, name="test"), [WIRING, RECORDER])
    bus = await Bus.connect(
        BusConfig(url=nats_server.users.recorder, name="test"), RECORDER, wait_seconds=10
    )
    yield bus
    await bus.drain(1)


@pytest.fixture
async def service(
    *,
    recorder: Bus,  # connects, and declares everything before the service starts
    nats_server: NatsServer,
    pg_server: PostgresServer,
    bucket: str,
    infra: Infra,
    tmp_path: Path,
) -> AsyncIterator[Service]:
    urls = pg_server.dsn, nats_server.users.api
    async with running_service(*urls, infra=infra, bucket=bucket, folder=tmp_path) as running:
        yield running


@pytest.fixture
async def store(infra: Infra, bucket: str) -> AsyncIterator[ObjectStore]:
    found = ObjectStore(
        StoreConfig(
            endpoint=infra.s3_endpoint,
            access_key=infra.s3_root.access_key,
            secret_key=infra.s3_root.secret_key,
            bucket=bucket,
        )
    )
    yield found
    await found.aclose()


def recent(seconds_ago: float) -> datetime:
    now = datetime.now(UTC).replace(microsecond=0)
    return now - timedelta(seconds=seconds_ago)


async def record(bus: Bus, store: ObjectStore, path: Path, made: RecordingCompleted) -> bytes:
    content = os.urandom(made.bytes)
    path.write_bytes(content)
    await store.put_file(made.object_key, path)
    await bus.publish(made)
    return content


async def recordings(client: httpx.AsyncClient) -> list[str]:
    answer = await client.get("/api/v1/recordings")
    return [item["id"] for item in answer.json()["items"]] if answer.status_code == 200 else []


async def test_published_recording_plays_and_a_camera_reaches_the_recorder(
    service: Service, recorder: Bus, store: ObjectStore, tmp_path: Path
):
    made = recording(recent(600))
    async with service.client() as client:
        added = await client.post(
            "/api/v1/cameras",
            json={"name": "Front door", "url": "rtsp://viewer:s3cret@192.0.2.10/a"},
        )
        content = await record(recorder, store, tmp_path / "a.mp4", made)

        await eventually(lambda: _has(client, 1))
        page = await client.get(
            "/api/v1/cameras/front-door/playback.m3u8",
            params={"from": isoformat_z(recent(660)), "to": isoformat_z(recent(500))},
        )
        segment = m3u8.loads(page.text, uri=str(page.url)).segments[3]
        size, offset = map(int, segment.byterange.split("@"))
        async with httpx.AsyncClient() as anonymous:
            part = await anonymous.get(
                segment.absolute_uri, headers={"Range": f"bytes={offset}-{offset + size - 1}"}
            )

    assert added.json()["published"]
    entry = await recorder.kv(CameraConfig).get("main.front-door")
    assert entry is not None
    assert entry.value.is_recording_wanted
    assert part.status_code == 206
    assert part.content == content[offset : offset + size]
    for secret in ("s3cret", service.key, "sig="):
        assert secret not in service.log


async def _has(client: httpx.AsyncClient, count: int) -> bool:
    return len(await recordings(client)) == count


async def test_recorders_progress_is_shown_and_its_lease_names_the_owner(
    service: Service, recorder: Bus
):
    now = datetime.now(UTC)
    progress = RecordingProgress(
        camera_id="front-door",
        recorder="r1",
        epoch=1,
        seen_at=now,
        accounted_until=now,
        state=CameraState.RECORDING,
        state_since=now,
        bitrate_bps=4_000_000,
    )
    async with service.client() as client:
        await client.post(
            "/api/v1/cameras", json={"name": "Front door", "url": "rtsp://192.0.2.10/a"}
        )
        await recorder.kv(RecordingProgress).put("main.front-door", progress)
        await recorder.kv(Lease).put("main.front-door", Lease(recorder="r7"))

        async def is_shown() -> bool:
            (status,) = (await client.get("/api/v1/status")).json()
            return (status["state"], status["recorder"], status["bitrate_bps"]) == (
                "recording",
                "r7",
                4_000_000,
            )

        await eventually(is_shown)


async def test_bus_away_leaves_reading_alive_and_changes_arrive_later(
    service: Service, recorder: Bus, nats_server: NatsServer
):
    async with service.client() as client:
        await nats_server.stop()
        added = await client.post(
            "/api/v1/cameras", json={"name": "Front door", "url": "rtsp://192.0.2.10/a"}
        )
        assert added.status_code == 201
        assert not added.json()["published"]
        assert (await client.get("/api/v1/recordings")).status_code == 200
        await eventually(lambda: _bus_is(client, "away"))
        assert "bus is away" in (await client.get("/api/v1/status")).json()[0]["detail"]

        await nats_server.start()

        async def is_published() -> bool:
            answer = await client.get("/api/v1/cameras/front-door")
            return bool(answer.json()["published"])

        await eventually(is_published, seconds=60)
    await eventually(lambda: _knows(recorder, "main.front-door"))


async def _bus_is(client: httpx.AsyncClient, state: str) -> bool:
    return bool((await client.get("/api/v1/health")).json()["bus"] == state)


async def _knows(bus: Bus, key: str) -> bool:
    return await bus.kv(CameraConfig).get(key) is not None


async def test_database_killed_and_back_loses_no_event(
    service: Service, recorder: Bus, pg_server: PostgresServer
):
    async with service.client() as client:
        await recorder.publish(recording(recent(600)))
        await eventually(lambda: _has(client, 1))

        await pg_server.process.kill()
        await recorder.publish(recording(recent(500)))
        away = await client.get("/api/v1/recordings")
        await pg_server.start()
        await recorder.publish(recording(recent(400)))

        assert away.status_code == 503
        assert "database is away" in away.json()["detail"]
        await eventually(lambda: _has(client, 3), seconds=90)


async def test_lost_database_is_made_anew_from_the_bus(
    service: Service, recorder: Bus, pg_server: PostgresServer
):
    async with service.client() as client:
        await client.post(
            "/api/v1/cameras", json={"name": "Front door", "url": "rtsp://192.0.2.10/a"}
        )
        for seconds_ago in (600, 540):
            await recorder.publish(recording(recent(seconds_ago)))
        await eventually(lambda: _has(client, 2))
        await eventually(lambda: _knows(recorder, "main.front-door"))
    await service.stop()
    database = await asyncpg.connect(pg_server.dsn)
    await database.execute("drop schema public cascade; create schema public")
    await migrate(pg_server.dsn)
    service.key = await create_key(database, "test")
    await database.close()

    await service.start()

    async with service.client() as client:
        await eventually(lambda: _has(client, 2))

        async def is_adopted() -> bool:
            answer = await client.get("/api/v1/cameras")
            return [(c["camera_id"], c["record"]) for c in answer.json()] == [("front-door", True)]

        await eventually(is_adopted)
    entry = await recorder.kv(CameraConfig).get("main.front-door")
    assert entry is not None
    assert entry.value.is_recording_wanted


async def test_deleted_camera_goes_from_the_bus(service: Service, recorder: Bus):
    async with service.client() as client:
        await client.post(
            "/api/v1/cameras", json={"name": "Front door", "url": "rtsp://192.0.2.10/a"}
        )
        await eventually(lambda: _knows(recorder, "main.front-door"))

        await client.delete("/api/v1/cameras/front-door")

    async def is_gone() -> bool:
        return not await _knows(recorder, "main.front-door")

    await eventually(is_gone)


async def test_clean_stop_ends_with_zero_and_says_nothing_bad(service: Service):
    code = await service.stop()

    assert code == 0
    assert "Traceback" not in service.log
    assert '"level": "error"' not in service.log


async def test_wrong_credential_key_ends_the_start_with_one_clear_line(
    service: Service, tmp_path: Path
):
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "services.api",
        env={
            **service.environment,
            "EVERFRAME_API_CREDENTIAL_KEYS": "x",
            "EVERFRAME_API_PORT": "0",
        },
        stderr=asyncio.subprocess.PIPE,
    )
    _, err = await asyncio.wait_for(process.communicate(), 30)

    assert process.returncode == 1
    assert b"EVERFRAME_API_CREDENTIAL_KEYS" in err
    assert b"Traceback" not in err
