"""Last values on their way to a bucket: only the newest of each key waits while the bus is away."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

import structlog

from libs.bus.errors import BusError, BusUnavailable
from libs.bus.keyvalue import KeyValue
from libs.contracts.messages import Message
from libs.runtime.backoff import Backoff
from services.discovery import metrics

log = structlog.get_logger()
M = TypeVar("M", bound=Message)


async def _nothing(_: M) -> None:
    return


class LatestValues(Generic[M]):
    """Takes values at once and writes them as soon as that is possible.

    `before` is done ahead of each write, for example an event that must not get lost when the
    value is stored; it may be repeated.
    """

    def __init__(
        self, kv: KeyValue[M], *, bucket: str, before: Callable[[M], Awaitable[None]] = _nothing
    ) -> None:
        self._kv = kv
        self._bucket = bucket
        self._before = before
        self._waiting: dict[str, M | None] = {}
        self._something = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()

    def put(self, key: str, value: M) -> None:
        """Store a value soon, in place of one that still waits."""
        self._add(key, value)

    def delete(self, key: str) -> None:
        """Delete a value soon."""
        self._add(key, None)

    async def wait_idle(self) -> None:
        """Return when everything is written."""
        await self._idle.wait()

    async def run(self) -> None:
        """Write until cancelled."""
        backoff = Backoff(first_seconds=0.2, max_seconds=5)
        while True:
            await self._something.wait()
            self._something.clear()
            while self._waiting:
                key = next(iter(self._waiting))
                value = self._waiting.pop(key)
                try:
                    await self._write(key, value)
                    backoff.reset()
                except BusUnavailable as error:
                    self._waiting.setdefault(key, value)
                    metrics.LATE_WRITES.labels(self._bucket).inc()
                    log.warning("value.not_written", bucket=self._bucket, reason=str(error))
                    await asyncio.sleep(backoff.next_seconds())
                except BusError as error:
                    # for example too large: trying again would not help, and others wait
                    log.error("value.refused", bucket=self._bucket, key=key, reason=str(error))
            if not self._waiting:
                self._idle.set()

    async def _write(self, key: str, value: M | None) -> None:
        if value is None:
            await self._kv.delete(key)
            return
        await self._before(value)
        await self._kv.put(key, value)

    def _add(self, key: str, value: M | None) -> None:
        self._waiting[key] = value
        self._idle.clear()
        self._something.set()
