"""The object store when its server dies, stalls, fills up, or when callers give up."""

import asyncio
import contextlib
import random
import tracemalloc
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from libs.storage.errors import StoreFull, StoreUnavailable
from libs.storage.provision import S3User
from libs.storage.store import ObjectStore, StoreConfig
from tests.infra import Infra
from tools.local.object_store import S3Server
from tools.local.ports import free_port
from tools.local.secret_file import Secrets

MIB = 1024 * 1024


def store_at(
    endpoint: str, user: S3User, bucket: str, *, read_seconds: float = 10.0, size: int = 4
) -> ObjectStore:
    return ObjectStore(
        StoreConfig(
            endpoint=endpoint,
            access_key=user.access_key,
            secret_key=user.secret_key,
            bucket=bucket,
            part_bytes=5 * MIB,
            stream_part_bytes=5 * MIB,
            read_seconds=read_seconds,
            connect_seconds=1.0,
            uploads=size,
            reads=size,
            downloads=size,
            streams=1,
        )
    )


@contextlib.asynccontextmanager
async def opened(store: ObjectStore) -> AsyncIterator[ObjectStore]:
    try:
        yield store
    finally:
        await store.aclose()


def file_of(folder: Path, size: int) -> Path:
    path = folder / uuid.uuid4().hex
    path.write_bytes(random.Random(size).randbytes(size))
    return path


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110  # threads and sockets set no event
            await asyncio.sleep(0.005)


class Gate:
    """A TCP proxy before the server that can stall, and that counts its connections."""

    def __init__(self, endpoint: str) -> None:
        host, port = endpoint.split(":")
        self._target = (host, int(port))
        self.port = free_port()
        self.open = asyncio.Event()
        self.open.set()
        self.connections = 0
        self.most_connections = 0
        self.bytes_up = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.most_connections = max(self.most_connections, self.connections)
        try:
            back_reader, back_writer = await asyncio.open_connection(*self._target)
            async with asyncio.TaskGroup() as group:
                group.create_task(self._carry(reader, back_writer, count=True))
                group.create_task(self._carry(back_reader, writer, count=False))
        finally:
            self.connections -= 1

    async def _carry(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, count: bool
    ) -> None:
        try:
            with contextlib.suppress(ConnectionError):
                while data := await reader.read(64 * 1024):
                    await self.open.wait()
                    writer.write(data)
                    await writer.drain()
                    self.bytes_up += len(data) if count else 0
        finally:
            writer.close()


@contextlib.asynccontextmanager
async def gate_before(endpoint: str) -> AsyncIterator[Gate]:
    gate = Gate(endpoint)
    serving: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        serving.add(task)
        with contextlib.suppress(asyncio.CancelledError):
            await gate.serve(reader, writer)

    server = await asyncio.start_server(serve, "127.0.0.1", gate.port)
    try:
        yield gate
    finally:
        server.close()
        gate.open.set()
        for task in serving:
            task.cancel()
        await asyncio.gather(*serving, return_exceptions=True)


async def test_a_server_killed_during_an_upload_is_unavailable_and_later_serves_again(
    s3_server: S3Server, tmp_path: Path
) -> None:
    path = file_of(tmp_path, 30 * MIB)
    async with gate_before(s3_server.endpoint) as gate:
        endpoint = f"127.0.0.1:{gate.port}"
        async with opened(store_at(endpoint, s3_server.root, "everframe")) as store:
            upload = asyncio.create_task(store.put_file("k", path))
            await until(lambda: gate.bytes_up > 7 * MIB)
            await s3_server.process.kill()
            with pytest.raises(StoreUnavailable):
                await upload

            await s3_server.process.start()
            assert not await store.exists("k")
            await store.put_file("k", path)
            assert await store.verify("k")


async def test_a_server_killed_during_a_download_is_an_error_not_a_short_answer(
    s3_server: S3Server, tmp_path: Path
) -> None:
    async with opened(store_at(s3_server.endpoint, s3_server.root, "everframe")) as store:
        await store.put_file("k", file_of(tmp_path, 40 * MIB))
        chunks = store.get_range("k")
        await anext(chunks)

        await s3_server.process.kill()

        with pytest.raises(StoreUnavailable):
            async for _ in chunks:
                pass


async def test_no_server_at_all_is_unavailable(tmp_path: Path) -> None:
    user = S3User("nobody", "no-secret-at-all")
    async with opened(store_at(f"127.0.0.1:{free_port()}", user, "everframe")) as store:
        attempts: list[Awaitable[object]] = [
            store.check(),
            store.stat("k"),
            store.get("k"),
            store.delete("k"),
            store.put_file("k", file_of(tmp_path, 10)),
        ]
        results = await asyncio.gather(*attempts, return_exceptions=True)

    assert [type(result) for result in results] == [StoreUnavailable] * 5


async def test_a_server_that_stalls_is_unavailable_after_the_read_timeout(
    infra: Infra, bucket: str, tmp_path: Path
) -> None:
    async with gate_before(infra.s3_endpoint) as gate:
        endpoint = f"127.0.0.1:{gate.port}"
        async with opened(store_at(endpoint, infra.s3_root, bucket, read_seconds=0.2)) as store:
            await store.put_file("k", file_of(tmp_path, 100))
            gate.open.clear()

            with pytest.raises(StoreUnavailable):
                await store.stat("k")
            with pytest.raises(StoreUnavailable):
                await store.put_file("k", file_of(tmp_path, 100))

            gate.open.set()
            assert (await store.stat("k")).size == 100


async def test_the_loop_runs_on_while_the_server_stalls(
    infra: Infra, bucket: str, tmp_path: Path
) -> None:
    async with gate_before(infra.s3_endpoint) as gate:
        endpoint = f"127.0.0.1:{gate.port}"
        async with opened(store_at(endpoint, infra.s3_root, bucket)) as store:
            gate.open.clear()
            upload = asyncio.create_task(store.put_file("k", file_of(tmp_path, 8 * MIB)))
            # Both ends of the proxy live in this loop: it turns, or nothing ever arrives.
            await until(lambda: gate.connections)
            assert not upload.done()

            gate.open.set()
            assert (await upload).size == 8 * MIB


async def test_a_full_store_says_so_and_takes_uploads_again_after_deletions(
    reachable_dir: Path,  # deleted at once, unlike tmp_path, which would keep the gigabyte
) -> None:
    server = S3Server(
        reachable_dir / "s3",
        port=free_port(),
        metrics_port=free_port(),
        secrets=Secrets(),
        capacity_gib=1,
    )
    await server.start()
    path = file_of(reachable_dir, 64 * MIB)
    try:
        async with opened(store_at(server.endpoint, server.root, "everframe")) as store:
            stored = await stored_until_full(store, path)

            assert 14 <= len(stored) <= 16
            assert (await store.stat("k/0")).size == 64 * MIB
            await store.delete_many(stored[:4])
            await stored_again(store, path)
    finally:
        await server.stop()


async def stored_until_full(store: ObjectStore, path: Path) -> list[str]:
    stored: list[str] = []
    for number in range(20):
        try:
            await store.put_file(f"k/{number}", path)
        except StoreFull:
            break
        stored.append(f"k/{number}")
    return stored


async def stored_again(store: ObjectStore, path: Path) -> None:
    """Freed space is counted a moment after the deletion."""
    async with asyncio.timeout(20):
        while True:
            try:
                await store.put_file("again", path)
                return
            except StoreFull:
                await asyncio.sleep(0.1)


async def test_readers_that_give_up_leak_no_connection(
    infra: Infra, bucket: str, tmp_path: Path
) -> None:
    async with gate_before(infra.s3_endpoint) as gate:
        endpoint = f"127.0.0.1:{gate.port}"
        async with opened(store_at(endpoint, infra.s3_root, bucket)) as store:
            await store.put_file("k", file_of(tmp_path, 8 * MIB))

            for number in range(30):
                has_begun = asyncio.Event()
                reading = asyncio.create_task(read_slowly(store, has_begun))
                if number % 3:
                    await has_begun.wait()
                reading.cancel()
                await asyncio.gather(reading, return_exceptions=True)

            assert len(await store.get("k")) == 8 * MIB
            # 4 reading, 4 between downloads, 4 + 1 uploading.
            await until(lambda: gate.connections <= 13)


async def read_slowly(store: ObjectStore, has_begun: asyncio.Event) -> None:
    async for _ in store.get_range("k"):
        has_begun.set()
        await asyncio.Event().wait()


async def test_cancelled_uploads_keep_their_slots_until_their_threads_are_free(
    infra: Infra, bucket: str, tmp_path: Path
) -> None:
    """A native cancellation once gave the slot back at once, and threads piled up."""
    path = file_of(tmp_path, 1000)
    async with gate_before(infra.s3_endpoint) as gate:
        endpoint = f"127.0.0.1:{gate.port}"
        async with opened(store_at(endpoint, infra.s3_root, bucket, size=2)) as store:
            gate.open.clear()
            for _ in range(10):
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(0.02):
                        await store.put_file("k", path)

            assert gate.most_connections <= 2
            gate.open.set()
            await store.put_file("later", path)
            assert (await store.stat("later")).size == 1000


async def test_slow_consumers_neither_starve_other_requests_nor_pile_up_connections(
    infra: Infra, bucket: str, tmp_path: Path
) -> None:
    """Once as many open downloads as connections, each waiting for the other's thread."""
    async with gate_before(infra.s3_endpoint) as gate:
        endpoint = f"127.0.0.1:{gate.port}"
        async with opened(store_at(endpoint, infra.s3_root, bucket, size=3)) as store:
            await store.put_file("k", file_of(tmp_path, 8 * MIB))
            slow = [store.get_range("k") for _ in range(3)]
            for chunks in slow:
                await anext(chunks)
            more = [asyncio.create_task(store.get("k")) for _ in range(8)]

            stats = await asyncio.gather(*(store.stat("k") for _ in range(8)))
            rest = [sum([len(chunk) async for chunk in chunks]) for chunks in slow]
            whole = await asyncio.gather(*more)

    assert [stat.size for stat in stats] == [8 * MIB] * 8
    assert rest == [8 * MIB - 256 * 1024] * 3
    assert [len(data) for data in whole] == [8 * MIB] * 8
    # 3 downloads, 3 other requests, 1 upload.
    assert gate.most_connections <= 7


async def test_a_cancelled_stream_stores_nothing_and_frees_its_slot(
    infra: Infra, bucket: str
) -> None:
    begun = asyncio.Event()

    async def endless() -> AsyncIterator[bytes]:
        for number in range(12):
            yield bytes(MIB)
            if number == 11:
                begun.set()
        await asyncio.Event().wait()

    async def short() -> AsyncIterator[bytes]:
        yield b"after"

    async with opened(store_at(infra.s3_endpoint, infra.s3_root, bucket)) as store:
        upload = asyncio.create_task(store.put_stream("k", endless()))
        async with asyncio.timeout(20):
            await begun.wait()
        upload.cancel()
        with pytest.raises(asyncio.CancelledError):
            await upload

        # There is one slot for streams, so this waits until the cancelled one has let go.
        async with asyncio.timeout(20):
            await store.put_stream("next", short())
        assert [item.key async for item in store.list()] == ["next"]


async def test_a_store_that_fails_ends_a_stream_that_waits_for_its_source(
    s3_server: S3Server,
) -> None:
    async def stalling() -> AsyncIterator[bytes]:
        for _ in range(12):
            yield bytes(MIB)
        await s3_server.process.kill()
        yield bytes(6 * MIB)
        await asyncio.Event().wait()

    async with opened(store_at(s3_server.endpoint, s3_server.root, "everframe")) as store:
        async with asyncio.timeout(20):
            with pytest.raises(StoreUnavailable):
                await store.put_stream("k", stalling())


async def test_a_long_stream_needs_little_memory(infra: Infra, bucket: str) -> None:
    async def stream() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield bytes(MIB)

    async with opened(store_at(infra.s3_endpoint, infra.s3_root, bucket)) as store:
        tracemalloc.start()
        try:
            stored = await store.put_stream("k", stream())
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()

    assert stored.size == 100 * MIB
    # Parts of 5 MiB: one being sent, one being put together, and the copies between.
    assert peak < 32 * MIB
