"""Watching a camera's live parts on the bus, as a streamer does, for tests of the recorder."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from itertools import pairwise

from libs.bus.client import Bus, BusConfig
from libs.bus.errors import BusError
from libs.bus.wiring import Wiring
from libs.contracts.live import Demand, LivePart, Rendition
from tests.e2e.harness import Installation
from tests.waiting import eventually

WIRING = Wiring(service="streamer", writes=(Demand,), follows_live=True)
TTL_SECONDS = 3


@dataclass
class Watching:
    """What has been seen of one rendition."""

    parts: list[LivePart] = field(default_factory=list)
    payloads: list[bytes] = field(default_factory=list)

    async def more(self, count: int, *, within: float = 30.0) -> None:
        """Wait for so many more parts."""
        wanted = len(self.parts) + count
        await eventually(lambda: len(self.parts) >= wanted, within=within)

    def assert_contiguous(self) -> None:
        """Numbers never repeat, skip or go back, and one address serves all."""
        assert len({part.live_id for part in self.parts}) == 1
        for before, after in pairwise(self.parts):
            is_same = after.msn == before.msn
            assert after.msn == before.msn + (not is_same), (before, after)
            assert after.part == (before.part + 1 if is_same else 0), (before, after)
            assert after.discontinuity - before.discontinuity in {0, 1}
            if after.discontinuity == before.discontinuity:
                assert after.start_90k == before.start_90k + before.duration_90k

    @property
    def discontinuities(self) -> int:
        return self.parts[-1].discontinuity - self.parts[0].discontinuity


@contextlib.asynccontextmanager
async def watching(
    everframe: Installation, camera: str, rendition: Rendition = Rendition.MAIN
) -> AsyncIterator[Watching]:
    """Demand a rendition and collect its parts."""
    bus = await Bus.connect(
        BusConfig(url=everframe.stack.servers.endpoints.nats.admin, name="test-viewer"),
        WIRING,
        wait_seconds=10,
    )
    seen = Watching()
    tasks = [
        asyncio.create_task(_follow(bus, camera, rendition, seen)),
        asyncio.create_task(_demand(bus, camera, rendition)),
    ]
    try:
        yield seen
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await bus.drain(1)


async def _follow(bus: Bus, camera: str, rendition: Rendition, seen: Watching) -> None:
    known = set()
    async for message in bus.follow_live(site="main", camera_id=camera, rendition=rendition):
        if message is None:
            continue
        place = (message.part.live_id, message.part.msn, message.part.part)
        if place not in known:
            known.add(place)
            seen.parts.append(message.part)
            seen.payloads.append(message.payload)


async def _demand(bus: Bus, camera: str, rendition: Rendition) -> None:
    """Keep asking, also over outages of the bus."""
    demand = Demand(camera_id=camera, rendition=rendition, streamer="test")
    leases = bus.leases(Demand, ttl_seconds=TTL_SECONDS)
    revision: int | None = None
    try:
        while True:
            with contextlib.suppress(BusError):
                if revision is None:
                    revision = await leases.acquire(demand.key, demand)
                else:
                    revision = await leases.renew(demand.key, demand, revision)
            await asyncio.sleep(TTL_SECONDS / 3)
    finally:
        with contextlib.suppress(BusError):
            if revision is not None:
                await leases.release(demand.key, revision)
