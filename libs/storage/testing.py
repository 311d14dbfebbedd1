"""An object store in memory for unit tests; the suite of the real one runs against it too."""

import hashlib
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from libs.storage.body import CHUNK_BYTES
from libs.storage.errors import (
    ContentMismatch,
    ObjectNotFound,
    RangeNotSatisfiable,
    StorageError,
    StoreFull,
)
from libs.storage.objects import SHA256, ListedObject, ObjectStat, StoredObject
from libs.storage.store import BINARY, ObjectStore


class MemoryObjectStore(ObjectStore):
    """Takes the place of `ObjectStore`.

    Set `failure` to make every call raise it, for instance StoreUnavailable, and None to recover;
    `capacity_bytes` makes uploads beyond it raise StoreFull.
    """

    def __init__(self, *, capacity_bytes: int | None = None) -> None:
        self.capacity_bytes = capacity_bytes
        self.failure: StorageError | None = None
        self.contents: dict[str, bytes] = {}
        self.stats: dict[str, ObjectStat] = {}

    async def check(self, *, create: bool = False) -> None:  # noqa: ARG002  # it always exists
        self._fail_if_told()

    async def put_file(
        self,
        key: str,
        path: Path,
        *,
        content_type: str = BINARY,
        metadata: Mapping[str, str] | None = None,
        sha256: str | None = None,
    ) -> StoredObject:
        data = path.read_bytes()
        digest = hashlib.sha256(data).hexdigest()
        if sha256 not in {None, digest}:
            raise ContentMismatch(f"{key}: the file does not match its SHA-256", key=key)
        return self._put(key, data, content_type, {**(metadata or {}), SHA256: digest})

    async def put_stream(
        self,
        key: str,
        stream: AsyncIterable[bytes],
        *,
        content_type: str = BINARY,
        metadata: Mapping[str, str] | None = None,
    ) -> StoredObject:
        data = b"".join([bytes(chunk) async for chunk in stream])
        return self._put(key, data, content_type, metadata or {})

    async def get_range(
        self, key: str, offset: int = 0, length: int | None = None
    ) -> AsyncIterator[bytes]:
        if length is not None and (length < 1 or offset < 0):
            raise ValueError(f"no such range: offset {offset}, length {length}")
        size = (await self.stat(key)).size
        start = max(0, size + offset) if offset < 0 else offset
        if offset and start >= size:
            raise RangeNotSatisfiable(f"object {key!r} has {size} bytes", key=key)
        end = size if length is None else min(size, start + length)
        data = self.contents[key]
        for position in range(start, end, CHUNK_BYTES):
            self._fail_if_told()
            yield data[position : min(end, position + CHUNK_BYTES)]

    async def stat(self, key: str) -> ObjectStat:
        self._fail_if_told()
        if key not in self.stats:
            raise ObjectNotFound(f"object {key!r}: NoSuchKey", key=key)
        return self.stats[key]

    async def list(self, prefix: str = "", *, start_after: str = "") -> AsyncIterator[ListedObject]:
        self._fail_if_told()
        for key in sorted(self.stats):
            if key.startswith(prefix) and key > start_after:
                stat = self.stats[key]
                yield ListedObject(key, stat.size, stat.etag, stat.modified_at)

    async def delete_many(self, keys: Iterable[str]) -> None:
        self._fail_if_told()
        for key in keys:
            self.contents.pop(key, None)
            self.stats.pop(key, None)

    async def aclose(self) -> None:
        pass

    def _put(
        self, key: str, data: bytes, content_type: str, metadata: Mapping[str, str]
    ) -> StoredObject:
        self._fail_if_told()
        used = sum(len(other) for name, other in self.contents.items() if name != key)
        if self.capacity_bytes is not None and used + len(data) > self.capacity_bytes:
            raise StoreFull(f"object {key!r}: no space left", key=key)
        etag = hashlib.md5(data, usedforsecurity=False).hexdigest()
        self.contents[key] = data
        self.stats[key] = ObjectStat(
            key=key,
            size=len(data),
            etag=etag,
            content_type=content_type,
            modified_at=datetime.now(UTC),
            metadata={name.lower(): value for name, value in metadata.items()},
        )
        digest = hashlib.sha256(data).hexdigest()
        return StoredObject(key=key, size=len(data), etag=etag, sha256=digest)

    def _fail_if_told(self) -> None:
        if self.failure is not None:
            raise self.failure
