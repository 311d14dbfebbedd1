"""What the bus in memory adds for tests: going away, expiry, a look at what was stored."""

import asyncio
from contextlib import aclosing
from datetime import UTC, datetime

import pytest

from libs.bus.errors import BusUnavailable
from libs.bus.testing import FakeBroker
from libs.bus.wiring import Wiring
from libs.contracts.gaps import GapDetected, GapReason
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

    broker.expire(Lease, "main.front-door")

    assert await leases.holders() == {}


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
