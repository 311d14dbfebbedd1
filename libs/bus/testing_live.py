"""The live stream in memory, for `FakeBroker`. Parts go by number only, never by age."""

import asyncio
from collections import defaultdict, deque
from collections.abc import AsyncGenerator, Mapping
from typing import TYPE_CHECKING

from libs.bus.errors import BusUnavailable, Conflict, Permanent
from libs.bus.live import RawPart
from libs.bus.topology import LIVE_PARTS

if TYPE_CHECKING:
    from libs.bus.testing import FakeBroker

MAX_PAYLOAD = 8 * 1024 * 1024


class MemoryLive:
    """A LiveStore in memory."""

    def __init__(self, broker: "FakeBroker") -> None:
        self._broker = broker
        self._kept: defaultdict[str, deque[RawPart]] = defaultdict(self._window)
        self._seq = 0
        self._interruptions = 0

    async def ready(self) -> None:
        await self._broker.online.wait()

    async def publish(
        self, subject: str, payload: bytes, headers: Mapping[str, str], *, expected_seq: int
    ) -> int:
        await asyncio.sleep(0)
        self._broker.check_online()
        if len(payload) > MAX_PAYLOAD:
            raise Permanent(f"{subject}: {len(payload)} bytes, and the fake takes {MAX_PAYLOAD}")
        kept = self._kept[subject]
        newest = kept[-1].seq if kept else 0
        if expected_seq != newest:
            raise Conflict(f"{subject}: the newest part is {newest}, not {expected_seq}")
        return self.store(subject, payload, headers)

    async def last(self, subject: str) -> RawPart | None:
        await asyncio.sleep(0)
        self._broker.check_online()
        kept = self._kept[subject]
        return kept[-1] if kept else None

    async def follow(self, subject: str) -> AsyncGenerator[RawPart | None, None]:
        self._broker.check_online()
        begun, position, complete = self._interruptions, 0, False
        while True:
            if begun != self._interruptions:
                raise BusUnavailable("the fake bus was interrupted")
            later = next((part for part in self._kept[subject] if part.seq > position), None)
            if later is not None:
                position = later.seq
                yield later
            elif not complete:
                complete = True
                yield None
            else:
                await self._broker.changed()

    def store(self, subject: str, payload: bytes, headers: Mapping[str, str]) -> int:
        """Append whatever it is and return its sequence."""
        self._seq += 1
        self._kept[subject].append(RawPart(self._seq, dict(headers), payload))
        self._broker.wake()
        return self._seq

    def interrupt(self) -> None:
        """Break every follower off."""
        self._interruptions += 1
        self._broker.wake()

    def lose(self) -> None:
        """Forget everything, as a restart of the server does."""
        self._kept.clear()
        self._seq = 0
        self.interrupt()

    @staticmethod
    def _window() -> deque[RawPart]:
        return deque(maxlen=LIVE_PARTS)
