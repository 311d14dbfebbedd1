from datetime import UTC, datetime, timedelta

from libs.bus.keyvalue import Change, ChangeKind
from libs.contracts.cameras import CameraState
from libs.contracts.ownership import Lease, RecordingProgress
from services.api.status import StatusBoard

T0 = datetime(2026, 11, 20, tzinfo=UTC)
KEY = "main.door"


def progress(**fields) -> Change[RecordingProgress]:
    value = RecordingProgress(
        camera_id="door",
        recorder="r1",
        epoch=1,
        seen_at=T0,
        accounted_until=T0,
        state=CameraState.RECORDING,
        state_since=T0 - timedelta(minutes=5),
        **fields,
    )
    return Change(KEY, value, 1)


def test_recorder_that_fell_silent_is_not_believed():
    board = StatusBoard(stale_seconds=10)
    board.on_progress(progress())

    assert board.sighting(KEY, T0 + timedelta(seconds=9)).is_fresh
    assert not board.sighting(KEY, T0 + timedelta(seconds=11)).is_fresh


def test_lost_lease_is_forgotten_and_progress_remembered():
    board = StatusBoard(stale_seconds=10)
    board.on_progress(progress())
    board.on_owner(Change(KEY, Lease(recorder="r1"), 1))
    board.on_owner(Change(KEY, None, 2, ChangeKind.DELETED))

    sighting = board.sighting(KEY, T0)

    assert sighting.owner is None
    assert sighting.progress is not None


def test_footage_is_pending_since_the_newest_stored_recording():
    board = StatusBoard(stale_seconds=10)
    stored_until = T0 - timedelta(seconds=40)
    board.on_progress(progress(stored_until=stored_until))

    assert board.pending_since(KEY, T0) == stored_until
    assert board.pending_since(KEY, T0 + timedelta(minutes=1)) is None


def test_footage_of_a_fresh_recorder_is_pending_since_it_records():
    board = StatusBoard(stale_seconds=10)
    board.on_progress(progress())

    assert board.pending_since(KEY, T0) == T0 - timedelta(minutes=5)
