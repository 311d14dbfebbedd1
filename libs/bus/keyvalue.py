"""Typed key-value buckets: last values, compare-and-set, and watches that reconcile."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

import structlog
from pydantic import ValidationError

from libs.bus import metrics
from libs.bus.bucket import Bucket, RawChange, remove
from libs.bus.errors import (
    BusError,
    Conflict,
    InvalidPayload,
    UndeclaredMessage,
)
from libs.contracts.messages import Message
from libs.runtime.backoff import Backoff

log = structlog.get_logger()
M = TypeVar("M", bound=Message)


@dataclass(frozen=True)
class Entry(Generic[M]):
    """A value and the revision that a compare-and-set names."""

    key: str
    value: M
    revision: int


class ChangeKind(StrEnum):
    """What a watch says."""

    PUT = "put"
    DELETED = "deleted"
    """Deleted or expired."""
    INVALID = "invalid"
    """There is a value that does not fit the contract; `error` says why."""
    SNAPSHOT_DONE = "snapshot_done"
    """Everything that existed has been told; again after every interruption."""


@dataclass(frozen=True)
class Change(Generic[M]):
    """One step of a watch. Values may be repeated: act on the state, not on the step."""

    key: str
    value: M | None
    revision: int
    kind: ChangeKind = ChangeKind.PUT
    error: str | None = None

    @property
    def is_snapshot_done(self) -> bool:
        """Whether the state is complete from here on."""
        return self.kind is ChangeKind.SNAPSHOT_DONE


class KeyValue(Generic[M]):
    """The bucket of one message class."""

    def __init__(self, bucket: Bucket, model: type[M], *, writable: bool) -> None:
        self._bucket = bucket
        self._model = model
        self._writable = writable

    async def get(self, key: str) -> Entry[M] | None:
        """Return the value; InvalidPayload when it does not fit the contract."""
        raw = await self._bucket.read(key)
        if raw is None or raw.is_marker:
            return None
        return Entry(key, decode_value(self._model, raw.data), raw.revision)

    async def put(self, key: str, value: M, *, ttl_seconds: int = 0) -> int:
        """Store whatever was there before; return the revision.

        With `ttl_seconds` the value is forgotten after that time, unless it is put again.
        """
        headers = {"Nats-TTL": f"{ttl_seconds}s"} if ttl_seconds else None
        return await self._writing().write(key, encode_value(value), headers=headers)

    async def create(self, key: str, value: M) -> int:
        """Store where there is no value; Conflict when there is one."""
        bucket = self._writing()
        try:
            return await bucket.write(key, encode_value(value), expected=0)
        except Conflict:
            raw = await bucket.read(key)
            if raw is not None and not raw.is_marker:
                raise
            expected = 0 if raw is None else raw.revision
            return await bucket.write(key, encode_value(value), expected=expected)

    async def update(self, key: str, value: M, revision: int) -> int:
        """Store when `revision` is the newest; Conflict otherwise."""
        return await self._writing().write(key, encode_value(value), expected=revision)

    async def delete(
        self, key: str, revision: int | None = None, *, marker_ttl_seconds: int = 0
    ) -> None:
        """Delete; with a revision only when it is the newest, Conflict otherwise.

        What says that it was deleted goes after `marker_ttl_seconds` (0: never).
        """
        bucket = self._writing()
        await remove(bucket, key, expected=revision, ttl_seconds=marker_ttl_seconds)

    async def all(self) -> dict[str, Entry[M]]:
        """Return every valid value at one moment."""
        found: dict[str, Entry[M]] = {}
        async with aclosing(self.watch()) as changes:
            async for change in changes:
                if change.is_snapshot_done:
                    break
                if change.value is None:
                    found.pop(change.key, None)
                else:
                    found[change.key] = Entry(change.key, change.value, change.revision)
        return found

    async def keys(self) -> set[str]:
        """Return the keys that have a valid value."""
        return set(await self.all())

    async def watch(self) -> AsyncGenerator[Change[M], None]:
        """Yield every value, SNAPSHOT_DONE, then changes as they come; never ends by itself.

        After an interruption (reconnect, lost consumer, bucket made anew) everything is told
        again, with a deletion for each key that vanished meanwhile, up to SNAPSHOT_DONE.
        """
        known: dict[str, int] = {}
        backoff = Backoff(first_seconds=0.1, max_seconds=5)
        while True:
            await self._bucket.ready()
            try:
                async with aclosing(self._follow(known)) as changes:
                    async for change in changes:
                        backoff.reset()
                        yield change
            except BusError as error:
                log.warning("bus.watch_restarted", bucket=self._bucket.name, reason=str(error))
                metrics.WATCH_RESTARTS.labels(self._bucket.name).inc()
            await asyncio.sleep(backoff.next_seconds())

    async def _follow(self, known: dict[str, int]) -> AsyncGenerator[Change[M], None]:
        missing = set(known)
        async with aclosing(self._bucket.follow()) as raw_changes:
            async for raw in raw_changes:
                if raw is not None:
                    missing.discard(raw.key)
                    told = self._change(raw, known)
                    if told is not None:
                        yield told
                else:
                    for change in self._finish(missing, known):
                        yield change

    def _finish(self, missing: set[str], known: dict[str, int]) -> list[Change[M]]:
        gone = [Change[M](key, None, known.pop(key), ChangeKind.DELETED) for key in sorted(missing)]
        return [*gone, Change[M]("", None, 0, ChangeKind.SNAPSHOT_DONE)]

    def _change(self, raw: RawChange, known: dict[str, int]) -> Change[M] | None:
        key, revision = raw.key, raw.entry.revision
        if raw.entry.is_marker:
            was_known = known.pop(key, None) is not None
            return Change(key, None, revision, ChangeKind.DELETED) if was_known else None
        known[key] = revision
        try:
            return Change(key, decode_value(self._model, raw.entry.data), revision)
        except InvalidPayload as error:
            metrics.INVALID_VALUES.labels(self._bucket.name).inc()
            log.error("bus.value_invalid", bucket=self._bucket.name, key=key, error=error.detail)
            return Change(key, None, revision, ChangeKind.INVALID, error.detail)

    def _writing(self) -> Bucket:
        if not self._writable:
            raise UndeclaredMessage(f"the wiring does not let this service write {self._model}")
        return self._bucket


def encode_value(value: Message) -> bytes:
    """Return a value as it lies in a bucket."""
    return value.model_dump_json(exclude_none=True).encode()


def decode_value(model: type[M], data: bytes) -> M:
    """Return the value of a bucket's bytes; InvalidPayload when they do not fit."""
    try:
        return model.model_validate_json(data)
    except ValidationError as error:
        raise InvalidPayload("invalid_value", describe(error)) from error


def describe(error: ValidationError) -> str:
    """Return what did not fit, without the values, which may be secret."""
    problems = error.errors(include_input=False, include_url=False, include_context=False)
    return "; ".join(f"{'.'.join(map(str, p['loc'])) or 'payload'}: {p['msg']}" for p in problems)
