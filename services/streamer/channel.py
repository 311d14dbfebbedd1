"""One watched rendition: its parts are followed and kept, and whoever waits for one is woken."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from contextlib import aclosing, contextmanager
from dataclasses import dataclass
from typing import Any, Literal

from libs.bus.client import Bus
from libs.bus.live import LiveMessage
from libs.contracts.ids import CameraId, Site
from libs.contracts.live import Demand, Rendition
from libs.runtime.clock import Clock
from libs.runtime.service import supervise
from services.streamer import metrics
from services.streamer.demand import hold_demand
from services.streamer.edge import LiveEdge
from services.streamer.part_log import PartLog
from services.streamer.playlist_cache import PlaylistCache
from services.streamer.snapshot import Snapshots
from services.streamer.window import LiveWindow

RETRY_SECONDS = 2.0
_ENDED = 8


@dataclass(frozen=True)
class ChannelKey:
    """What is watched."""

    site: Site
    camera_id: CameraId
    rendition: Rendition


class Channel:
    """Runs while somebody watches, and a little longer."""

    def __init__(
        self, key: ChannelKey, bus: Bus, *, streamer: str, demand_ttl_seconds: float, clock: Clock
    ) -> None:
        self.key = key
        self.window = LiveWindow()
        self.log = PartLog()
        self.snapshots = Snapshots(clock)
        self.playlists = PlaylistCache()
        self.ended_live_ids: deque[str] = deque(maxlen=_ENDED)
        """Numberings that were given up: their addresses are not waited for."""
        self.is_told = False
        """Everything that the bus had kept is in the window."""
        self.is_stalled = False
        self.closed: Literal["closing", "removed"] | None = None
        """Why nobody needs to wait any more."""

        self._bus = bus
        self._clock = clock
        self._ttl_seconds = demand_ttl_seconds
        self._demand = Demand(
            camera_id=key.camera_id, site=key.site, rendition=key.rendition, streamer=streamer
        )
        self._waiters: set[asyncio.Future[None]] = set()
        self._edge = LiveEdge()
        self._users = 0
        self._last_used = clock.monotonic()

    # Running

    async def run(self) -> None:
        """Follow and hold the demand until cancelled; then whoever waits is told to go."""
        name = f"{self.key.camera_id}/{self.key.rendition}"
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(_supervised(f"demand {name}", self._hold_demand))
                tasks.create_task(_supervised(f"follow {name}", self._follow))
        finally:
            self.close()

    def close(self, reason: Literal["closing", "removed"] = "closing") -> None:
        """Let whoever waits go; the first reason stays."""
        self.closed = self.closed or reason
        self._wake()

    async def _hold_demand(self) -> None:
        await hold_demand(self._bus, self._demand, ttl_seconds=self._ttl_seconds)

    async def _follow(self) -> None:
        key = self.key
        messages = self._bus.follow_live(
            site=key.site, camera_id=key.camera_id, rendition=key.rendition
        )
        async with aclosing(messages):
            async for message in messages:
                if message is None:
                    self.is_told = True
                    self._wake()
                else:
                    self._take(message)

    def _take(self, message: LiveMessage) -> None:
        before = self.window.live_id
        if not self.window.add(message.part, message.payload):
            return
        if before is not None and before != self.window.live_id:
            self.ended_live_ids.append(before)
        self._took(message)
        self._wake()

    def _took(self, message: LiveMessage) -> None:
        part = message.part
        if self.window.live_id == part.live_id:
            held, init = self.window.part(part.msn, part.part), self.window.init(part.init_id)
            if held is not None and init is not None:
                self.log.append(held, init)
        if self.is_told:
            self.is_stalled = False
            self._edge.took(part, self._clock.monotonic())

    # Being used

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """Somebody asks; the channel is not closed meanwhile."""
        self._users += 1
        try:
            yield
        finally:
            self._users -= 1
            self.touch()

    def touch(self) -> None:
        """Somebody watches."""
        self._last_used = self._clock.monotonic()

    def unused_seconds(self) -> float:
        """Return for how long nobody has asked."""
        return 0.0 if self._users else self._clock.monotonic() - self._last_used

    @property
    def is_live(self) -> bool:
        """Whether a new viewer sees what happens now."""
        return self._edge.is_live(self._clock.monotonic())

    def check_stall(self) -> None:
        """Notice that no part comes; counted once per standstill."""
        if not self.is_stalled and self._edge.stands_still(self._clock.monotonic()):
            self.is_stalled = True
            metrics.STALLS.labels(self.key.camera_id).inc()
            self._wake()

    # Waiting

    async def changed(self, *others: asyncio.Future[Any], timeout_seconds: float | None) -> None:
        """Return at the next part, when one of `others` is done, or at the timeout."""
        if self.closed:
            return
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiters.add(waiter)
        try:
            await asyncio.wait(
                {waiter, *others},
                timeout=timeout_seconds,
                return_when=asyncio.FIRST_COMPLETED,
            )
        finally:
            self._waiters.discard(waiter)
            waiter.cancel()

    @property
    def waiting(self) -> int:
        """How many wait now."""
        return len(self._waiters)

    def _wake(self) -> None:
        waiters, self._waiters = self._waiters, set()
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)


async def _supervised(name: str, run_once: Callable[[], Awaitable[None]]) -> None:
    await supervise(name, run_once, max_delay_seconds=RETRY_SECONDS)
