"""Bytes in a key-value bucket: reading and compare-and-set, with the server's markers understood.

A key that was deleted or has expired leaves a marker message, and a compare-and-set must name
the marker's revision. The client library knows only its own kind of marker, hence this module.
"""

import re
from dataclasses import dataclass
from typing import Any

from nats.js import api

from libs.bus.connection import Connection
from libs.bus.errors import Permanent, TopologyDrift
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


class Bucket:
    """One bucket, untyped."""

    def __init__(self, connection: Connection, name: str) -> None:
        self.name = name
        self.stream = bucket_stream(name)
        self.prefix = f"$KV.{name}."
        self.connection = connection

    async def read(self, key: str) -> RawEntry | None:
        """Return the newest message under `key`, which may be a marker."""
        subject = self._subject(key)
        request = f"$JS.API.STREAM.MSG.GET.{self.stream}"
        connection = self.connection
        try:
            found = await connection.call(
                request, lambda: connection.js.get_msg(self.stream, subject=subject)
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
        """Store `data` and return its revision.

        `expected` is the revision that must be the newest, 0 for none; Conflict otherwise.
        """
        subject = self._subject(key)
        all_headers: dict[str, Any] = dict(headers or {})
        if expected is not None:
            all_headers[api.Header.EXPECTED_LAST_SUBJECT_SEQUENCE.value] = str(expected)
        connection = self.connection
        ack = await connection.call(
            subject,
            lambda: connection.js.publish(subject, data, stream=self.stream, headers=all_headers),
        )
        return ack.seq

    async def remove(self, key: str, *, expected: int | None = None, ttl_seconds: int = 0) -> int:
        """Replace the value by a marker, which itself goes after `ttl_seconds` (0: never)."""
        headers = {_OPERATION: "PURGE", "Nats-Rollup": "sub"}
        if ttl_seconds:
            headers["Nats-TTL"] = f"{ttl_seconds}s"
        return await self.write(key, b"", expected=expected, headers=headers)

    def _subject(self, key: str) -> str:
        if not _KEY.match(key):
            raise Permanent(f"not a key: {key!r}")
        return self.prefix + key
