"""Gaps and changes of state reach the bus in order, whatever happens in between."""

import asyncio
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from libs.bus.errors import InvalidPayload
from libs.bus.testing import FakeBroker, FakeBus
from libs.contracts.cameras import CameraState, CameraStatusChanged
from libs.contracts.gaps import GapDetected, GapReason
from libs.contracts.messages import Event
from services.recorder.outbox import Outbox, OutboxEvent
from services.recorder.spool import OUTBOX
from services.recorder.wiring import WIRING
from tests.unit.recorder.recorder_samples import at
from tests.waiting import eventually, running


def gap(number: int) -> GapDetected:
    return GapDetected(
        camera_id="front-door",
        started_at=at(number),
        ended_at=at(number + 1),
        reason=GapReason.CAMERA_OFFLINE,
        recorder="recorder-1",
    )


def status(number: int) -> CameraStatusChanged:
    return CameraStatusChanged(
        camera_id="front-door", state=CameraState.OFFLINE, since=at(number), recorder="recorder-1"
    )


def sent(broker: FakeBroker) -> list[str]:
    """Ids of what reached the bus, in order."""
    both = [*broker.published(GapDetected), *broker.published(CameraStatusChanged)]
    subjects = [stored.payload for stored in broker.events]
    return sorted(
        (event.event_id for event in both),
        key=lambda name: next(n for n, p in enumerate(subjects) if name.encode() in p),
    )


async def test_events_go_out_in_the_order_in_which_they_were_put(tmp_path: Path):
    broker, outbox = FakeBroker(), Outbox(tmp_path)
    events: list[OutboxEvent] = [gap(1), status(1), gap(2), status(2), gap(3)]
    for event in events:
        outbox.put(event)

    async with running(outbox.run(broker.bus(WIRING))), asyncio.timeout(5):
        await outbox.wait_empty()

    assert sent(broker) == [e.event_id for e in events]
    assert len(outbox) == 0
    assert list((tmp_path / OUTBOX).iterdir()) == []


async def test_a_restart_goes_on_where_the_earlier_life_stopped(tmp_path: Path):
    first = Outbox(tmp_path)
    before = [gap(n) for n in range(12)]
    for event in before:
        first.put(event)
    broker, second = FakeBroker(), Outbox(tmp_path)
    second.put(status(99))

    async with running(second.run(broker.bus(WIRING))), asyncio.timeout(5):
        await second.wait_empty()

    assert sent(broker) == [*(e.event_id for e in before), status(99).event_id]
    assert len(Outbox(tmp_path)) == 0


async def test_an_open_gap_of_an_earlier_life_is_left_to_the_next_owner(tmp_path: Path):
    # Published after another recorder had taken the camera over, it was never ended.
    first = Outbox(tmp_path)
    first.put(gap(1).model_copy(update={"ended_at": None}))
    first.put(gap(2))

    second = Outbox(tmp_path)

    assert len(second) == 1
    assert len(list((tmp_path / OUTBOX).iterdir())) == 1


async def test_what_waits_while_the_bus_is_away_goes_out_when_it_is_back(tmp_path: Path):
    broker, outbox = FakeBroker(), Outbox(tmp_path)
    broker.go_offline()
    async with running(outbox.run(broker.bus(WIRING))):
        for number in range(3):
            outbox.put(gap(number))
        await asyncio.sleep(0)
        assert (len(outbox), len(Outbox(tmp_path))) == (3, 3)

        broker.go_online()
        async with asyncio.timeout(5):
            await outbox.wait_empty()

    assert sent(broker) == [gap(n).event_id for n in range(3)]


async def test_an_event_that_was_sent_but_not_yet_deleted_is_sent_once(tmp_path: Path):
    broker, outbox = FakeBroker(), Outbox(tmp_path)
    outbox.put(gap(1))
    await broker.bus(WIRING).publish(gap(1))

    async with running(outbox.run(broker.bus(WIRING))), asyncio.timeout(5):
        await outbox.wait_empty()

    assert sent(broker) == [gap(1).event_id]


@pytest.mark.parametrize("garbage", [b"", b"{}", b"{", b'{"gap":{"camera_id":"UPPER"}}', b"\xff"])
async def test_unreadable_files_are_set_aside_and_the_others_sent(tmp_path: Path, garbage: bytes):
    first = Outbox(tmp_path)
    for number in (1, 2, 3):
        first.put(gap(number))
    bad = sorted((tmp_path / OUTBOX).iterdir())[1]
    bad.write_bytes(garbage)
    broker = FakeBroker()

    with capture_logs() as logs:
        second = Outbox(tmp_path)
    async with running(second.run(broker.bus(WIRING))), asyncio.timeout(5):
        await second.wait_empty()

    assert sent(broker) == [gap(1).event_id, gap(3).event_id]
    assert [p.name for p in (tmp_path / OUTBOX).iterdir()] == [bad.with_suffix(".bad").name]
    assert logs[0]["event"] == "outbox.file_unreadable"


async def test_a_file_with_a_foreign_name_does_not_keep_the_recorder_from_starting(tmp_path: Path):
    # Its name was read as a number, and the process ended.
    (tmp_path / OUTBOX).mkdir()
    (tmp_path / OUTBOX / "notes.json").write_text("{}")

    outbox = Outbox(tmp_path)

    assert len(outbox) == 0
    assert (tmp_path / OUTBOX / "notes.bad").exists()


class RefusingBus(FakeBus):
    """Never takes one event."""

    refused = ""

    async def publish(self, event: Event) -> None:
        if event.event_id == self.refused:
            raise InvalidPayload("invalid_payload", "too large")
        await super().publish(event)


async def test_an_event_that_the_bus_never_takes_does_not_keep_back_the_rest(tmp_path: Path):
    broker, outbox = FakeBroker(), Outbox(tmp_path)
    bus = RefusingBus(broker, WIRING)
    bus.refused = gap(1).event_id
    outbox.put(gap(1))
    outbox.put(gap(2))

    async with running(outbox.run(bus)), asyncio.timeout(5):
        await outbox.wait_empty()

    assert sent(broker) == [gap(2).event_id]
    assert [p.suffix for p in (tmp_path / OUTBOX).iterdir()] == [".bad"]


async def test_a_disk_that_takes_nothing_keeps_the_events_in_memory(tmp_path: Path):
    broker, outbox = FakeBroker(), Outbox(tmp_path)
    (tmp_path / OUTBOX).rmdir()

    with capture_logs() as logs:
        outbox.put(gap(1))
    async with running(outbox.run(broker.bus(WIRING))):
        await eventually(lambda: bool(broker.events))

    assert logs[0]["event"] == "outbox.write_failed"
    assert sent(broker) == [gap(1).event_id]
