"""What the bus client does when the server or the connection fails."""

import asyncio
import os
import signal
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from libs.bus import metrics
from libs.bus.client import Bus, BusConfig
from libs.bus.connection import Connection
from libs.bus.consumer import Consumer
from libs.bus.deliveries import Decoder, Delivery
from libs.bus.errors import BusUnavailable, PermissionDenied
from libs.bus.topology import ACK_WAIT_SECONDS
from libs.bus.wiring import Wiring
from libs.contracts.cameras import CameraConfig
from libs.contracts.gaps import GapDetected
from tests.integration.bus.bus_worlds import (
    API,
    EVENTS,
    RECORDER,
    ServerWorld,
    camera,
    gap,
)
from tests.waiting import eventually, running
from tools.local.ports import free_port


async def stored(bus: Bus) -> list[str]:
    return [d.event_id async for d in bus.replay(EVENTS, from_seq=1, to_seq=10**9)]


async def test_events_published_while_the_server_is_killed_are_stored_exactly_once(
    server_world: ServerWorld,
):
    recorder = await server_world.bus(RECORDER)
    api = await server_world.bus(API)
    events = [gap(number, f"cam-{number % 8}") for number in range(600)]
    slots = asyncio.Semaphore(16)
    finished = 0

    async def publish(event: GapDetected) -> None:
        nonlocal finished
        async with slots:
            await recorder.publish(event)
            finished += 1

    async with asyncio.TaskGroup() as group:
        for event in events:
            group.create_task(publish(event))
        await eventually(lambda: finished >= 100)
        await server_world.server.process.kill()
        await eventually(lambda: not recorder.is_connected)
        assert finished < len(events)
        await server_world.server.process.start()

    ids = await stored(api)
    assert len(ids) == len(events)
    assert set(ids) == {event.event_id for event in events}


async def test_publishing_to_a_dead_server_fails_after_the_deadline_and_stores_nothing_later(
    server_world: ServerWorld,
):
    recorder = await server_world.bus(
        RECORDER, publish_deadline_seconds=0.5, publish_timeout_seconds=0.2
    )
    api = await server_world.bus(API)
    await server_world.server.process.kill()

    with pytest.raises(BusUnavailable):
        await recorder.publish(gap(1))
    await eventually(lambda: not recorder.is_connected)
    with pytest.raises(BusUnavailable):
        await recorder.publish(gap(2))
    with pytest.raises(BusUnavailable):
        await recorder.rtt()
    await server_world.server.process.start()
    await eventually(lambda: recorder.is_connected and api.is_connected)
    await recorder.publish(gap(3))

    assert gap(2).event_id not in await stored(api)
    assert gap(3).event_id in await stored(api)


async def test_consuming_goes_on_after_the_server_was_killed_under_a_handler(
    server_world: ServerWorld,
):
    """A killed server may forget that it delivered: the event comes again, and soon."""
    recorder, api = await server_world.bus(RECORDER), await server_world.bus(API)
    got: list[int] = []

    async def handle(delivery: Delivery) -> None:
        if not got:
            await server_world.server.process.kill()
            await server_world.server.process.start()
        got.append(delivery.stream_seq)

    await recorder.publish(gap(1))
    async with running(api.consume(handle)):
        await eventually(lambda: got != [])
        await recorder.publish(gap(2))
        await eventually(lambda: got[-1] == 2, within=25)

    assert got in ([1, 2], [1, 1, 2])


async def test_a_deleted_consumer_is_asked_for_less_and_less_and_used_when_it_is_back(
    server_world: ServerWorld,
):
    recorder, api = await server_world.bus(RECORDER), await server_world.bus(API)
    got: list[int] = []
    before = _errors("fetch")

    async def handle(delivery: Delivery) -> None:
        got.append(delivery.stream_seq)

    async with running(api.consume(handle)):
        async with server_world.admin() as admin:
            await admin.jetstream().delete_consumer("EVENTS", "api")
        await eventually(lambda: _errors("fetch") - before >= 3)
        await server_world.declare()
        await recorder.publish(gap(1))
        await eventually(lambda: got == [1])

    assert _errors("fetch") - before < 10


async def test_cancelling_the_consumer_never_strands_an_event(server_world: ServerWorld):
    """A fetch that is cut off keeps what it received, and the server waits half a minute."""
    recorder = await server_world.bus(RECORDER)
    deliveries: list[tuple[int, int]] = []

    async def handle(delivery: Delivery) -> None:
        deliveries.append((delivery.stream_seq, delivery.delivered))

    for number in range(1, 7):
        api = await server_world.bus(API)
        task = asyncio.create_task(api.consume(handle))
        await asyncio.gather(recorder.publish(gap(number)), _cancel_soon(task, number))
        await asyncio.wait([task])
        await api.drain(1)
    api = await server_world.bus(API)
    async with running(api.consume(handle)):
        await eventually(lambda: {seq for seq, _ in deliveries} == set(range(1, 7)), within=10)

    assert sorted({seq for seq, _ in deliveries}) == list(range(1, 7))


async def _cancel_soon(task: asyncio.Task[None], turns: int) -> None:
    for _ in range(turns * 20):
        await asyncio.sleep(0)
    task.cancel()


async def test_draining_returns_what_a_stuck_handler_holds(server_world: ServerWorld):
    recorder, api = await server_world.bus(RECORDER), await server_world.bus(API)
    entered = asyncio.Event()
    got: list[int] = []

    async def stuck(_: Delivery) -> None:
        entered.set()
        await asyncio.Event().wait()

    async def handle(delivery: Delivery) -> None:
        got.append(delivery.delivered)

    await recorder.publish(gap(1))
    consuming = asyncio.create_task(api.consume(stuck))
    await entered.wait()
    async with asyncio.timeout(10):
        await api.drain(0.2)
        await consuming
    other = await server_world.bus(API)
    async with running(other.consume(handle)):
        await eventually(lambda: got == [2], within=10)

    assert got == [2]


async def test_draining_while_the_server_is_gone_ends(server_world: ServerWorld):
    api = await server_world.bus(API)
    consuming = asyncio.create_task(api.consume(_ignore))
    await server_world.server.process.kill()

    async with asyncio.timeout(15):
        await api.drain(0.2)
        await consuming

    assert not api.is_connected


async def test_a_handler_longer_than_the_acknowledgement_wait_is_not_called_twice(
    server_world: ServerWorld,
):
    recorder = await server_world.bus(RECORDER)
    async with server_world.admin() as admin:
        await admin.jetstream().add_consumer("EVENTS", durable_name="slow", ack_wait=1)
    connection = Connection(server_world.admin_config, "slow")
    await connection.open(5)
    decoder = Decoder([GapDetected])
    consumer = Consumer(connection, durable="slow", decoder=decoder, slots=4, ack_wait_seconds=1.0)
    started: list[int] = []
    ended: list[int] = []

    async def handle(delivery: Delivery) -> None:
        started.append(delivery.stream_seq)
        await asyncio.sleep(2.5)  # the work itself, two and a half times the wait
        ended.append(delivery.stream_seq)

    await recorder.publish(gap(1))
    await recorder.publish(gap(2))
    async with running(consumer.run(handle)):
        await eventually(lambda: len(ended) == 2)
    await connection.close(1)

    assert sorted(started) == [1, 2]


async def test_a_refused_subject_is_logged_counted_and_raised(server_world: ServerWorld):
    greedy = Wiring(service="recorder", writes=(CameraConfig,))
    recorder = await server_world.bus(greedy, request_timeout_seconds=0.5)
    before = _errors("PermissionDenied")

    with capture_logs() as logs, pytest.raises(PermissionDenied, match=r"\$KV\.cameras"):
        await recorder.kv(CameraConfig).put("main.front-door", camera("x"))

    assert _errors("PermissionDenied") == before + 1
    assert any(
        entry["event"] == "bus.permission_denied"
        and entry["subject"].upper().startswith("$KV.CAMERAS.")
        for entry in logs
    )


async def freeze(pid: int) -> None:
    """Stop a process, and wait until every thread of it stands still: a signal takes a moment."""
    os.kill(pid, signal.SIGSTOP)
    tasks = Path(f"/proc/{pid}/task")
    await eventually(
        lambda: all(
            (task / "stat").read_text().rpartition(")")[2].split()[0] == "T"
            for task in tasks.iterdir()
        )
    )


async def test_a_frozen_server_is_noticed_by_the_round_trip_alone(server_world: ServerWorld):
    recorder = await server_world.bus(RECORDER)
    assert await recorder.rtt() > 0
    await freeze(server_world.server.process.pid)
    try:
        assert recorder.is_connected
        with pytest.raises(BusUnavailable):
            await recorder.rtt()
    finally:
        os.kill(server_world.server.process.pid, signal.SIGCONT)
    await recorder.publish(gap(1))

    assert await stored(await server_world.bus(API)) == [gap(1).event_id]


async def test_a_client_whose_read_loop_died_comes_back(server_world: ServerWorld):
    """The library's read loop can die while it still says that it is connected."""
    recorder = await server_world.bus(RECORDER, ping_interval_seconds=1)
    reading = recorder._connection.client._reading_task
    assert reading is not None
    reading.cancel()
    await asyncio.wait([reading])
    assert recorder.is_connected

    await recorder.publish(gap(1))

    assert await stored(await server_world.bus(API)) == [gap(1).event_id]


async def test_a_client_that_closed_for_good_is_replaced_and_consuming_goes_on(
    server_world: ServerWorld,
):
    recorder = await server_world.bus(RECORDER)
    api = await server_world.bus(API, ping_interval_seconds=1)
    got: list[int] = []

    async def handle(delivery: Delivery) -> None:
        got.append(delivery.stream_seq)

    await recorder.publish(gap(1))
    async with running(api.consume(handle)):
        await eventually(lambda: got == [1])
        await api._connection.client.close()
        await recorder.publish(gap(2))
        # the server may have sent it to the closed client, and sends it again after the ack wait
        await eventually(lambda: got == [1, 2], within=2 * ACK_WAIT_SECONDS)

    assert got == [1, 2]


async def test_no_server_is_an_error_in_time_and_leaves_nothing_behind():
    config = BusConfig(url=f"nats://nobody:secret@127.0.0.1:{free_port()}")
    tasks = len(asyncio.all_tasks())

    with pytest.raises(BusUnavailable) as raised:
        await Bus.connect(config, RECORDER, wait_seconds=0.5)

    assert "secret" not in str(raised.value)
    assert len(asyncio.all_tasks()) == tasks


async def test_wrong_password_is_an_error_in_time(server_world: ServerWorld):
    config = BusConfig(
        url=f"nats://127.0.0.1:{server_world.server.port}", user="recorder", password="wrong"
    )

    with pytest.raises(BusUnavailable):
        await Bus.connect(config, RECORDER, wait_seconds=1.5)

    assert "wrong" not in repr(config)


async def test_a_long_history_is_replayed_completely_to_a_slow_reader(server_world: ServerWorld):
    recorder = await server_world.bus(RECORDER)
    padding = "x" * 20_000
    events = [gap(n).model_copy(update={"detail": padding}) for n in range(1500)]
    async with asyncio.TaskGroup() as group:
        for worker in range(8):
            group.create_task(_publish_all(recorder, events[worker::8]))

    seen = 0
    async for delivery in (await server_world.bus(API)).replay(
        [GapDetected], from_seq=1, to_seq=10**9
    ):
        seen += 1
        assert delivery.stream_seq == seen
        if seen % 100 == 0:
            await asyncio.sleep(0.05)  # the reader's own work

    assert seen == len(events)


async def _publish_all(bus: Bus, events: list[GapDetected]) -> None:
    for event in events:
        await bus.publish(event)


async def _ignore(_: Delivery) -> None:
    """Do nothing."""


def _errors(kind: str) -> float:
    return float(metrics.ERRORS.labels(kind)._value.get())
