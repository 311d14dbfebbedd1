"""Live parts when the server restarts, the stream vanishes, or a follower is slow."""

import asyncio
from contextlib import aclosing
from functools import partial

import pytest
from nats.js import api

from libs.bus.client import Bus, LiveMessage
from libs.bus.errors import BusUnavailable, Conflict, TopologyDrift
from libs.bus.live_stream import JetStreamLive
from libs.bus.topology import LIVE, Limits, live_stream, stream_differences
from libs.contracts.live import LivePart, Rendition
from tests.integration.bus.bus_worlds import (
    RECORDER,
    STREAMER,
    ServerWorld,
    collect,
    live_part,
)
from tests.waiting import eventually, running

MAIN = Rendition.MAIN
DOOR = live_part(0).subject


async def last(bus: Bus, camera: str = "front-door") -> LiveMessage | None:
    return await bus.last_live(camera_id=camera, rendition=MAIN)


async def publish_when_back(bus: Bus, part: LivePart, after: int) -> int:
    """Go on as an owner does: repeat while the bus is away, look where to go on at a conflict."""
    async with asyncio.timeout(20):
        while True:
            try:
                return await bus.publish_live(part, b"x", expected_seq=after)
            except BusUnavailable:
                await asyncio.sleep(0.05)
            except Conflict:
                newest = await last(bus, part.camera_id)
                after = 0 if newest is None else newest.seq


def numbers(told: list[LiveMessage | None]) -> list[int | None]:
    return [None if m is None else m.part.msn * 5 + m.part.part for m in told]


async def test_a_restart_of_the_server_loses_the_parts_and_both_sides_go_on(
    server_world: ServerWorld,
):
    recorder, streamer = await server_world.bus(RECORDER), await server_world.bus(STREAMER)
    told: list[LiveMessage | None] = []
    after = await recorder.publish_live(live_part(0), b"x", expected_seq=0)
    other = await recorder.publish_live(live_part(0, "garage"), b"x", expected_seq=0)

    async with running(collect(streamer.follow_live(camera_id="front-door", rendition=MAIN), told)):
        await eventually(lambda: numbers(told) == [0, None])
        await server_world.server.process.kill()
        await server_world.server.process.start()
        await publish_when_back(recorder, live_part(1), after)
        await publish_when_back(recorder, live_part(1, "garage"), other)
        await eventually(lambda: 1 in numbers(told))
        await publish_when_back(recorder, live_part(2), 1)
        await eventually(lambda: 2 in numbers(told))

    assert told.count(None) >= 2
    assert [n for n in numbers(told) if n is not None] in ([0, 1, 2], [0, 1, 1, 2])
    async with server_world.admin() as admin:
        config = (await admin.jetstream().stream_info(LIVE)).config
    assert stream_differences(live_stream(Limits()), config, limits=True) == []


async def test_the_stream_is_made_anew_with_the_size_that_was_set(server_world: ServerWorld):
    recorder = await server_world.bus(RECORDER, live_max_bytes=10_000_000)
    async with server_world.admin() as admin:
        js = admin.jetstream()
        await js.delete_stream(LIVE)

        assert await last(recorder) is None
        seq = await recorder.publish_live(live_part(0), b"x", expected_seq=77)

        assert seq == 1
        assert (await js.stream_info(LIVE)).config.max_bytes == 10_000_000


async def test_a_follower_waits_for_a_stream_that_is_not_there_yet(server_world: ServerWorld):
    async with server_world.admin() as admin:
        await admin.jetstream().delete_stream(LIVE)
    recorder, streamer = await server_world.bus(RECORDER), await server_world.bus(STREAMER)
    told: list[LiveMessage | None] = []

    async with running(collect(streamer.follow_live(camera_id="front-door", rendition=MAIN), told)):
        await eventually(lambda: numbers(told) == [None])
        await recorder.publish_live(live_part(0), b"x", expected_seq=0)
        await eventually(lambda: 0 in numbers(told))


async def test_a_follower_notices_that_the_stream_was_made_anew_under_it(
    server_world: ServerWorld,
):
    recorder, streamer = await server_world.bus(RECORDER), await server_world.bus(STREAMER)
    told: list[LiveMessage | None] = []
    await recorder.publish_live(live_part(0), b"x", expected_seq=0)

    async with running(collect(streamer.follow_live(camera_id="front-door", rendition=MAIN), told)):
        await eventually(lambda: numbers(told) == [0, None])
        async with server_world.admin() as admin:
            await admin.jetstream().delete_stream(LIVE)
        await recorder.publish_live(live_part(1), b"x", expected_seq=1)
        await eventually(lambda: numbers(told)[-2:] == [1, None])


async def test_when_all_parts_have_expired_the_next_one_expects_none(server_world: ServerWorld):
    """A rendition's sequence is that of its newest retained part."""
    recorder, streamer = await server_world.bus(RECORDER), await server_world.bus(STREAMER)
    async with server_world.admin() as admin:
        await admin.jetstream().update_stream(live_stream(Limits()).evolve(max_age=1))
    first = await recorder.publish_live(live_part(0), b"x", expected_seq=0)
    told: list[LiveMessage | None] = []

    async with running(collect(streamer.follow_live(camera_id="front-door", rendition=MAIN), told)):
        await eventually(lambda: numbers(told) == [0, None])
        async with asyncio.timeout(20):
            while await last(recorder) is not None:  # noqa: ASYNC110 - the server's clock
                await asyncio.sleep(0.05)
        with pytest.raises(Conflict):
            await recorder.publish_live(live_part(1), b"x", expected_seq=first)
        second = await recorder.publish_live(live_part(1), b"x", expected_seq=0)
        await eventually(lambda: numbers(told) == [0, None, 1])

    assert second == first + 1


async def test_a_follower_that_does_not_read_holds_little_and_misses_nothing(
    server_world: ServerWorld,
):
    """The server waits for a slow follower, as far as parts are not too old."""
    recorder, streamer = await server_world.bus(RECORDER), await server_world.bus(STREAMER)
    after = 0
    for number in range(300):
        after = await recorder.publish_live(live_part(number), bytes(400_000), expected_seq=after)
    connection = streamer._connection

    async with (
        asyncio.timeout(60),
        aclosing(streamer.follow_live(camera_id="front-door", rendition=MAIN)) as messages,
    ):
        first = await anext(messages)
        held = 0
        while held != (held := connection.client.stats["in_bytes"]):
            for _ in range(20):
                await streamer.rtt()
                await asyncio.sleep(0.01)
        told = [first]
        while told[-1] is not None:
            told.append(await anext(messages))

    assert numbers(told) == [*range(300), None]
    assert held < 60_000_000
    assert connection.client.stats["in_bytes"] > 120_000_000


async def test_unread_parts_that_the_server_dropped_are_no_end(server_world: ServerWorld):
    """Parts may vanish by size before a follower had them: it tells what there is."""
    recorder, streamer = await server_world.bus(RECORDER), await server_world.bus(STREAMER)
    async with server_world.admin() as admin:
        small = live_stream(Limits(live_max_bytes=2_000_000))
        await admin.jetstream().update_stream(small)
    after = 0
    for number in range(40):
        after = await recorder.publish_live(live_part(number), bytes(100_000), expected_seq=after)
    told: list[LiveMessage | None] = []

    async with running(collect(streamer.follow_live(camera_id="front-door", rendition=MAIN), told)):
        await eventually(lambda: None in told)

    found = numbers(told)
    assert found == [*range(39 - (len(found) - 2), 40), None]
    assert len(found) > 10


async def test_a_live_stream_that_means_something_else_is_drift_a_missing_one_is_not(
    server_world: ServerWorld,
):
    async with server_world.admin() as admin:
        await admin.jetstream().delete_stream(LIVE)
        await server_world.bus(RECORDER)
        await server_world.bus(STREAMER)
        changed = live_stream(Limits()).evolve(storage=api.StorageType.FILE)
        await admin.jetstream().add_stream(changed)

    for wiring in (RECORDER, STREAMER):
        with pytest.raises(TopologyDrift, match="LIVE storage: file -> memory"):
            await server_world.bus(wiring)


async def test_following_an_endless_rendition_can_be_given_up_at_any_time(
    server_world: ServerWorld,
):
    recorder, streamer = await server_world.bus(RECORDER), await server_world.bus(STREAMER)
    await recorder.publish_live(live_part(0), b"x", expected_seq=0)
    listeners = len(streamer._connection._listeners)

    for _ in range(20):
        told: list[LiveMessage | None] = []
        async with running(
            collect(streamer.follow_live(camera_id="front-door", rendition=MAIN), told)
        ):
            await eventually(partial(_has, told, 2))

    assert len(streamer._connection._listeners) == listeners
    assert len(streamer._connection.client._subs) <= 1  # the client's own, for replies


async def test_a_store_that_hears_no_heartbeat_tells_that_it_may_have_missed_something(
    server_world: ServerWorld,
):
    await server_world.bus(RECORDER)
    streamer = await server_world.bus(STREAMER)
    store = JetStreamLive(streamer._connection, heartbeat_seconds=0.2)

    async with aclosing(store.follow(DOOR)) as messages:
        assert await anext(messages) is None
        async with server_world.admin() as admin:
            await admin.jetstream().delete_stream(LIVE)
        with pytest.raises(BusUnavailable, match="the consumer is gone"):
            await anext(messages)


def _has(told: list[LiveMessage | None], count: int) -> bool:
    return len(told) == count
