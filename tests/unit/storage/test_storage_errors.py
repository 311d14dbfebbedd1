import hashlib
import io
import os
from pathlib import Path

import pytest
from minio.error import InvalidResponseError, S3Error, ServerError
from urllib3 import HTTPResponse
from urllib3.exceptions import MaxRetryError, ProtocolError

from libs.storage.error_mapping import error_for_code, translated
from libs.storage.errors import (
    BucketMissing,
    ContentMismatch,
    ObjectNotFound,
    RangeNotSatisfiable,
    StorageError,
    StoreDenied,
    StoreFull,
    StoreRefused,
    StoreUnavailable,
)
from libs.storage.objects import decode_metadata, encode_metadata
from libs.storage.provision import policy_document
from libs.storage.store import StoreConfig
from libs.storage.testing import MemoryObjectStore
from libs.storage.upload_sources import FileSource


def s3_error(code: str, status: int, message: str = "") -> S3Error:
    return S3Error(HTTPResponse(status=status), code, message, "/b/k", "1", "1")


@pytest.mark.parametrize(
    ("foreign", "ours"),
    [
        (s3_error("NoSuchKey", 404), ObjectNotFound),
        (s3_error("NoSuchBucket", 404), BucketMissing),
        (s3_error("InvalidRange", 416), RangeNotSatisfiable),
        (s3_error("AccessDenied", 403), StoreDenied),
        (s3_error("SignatureDoesNotMatch", 403), StoreDenied),
        (s3_error("XMinioStorageFull", 507), StoreFull),
        (s3_error("SomethingNew", 507), StoreFull),
        (s3_error("InternalError", 500, "write: no space left on device"), StoreFull),
        (s3_error("InternalError", 500, "Disk quota exceeded"), StoreFull),
        (s3_error("InternalError", 500, "please try again"), StoreUnavailable),
        (s3_error("SlowDown", 503), StoreUnavailable),
        (s3_error("TooManyRequests", 429), StoreUnavailable),
        (s3_error("EntityTooLarge", 400), StoreRefused),
        (ServerError("server failed", 502), StoreUnavailable),
        (ServerError("server failed", 507), StoreFull),
        (ServerError("server failed", 418), StoreRefused),
        (InvalidResponseError(502, "text/html", "Bad Gateway"), StoreUnavailable),
        (InvalidResponseError(200, "text/html", "a login page"), StoreRefused),
        (MaxRetryError(None, "/", None), StoreUnavailable),  # type: ignore[arg-type]  # no pool here
        (ProtocolError("connection broken"), StoreUnavailable),
    ],
)
def test_every_foreign_error_becomes_one_of_ours(
    foreign: Exception, ours: type[StorageError]
) -> None:
    with pytest.raises(StorageError) as caught, translated("a/b"):
        raise foreign

    assert type(caught.value) is ours
    assert caught.value.key == "a/b"
    assert "a/b" in str(caught.value)
    assert caught.value.__cause__ is foreign


def test_errors_of_local_files_pass() -> None:
    with pytest.raises(FileNotFoundError), translated("k"):
        raise FileNotFoundError


def test_a_batch_entry_has_the_same_errors() -> None:
    assert type(error_for_code("AccessDenied", "no", "k")) is StoreDenied
    assert type(error_for_code("InternalError", "no", "k")) is StoreUnavailable


def test_metadata_survives_as_ascii_headers() -> None:
    metadata = {"title": "Tür  門 100%\r\n", "plain": "a/b?c=d;e"}

    encoded = encode_metadata(metadata)

    assert all(value.isascii() and value.isprintable() for value in encoded.values())
    assert encoded["plain"] == "a/b?c=d;e"
    headers = {f"X-Amz-Meta-{name.title()}": value for name, value in encoded.items()}
    assert decode_metadata({**headers, "Content-Length": "3"}) == metadata


def test_a_file_that_shrinks_while_it_is_read_is_refused() -> None:
    digest = hashlib.sha256(b"12345").hexdigest()
    source = FileSource(io.BytesIO(b"123"), size=5, sha256=digest, key="k")

    assert source.read(3) == b"123"
    with pytest.raises(ContentMismatch, match="became shorter"):
        source.read(2)


def test_a_file_that_changed_is_refused_before_its_last_bytes_leave() -> None:
    digest = hashlib.sha256(b"12345").hexdigest()
    source = FileSource(io.BytesIO(b"12X45"), size=5, sha256=digest, key="k")

    assert source.read(4) == b"12X4"
    with pytest.raises(ContentMismatch, match="does not match"):
        source.read(1)


def test_a_file_without_a_promised_hash_is_refused_when_it_changes_between_the_readings(
    tmp_path: Path,
) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"12345")
    with path.open("rb") as stream:
        source = FileSource(stream, size=5, sha256=None, key="k")
        assert source.hash_ahead() == hashlib.sha256(b"12345").hexdigest()
        assert source.read(4) == b"1234"
        os.utime(path, ns=(0, 0))

        with pytest.raises(ContentMismatch, match="does not match"):
            source.read(1)


def test_a_file_that_grows_before_it_is_hashed_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"123456")
    with path.open("rb") as stream:
        source = FileSource(stream, size=5, sha256=None, key="k")
        source.hash_ahead()

        with pytest.raises(ContentMismatch, match="does not match"):
            source.read(5)


def test_a_reader_may_not_write() -> None:
    reader = str(policy_document("everframe", can_write=False))
    writer = str(policy_document("everframe", can_write=True))

    assert "PutObject" not in reader
    assert "DeleteObject" not in reader
    assert "s3:*" not in reader + writer


def test_the_secret_key_does_not_show() -> None:
    config = StoreConfig(endpoint="s3:1", access_key="a", secret_key="hidden-one", bucket="b")

    assert "hidden-one" not in repr(config)


async def test_the_fake_can_fail_and_fill_up(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"12345")
    store = MemoryObjectStore(capacity_bytes=8)
    await store.put_file("a", path)

    with pytest.raises(StoreFull):
        await store.put_file("b", path)
    await store.put_file("a", path)
    store.failure = StoreUnavailable("away")
    with pytest.raises(StoreUnavailable, match="away"):
        await store.stat("a")
    store.failure = None

    assert (await store.stat("a")).size == 5
