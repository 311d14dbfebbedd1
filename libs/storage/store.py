"""The object store: put, get, range, list, delete in one bucket, without blocking the loop.

Only calls that every S3 server knows: no versioning, lifecycle, notification or conditional put.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from pathlib import Path
from typing import BinaryIO, TypeVar, cast

import urllib3
from minio import Minio
from minio.datatypes import Object
from minio.deleteobjects import DeleteObject
from minio.error import S3Error
from minio.helpers import DictType
from urllib3.response import BaseHTTPResponse

from libs.storage.body import Body, hang_up
from libs.storage.error_mapping import error_for_code, translated
from libs.storage.errors import BucketMissing, ObjectNotFound, StorageError
from libs.storage.objects import (
    SHA256,
    ListedObject,
    ObjectStat,
    StoredObject,
    decode_metadata,
    encode_metadata,
)
from libs.storage.upload_sources import FileSource, StreamSource
from libs.storage.workers import Workers

T = TypeVar("T")

BINARY = "application/octet-stream"
MIB = 1024 * 1024
# More deletions in flight make the juicefs gateway put them off for an hour.
DELETE_GROUP = 50
LIST_PAGE = 1000


@dataclass(frozen=True, kw_only=True)
class StoreConfig:
    endpoint: str
    """host:port."""
    access_key: str
    secret_key: str = field(repr=False)
    bucket: str
    region: str = "us-east-1"
    """Stated, because asking the server for it costs a request."""
    secure: bool = False
    """HTTPS."""
    uploads: int = 8
    """Files sent at a time."""
    reads: int = 16
    """Reads, lists and deletions at a time."""
    downloads: int = 64
    """Contents open at a time; each holds a connection while its consumer is slow."""
    streams: int = 4
    """Streams of unknown length sent at a time; each waits for its source."""
    connect_seconds: float = 3.0
    read_seconds: float = 30.0
    """Without a byte for this long the server counts as unavailable."""
    part_bytes: int = 5 * MIB
    """Larger files go in parts of this size, one part in memory at a time."""
    stream_part_bytes: int = 8 * MIB
    """Part size of streams; S3 allows 10 000 parts."""


class ObjectStore:
    """One bucket of one S3 server.

    Every method raises from the tree in `libs.storage.errors` and nothing else, but for errors of
    local files and of given streams. Cancelling any of them gives connections back; an upload that
    was under way may still be completed by the server.
    """

    def __init__(self, config: StoreConfig) -> None:
        self.config = config
        self._bucket = config.bucket
        self._uploads = Workers("upload", config.uploads)
        self._streams = Workers("stream", config.streams)
        self._reads = Workers("read", config.reads)
        # Not the pool: waiting for a connection there would take the threads that free one.
        self._downloads = asyncio.Semaphore(config.downloads)
        self._upload_pool = _pool(config, config.uploads + config.streams)
        self._read_pool = _pool(config, config.reads + config.downloads)
        self._uploader = _client(config, self._upload_pool)
        self._reader = _client(config, self._read_pool)

    async def check(self, *, create: bool = False) -> None:
        """Raise BucketMissing, StoreDenied or StoreUnavailable when the bucket is no use."""
        await self._read("", partial(self._check, create=create))

    async def put_file(
        self,
        key: str,
        path: Path,
        *,
        content_type: str = BINARY,
        metadata: Mapping[str, str] | None = None,
        sha256: str | None = None,
    ) -> StoredObject:
        """Upload a finished file.

        Its SHA-256 is stored as user metadata. With `sha256` given, a file that does not match
        raises ContentMismatch and nothing is stored; the same when it changes meanwhile.
        """
        upload = partial(self._put_file, key, path, content_type, metadata or {}, sha256)
        with translated(key):
            return await self._uploads.run(upload)

    async def put_stream(
        self,
        key: str,
        stream: AsyncIterable[bytes],
        *,
        content_type: str = BINARY,
        metadata: Mapping[str, str] | None = None,
    ) -> StoredObject:
        """Upload a stream of unknown length; nothing is stored when it raises.

        The SHA-256 is in the result but not in the metadata, which S3 wants before the content.
        """
        source = StreamSource()
        upload = partial(self._put_stream, key, source, content_type, metadata or {})
        uploading = asyncio.wrap_future(self._streams.submit(upload))
        pumping = asyncio.create_task(source.pump(stream), name=f"upload {key}")
        try:
            await asyncio.wait((uploading, pumping), return_when=asyncio.FIRST_COMPLETED)
            if not pumping.done():  # the store failed first
                pumping.cancel()
            await asyncio.wait((uploading, pumping))
        except asyncio.CancelledError:
            pumping.cancel()
            uploading.cancel()
            raise
        failure = None if pumping.cancelled() else pumping.exception()
        if failure is not None:
            uploading.exception()
            raise failure
        with translated(key):
            return uploading.result()

    async def get(self, key: str) -> bytes:
        """The whole object, in memory: for small ones."""
        return b"".join([chunk async for chunk in self.get_range(key)])

    async def get_range(
        self, key: str, offset: int = 0, length: int | None = None
    ) -> AsyncIterator[bytes]:
        """Bytes from `offset`, in chunks of at most 256 KiB.

        A negative offset counts from the end. A range may reach beyond the end and is cut there;
        one that begins there raises RangeNotSatisfiable. Errors come with the first chunk, so
        have one before promising anything to a client.
        """
        headers = _headers(_range_header(offset, length))
        opening = partial(
            self._reader.get_object,
            bucket_name=self._bucket,
            object_name=key,
            request_headers=headers,
        )
        async with self._downloads:
            response: BaseHTTPResponse = await self._read(key, opening, discard=hang_up)
            body = Body(response, self._reads)
            try:
                while chunk := await body.read(key):
                    yield chunk
            finally:
                body.close()

    async def stat(self, key: str) -> ObjectStat:
        found = await self._read(
            key, partial(self._reader.stat_object, bucket_name=self._bucket, object_name=key)
        )
        return ObjectStat(
            key=key,
            size=found.size or 0,
            etag=found.etag or "",
            content_type=found.content_type or BINARY,
            modified_at=found.last_modified,
            metadata=decode_metadata(found.metadata or {}),
        )

    async def exists(self, key: str) -> bool:
        try:
            await self.stat(key)
        except ObjectNotFound:
            return False
        return True

    async def verify(self, key: str, sha256: str | None = None) -> bool:
        """Read the object and compare with `sha256`, by default the one in its metadata.

        False also when there is nothing to compare with.
        """
        expected = sha256 or (await self.stat(key)).sha256
        digest = hashlib.sha256()
        async for chunk in self.get_range(key):
            digest.update(chunk)
        return digest.hexdigest() == expected

    async def list(self, prefix: str = "", *, start_after: str = "") -> AsyncIterator[ListedObject]:
        """All objects under the prefix; in byte order of keys on most servers, not on all."""
        found = self._reader.list_objects(
            self._bucket, prefix=prefix, recursive=True, start_after=start_after or None
        )
        while page := await self._read(prefix, lambda: list(islice(found, LIST_PAGE))):
            for item in page:
                yield _listed(item)

    async def delete(self, key: str) -> None:
        """Delete one object; no error when it does not exist."""
        await self.delete_many([key])

    async def delete_many(self, keys: Iterable[str]) -> None:
        """Delete in groups; keys that do not exist are no error.

        Tries every group, then raises the first failure, so the rest can be asked for again.
        """
        remaining = iter(keys)
        failure: StorageError | None = None
        while group := list(islice(remaining, DELETE_GROUP)):
            refused = await self._read(group[0], partial(self._delete, group))
            failure = failure or refused
        if failure is not None:
            raise failure

    async def aclose(self) -> None:
        """Begin nothing more and close idle connections."""
        for workers in (self._uploads, self._streams, self._reads):
            workers.close()
        for pool in (self._upload_pool, self._read_pool):
            pool.clear()

    # ---- in worker threads --------------------------------------------------
    async def _read(
        self, key: str, call: Callable[[], T], *, discard: Callable[[T], object] | None = None
    ) -> T:
        with translated(key):
            return await self._reads.run(call, discard=discard)

    def _check(self, *, create: bool) -> None:
        if self._reader.bucket_exists(bucket_name=self._bucket):
            return
        if not create:
            raise BucketMissing(f"bucket {self._bucket!r} does not exist")
        _make_bucket(self._reader, self._bucket)

    def _put_file(
        self,
        key: str,
        path: Path,
        content_type: str,
        metadata: Mapping[str, str],
        sha256: str | None,
    ) -> StoredObject:
        with path.open("rb") as stream:
            size = path.stat().st_size
            source = FileSource(stream, size=size, sha256=sha256, key=key)
            # The client hashes what it sends, to sign it: a third time would tell nothing more.
            digest = sha256 or source.hash_ahead()
            written = self._uploader.put_object(
                bucket_name=self._bucket,
                object_name=key,
                data=cast(BinaryIO, source),
                length=size,
                content_type=content_type,
                metadata=_headers(encode_metadata({**metadata, SHA256: digest})),
                part_size=self.config.part_bytes,
                num_parallel_uploads=1,
            )
        return StoredObject(key=key, size=size, etag=written.etag or "", sha256=digest)

    def _put_stream(
        self, key: str, source: StreamSource, content_type: str, metadata: Mapping[str, str]
    ) -> StoredObject:
        written = self._uploader.put_object(
            bucket_name=self._bucket,
            object_name=key,
            data=cast(BinaryIO, source),
            length=-1,
            content_type=content_type,
            metadata=_headers(encode_metadata(metadata)),
            part_size=self.config.stream_part_bytes,
            num_parallel_uploads=1,
        )
        return StoredObject(
            key=key, size=source.size, etag=written.etag or "", sha256=source.sha256
        )

    def _delete(self, keys: Sequence[str]) -> StorageError | None:
        failures = self._reader.remove_objects(
            bucket_name=self._bucket, delete_object_list=[DeleteObject(key) for key in keys]
        )
        errors = [
            error_for_code(item.code or "", item.message or "", item.name or "")
            for item in failures
        ]
        return next((e for e in errors if not isinstance(e, ObjectNotFound)), None)


def _pool(config: StoreConfig, connections: int) -> urllib3.PoolManager:
    return urllib3.PoolManager(
        maxsize=connections,
        # Enough for a connection that the server closed while idle; callers have their own
        # back-off, and more would multiply the time that a hanging server costs.
        retries=urllib3.Retry(total=1, backoff_factor=0.2),
        timeout=urllib3.Timeout(connect=config.connect_seconds, read=config.read_seconds),
    )


def _client(config: StoreConfig, pool: urllib3.PoolManager) -> Minio:
    return Minio(
        config.endpoint,
        access_key=config.access_key,
        secret_key=config.secret_key,
        secure=config.secure,
        region=config.region,
        http_client=pool,
    )


def _make_bucket(client: Minio, bucket: str) -> None:
    try:
        client.make_bucket(bucket_name=bucket)
    except S3Error as error:
        if error.code not in {"BucketAlreadyOwnedByYou", "BucketAlreadyExists"}:
            raise  # another service was not merely faster


def _headers(entries: Mapping[str, str]) -> DictType:
    return dict(entries.items())


def _range_header(offset: int, length: int | None) -> dict[str, str]:
    if length is not None and (length < 1 or offset < 0):
        raise ValueError(f"no such range: offset {offset}, length {length}")
    if offset < 0:
        return {"Range": f"bytes={offset}"}
    if length is not None:
        return {"Range": f"bytes={offset}-{offset + length - 1}"}
    return {"Range": f"bytes={offset}-"} if offset else {}


def _listed(item: Object) -> ListedObject:
    return ListedObject(
        key=item.object_name or "",
        size=item.size or 0,
        etag=(item.etag or "").strip('"'),
        modified_at=item.last_modified,
    )
