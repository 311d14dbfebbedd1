"""Reading with both forms of the server's acknowledgement and flow control subjects.

The flag `js_ack_fc_v2` of nats-server 2.14 puts domain and account before the names in them:
`$JS.ACK.<domain>.<account>.<stream>.<consumer>...`. It is off now and to be the default later.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from nats.aio.msg import Msg

from libs.bus.client import LiveMessage
from libs.bus.deliveries import Delivery
from libs.bus.errors import BusUnavailable
from libs.bus.keyvalue import Change
from libs.bus.metrics import LIVE_RESTARTS, WATCH_RESTARTS
from libs.contracts.live import Rendition
from libs.contracts.ownership import Presence
from tests.integration.bus.bus_worlds import (
    API,
    RECORDER,
    START,
    STREAMER,
    ServerWorld,
    collect,
    gap,
    live_part,
)
from tests.waiting import eventually, eventually_async, running
from tools.local.nats_server import NatsServer

MAIN = Rendition.MAIN
TOKENS = {False: 5, True: 7}
"""Of a flow control subject; with the flag it has two more."""
KEYS, PARTS, EVENTS = 2000, 3000, 300
KILOBYTES = 8


@pytest.fixture(params=[False, True], ids=["as now", "flag set"])
def has_flag(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture
async def flow_world(nats_server: NatsServer, has_flag: bool) -> AsyncIterator[ServerWorld]:
    """A server that says its flag, with everything declared."""
    await nats_server.stop()
    config = nats_server.process.spec.cwd / "server.conf"
    text = f"feature_flags {{ js_ack_fc_v2: {str(has_flag).lower()} }}\n"
    config.write_text(config.read_text() + text)
    await nats_server.process.start()
    world = ServerWorld(nats_server)
    await world.declare()
    yield world
    await world.close()


@asynccontextmanager
async def flow_control(world: ServerWorld) -> AsyncIterator[list[str]]:
    """The subjects on which readers let the server go on."""
    seen: list[str] = []

    async def note(message: Msg) -> None:
        seen.append(message.subject)

    async with world.admin() as admin:
        await admin.subscribe("$JS.FC.>", cb=note)
        await admin.flush()
        yield seen


def lengths(subjects: list[str]) -> set[int]:
    return {len(subject.split(".")) for subject in subjects}


def presence(number: int, round_: int = 0) -> Presence:
    spool = f"{round_}".ljust(KILOBYTES * 1024, "-")
    return Presence(recorder=f"recorder-{number}", started_at=START, spool=spool)


def watch_restarts() -> float:
    return float(WATCH_RESTARTS.labels(Presence.bucket)._value.get())


async def test_a_watch_tells_all_that_is_there_and_follows(
    flow_world: ServerWorld, has_flag: bool
) -> None:
    values = (await flow_world.bus(RECORDER)).kv(Presence)
    watcher = (await flow_world.bus(RECORDER)).kv(Presence)
    restarts = watch_restarts()
    told: list[Change[Presence]] = []

    async def put(numbers: range, round_: int) -> None:
        for start in range(numbers.start, numbers.stop, 100):
            some = range(start, start + 100)
            made = (values.put(f"recorder-{n}", presence(n, round_)) for n in some)
            await asyncio.gather(*made)

    await put(range(KEYS), 0)
    async with flow_control(flow_world) as subjects:
        async with running(collect(watcher.watch(), told)):
            await eventually(lambda: len(told) == KEYS + 1)
            in_snapshot = len(subjects)
            await put(range(KEYS), 1)
            await eventually(lambda: len(told) == 2 * KEYS + 1)
        await eventually(lambda: len(subjects) > in_snapshot > 0)

    assert lengths(subjects) == {TOKENS[has_flag]}
    assert told[KEYS].is_snapshot_done
    numbers = [change.revision for change in told if not change.is_snapshot_done]
    assert numbers == list(range(1, 2 * KEYS + 1))
    assert {c.key: c.value for c in told[KEYS + 1 :]} == {
        f"recorder-{n}": presence(n, 1) for n in range(KEYS)
    }
    assert watch_restarts() == restarts


async def test_live_parts_are_replayed_and_followed(
    flow_world: ServerWorld, has_flag: bool
) -> None:
    recorder, streamer = await flow_world.bus(RECORDER), await flow_world.bus(STREAMER)
    restarts = LIVE_RESTARTS._value.get()
    told: list[LiveMessage | None] = []
    payload = bytes(KILOBYTES * 1024)

    async def send(numbers: range, after: int) -> int:
        for number in numbers:
            after = await recorder.publish_live(live_part(number), payload, expected_seq=after)
        return after

    last = await send(range(400), 0)
    async with flow_control(flow_world) as subjects:
        following = streamer.follow_live(camera_id="front-door", rendition=MAIN)
        async with running(collect(following, told)):
            await eventually(lambda: len(told) == 401)
            in_replay = len(subjects)
            await send(range(400, PARTS), last)
            await eventually(lambda: len(told) == PARTS + 1)
        await eventually(lambda: len(subjects) > in_replay > 0)

    assert lengths(subjects) == {TOKENS[has_flag]}
    assert told[400] is None
    parts = [message.part for message in told if message is not None]
    assert parts == [live_part(number) for number in range(PARTS)]
    assert LIVE_RESTARTS._value.get() == restarts


async def test_events_are_consumed_and_acknowledged(flow_world: ServerWorld) -> None:
    recorder, consumer = await flow_world.bus(RECORDER), await flow_world.bus(API)
    got: list[Delivery] = []

    async def handle(delivery: Delivery) -> None:
        got.append(delivery)
        if delivery.delivered == 1 and delivery.stream_seq % 100 == 0:
            raise BusUnavailable("once more, please")

    async def finished() -> bool:
        return (await consumer.stream_state()).ack_floor == EVENTS

    for number in range(EVENTS):
        await recorder.publish(gap(number))
    async with running(consumer.consume(handle)):
        await eventually(lambda: len(got) == EVENTS + 3)
        await eventually_async(finished)

    seen = {delivery.stream_seq: delivery.event for delivery in got}
    assert seen == {number + 1: gap(number) for number in range(EVENTS)}
    assert await flow_world.dead_letters() == []
