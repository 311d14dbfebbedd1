"""One watched rendition: demand, waiting, standing still, lingering."""

import asyncio

from libs.contracts.live import Demand
from services.streamer import metrics
from services.streamer.window import Position
from tests.unit.streamer.streamer_live import Stand, stand
from tests.unit.streamer.streamer_samples import Producer
from tests.waiting import eventually, eventually_async

DEMAND_KEY = "main.front-door.main.streamer-1"


async def test_first_request_makes_the_demand_known_at_once() -> None:
    async with stand() as live:
        live.channel()

        await eventually_async(lambda: _is_wanted(live))

        demands = await live.demands()
        assert demands[DEMAND_KEY].streamer == "streamer-1"


async def test_demand_is_held_again_after_it_was_lost() -> None:
    async with stand(demand_ttl_seconds=2.0) as live:
        live.channel()
        await eventually_async(lambda: _is_wanted(live))

        live.broker.expire(Demand, DEMAND_KEY)

        await eventually_async(lambda: _is_wanted(live))


async def test_outage_of_the_bus_ends_no_channel() -> None:
    producer = Producer()
    async with stand(demand_ttl_seconds=2.0) as live:
        channel = live.channel()
        await live.show(producer.segments(2))

        live.broker.go_offline()
        await eventually(lambda: not live.bus.is_connected)
        waiting = asyncio.create_task(channel.changed(timeout_seconds=20))
        live.broker.expire(Demand, DEMAND_KEY)
        live.broker.go_online()
        await eventually_async(lambda: _is_wanted(live))
        await live.publish(producer.segment())
        await waiting

        assert live.channel() is channel
        await eventually(lambda: channel.window.edge == (12, 4))


async def test_a_woken_request_is_woken_once_per_part() -> None:
    producer = Producer()
    async with stand() as live:
        channel = live.channel()
        await live.show(producer.segments(2))
        seen: list[Position | None] = []

        async def follow() -> None:
            while len(seen) < 5:
                await channel.changed(timeout_seconds=None)
                seen.append(channel.window.edge)

        following = asyncio.create_task(follow())
        await eventually(lambda: channel.waiting == 1)
        for told in producer.segment():
            await live.publish([told])
            await eventually(lambda edge=(told[0].msn, told[0].part): edge in seen)  # type: ignore[misc]
        await following

        assert seen == [(12, 0), (12, 1), (12, 2), (12, 3), (12, 4)]
        assert channel.waiting == 0


async def test_unused_channel_is_closed_after_it_lingered() -> None:
    async with stand(linger_seconds=10) as live:
        live.channel()
        await eventually_async(lambda: _is_wanted(live))
        sweep, nobody = live.context.channels.sweep, live.context.viewers.is_watched

        live.clock.at += 9
        sweep(nobody)
        assert len(live.context.channels) == 1
        live.clock.at += 2
        sweep(nobody)

        assert len(live.context.channels) == 0
        await eventually_async(lambda: _is_unwanted(live))


async def test_channel_is_not_closed_while_somebody_waits() -> None:
    async with stand(linger_seconds=10) as live:
        channel = live.channel()
        with channel.in_use():
            live.clock.at += 100
            live.context.channels.sweep(live.context.viewers.is_watched)
            assert len(live.context.channels) == 1

        live.context.channels.sweep(live.context.viewers.is_watched)
        assert len(live.context.channels) == 1


async def test_standstill_is_counted_once_and_only_while_somebody_watches() -> None:
    producer = Producer()
    stalls = metrics.STALLS.labels("front-door")
    async with stand(linger_seconds=100) as live:
        channel = live.channel()
        await live.show(producer.segments(2))
        before = stalls._value.get()

        live.clock.at += 1.5
        live.context.channels.sweep(lambda _camera, _rendition: False)
        assert not channel.is_stalled
        for _ in range(3):
            live.context.channels.sweep(lambda _camera, _rendition: True)
        assert channel.is_stalled
        assert stalls._value.get() == before + 1

        await live.show(producer.segment())
        assert not channel.is_stalled


async def test_what_the_bus_had_kept_is_not_live_until_something_new_comes() -> None:
    producer = Producer()
    async with stand() as live:
        await live.publish(producer.segments(3))
        channel = live.channel()
        await eventually(lambda: channel.is_told)
        assert channel.window.listed()
        assert not channel.is_live

        await live.publish(producer.segment())
        await eventually(lambda: channel.is_live)

        live.clock.at += 3 * producer.target_seconds
        assert not channel.is_live


async def test_given_up_numberings_are_remembered() -> None:
    async with stand() as live:
        channel = live.channel()
        await live.show(Producer(live_id="one").segments(2))
        await live.show(Producer(live_id="two", epoch=6).segments(2))

        assert list(channel.ended_live_ids) == ["one"]
        assert channel.window.live_id == "two"


async def _is_wanted(live: Stand) -> bool:
    return DEMAND_KEY in await live.demands()


async def _is_unwanted(live: Stand) -> bool:
    return not await _is_wanted(live)
