import contextlib
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import nats
import nats.errors
import pytest
from minio import Minio
from minio.error import S3Error
from nats.aio.client import Client

from libs.storage.provision import S3User
from tests.infra import Infra
from tools.local.data_dir import DataDir, DataDirInUse, DataDirUnusable
from tools.local.nats_server import NatsServer
from tools.local.object_store import S3Server
from tools.local.ports import PortBusy, free_ports
from tools.local.postgres import PostgresServer
from tools.local.servers import LocalServers

LAUNCHER = """
import asyncio, sys
from pathlib import Path
from tools.local.ports import Ports
from tools.local.servers import LocalServers

async def main():
    servers = LocalServers(Path(sys.argv[1]), ports=Ports(*map(int, sys.argv[2:])), durable=False)
    await servers.start()
    print(*(process.pid for process in servers.processes), flush=True)
    await asyncio.sleep(60)

asyncio.run(main())
"""


@contextlib.asynccontextmanager
async def running(servers: LocalServers) -> AsyncIterator[LocalServers]:
    await servers.start()
    try:
        yield servers
    finally:
        await servers.stop()


def s3_client(endpoint: str, user: S3User) -> Minio:
    return Minio(
        endpoint,
        access_key=user.access_key,
        secret_key=user.secret_key,
        secure=False,
        region="us-east-1",
    )


async def test_a_second_start_continues_with_the_same_data(reachable_dir: Path) -> None:
    servers = LocalServers(reachable_dir, ports=free_ports(), durable=False)
    async with running(servers):
        first = servers.endpoints
        connection = await asyncpg.connect(first.pg_dsn)
        await connection.execute("create table kept as select 42 as answer")
        await connection.close()
        client = await nats.connect(first.nats.admin)
        await client.jetstream().add_stream(name="KEPT", subjects=["everframe.evt.kept"])
        await client.jetstream().publish("everframe.evt.kept", b"42")
        await client.close()
        store = s3_client(first.s3_endpoint, first.s3_recorder)
        path = reachable_dir / "object"
        path.write_bytes(b"42")
        store.fput_object(bucket_name=first.bucket, object_name="kept", file_path=str(path))

    async with running(servers):
        second = servers.endpoints
        connection = await asyncpg.connect(second.pg_dsn)
        answer = await connection.fetchval("select answer from kept")
        await connection.close()
        client = await nats.connect(second.nats.admin)
        stream = await client.jetstream().stream_info("KEPT")
        await client.close()
        reader = s3_client(second.s3_endpoint, second.s3_api)
        size = reader.stat_object(bucket_name=second.bucket, object_name="kept").size

    assert second == first
    assert (answer, stream.state.messages, size) == (42, 1, 2)


async def test_a_data_directory_in_use_is_named_with_its_holder(reachable_dir: Path) -> None:
    async with running(LocalServers(reachable_dir, ports=free_ports(), durable=False)):
        second = LocalServers(reachable_dir, ports=free_ports(), durable=False)
        with pytest.raises(
            DataDirInUse, match=f"in use by another launcher .process {os.getpid()}"
        ):
            await second.start()
        await second.stop()

        with pytest.raises(DataDirInUse):  # a failed start took nothing from the holder
            await second.start()


def test_a_place_that_holds_no_data_directory_is_named(tmp_path: Path) -> None:
    # A file in its place ended with a traceback.
    (tmp_path / "file").write_text("")
    for place in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(DataDirUnusable, match=f"{place} cannot hold .* --data"):
            DataDir(place).lock()


async def test_a_busy_port_is_an_error_that_says_what_to_change(
    nats_server: NatsServer, reachable_dir: Path
) -> None:
    ports = free_ports()
    taken = type(ports)(
        nats=nats_server.port, postgres=ports.postgres, s3=ports.s3, s3_metrics=ports.s3_metrics
    )
    servers = LocalServers(reachable_dir, ports=taken, durable=False)

    with pytest.raises(PortBusy, match=rf"{nats_server.port} .* NATS server .* --nats-port"):
        await servers.start()

    assert [process.name for process in servers.processes if process.is_running] == []


async def test_secrets_are_readable_by_their_owner_only(reachable_dir: Path) -> None:
    async with running(LocalServers(reachable_dir, ports=free_ports(), durable=False)):
        private = ["secrets.json", "nats/server.conf", "logs/postgres.log"]
        modes = [stat.S_IMODE((reachable_dir / name).stat().st_mode) for name in private]

    assert modes == [0o600] * 3
    assert not (reachable_dir / "postgres" / "password.new").exists()


def test_no_server_survives_a_killed_launcher_and_the_next_one_starts(
    reachable_dir: Path,
) -> None:
    ports = free_ports()
    numbers = [str(p) for p in (ports.nats, ports.postgres, ports.s3, ports.s3_metrics)]
    command = [sys.executable, "-c", LAUNCHER, str(reachable_dir), *numbers]

    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as launcher:
        assert launcher.stdout is not None
        pids = [int(pid) for pid in launcher.stdout.readline().split()]
        launcher.kill()
    # At once, while the servers of the first may still be ending.
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as launcher:
        assert launcher.stdout is not None
        again = [int(pid) for pid in launcher.stdout.readline().split()]
        launcher.send_signal(signal.SIGKILL)

    assert len(pids) == len(again) == 3
    wait_gone([*pids, *again])


def wait_gone(pids: list[int]) -> None:
    deadline = time.monotonic() + 20
    while remaining := [pid for pid in pids if Path(f"/proc/{pid}").exists()]:
        assert time.monotonic() < deadline, f"still running: {remaining}"
        time.sleep(0.02)


async def test_every_server_listens_on_loopback_only(reachable_dir: Path) -> None:
    async with running(LocalServers(reachable_dir, ports=free_ports(), durable=False)) as servers:
        addresses = [listening_addresses(process.pid) for process in servers.processes]

    assert addresses == [{"0100007F"}] * 3


def listening_addresses(pid: int) -> set[str]:
    """IP addresses in the kernel's hexadecimal form."""
    sockets = {str(fd.readlink()) for fd in Path(f"/proc/{pid}/fd").iterdir()}
    rows = [
        line.split()
        for table in (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
        for line in table.read_text().splitlines()[1:]
    ]
    return {
        row[1].split(":")[0] for row in rows if row[3] == "0A" and f"socket:[{row[9]}]" in sockets
    }


async def test_postgres_keeps_committed_rows_over_a_kill(pg_server: PostgresServer) -> None:
    connection = await asyncpg.connect(pg_server.dsn)
    await connection.execute("create table kept as select generate_series(1, 100) as n")

    await pg_server.process.kill()
    connection.terminate()
    await pg_server.process.start()

    connection = await asyncpg.connect(pg_server.dsn)
    assert await connection.fetchval("select count(*) from kept") == 100
    await connection.close()


async def test_postgres_lets_nobody_in_without_the_password(pg_server: PostgresServer) -> None:
    address = pg_server.dsn.split("@")[1]

    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(f"postgresql://api:wrong@{address}")


async def test_the_api_owns_its_database_but_is_no_superuser(pg_server: PostgresServer) -> None:
    connection = await asyncpg.connect(pg_server.dsn)
    await connection.execute("create extension btree_gist")

    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.execute("create role intruder superuser")
    await connection.close()


async def test_nats_keeps_acknowledged_messages_over_a_kill(nats_server: NatsServer) -> None:
    client = await nats.connect(nats_server.users.admin)
    await client.jetstream().add_stream(name="KEPT", subjects=["everframe.evt.>"])
    for number in range(20):
        await client.jetstream().publish("everframe.evt.x", str(number).encode())
    await client.close()

    await nats_server.process.kill()
    await nats_server.process.start()

    client = await nats.connect(nats_server.users.admin)
    assert (await client.jetstream().stream_info("KEPT")).state.messages == 20
    await client.close()


async def test_nats_refuses_a_stranger(nats_server: NatsServer) -> None:
    async def ignore(error: Exception) -> None:
        pass

    client = Client()
    with pytest.raises(nats.errors.Error, match=r"(?i)authorization"):
        await client.connect(
            f"nats://127.0.0.1:{nats_server.port}", allow_reconnect=False, error_cb=ignore
        )
    await client.close()


@pytest.mark.parametrize("restarted", [False, True])
async def test_the_api_key_reads_and_the_recorder_key_writes(
    s3_server: S3Server, tmp_path: Path, *, restarted: bool
) -> None:
    if restarted:
        await s3_server.process.kill()
        await s3_server.start()
    path = tmp_path / "object"
    path.write_bytes(b"x")
    recorder = s3_client(s3_server.endpoint, s3_server.recorder)
    api = s3_client(s3_server.endpoint, s3_server.api)

    recorder.fput_object(bucket_name="everframe", object_name="a/b", file_path=str(path))
    listed = [item.object_name for item in api.list_objects("everframe", recursive=True)]

    assert listed == ["a/b"]
    with pytest.raises(S3Error, match="AccessDenied"):
        api.fput_object(bucket_name="everframe", object_name="c", file_path=str(path))
    with pytest.raises(S3Error, match="AccessDenied"):
        api.remove_object(bucket_name="everframe", object_name="a/b")
    with pytest.raises(S3Error, match="AccessDenied"):
        recorder.make_bucket(bucket_name="another")


async def test_the_session_fixture_offers_working_servers(
    infra: Infra, database: str, bucket: str
) -> None:
    connection = await asyncpg.connect(database)
    await connection.execute("create table mine (n int)")
    await connection.close()
    client = await nats.connect(infra.nats_url)
    account = await client.jetstream().account_info()
    await client.close()

    assert account.limits.max_storage != 0
    assert s3_client(infra.s3_endpoint, infra.s3_root).bucket_exists(bucket_name=bucket)
