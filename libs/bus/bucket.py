"""Bytes in a key-value bucket: reading and compare-and-set, with the server's markers understood.

A key that was deleted or has expired leaves a marker message, and a compare-and-set must name
the marker's revision. The client library knows only its own kind of marker, hence this module.
"""

import re
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any, Protocol

from nats.js import api

from libs.bus.connection import Connection
from libs.bus.errors import Permanent, TopologyDrift
from libs.bus.reader import ReaderBroken, StreamReader
from libs.bus.topology import bucket_stream

_KEY = re.compile(r"^[-/_=a-zA-Z0-9]+(\.[-/_=a-zA-Z0-9]+)*$")
_OPERATION = "KV-Operation"
_MARKER = "Nats-Marker-Reason"  # nats-server 2.11: MaxAge, Purge, Remove


@dataclass(frozen=True)
class RawEntry:
    """The newest message under a key; a marker when the key was deleted or has expired."""

    revision: int
    data: bytes
    headers: dict[str, str]

    @property
    def is_marker(self) -> bool:
        """Whether this says that there is no value."""
        return is_marker(self.headers)


def is_marker(headers: dict[str, Any] | None) -> bool:
    """Whether a message says that its key has no value."""
    return bool(headers) and (_OPERATION in (headers or {}) or _MARKER in (headers or {}))


@dataclass(frozen=True)
class RawChange:
    """A message under a key, as a follower sees it."""

    key: str
    entry: RawEntry


class Bucket(Protocol):
    """One bucket, untyped; what values, watches and leases stand on."""

    name: str

    async def read(self, key: str) -> RawEntry | None:
        """Return the newest message under `key`, which may be a marker."""

    async def write(
        self,
        key: str,
        data: bytes,
        *,
        expected: int | None = None,
        headers: dict[str, str] | None = None,
    ) -> int:
        """Store `data` and return its revision.

        `expected` is the revision that must be the newest, 0 for none; Conflict otherwise.
        """

    def follow(self) -> AsyncGenerator[RawChange | None, None]:
        """Yield the newest message of every key, None when all is told, then new messages.

        Raises BusError when something may have been missed; begin again then.
        """

    async def ready(self) -> None:
        """Return when it is worth trying."""


async def remove(
    bucket: Bucket, key: str, *, expected: int | None = None, ttl_seconds: int = 0
) -> int:
    """Replace the value by a marker, which itself goes after `ttl_seconds` (0: never)."""
    headers = {_OPERATION: "PURGE", "Nats-Rollup": "sub"}
    if ttl_seconds:
        headers["Nats-TTL"] = f"{ttl_seconds}s"
    return await bucket.write(key, b"", expected=expected, headers=headers)


def check_key(key: str) -> None:
    """Raise Permanent for what is no key: it would be another subject."""
    if not _KEY.match(key):
        raise Permanent(f"not a key: {key!r}")


class JetStreamBucket:
    """A bucket on the server."""

    def __init__(
        self, connection: Connection, name: str, *, heartbeat_seconds: float = 2.0
    ) -> None:
        self.name = name
        self._stream = bucket_stream(name)
        self._prefix = f"$KV.{name}."
        self._connection = connection
        self._heartbeat_seconds = heartbeat_seconds

    async def ready(self) -> None:
        await self._connection.wait_connected()

    async def read(self, key: str) -> RawEntry | None:
        subject = self._subject(key)
        request = f"$JS.API.STREAM.MSG.GET.{self._stream}"
        connection = self._connection
        try:
            found = await connection.call(
                request, lambda: connection.js.get_msg(self._stream, subject=subject)
            )
        except TopologyDrift as error:
            if "no message found" in str(error).lower():
                return None
            raise
        return RawEntry(found.seq or 0, found.data or b"", dict(found.headers or {}))

    async def write(
        self,
        key: str,
        data: bytes,
        *,
        expected: int | None = None,
        headers: dict[str, str] | None = None,
    ) -> int:
        subject = self._subject(key)
        all_headers: dict[str, Any] = dict(headers or {})
        if expected is not None:
            all_headers[api.Header.EXPECTED_LAST_SUBJECT_SEQUENCE.value] = str(expected)
        connection = self._connection
        ack = await connection.call(
            subject,
            lambda: connection.js.publish(subject, data, stream=self._stream, headers=all_headers),
        )
        return ack.seq

    async def follow(self) -> AsyncGenerator[RawChange | None, None]:
        reader = StreamReader(
            self._connection,
            self._stream,
            deliver=api.ConsumerConfig(
                deliver_policy=api.DeliverPolicy.LAST_PER_SUBJECT,
                filter_subject=f"{self._prefix}>",
            ),
            heartbeat_seconds=self._heartbeat_seconds,
        )
        try:
            complete = not await reader.start()
            if complete:
                yield None
            while True:
                message = await reader.next()
                if message is None:
                    if not complete:
                        raise ReaderBroken("the snapshot stopped short")
                    continue
                meta = message.metadata
                entry = RawEntry(meta.sequence.stream, message.data, dict(message.headers or {}))
                yield RawChange(message.subject.removeprefix(self._prefix), entry)
                if not complete and meta.num_pending == 0:
                    complete = True
                    yield None
        finally:
            await reader.stop()

    def _subject(self, key: str) -> str:
        check_key(key)
        return self._prefix + key
