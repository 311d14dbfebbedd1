"""Parts on their way to the bus, which may be away, forget, or belong to somebody else."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from libs.bus.errors import BusUnavailable, Conflict
from libs.bus.testing import FakeBroker, FakeBus
from libs.bus.wiring import Wiring
from libs.contracts.live import LivePart, LiveState, Rendition
from services.recorder.live_buffer import LiveBuffer
from services.recorder.live_publisher import LivePublisher
from services.recorder.wiring import WIRING
from tests.unit.recorder.recorder_live import fill, steady, stream
from tests.waiting import eventually

VIEWER = Wiring(service="streamer", follows_live=True)


@dataclass
class World:
    broker: FakeBroker
    bus: FakeBus
    got: list[tuple[LivePart, bytes]]

    async def received(self, count: int) -> None:
        await eventually(lambda: len(self.got) >= count)
        assert len(self.got) == count

    def places(self) -> list[tuple[int, int]]:
        return [(part.msn, part.part) for part, _ in self.got]


@pytest.fixture
async def world() -> AsyncIterator[World]:
    broker = FakeBroker()
    got: list[tuple[LivePart, bytes]] = []

    async def follow() -> None:
        known = set()
        follower = broker.bus(VIEWER).follow_live(
            site="main", camera_id="front-door", rendition=Rendition.MAIN
        )
        async for message in follower:
            if message is None:
                continue
            place = (message.part.live_id, message.part.msn, message.part.part)
            if place not in known:
                known.add(place)
                got.append((message.part, message.payload))

    task = asyncio.create_task(follow())
    yield World(broker, broker.bus(WIRING), got)
    task.cancel()
    await asyncio.wait([task])


@contextlib.asynccontextmanager
async def sending(publisher: LivePublisher) -> AsyncIterator[None]:
    """Run it as its feed does, again and again."""

    async def forever() -> None:
        while True:
            with contextlib.suppress(BusUnavailable, Conflict):
                await publisher.run()
            await asyncio.sleep(0.01)

    task = asyncio.create_task(forever())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


async def test_the_first_viewer_gets_what_was_kept_beginning_with_a_keyframe(world):
    buffer = LiveBuffer(10**6)
    fill(buffer, steady(34, gop=10))
    async with sending(LivePublisher(world.bus, stream(), buffer)):
        await world.received(14)

    first, payload = world.got[0]
    assert first.is_independent
    assert first.start_ms % 1000 == 0
    assert payload[: first.init_bytes] == b"a1b2c3d4e5f60718"
    assert world.places() == [(n // 10, n % 10) for n in range(14)]


async def test_parts_follow_as_they_are_made(world):
    buffer = LiveBuffer(10**6)
    parts = steady(30, gop=10)
    async with sending(LivePublisher(world.bus, stream(), buffer)):
        for number, part in enumerate(parts):
            fill(buffer, [part])
            await world.received(number + 1)

    assert world.places() == [(n // 10, n % 10) for n in range(30)]


async def test_a_pause_without_viewers_goes_on_where_it_was_when_it_is_short(world):
    buffer = LiveBuffer(10**6)
    publisher = LivePublisher(world.bus, stream(), buffer)
    parts = steady(60, gop=10)
    fill(buffer, parts[:15])
    async with sending(publisher):
        await world.received(15)
    fill(buffer, parts[15:20])
    async with sending(publisher):
        await world.received(20)

    assert world.places() == [(n // 10, n % 10) for n in range(20)]
    assert {part.discontinuity for part, _ in world.got} == {0}


async def test_a_long_pause_goes_on_with_the_newest_whole_gop_after_a_discontinuity(world):
    buffer = LiveBuffer(10**6)
    publisher = LivePublisher(world.bus, stream(), buffer)
    parts = steady(60, gop=10)
    fill(buffer, parts[:15])
    async with sending(publisher):
        await world.received(15)
    fill(buffer, parts[15:55])
    async with sending(publisher):
        await world.received(30)

    assert world.places()[15:] == [(2 + n // 10, n % 10) for n in range(15)]
    assert [part.discontinuity for part, _ in world.got] == [0] * 15 + [1] * 15


async def test_an_interruption_of_the_bus_loses_nothing_that_the_buffer_still_has(world):
    buffer = LiveBuffer(10**6)
    parts = steady(40, gop=10)
    async with sending(LivePublisher(world.bus, stream(), buffer)):
        fill(buffer, parts[:22])
        await eventually(lambda: len(world.got) >= 12)
        world.broker.go_offline()
        fill(buffer, parts[22:28])
        await asyncio.sleep(0.05)
        world.broker.go_online()
        fill(buffer, parts[28:29])
        await world.received(19)

    assert len({part.discontinuity for part, _ in world.got}) == 1
    assert world.places() == [(n // 10, n % 10) for n in range(19)]


async def test_a_bus_that_forgot_everything_gets_the_same_numbering(world):
    buffer = LiveBuffer(10**6)
    parts = steady(40, gop=10)
    async with sending(LivePublisher(world.bus, stream(), buffer)):
        fill(buffer, parts[:12])
        await world.received(12)
        world.broker.go_offline()
        world.broker.lose_live()
        fill(buffer, parts[12:14])
        world.broker.go_online()
        await world.received(14)

    assert world.places() == [(n // 10, n % 10) for n in range(14)]


async def test_a_restarted_recorder_goes_on_with_the_next_segment(world):
    for epoch, begin in ((7, 0.0), (8, 10.0)):
        buffer = LiveBuffer(10**6)
        fill(buffer, steady(13, gop=10, begin=begin))
        wanted = len(world.got) + 13
        async with sending(LivePublisher(world.bus, stream(epoch), buffer)):
            await world.received(wanted)

    assert world.places()[12:14] == [(1, 2), (2, 0)]
    assert [part.discontinuity for part, _ in world.got] == [0] * 13 + [1] * 13
    assert len({part.live_id for part, _ in world.got}) == 1


async def test_the_saved_state_is_enough_when_the_parts_are_gone(world):
    buffer = LiveBuffer(10**6)
    fill(buffer, steady(13, gop=10))
    async with sending(LivePublisher(world.bus, stream(7), buffer)):
        await world.received(13)
    world.broker.lose_live()
    buffer = LiveBuffer(10**6)
    fill(buffer, steady(3, begin=10.0))
    async with sending(LivePublisher(world.bus, stream(8), buffer)):
        await world.received(16)

    assert world.places()[13] == (2, 0)
    assert len({part.live_id for part, _ in world.got}) == 1


async def test_an_old_owner_stops_when_a_newer_one_sends(world):
    old, new = LiveBuffer(10**6), LiveBuffer(10**6)
    fill(old, steady(3))
    async with sending(LivePublisher(world.bus, stream(7), old)):
        await world.received(3)
        fill(new, steady(3, begin=5.0))
        async with sending(LivePublisher(world.bus, stream(9), new)):
            await world.received(6)
            fill(old, steady(5, first=3))
            await asyncio.sleep(0.1)
            fill(new, steady(2, first=3, begin=5.0))
            await world.received(8)

    assert [part.epoch for part, _ in world.got] == [7] * 3 + [9] * 5


async def test_where_the_numbering_is_is_saved_at_every_segment(world):
    buffer = LiveBuffer(10**6)
    fill(buffer, steady(23, gop=10))
    async with sending(LivePublisher(world.bus, stream(), buffer)):
        await eventually(lambda: len(world.got) >= 13)
    entry = await world.bus.kv(LiveState).get("main.front-door.main")

    assert entry is not None
    assert entry.value.msn == world.got[-1][0].msn
    assert entry.value.live_id == world.got[-1][0].live_id
