import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

from libs.bus.keyvalue import Change, ChangeKind
from libs.contracts.asks import FoundDevice, ScanState
from services.api.scan_board import KEPT, MOST_EXPECTED, SILENT_SECONDS, ScanBoard

T0 = datetime(2026, 11, 20, tzinfo=UTC)
SCAN_ID = "0" * 16


class Clock:
    def __init__(self) -> None:
        self.now = T0

    def __call__(self) -> datetime:
        return self.now


def state(*devices: FoundDevice, scan_id: str = SCAN_ID, **fields: Any) -> ScanState:
    return ScanState.model_validate(
        {"scan_id": scan_id, "state": "running", "started_at": T0, "devices": devices, **fields}
    )


def device(number: int, **fields: Any) -> FoundDevice:
    return FoundDevice.model_validate(
        {"found_id": f"{number:016x}", "host": "192.0.2.1", "port": 80, "seen_at": T0, **fields}
    )


def change(value: ScanState | None, revision: int, scan_id: str = SCAN_ID) -> Change[ScanState]:
    return Change(f"main.{scan_id}", value, revision)


def since(board: ScanBoard, revision: int) -> list[str]:
    record = board.find(SCAN_ID)
    assert record is not None
    return [each.found_id[-1] for each in record.devices_since(revision)]


def test_devices_count_from_the_revision_that_told_or_changed_them():
    board = ScanBoard(Clock())
    board.on_change(change(state(device(1)), 4))
    board.on_change(change(state(device(1), device(2)), 5))
    board.on_change(change(state(device(1, rtsp_port=554), device(2)), 6))

    assert [since(board, revision) for revision in (3, 4, 5, 6)] == [
        ["1", "2"],
        ["1", "2"],
        ["1"],
        [],
    ]


def test_repeated_value_changes_nothing():
    board = ScanBoard(Clock())
    board.on_change(change(state(device(1)), 4))
    board.on_change(change(state(device(1)), 4))

    assert since(board, 4) == []


def test_bucket_that_was_made_anew_tells_everything_again():
    board = ScanBoard(Clock())
    board.on_change(change(state(device(1)), 900))
    board.on_change(change(state(device(1)), 2))

    assert since(board, 1) == ["1"]


def test_accepted_scan_is_known_until_the_bucket_tells_of_it():
    board = ScanBoard(Clock())
    board.expect(state(total=9))
    expected = board.find(SCAN_ID)
    board.on_change(change(state(total=9, checked=3), 7))
    told = board.find(SCAN_ID)

    assert expected is not None
    assert (expected.revision, expected.state.state) == (0, "running")
    assert told is not None
    assert (told.revision, told.state.checked) == (7, 3)
    assert len(board.newest_first()) == 1


def test_accepted_scan_of_which_nothing_is_heard_has_failed():
    # Discovery was killed between its answer and its first word: the scan ran for ever.
    clock = Clock()
    board = ScanBoard(clock)
    board.expect(state())

    clock.now = T0 + timedelta(seconds=SILENT_SECONDS)

    record = board.find(SCAN_ID)
    assert record is not None
    assert record.state.state == "failed"
    assert record.state.failure is not None
    assert "Start the scan again" in record.state.failure.advice


def test_accepted_scans_are_not_remembered_without_end():
    board = ScanBoard(Clock())
    for number in range(MOST_EXPECTED + 5):
        board.expect(state(scan_id=f"{number:016x}"))

    assert len(board.newest_first()) == MOST_EXPECTED
    assert board.find(f"{0:016x}") is None


def test_expired_scan_is_forgotten_and_the_end_of_a_snapshot_is_no_scan():
    board = ScanBoard(Clock())
    board.on_change(change(state(), 1))
    board.on_change(Change("", None, 0, ChangeKind.SNAPSHOT_DONE))
    known = board.find(SCAN_ID)
    board.on_change(Change(f"main.{SCAN_ID}", None, 2, ChangeKind.DELETED))

    assert known is not None
    assert board.find(SCAN_ID) is None


def test_old_scans_are_forgotten_though_the_bucket_does_not_tell():
    # The bucket drops what is a day old in silence; the api held every scan until it was restarted.
    clock = Clock()
    board = ScanBoard(clock)
    for day in range(3):
        clock.now = T0 + day * KEPT
        scan_id = f"{day:016x}"
        scan = state(device(1), scan_id=scan_id, started_at=clock.now)
        board.on_change(change(scan, day + 1, scan_id))

    assert [record.state.scan_id[-1] for record in board.newest_first()] == ["2", "1"]


async def test_waiting_for_a_change_misses_none():
    board = ScanBoard(Clock())
    change_to_come = board.next_change()
    board.on_change(change(state(), 1))

    assert await change_to_come.within(5)
    assert not await board.next_change().within(0.001)


async def test_waiting_for_the_end_ends_with_the_scan_or_in_time():
    board = ScanBoard(Clock())
    board.on_change(change(state(), 1))
    await board.wait_for_end(SCAN_ID, 0.001)
    async with asyncio.timeout(20), asyncio.TaskGroup() as tasks:
        waiting = tasks.create_task(board.wait_for_end(SCAN_ID, 15))
        await asyncio.sleep(0)
        board.on_change(change(state(state="cancelled"), 2))
        await waiting

    record = board.find(SCAN_ID)
    assert record is not None
    assert record.state.state == "cancelled"
