"""The servers that integration tests talk to: containers when an engine answers, else wheels."""

import contextlib
import gc
import os
import shutil
import tempfile
import uuid
import warnings
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

import asyncpg
from anyio.from_thread import start_blocking_portal

from libs.storage.provision import Grant, S3User, provision
from tools.local.nats_server import nats_config, nats_users
from tools.local.object_store import BUCKET
from tools.local.ports import free_ports
from tools.local.secret_file import Secrets
from tools.local.servers import LocalServers

NATS_IMAGE = "nats:2.12-alpine"
POSTGRES_IMAGE = "postgres:18-alpine"
S3_IMAGE = os.environ.get("EVERFRAME_TEST_S3_IMAGE", "pgsty/silo:RELEASE.2026-08-06T00-00-00Z")

_MEMORY_BYTES = 8 * 1024**3


@dataclass(frozen=True)
class Infra:
    """Addresses and credentials of servers shared by the whole test session."""

    kind: Literal["docker", "local"]
    nats_url: str
    """As admin, who may declare streams."""
    nats_api_url: str
    nats_recorder_url: str
    pg_dsn: str
    """As superuser, in the maintenance database; take the `database` fixture for tables."""
    s3_endpoint: str
    s3_root: S3User
    s3_api: S3User
    """Reads `shared_bucket`."""
    s3_recorder: S3User
    """Reads and writes `shared_bucket`."""
    shared_bucket: str = BUCKET


def docker_wanted() -> bool:
    """EVERFRAME_TEST_BACKEND decides, else whether an engine answers."""
    forced = os.environ.get("EVERFRAME_TEST_BACKEND", "")
    if forced:
        if forced not in {"docker", "local"}:
            raise ValueError(f"EVERFRAME_TEST_BACKEND is {forced!r}; use docker or local")
        return forced == "docker"
    with warnings.catch_warnings():
        # Docker's client forgets its socket when nobody answers; collect it while that is allowed.
        warnings.simplefilter("ignore", ResourceWarning)
        answered = _engine_answers()
        gc.collect()
    return answered


def _engine_answers() -> bool:
    import docker

    try:
        with contextlib.closing(docker.from_env(timeout=2)) as client:
            return bool(client.ping())
    except docker.errors.DockerException:
        return False


def _memory_folder() -> Path | None:
    """Return a file system in memory with room for the servers, if there is one.

    A database of its own for each test is hundreds of small files; memory is many times faster.
    """
    folder = Path("/dev/shm")
    if not os.access(folder, os.W_OK) or shutil.disk_usage(folder).free < _MEMORY_BYTES:
        return None
    return folder


@contextlib.contextmanager
def server_folder() -> Iterator[Path]:
    """A new folder that an ordinary account can reach, unlike pytest's own temporary folders."""
    folder = Path(tempfile.mkdtemp(prefix="everframe-", dir=_memory_folder()))
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def local_infra() -> Iterator[Infra]:
    """Start the product's own servers from wheels; all have ended when this returns."""
    # A loop in a thread of its own, because a test's loop may be running when it asks for this;
    # the thread lasts as long as the servers, which the kernel ties to it.
    with server_folder() as folder, start_blocking_portal() as portal:
        servers = LocalServers(folder, ports=free_ports(), durable=False)
        ends = portal.call(servers.start)
        try:
            yield Infra(
                kind="local",
                nats_url=ends.nats.admin,
                nats_api_url=ends.nats.api,
                nats_recorder_url=ends.nats.recorder,
                pg_dsn=ends.pg_admin_dsn,
                s3_endpoint=ends.s3_endpoint,
                s3_root=ends.s3_root,
                s3_api=ends.s3_api,
                s3_recorder=ends.s3_recorder,
            )
        finally:
            portal.call(servers.stop)


@contextlib.contextmanager
def docker_infra() -> Iterator[Infra]:
    """Start containers; raises docker's error when no engine answers."""
    from testcontainers.community.minio import MinioContainer
    from testcontainers.community.postgres import PostgresContainer
    from testcontainers.core.container import DockerContainer
    from testcontainers.core.wait_strategies import LogMessageWaitStrategy

    secrets = Secrets()
    root = S3User("everframe", secrets.s3_root)
    api, recorder = S3User("api", secrets.s3_api), S3User("recorder", secrets.s3_recorder)
    config = nats_config(listen="0.0.0.0:4222", store="/data", secrets=secrets)
    nats = (
        DockerContainer(NATS_IMAGE)
        .with_copy_into_container(config.encode(), "/everframe.conf")
        .with_command("-c /everframe.conf")
        .with_exposed_ports(4222)
        .waiting_for(LogMessageWaitStrategy("Server is ready"))
    )
    postgres = PostgresContainer(POSTGRES_IMAGE, driver=None).with_command("-c fsync=off")
    s3 = (
        MinioContainer(S3_IMAGE, access_key=root.access_key, secret_key=root.secret_key)
        .with_env("MINIO_ROOT_USER", root.access_key)
        .with_env("MINIO_ROOT_PASSWORD", root.secret_key)
    )
    with nats, postgres, s3:
        users = nats_users(nats.get_container_host_ip(), nats.get_exposed_port(4222), secrets)
        endpoint = s3.get_config()["endpoint"]
        grants = (
            Grant(recorder, "everframe-recorder", can_write=True),
            Grant(api, "everframe-api", can_write=False),
        )
        with start_blocking_portal() as portal:
            portal.call(partial(provision, endpoint, root, bucket=BUCKET, grants=grants))
        yield Infra(
            kind="docker",
            nats_url=users.admin,
            nats_api_url=users.api,
            nats_recorder_url=users.recorder,
            pg_dsn=postgres.get_connection_url(),
            s3_endpoint=endpoint,
            s3_root=root,
            s3_api=api,
            s3_recorder=recorder,
        )


@contextlib.asynccontextmanager
async def fresh_database(admin_dsn: str, template: str = "template1") -> AsyncIterator[str]:
    """Create a copy of `template` and drop it afterwards, with whoever is still connected."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    connection = await asyncpg.connect(admin_dsn)
    try:
        await connection.execute(f"create database {name} template {template}")
        yield f"{admin_dsn.rsplit('/', 1)[0]}/{name}"
        await connection.execute(f"drop database {name} with (force)")
    finally:
        await connection.close()
