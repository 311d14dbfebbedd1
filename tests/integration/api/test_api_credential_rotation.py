"""Logins are sealed anew while the service runs, until nothing needs the old key."""

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest
from cryptography.fernet import Fernet

from libs.bus.client import Bus, BusConfig
from libs.bus.declare import declare
from libs.contracts.cameras import CameraConfig
from libs.contracts.devices import DeviceConfig, DriverName
from libs.runtime.credentials import CameraCredentials, CredentialBox, CredentialsUnreadable
from services.api.device_registry import insert_device
from services.api.wiring import WIRING
from services.discovery.wiring import WIRING as DISCOVERY
from tests.infra import Infra
from tests.integration.api.service_worlds import Service, eventually, running_service
from tools.local.nats_server import NatsServer

LOGIN = CameraCredentials("viewer", "s3cret-Pa55")
KEYS = "EVERFRAME_API_CREDENTIAL_KEYS"


@pytest.fixture
async def bus(nats_server: NatsServer) -> AsyncIterator[Bus]:
    await declare(BusConfig(url=nats_server.users.admin, name="test"), [WIRING, DISCOVERY])
    found = await Bus.connect(
        BusConfig(url=nats_server.users.discovery, name="test"), DISCOVERY, wait_seconds=10
    )
    yield found
    await found.drain(1)


@pytest.fixture
async def service(
    *, bus: Bus, nats_server: NatsServer, database: str, bucket: str, infra: Infra, tmp_path: Path
) -> AsyncIterator[Service]:
    assert bus.is_connected
    async with running_service(
        database, nats_server.users.api, infra=infra, bucket=bucket, folder=tmp_path
    ) as running:
        yield running


async def restart(service: Service, keys: str) -> None:
    await service.stop()
    service.environment |= {KEYS: keys, "EVERFRAME_API_RECONCILE_SECONDS": "0.2"}
    await service.start()


async def rotate(service: Service, *, wait_seconds: float = 30) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "services.api.rotate_credentials"),
        *("--wait-seconds", str(wait_seconds)),
        env=service.environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(60):
        out, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode()


async def published(bus: Bus) -> list[CameraConfig | DeviceConfig]:
    camera = await bus.kv(CameraConfig).get("main.yard")
    device = await bus.kv(DeviceConfig).get("main.cellar")
    return [entry.value for entry in (camera, device) if entry is not None]


async def add_both(service: Service, bus: Bus, old: str) -> None:
    """Add a camera, over HTTP, and a device, as it lies in the database."""
    body = {
        "name": "Yard",
        "url": "rtsp://192.0.2.10/1",
        "credentials": {"username": LOGIN.username, "password": LOGIN.password},
    }
    async with service.client() as client:
        assert (await client.post("/api/v1/cameras", json=body)).status_code == 201
    connection = await asyncpg.connect(service.environment["EVERFRAME_API_PG_DSN"])
    device = DeviceConfig(
        device_id="cellar",
        name="Cellar",
        driver=DriverName.ONVIF,
        host="192.0.2.11",
        port=80,
        credentials=CredentialBox(old).seal(LOGIN),
    )
    await insert_device(connection, device)
    await connection.close()
    await restart(service, old)

    async def are_published() -> bool:
        return len(await published(bus)) == 2

    await eventually(are_published)


async def test_logins_are_sealed_anew_while_the_service_runs(service: Service, bus: Bus):
    old, new = service.environment[KEYS], Fernet.generate_key().decode()
    await add_both(service, bus, old)
    before = await published(bus)
    with pytest.raises(CredentialsUnreadable):
        CredentialBox(new).open(before[0].credentials or "")

    await restart(service, f"{new},{old}")
    first = await rotate(service)
    after = await published(bus)
    second = await rotate(service)

    assert first == (
        0,
        "2 logins were sealed with the newest key\nnothing needs an older key any more\n",
    )
    for one, other in zip(before, after, strict=True):
        assert CredentialBox(new).open(other.credentials or "") == LOGIN
        changed = {"credentials": other.credentials, "version": one.version + 1}
        assert other == one.model_copy(update=changed)
    assert second == (
        0,
        "0 logins were sealed with the newest key\nnothing needs an older key any more\n",
    )
    assert await published(bus) == after

    await restart(service, new)
    async with service.client() as client:
        url = {"url": "rtsp://192.0.2.10/2", "sub_url": "rtsp://192.0.2.10/3"}
        changed = (await client.patch("/api/v1/cameras/yard", json=url)).json()
    assert changed["has_credentials"]
    assert LOGIN.password not in service.log + first[1] + second[1]


async def test_rotation_says_what_still_needs_an_older_key(service: Service, bus: Bus):
    old, new = service.environment[KEYS], Fernet.generate_key().decode()
    await add_both(service, bus, old)
    await service.stop()
    service.environment[KEYS] = f"{new},{old}"

    without_api = await rotate(service, wait_seconds=0)
    service.environment[KEYS] = Fernet.generate_key().decode()
    without_key = await rotate(service, wait_seconds=0)
    await restart(service, f"{new},{old}")
    again = await rotate(service)

    assert without_api[0] == 1
    assert "2 are not on the bus yet" in without_api[1]
    assert without_key[0] == 1
    assert "no key opens the logins of camera yard, device cellar" in without_key[1]
    assert again[0] == 0
    assert {CredentialBox(new).open(each.credentials or "") for each in await published(bus)} == {
        LOGIN
    }


async def test_rotation_without_a_key_or_a_database_ends_in_one_line(service: Service):
    service.environment[KEYS] = "short"
    wrong_key = await rotate(service)
    service.environment |= {
        KEYS: Fernet.generate_key().decode(),
        "EVERFRAME_API_PG_DSN": "postgresql://nobody@127.0.0.1:1/none",
    }
    no_database = await rotate(service)

    for code, told in (wrong_key, no_database):
        assert code == 1
        assert len(told.splitlines()) == 1
        assert told.startswith("rotate_credentials: ")
