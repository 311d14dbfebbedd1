"""One suite for the bus in memory and the bus on a server: what services may rely on."""

import asyncio
from contextlib import aclosing
from functools import partial

import pytest

from libs.bus.client import Bus
from libs.bus.deliveries import Delivery
from libs.bus.errors import Conflict, LeaseLost, Permanent, Transient, UndeclaredMessage
from libs.bus.keyvalue import Change, ChangeKind
from libs.bus.leases import LeaseChange
from libs.contracts.cameras import CameraConfig
from libs.contracts.gaps import GapDetected
from libs.contracts.ownership import Lease
from libs.contracts.recordings import RecordingCompleted
from tests.integration.bus.bus_worlds import (
    API,
    RECORDER,
    World,
    camera,
    collect,
    gap,
    held,
)
from tests.waiting import eventually, eventually_async, running

KEY = "main.front-door"
ONE, TWO = Lease(recorder="recorder-1"), Lease(recorder="recorder-2")


async def test_events_arrive_in_order_each_once_however_often_they_are_published(world: World):
    recorder, api = await world.bus(RECORDER), await world.bus(API)
    got: list[Delivery] = []

    async def handle(delivery: Delivery) -> None:
        got.append(delivery)

    for number in (1, 2, 2, 3, 1):
        await recorder.publish(gap(number))
    async with running(api.consume(handle)):
        await eventually(lambda: len(got) >= 3)
        await recorder.publish(gap(4))
        await eventually(lambda: len(got) >= 4)

    assert [d.event for d in got] == [gap(1), gap(2), gap(3), gap(4)]
    assert [d.stream_seq for d in got] == [1, 2, 3, 4]
    assert got[0].event_id == gap(1).event_id
    assert got[0].type == "io.everframe.gap.detected.v1"


async def test_a_second_start_of_the_consumer_goes_on_where_the_first_stopped(world: World):
    recorder = await world.bus(RECORDER)
    got: list[int] = []

    async def handle(delivery: Delivery) -> None:
        got.append(delivery.stream_seq)

    for start in (0, 1):
        api = await world.bus(API)
        await recorder.publish(gap(start))
        async with running(api.consume(handle)):
            await eventually_async(partial(_is_finished, api, start + 1))
        await api.drain(1)

    assert got == [1, 2]


async def test_what_the_wiring_does_not_declare_is_refused(world: World):
    recorder, api = await world.bus(RECORDER), await world.bus(API)

    with pytest.raises(UndeclaredMessage):
        await api.publish(gap(1))
    with pytest.raises(UndeclaredMessage):
        await recorder.consume(_never)
    with pytest.raises(UndeclaredMessage):
        recorder.kv(GapDetected)
    with pytest.raises(UndeclaredMessage):
        await recorder.kv(CameraConfig).put(KEY, camera("x"))
    with pytest.raises(UndeclaredMessage):
        api.leases(Lease, ttl_seconds=1)


async def test_a_transient_failure_brings_the_event_again_and_the_next_ones_wait(world: World):
    recorder, api = await world.bus(RECORDER), await world.bus(API)
    seen: list[tuple[int, int]] = []

    async def handle(delivery: Delivery) -> None:
        seen.append((delivery.stream_seq, delivery.delivered))
        if len(seen) < 3:
            raise Transient("the database is away")

    await recorder.publish(gap(1))
    await recorder.publish(gap(2))
    async with running(api.consume(handle)):
        await eventually(lambda: len(seen) == 4)

    assert seen == [(1, 1), (1, 2), (1, 3), (2, 1)]
    assert await world.dead_letters() == []


async def test_conflict_finishes_and_permanent_buries_the_event(world: World):
    recorder, api = await world.bus(RECORDER), await world.bus(API)
    seen: list[int] = []

    async def handle(delivery: Delivery) -> None:
        seen.append(delivery.stream_seq)
        if delivery.stream_seq == 1:
            raise Conflict("it is there already")
        if delivery.stream_seq == 2:
            raise Permanent("no such camera,\nand more")

    for number in (1, 2, 3):
        await recorder.publish(gap(number))
    async with running(api.consume(handle)):
        await eventually(lambda: len(seen) == 3)

    assert seen == [1, 2, 3]
    [(consumer, reason, payload)] = await world.dead_letters()
    assert (consumer, reason) == ("api", "permanent")
    assert gap(2).event_id.encode() in payload


async def test_a_bug_is_tried_five_times_and_then_buried(world: World):
    recorder, api = await world.bus(RECORDER), await world.bus(API)
    seen: list[int] = []

    async def handle(delivery: Delivery) -> None:
        seen.append(delivery.stream_seq)
        if delivery.stream_seq == 1:
            raise ZeroDivisionError

    await recorder.publish(gap(1))
    await recorder.publish(gap(2))
    async with running(api.consume(handle)):
        await eventually(lambda: 2 in seen, within=40)

    assert seen == [1, 1, 1, 1, 1, 2]
    assert [d[:2] for d in await world.dead_letters()] == [("api", "bug")]


async def test_payloads_that_fit_no_contract_are_buried_with_their_reason(world: World):
    recorder, api = await world.bus(RECORDER), await world.bus(API)
    got: list[int] = []

    async def handle(delivery: Delivery) -> None:
        got.append(delivery.stream_seq)

    subject = gap(1).subject
    await world.inject(subject, b"not json")
    await world.inject(subject, b'{"type":"io.everframe.gap.detected.v9","id":"1"}')
    await world.inject(subject, b'{"type":"io.everframe.gap.detected.v1","id":"1","data":{}}')
    await recorder.publish(gap(1))
    async with running(api.consume(handle)):
        await eventually(lambda: got == [4])

    assert [d[1] for d in await world.dead_letters()] == [
        "not_an_envelope",
        "unknown_type",
        "invalid_payload",
    ]


async def test_replay_reads_a_range_of_some_classes_and_finishes_nothing(world: World):
    recorder, api = await world.bus(RECORDER), await world.bus(API)
    for number in range(1, 8):
        await recorder.publish(gap(number))
    await world.inject(gap(1).subject, b"not json")
    await recorder.publish(gap(9))

    middle = [d async for d in api.replay([GapDetected], from_seq=3, to_seq=5)]
    rest = [d.stream_seq async for d in api.replay([GapDetected], from_seq=6, to_seq=1000)]
    none = [d async for d in api.replay([RecordingCompleted], from_seq=1, to_seq=1000)]
    state = await api.stream_state()

    assert [d.event for d in middle] == [gap(3), gap(4), gap(5)]
    assert rest == [6, 7, 9]
    assert none == []
    assert (state.first_seq, state.last_seq, state.ack_floor) == (1, 9, 0)


async def test_values_are_stored_and_compared_by_revision(world: World):
    values = (await world.bus(API)).kv(CameraConfig)

    assert await values.get(KEY) is None
    first = await values.create(KEY, camera("one"))
    with pytest.raises(Conflict):
        await values.create(KEY, camera("again"))
    second = await values.update(KEY, camera("two"), first)
    with pytest.raises(Conflict):
        await values.update(KEY, camera("late"), first)
    entry = await values.get(KEY)
    assert entry is not None
    assert (entry.value.name, entry.revision) == ("two", second)
    with pytest.raises(Conflict):
        await values.delete(KEY, first)
    await values.delete(KEY, second)
    assert await values.get(KEY) is None
    await values.create(KEY, camera("anew"))
    await values.put("main.garage", camera("garage", "garage"))
    assert await values.keys() == {KEY, "main.garage"}
    with pytest.raises(Permanent):
        await values.put("main.*", camera("x"))


async def test_a_watch_tells_what_is_there_then_every_change(world: World):
    values = (await world.bus(API)).kv(CameraConfig)
    await values.put(KEY, camera("one"))
    await values.put("main.gone", camera("gone", "gone"))
    await values.delete("main.gone")
    told: list[Change[CameraConfig]] = []

    async with running(collect(values.watch(), told)):
        await eventually(lambda: any(c.is_snapshot_done for c in told))
        await values.put(KEY, camera("two"))
        await values.delete(KEY)
        await eventually(lambda: len(told) >= 4)

    assert [(c.kind, c.key, c.value and c.value.name) for c in told] == [
        (ChangeKind.PUT, KEY, "one"),
        (ChangeKind.SNAPSHOT_DONE, "", None),
        (ChangeKind.PUT, KEY, "two"),
        (ChangeKind.DELETED, KEY, None),
    ]


async def test_a_watch_of_an_empty_bucket_says_so_at_once(world: World):
    values = (await world.bus(API)).kv(CameraConfig)

    async with asyncio.timeout(10), aclosing(values.watch()) as changes:
        first = await anext(changes)

    assert first.is_snapshot_done


async def test_a_value_that_does_not_fit_is_told_as_an_error_and_the_watch_goes_on(world: World):
    values = (await world.bus(API)).kv(CameraConfig)
    await world.inject_value(CameraConfig, "main.bad", b'{"camera_id":"bad","url":"secret"}')
    await values.put(KEY, camera("one"))
    told: list[Change[CameraConfig]] = []

    async with asyncio.timeout(10), aclosing(values.watch()) as changes:
        async for change in changes:
            told.append(change)
            if change.is_snapshot_done:
                break

    assert [c.kind for c in told] == [ChangeKind.INVALID, ChangeKind.PUT, ChangeKind.SNAPSHOT_DONE]
    assert told[0].error is not None
    assert "secret" not in told[0].error


async def test_a_lease_has_one_holder_and_its_renewals_keep_it(world: World):
    one = (await world.bus(RECORDER)).leases(Lease, ttl_seconds=30)
    two = (await world.bus(RECORDER)).leases(Lease, ttl_seconds=30)

    epoch = await one.acquire(KEY, ONE)
    assert epoch is not None
    assert await two.acquire(KEY, TWO) is None
    revision = await one.renew(KEY, ONE, epoch)
    assert revision > epoch
    assert await held(two) == {KEY: ONE}
    await one.release(KEY, revision)
    next_epoch = await two.acquire(KEY, TWO)
    assert next_epoch is not None
    assert next_epoch > revision
    with pytest.raises(LeaseLost):
        await one.renew(KEY, ONE, revision)
    await one.release(KEY, revision)
    assert await held(two) == {KEY: TWO}


async def test_a_lost_answer_to_a_renewal_does_not_lose_the_lease(world: World):
    leases = (await world.bus(RECORDER)).leases(Lease, ttl_seconds=30)
    epoch = await leases.acquire(KEY, ONE)
    assert epoch is not None
    await leases.renew(KEY, ONE, epoch)

    again = await leases.renew(KEY, ONE, epoch)

    assert again > epoch
    assert await leases.acquire(KEY, ONE) is not None


async def test_an_instance_that_starts_again_takes_its_own_lease_with_a_new_epoch(world: World):
    before = (await world.bus(RECORDER)).leases(Lease, ttl_seconds=30)
    after = (await world.bus(RECORDER)).leases(Lease, ttl_seconds=30)
    old = await before.acquire(KEY, ONE)
    assert old is not None

    new = await after.acquire(KEY, ONE)

    assert new is not None
    assert new > old
    with pytest.raises(LeaseLost):
        await before.renew(KEY, ONE, old)


async def test_of_two_that_try_at_once_exactly_one_gets_the_lease(world: World):
    one = (await world.bus(RECORDER)).leases(Lease, ttl_seconds=30)
    two = (await world.bus(RECORDER)).leases(Lease, ttl_seconds=30)

    for number in range(150):
        key = f"main.cam-{number % 5}"
        won = await asyncio.gather(one.acquire(key, ONE), two.acquire(key, TWO))
        winners = [epoch for epoch in won if epoch is not None]
        assert len(winners) == 1, f"round {number}: {won}"
        holder = one if won[0] is not None else two
        await holder.release(key, winners[0])


async def test_an_expired_lease_is_told_and_taken_at_once_despite_its_marker(world: World):
    one = (await world.bus(RECORDER)).leases(Lease, ttl_seconds=1)
    two = (await world.bus(RECORDER)).leases(Lease, ttl_seconds=1)
    told: list[LeaseChange[Lease]] = []

    epoch = await one.acquire(KEY, ONE)
    assert epoch is not None
    async with running(collect(two.watch(), told)):
        await eventually(lambda: len(told) == 3)
        taken = await two.acquire(KEY, TWO)

    assert taken is not None
    assert [(c.holder, c.is_snapshot_done) for c in told[:3]] == [
        (ONE, False),
        (None, True),
        (None, False),
    ]
    with pytest.raises(LeaseLost):
        await one.renew(KEY, ONE, epoch)


async def test_an_expired_lease_that_nobody_took_is_taken_again_by_renewing(world: World):
    leases = (await world.bus(RECORDER)).leases(Lease, ttl_seconds=1)
    epoch = await leases.acquire(KEY, ONE)
    assert epoch is not None

    async def expired() -> bool:
        return await held(leases) == {}

    await eventually_async(expired)
    revision = await leases.renew(KEY, ONE, epoch)

    assert revision > epoch
    assert await held(leases) == {KEY: ONE}


async def _is_finished(bus: Bus, floor: int) -> bool:
    return (await bus.stream_state()).ack_floor == floor


async def _never(delivery: Delivery) -> None:
    raise AssertionError(delivery)


async def test_a_value_with_a_ttl_is_forgotten(world: World):
    configs = (await world.bus(API)).kv(CameraConfig)
    await configs.put(KEY, camera("front-door"), ttl_seconds=1)
    assert await configs.get(KEY) is not None

    async def is_gone() -> bool:
        return await configs.get(KEY) is None

    await eventually_async(is_gone)
