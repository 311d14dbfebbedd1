"""Asks in memory, for `libs.bus.testing`."""

import asyncio
from collections.abc import Sequence
from typing import Protocol

from libs.bus.asks import RawAnswer, RawHandler
from libs.bus.errors import BusUnavailable


class _Broker(Protocol):
    def check_online(self) -> None: ...


class MemoryAsks:
    """An AskTransport within one event loop."""

    def __init__(self, broker: _Broker) -> None:
        self._broker = broker
        self._desks: dict[str, list[RawHandler]] = {}

    async def request(self, subject: str, payload: bytes, timeout_seconds: float) -> RawAnswer:
        await asyncio.sleep(0)
        self._broker.check_online()
        desks = self._desks.get(subject)
        if not desks:
            raise BusUnavailable(f"nobody answers on {subject}")
        desks.append(desks.pop(0))  # in turn
        try:
            async with asyncio.timeout(timeout_seconds):
                return await desks[0](subject, payload)
        except TimeoutError as error:
            raise BusUnavailable(f"no answer on {subject}") from error

    async def serve(self, subjects: Sequence[str], handler: RawHandler) -> None:
        for subject in subjects:
            self._desks.setdefault(subject, []).append(handler)
        try:
            await asyncio.Event().wait()
        finally:
            for subject in subjects:
                self._desks[subject].remove(handler)
