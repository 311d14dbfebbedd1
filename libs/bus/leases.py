"""Leases: keys that belong to one holder and vanish when it stops renewing them.

The client library's own key-value calls can neither renew a TTL nor cope with the marker that an
expired key leaves, so these are plain publishes: `Nats-TTL` makes the server forget the key, and
`Nats-Expected-Last-Subject-Sequence` lets exactly one of several writers through. The revision
of the first acquisition is the fencing epoch; it grows with every new holder.
"""

import uuid
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Generic, TypeVar

from libs.bus.bucket import Bucket, RawEntry, remove
from libs.bus.errors import Conflict, InvalidPayload, LeaseLost
from libs.bus.keyvalue import KeyValue, decode_value, encode_value
from libs.bus.topology import MARKER_TTL_SECONDS
from libs.contracts.messages import Message

M = TypeVar("M", bound=Message)

_HOLDER = "Everframe-Holder"
_ROUNDS = 4


@dataclass(frozen=True)
class LeaseChange(Generic[M]):
    """Who holds a key now. With `is_snapshot_done` every held key has been told."""

    key: str
    holder: M | None
    """None when released or expired."""
    revision: int
    is_snapshot_done: bool = False


class Leases(Generic[M]):
    """Leases of one bucket, as held by this instance of it.

    The TTL is in whole seconds, at least 1: the server counts no finer.
    """

    def __init__(
        self, bucket: Bucket, model: type[M], view: KeyValue[M], *, ttl_seconds: int
    ) -> None:
        self._bucket = bucket
        self._model = model
        self._view = view
        self._ttl_seconds = max(1, int(ttl_seconds))
        self._holder = uuid.uuid4().hex

    async def acquire(self, key: str, value: M) -> int | None:
        """Take a free key; return its epoch, None when somebody else holds it.

        A key held under an equal value counts as free: it is what this instance left behind when
        it was killed. So instance names must be unique. Raises BusUnavailable.
        """
        expected = 0
        for _ in range(_ROUNDS):
            try:
                return await self._write(key, value, expected)
            except Conflict:
                current = await self._bucket.read(key)
            if current is not None and not self._is_free_for(current, value):
                return None
            expected = 0 if current is None else current.revision
        return None  # others were faster every time

    async def renew(self, key: str, value: M, revision: int) -> int:
        """Prolong and return the new revision; the epoch stays that of `acquire`.

        LeaseLost: somebody else holds it. BusUnavailable: unknown, go on and try again. A lease
        that expired while the bus was away and that nobody took is simply taken again.
        """
        for _ in range(_ROUNDS):
            try:
                return await self._write(key, value, revision)
            except Conflict:
                current = await self._bucket.read(key)
            if current is None:
                revision = 0
            elif current.is_marker or self._is_own(current):
                # Our own when an earlier renewal arrived but its answer did not.
                revision = current.revision
            else:
                break
        raise LeaseLost(f"{key} of bucket {self._bucket.name} is held by somebody else")

    async def release(self, key: str, revision: int) -> None:
        """Let others have the key at once; nothing happens when it is no longer ours."""
        for _ in range(_ROUNDS):
            try:
                await remove(self._bucket, key, expected=revision, ttl_seconds=MARKER_TTL_SECONDS)
                return
            except Conflict:
                current = await self._bucket.read(key)
            if current is None or current.is_marker or not self._is_own(current):
                return
            revision = current.revision

    async def watch(self) -> AsyncGenerator[LeaseChange[M], None]:
        """Yield every held key, `is_snapshot_done`, then changes; never ends by itself."""
        async with aclosing(self._view.watch()) as changes:
            async for change in changes:
                yield LeaseChange(
                    change.key, change.value, change.revision, change.is_snapshot_done
                )

    async def _write(self, key: str, value: M, expected: int) -> int:
        headers = {"Nats-TTL": f"{self._ttl_seconds}s", _HOLDER: self._holder}
        return await self._bucket.write(
            key, encode_value(value), expected=expected, headers=headers
        )

    def _is_free_for(self, current: RawEntry, value: M) -> bool:
        if current.is_marker or self._is_own(current):
            return True
        try:
            return decode_value(self._model, current.data) == value
        except InvalidPayload:
            return False  # it will expire

    def _is_own(self, current: RawEntry) -> bool:
        return current.headers.get(_HOLDER) == self._holder
