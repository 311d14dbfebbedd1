"""What the bus in memory adds for tests: going away, expiry, a look at what was stored."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import UTC, datetime

import pytest

from libs.bus.client import LiveMessage
from libs.bus.errors import BusUnavailable
from libs.bus.testing import FakeBroker, FakeBus
from libs.bus.wiring import Wiring
from libs.contracts.gaps import GapDetected, GapReason
from libs.contracts.live import LivePart, Rendition
from libs.contracts.ownership import Lease

WIRING = Wiring(
    service="recorder", publishes=(GapDetected,), consumes=(GapDetected,), writes=(Lease,)
)
GAP = GapDetected(
    camera_id="front-door",
    started_at=datetime(2026, 11, 20, tzinfo=UTC),
    reason=GapReason.CAMERA_OFFLINE,
    recorder="recorder-1",
)
SENDS = Wiring(service="recorder", sends_live=True)
FOLLOWS = Wiring(service="streamer", follows_live=True)
LEASE = Lease(recorder="recorder-1")


async def test_everything_is_unavailable_while_offline_and_back_afterwards():
    broker = FakeBroker()
    bus = broker.bus(WIRING)
    broker.go_offline()

    assert not bus.is_connected
    with pytest.raises(BusUnavailable):
        await bus.publish(GAP)
    with pytest.raises(BusUnavailable):
        await bus.kv(Lease).put("main.front-door", LEASE)
    with pytest.raises(BusUnavailable):
        await bus.rtt()
    broker.go_online()
    await bus.publish(GAP)

    assert broker.published(GapDetected) == [GAP]


async def test_a_watch_starts_again_with_a_snapshot_after_an_interruption():
    broker = FakeBroker()
    values = broker.bus(WIRING).kv(Lease)
    await values.put("main.front-door", LEASE)

    async with asyncio.timeout(10), aclosing(values.watch()) as changes:
        first = [await anext(changes), await anext(changes)]
        broker.go_offline()
        broker.bucket("owner").clear()
        broker.go_online()
        second = [await anext(changes), await anext(changes)]

    assert [c.kind for c in (*first, *second)] == [
        "put",
        "snapshot_done",
        "deleted",
        "snapshot_done",
    ]


async def test_a_lease_can_be_made_to_expire():
    broker = FakeBroker()
    leases = broker.bus(WIRING).leases(Lease, ttl_seconds=3600)
    assert await leases.acquire("main.front-door", LEASE) is not None

    async with asyncio.timeout(10), aclosing(leases.watch()) as changes:
        told = [await anext(changes), await anext(changes)]
        broker.expire(Lease, "main.front-door")
        told.append(await anext(changes))

    assert [change.holder for change in told] == [LEASE, None, None]
    assert [change.is_snapshot_done for change in told] == [False, True, False]


async def test_consuming_ends_when_drained_and_waits_for_the_handler():
    broker = FakeBroker()
    bus = broker.bus(WIRING)
    entered, finished = asyncio.Event(), False

    async def handle(_):
        nonlocal finished
        entered.set()
        await asyncio.sleep(0)
        finished = True

    await bus.publish(GAP)
    consuming = asyncio.create_task(bus.consume(handle))
    await entered.wait()
    await bus.drain(5)
    await consuming

    assert finished
    assert (await bus.stream_state()).ack_floor == 1


async def test_following_starts_again_after_an_interruption_and_after_a_loss():
    broker = FakeBroker()
    recorder, streamer = broker.bus(SENDS), broker.bus(FOLLOWS)
    seq = await recorder.publish_live(part(0), b"0", expected_seq=0)

    async with asyncio.timeout(10), aclosing(follow(streamer)) as messages:
        first = [await anext(messages), await anext(messages)]
        broker.go_offline()
        with pytest.raises(BusUnavailable):
            await recorder.publish_live(part(1), b"1", expected_seq=seq)
        with pytest.raises(BusUnavailable):
            await streamer.last_live(camera_id="front-door", rendition=Rendition.MAIN)
        broker.go_online()
        second = [await anext(messages), await anext(messages)]
        broker.lose_live()
        assert await anext(messages) is None
        assert await recorder.publish_live(part(2), b"2", expected_seq=0) == 1
        third = await anext(messages)

    assert [m and m.payload for m in (*first, *second)] == [b"0", None, b"0", None]
    assert third is not None
    assert (third.payload, third.seq) == (b"2", 1)


def follow(bus: FakeBus) -> AsyncGenerator[LiveMessage | None, None]:
    return bus.follow_live(camera_id="front-door", rendition=Rendition.MAIN)


def part(number: int) -> LivePart:
    return LivePart(
        camera_id="front-door",
        live_id="a1",
        epoch=1,
        msn=0,
        part=number,
        discontinuity=0,
        first_msn=0,
        init_id="0123456789abcdef",
        is_independent=number == 0,
        is_last=False,
        start_ms=0,
        start_90k=0,
        duration_90k=18_000,
        published_ms=0,
        part_target_ms=200,
        target_seconds=2,
        codecs="avc1.640028",
    )
