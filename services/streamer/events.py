"""Who watched what, on its way to the bus: soon, but never in a viewer's way."""

import asyncio
from collections import deque

import structlog

from libs.bus.client import Bus
from libs.bus.errors import BusUnavailable, Permanent
from libs.contracts.live import ViewingStarted, ViewingStopped
from services.streamer import metrics

log = structlog.get_logger()

MOST_WAITING = 1000


class ViewingEvents:
    """At most MOST_WAITING events wait while the bus is away; then the oldest goes, counted."""

    def __init__(self, limit: int = MOST_WAITING) -> None:
        self._waiting: deque[ViewingStarted | ViewingStopped] = deque()
        self._limit = limit
        self._added = asyncio.Event()
        self._empty = asyncio.Event()
        self._empty.set()

    def put(self, event: ViewingStarted | ViewingStopped) -> None:
        """Publish it when possible; never blocks."""
        if len(self._waiting) >= self._limit:
            self._waiting.popleft()
            metrics.DROPPED_EVENTS.inc()
        self._waiting.append(event)
        self._added.set()
        self._empty.clear()

    async def run_once(self, bus: Bus) -> None:
        """Publish in order until cancelled; raises BusUnavailable, and goes on when run again."""
        while True:
            while self._waiting:
                event = self._waiting[0]
                await self._publish(bus, event)
                if self._waiting and self._waiting[0] is event:
                    self._waiting.popleft()
            self._empty.set()
            self._added.clear()
            await self._added.wait()

    async def wait_empty(self) -> None:
        """Return when everything is published."""
        await self._empty.wait()

    async def _publish(self, bus: Bus, event: ViewingStarted | ViewingStopped) -> None:
        try:
            await bus.publish(event)
        except BusUnavailable:
            raise
        except Permanent as error:
            log.error("viewing.event_refused", event_id=event.event_id, reason=str(error))
