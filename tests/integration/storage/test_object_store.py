"""One suite for every store: the fake, the server of the test session, a minio binary."""

import asyncio
import hashlib
import random
import shutil
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from libs.storage.errors import (
    BucketMissing,
    ContentMismatch,
    ObjectNotFound,
    RangeNotSatisfiable,
    StoreDenied,
)
from libs.storage.provision import S3User
from libs.storage.store import ObjectStore, StoreConfig
from libs.storage.testing import MemoryObjectStore
from tests.infra import Infra
from tools.local.ports import free_port
from tools.local.processes import ManagedProcess, ProcessSpec

MIB = 1024 * 1024
ROOT = S3User("everframe", "everframe-secret")


def config_for(endpoint: str, user: S3User, bucket: str) -> StoreConfig:
    return StoreConfig(
        endpoint=endpoint,
        access_key=user.access_key,
        secret_key=user.secret_key,
        bucket=bucket,
        part_bytes=5 * MIB,
        stream_part_bytes=5 * MIB,
    )


@pytest.fixture(scope="session")
def minio_binary() -> str:
    if not (binary := shutil.which("minio")):
        pytest.skip("no minio binary on the PATH")
    return binary


@pytest.fixture
async def minio_endpoint(minio_binary: str, tmp_path: Path) -> AsyncIterator[str]:
    port = free_port()

    async def answers() -> bool:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            return False
        writer.close()
        return True

    process = ManagedProcess(
        ProcessSpec(
            name="minio",
            argv=(
                minio_binary,
                "server",
                str(tmp_path / "minio"),
                "--address",
                f"127.0.0.1:{port}",
            ),
            cwd=tmp_path,
            log=tmp_path / "minio.log",
            env={"MINIO_ROOT_USER": ROOT.access_key, "MINIO_ROOT_PASSWORD": ROOT.secret_key},
            ready=answers,
        )
    )
    await process.start()
    yield f"127.0.0.1:{port}"
    await process.stop()


@pytest.fixture(params=["fake", "session server", "minio binary"])
async def store(request: pytest.FixtureRequest) -> AsyncIterator[ObjectStore]:
    bucket = f"test-{uuid.uuid4().hex[:12]}"
    if request.param == "fake":
        tested: ObjectStore = MemoryObjectStore()
    elif request.param == "session server":
        infra: Infra = request.getfixturevalue("infra")
        tested = ObjectStore(config_for(infra.s3_endpoint, infra.s3_root, bucket))
    else:
        endpoint = request.getfixturevalue("minio_endpoint")
        tested = ObjectStore(config_for(endpoint, ROOT, bucket))
    await tested.check(create=True)
    yield tested
    await tested.aclose()


def some_bytes(size: int) -> bytes:
    return random.Random(size).randbytes(size)


def file_of(folder: Path, data: bytes) -> Path:
    path = folder / uuid.uuid4().hex
    path.write_bytes(data)
    return path


async def pieces(data: bytes, size: int) -> AsyncIterator[bytes]:
    for position in range(0, len(data), size):
        yield data[position : position + size]
        await asyncio.sleep(0)


async def read(store: ObjectStore, key: str, offset: int = 0, length: int | None = None) -> bytes:
    return b"".join([chunk async for chunk in store.get_range(key, offset, length)])


@pytest.mark.parametrize("size", [0, 1, 300_000, 5 * MIB, 12 * MIB + 7])
async def test_a_file_comes_back_as_it_was(store: ObjectStore, tmp_path: Path, size: int) -> None:
    data = some_bytes(size)
    digest = hashlib.sha256(data).hexdigest()

    stored = await store.put_file("a/b.mp4", file_of(tmp_path, data), content_type="video/mp4")
    stat = await store.stat("a/b.mp4")

    assert (stored.size, stored.sha256) == (size, digest)
    assert (stat.size, stat.sha256, stat.etag) == (size, digest, stored.etag)
    assert stat.content_type == "video/mp4"
    assert stat.modified_at is not None
    assert stat.modified_at.tzinfo is not None
    assert await store.get("a/b.mp4") == data


@pytest.mark.parametrize("size", [0, 1, 5 * MIB, 5 * MIB + 1, 12 * MIB + 7])
async def test_a_stream_comes_back_as_it_was(store: ObjectStore, size: int) -> None:
    data = some_bytes(size)

    stored = await store.put_stream("s", pieces(data, 700_001), metadata={"Kind": "export"})

    assert (stored.size, stored.sha256) == (size, hashlib.sha256(data).hexdigest())
    assert await store.get("s") == data
    assert dict((await store.stat("s")).metadata) == {"kind": "export"}


async def test_a_second_upload_replaces_the_first(store: ObjectStore, tmp_path: Path) -> None:
    await store.put_file("k", file_of(tmp_path, b"first"), metadata={"n": "1"})
    await store.put_file("k", file_of(tmp_path, b"2nd"))

    assert await store.get("k") == b"2nd"
    assert "n" not in (await store.stat("k")).metadata


async def test_metadata_keeps_every_character(store: ObjectStore, tmp_path: Path) -> None:
    metadata = {"title": "Tür  100 % 門 \t", "empty-looking": " ", "url": "a/b?c=d&e"}

    await store.put_file("k", file_of(tmp_path, b"x"), metadata=metadata)

    found = dict((await store.stat("k")).metadata)
    assert found.pop("sha256") == hashlib.sha256(b"x").hexdigest()
    assert found == metadata


@pytest.mark.parametrize(
    "key", ["plain", "a/b c/d+e.mp4", "Tür/門 100%.mp4", "a/14-00-00.000Z.mp4"]
)
async def test_keys_are_taken_literally(store: ObjectStore, tmp_path: Path, key: str) -> None:
    await store.put_file(key, file_of(tmp_path, b"x"))

    assert await store.get(key) == b"x"
    assert [item.key async for item in store.list()] == [key]
    await store.delete(key)
    assert not await store.exists(key)


async def test_a_file_that_does_not_match_its_checksum_is_not_stored(
    store: ObjectStore, tmp_path: Path
) -> None:
    path = file_of(tmp_path, some_bytes(6 * MIB))

    with pytest.raises(ContentMismatch):
        await store.put_file("k", path, sha256=hashlib.sha256(b"another").hexdigest())

    assert not await store.exists("k")


async def test_a_missing_local_file_is_a_plain_file_error(
    store: ObjectStore, tmp_path: Path
) -> None:
    with pytest.raises(FileNotFoundError):
        await store.put_file("k", tmp_path / "nowhere")


async def test_a_failing_stream_stores_nothing_and_raises_its_own_error(
    store: ObjectStore,
) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield some_bytes(6 * MIB)
        raise LookupError("the camera went away")

    with pytest.raises(LookupError, match="camera went away"):
        await store.put_stream("k", broken())

    assert not await store.exists("k")


@pytest.mark.parametrize(
    ("offset", "length", "expected"),
    [
        (0, None, slice(0, None)),
        (0, 1, slice(0, 1)),
        (10, 300_000, slice(10, 300_010)),
        (599_999, 1, slice(599_999, None)),
        (599_000, 5_000, slice(599_000, None)),
        (300_000, None, slice(300_000, None)),
        (-7, None, slice(-7, None)),
        (-700_000, None, slice(0, None)),
    ],
)
async def test_ranges_are_cut_as_http_does(
    store: ObjectStore, tmp_path: Path, offset: int, length: int | None, expected: slice
) -> None:
    data = some_bytes(600_000)
    await store.put_file("k", file_of(tmp_path, data))

    assert await read(store, "k", offset, length) == data[expected]


async def test_a_range_arrives_in_chunks(store: ObjectStore, tmp_path: Path) -> None:
    await store.put_file("k", file_of(tmp_path, some_bytes(600_000)))

    sizes = [len(chunk) async for chunk in store.get_range("k")]

    assert sum(sizes) == 600_000
    assert max(sizes) <= 256 * 1024


async def test_a_range_behind_the_end_is_an_error(store: ObjectStore, tmp_path: Path) -> None:
    await store.put_file("k", file_of(tmp_path, b"12345"))

    with pytest.raises(RangeNotSatisfiable):
        await read(store, "k", 5)


@pytest.mark.parametrize(("offset", "length"), [(0, 0), (0, -1), (-5, 2)])
async def test_a_senseless_range_is_refused_before_asking(
    store: ObjectStore, offset: int, length: int
) -> None:
    with pytest.raises(ValueError, match="no such range"):
        await read(store, "k", offset, length)


async def test_a_missing_object_is_its_own_error(store: ObjectStore) -> None:
    with pytest.raises(ObjectNotFound) as caught:
        await store.stat("no/such")
    with pytest.raises(ObjectNotFound):
        await store.get("no/such")

    assert caught.value.key == "no/such"
    assert not await store.exists("no/such")


async def test_listing_is_by_prefix_and_resumable(store: ObjectStore, tmp_path: Path) -> None:
    path = file_of(tmp_path, b"xyz")
    keys = ["r/door/1.mp4", "r/door/2.mp4", "r/door/sub/3.mp4", "r/gate/1.mp4"]
    for key in keys:
        await store.put_file(key, path)

    listed = [item async for item in store.list("r/door/")]
    later = [item.key async for item in store.list("r/door/", start_after="r/door/1.mp4")]

    assert [item.key for item in listed] == keys[:3]
    assert {item.size for item in listed} == {3}
    assert later == keys[1:3]
    assert [item.key async for item in store.list("nothing/")] == []


async def test_many_objects_are_deleted_in_groups(store: ObjectStore, tmp_path: Path) -> None:
    path = file_of(tmp_path, b"x")
    keys = [f"k/{number:03}" for number in range(120)]
    async with asyncio.TaskGroup() as group:
        for key in keys:
            group.create_task(store.put_file(key, path))

    await store.delete_many([*keys[:119], "k/never-was"])

    assert [item.key async for item in store.list("k/")] == [keys[119]]


async def test_verification_reads_the_content(store: ObjectStore, tmp_path: Path) -> None:
    await store.put_file("file", file_of(tmp_path, b"x"))
    await store.put_stream("stream", pieces(b"x", 1))

    assert await store.verify("file")
    assert not await store.verify("file", hashlib.sha256(b"y").hexdigest())
    assert not await store.verify("stream")
    assert await store.verify("stream", hashlib.sha256(b"x").hexdigest())


async def test_a_missing_bucket_is_reported_or_created(infra: Infra) -> None:
    store = ObjectStore(config_for(infra.s3_endpoint, infra.s3_root, f"new-{uuid.uuid4().hex[:8]}"))

    with pytest.raises(BucketMissing):
        await store.check()
    await asyncio.gather(store.check(create=True), store.check(create=True))
    await store.check()
    await store.aclose()


async def test_a_key_without_rights_is_denied(infra: Infra, tmp_path: Path) -> None:
    reader = ObjectStore(config_for(infra.s3_endpoint, infra.s3_api, infra.shared_bucket))
    stranger = S3User("stranger", "wrong-secret")
    nobody = ObjectStore(config_for(infra.s3_endpoint, stranger, infra.shared_bucket))

    await reader.check()
    with pytest.raises(StoreDenied):
        await reader.put_file("k", file_of(tmp_path, b"x"))
    with pytest.raises(StoreDenied):
        await reader.delete("k")
    with pytest.raises(StoreDenied):
        await nobody.check()
    await reader.aclose()
    await nobody.aclose()


async def test_the_recorder_key_does_all_that_a_recorder_does(infra: Infra, tmp_path: Path) -> None:
    store = ObjectStore(config_for(infra.s3_endpoint, infra.s3_recorder, infra.shared_bucket))
    key = f"recordings/{uuid.uuid4().hex}.mp4"

    await store.check(create=True)
    await store.put_file(key, file_of(tmp_path, some_bytes(11 * MIB)))
    assert (await store.stat(key)).size == 11 * MIB
    assert [item.key async for item in store.list("recordings/")] == [key]
    await store.delete_many([key])

    assert not await store.exists(key)
    await store.aclose()
