"""What the S3 client reads from while it uploads: a file or an asynchronous stream."""

import asyncio
import hashlib
import os
from collections.abc import AsyncIterable
from io import BufferedIOBase
from queue import SimpleQueue

from libs.storage.errors import ContentMismatch

PENDING_CHUNKS = 4


class FileSource:
    """A finished file that is checked while it is read.

    Raises ContentMismatch before handing out the last bytes when the file is shorter than
    `size` or its hash is not `sha256`; so an upload of it never becomes visible. Without
    `sha256` its size and the time of its last change tell whether it is still the same.
    """

    def __init__(self, stream: BufferedIOBase, *, size: int, sha256: str | None, key: str) -> None:
        self._stream = stream
        self._missing = size
        self._sha256 = sha256
        self._key = key
        self._hash = hashlib.sha256()
        self._state = (size, _state(stream)[1]) if sha256 is None else None

    def hash_ahead(self) -> str:
        """Read the file once before it is read for the upload; return its SHA-256."""
        digest = hashlib.file_digest(self._stream, "sha256").hexdigest()
        self._stream.seek(0)
        return digest

    def read(self, size: int) -> bytes:
        data = self._stream.read(min(size, self._missing))
        if self._sha256 is not None:
            self._hash.update(data)
        self._missing -= len(data)
        if not data and self._missing:
            raise ContentMismatch(f"{self._key}: the file became shorter", key=self._key)
        if not self._missing and not self._is_unchanged():
            raise ContentMismatch(
                f"{self._key}: the file does not match its SHA-256", key=self._key
            )
        return data

    def _is_unchanged(self) -> bool:
        if self._sha256 is None:
            return _state(self._stream) == self._state
        return self._hash.hexdigest() == self._sha256


def _state(file: BufferedIOBase) -> tuple[int, int]:
    found = os.fstat(file.fileno())
    return found.st_size, found.st_mtime_ns


class StreamAborted(Exception):
    """Ends the client's upload, which then removes the parts it sent; never leaves this library."""


class StreamSource:
    """Carries an asynchronous stream into the thread that uploads it.

    At most `PENDING_CHUNKS` chunks wait in between; a slow store slows the stream down.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._slots = asyncio.Semaphore(PENDING_CHUNKS)
        self._chunks: SimpleQueue[bytes | type[StreamAborted] | None] = SimpleQueue()
        self._rest = memoryview(b"")
        self._is_ended = False
        self._hash = hashlib.sha256()
        self.size = 0

    @property
    def sha256(self) -> str:
        return self._hash.hexdigest()

    async def pump(self, stream: AsyncIterable[bytes]) -> None:
        """Feed the whole stream; when this fails or is cancelled, the upload is aborted."""
        end: type[StreamAborted] | None = StreamAborted
        try:
            async for chunk in stream:
                await self._slots.acquire()
                self._chunks.put(chunk)
            end = None
        finally:
            self._chunks.put(end)

    def read(self, size: int) -> bytes:
        """Called in the uploading thread: `size` bytes, fewer only at the end."""
        buffer = bytearray()
        while len(buffer) < size and self._has_more():
            taken = self._rest[: size - len(buffer)]
            self._rest = self._rest[len(taken) :]
            buffer += taken
        data = bytes(buffer)
        self._hash.update(data)
        self.size += len(data)
        return data

    def _has_more(self) -> bool:
        while not self._rest and not self._is_ended:
            chunk = self._chunks.get()
            if chunk is None:
                self._is_ended = True
            elif isinstance(chunk, type):
                raise chunk
            else:
                self._rest = memoryview(chunk)
                self._loop.call_soon_threadsafe(self._slots.release)
        return bool(self._rest)
