"""Fixtures for tests with real servers; nothing starts before a test asks for it."""

import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from libs.storage.provision import provision
from tests.infra import (
    Infra,
    docker_infra,
    docker_wanted,
    fresh_database,
    local_infra,
    server_folder,
)
from tools.local.nats_server import NatsServer
from tools.local.object_store import S3Server
from tools.local.ports import free_port
from tools.local.postgres import PostgresServer
from tools.local.secret_file import Secrets


@pytest.fixture(scope="session")
def infra() -> Iterator[Infra]:
    """NATS, PostgreSQL and S3 shared by the session; stop or break them in no test."""
    with docker_infra() if docker_wanted() else local_infra() as servers:
        yield servers


@pytest.fixture
async def database(infra: Infra) -> AsyncIterator[str]:
    """DSN of an empty database of this test's own."""
    async with fresh_database(infra.pg_dsn) as dsn:
        yield dsn


@pytest.fixture
async def bucket(infra: Infra) -> str:
    """Name of an empty bucket of this test's own, for `infra.s3_root`."""
    name = f"test-{uuid.uuid4().hex[:12]}"
    await provision(infra.s3_endpoint, infra.s3_root, bucket=name, grants=())
    return name


@pytest.fixture
def reachable_dir() -> Iterator[Path]:
    """A new folder that the account of PostgreSQL can reach; unlike tmp_path it is deleted."""
    with server_folder() as folder:
        yield folder


@pytest.fixture
async def nats_server(reachable_dir: Path) -> AsyncIterator[NatsServer]:
    """A NATS server of this test's own: isolated, and free to be killed and restarted."""
    server = NatsServer(reachable_dir / "nats", port=free_port(), secrets=Secrets())
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def s3_server(reachable_dir: Path) -> AsyncIterator[S3Server]:
    """An S3 server of this test's own, to be killed and restarted."""
    server = S3Server(
        reachable_dir / "s3", port=free_port(), metrics_port=free_port(), secrets=Secrets()
    )
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def pg_server(reachable_dir: Path) -> AsyncIterator[PostgresServer]:
    """A PostgreSQL of this test's own, with fsync, to be killed and restarted."""
    server = PostgresServer(reachable_dir / "postgres", port=free_port(), secrets=Secrets())
    await server.start()
    yield server
    await server.stop()
