"""One held camera: who needs a connection, and what is recorded of it."""

import asyncio
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from libs.contracts.cameras import CameraConfig, CameraState, WantedInterval
from libs.contracts.gaps import GapDetected, GapReason
from libs.contracts.live import Rendition
from libs.contracts.recordings import EndReason
from libs.contracts.times import to_milliseconds
from libs.runtime.credentials import CameraCredentials, CredentialBox
from services.recorder.assignment import Assignment
from services.recorder.reports import Failed
from tests.unit.recorder.recorder_live import steady
from tests.unit.recorder.recorder_sessions import FERNET, FakeSession, Recorder, config, recorder

MAIN, SUB = frozenset({Rendition.MAIN}), frozenset({Rendition.SUB})
NOBODY: frozenset[Rendition] = frozenset()


@pytest.fixture(autouse=True)
def sessions(monkeypatch: pytest.MonkeyPatch) -> list[FakeSession]:
    monkeypatch.setattr("services.recorder.connections.CameraSession", FakeSession)
    FakeSession.made = []
    return FakeSession.made


def now() -> datetime:
    return datetime.now(UTC)


def assign(world: Recorder, camera: CameraConfig) -> Assignment:
    assignment = Assignment(camera, epoch=7, revision=7, env=world.env)
    assignment.begin(None, ())
    return assignment


def stopped(camera: CameraConfig) -> CameraConfig:
    wanted = WantedInterval(started_at=camera.wanted[-1].started_at, ended_at=now())
    return camera.model_copy(update={"wanted": (wanted,)})


def play(session: FakeSession, count: int, *, ago: float = 0.0, first: int = 0) -> None:
    """Send parts of 0.2 s of which the last ends `ago` seconds before now."""
    end = time.time() - ago
    for number, part in enumerate(steady(count, gop=5, first=first)):
        session.send(part, end - (count - number) * 0.2)


async def settled() -> None:
    """Let reports reach the event loop."""
    for _ in range(3):
        await asyncio.sleep(0)


async def test_a_login_that_was_unreadable_and_is_corrected_connects_the_camera(sessions):
    world = recorder()
    camera = config(since=now(), credentials="not a token")
    assignment = assign(world, camera)
    assert sessions == []
    assert world.states == ["error"]

    token = CredentialBox(FERNET).seal(CameraCredentials("viewer", "secret"))
    must_reconnect = assignment.update(camera.model_copy(update={"credentials": token}))

    assert must_reconnect
    await assignment.reconnect()
    assert len(sessions) == 1
    assert sessions[0].recording is not None
    assert sessions[0].recording.is_wanted


async def test_a_login_that_is_sealed_anew_keeps_the_connection_and_another_one_does_not(sessions):
    box = CredentialBox(FERNET)
    login = CameraCredentials("viewer", "secret")
    camera = config(since=now(), credentials=box.seal(login))
    assignment = assign(recorder(), camera)
    sessions[0].connect()

    resealed = camera.model_copy(update={"credentials": box.seal(login)})
    changed = {"credentials": box.seal(CameraCredentials("viewer", "other"))}

    assert resealed.credentials != camera.credentials
    assert not assignment.update(resealed)
    assert assignment.update(resealed.model_copy(update=changed))


async def test_a_watched_camera_with_an_unreadable_login_is_not_handed_back(sessions):
    world = recorder()
    assignment = assign(world, config(credentials="not a token"))
    for _ in range(5):
        assert not assignment.watch(MAIN)

    assert not assignment.is_idle
    assert sessions == []
    assert world.states == ["error"]


async def test_a_viewer_connects_a_camera_that_is_not_recorded_and_leaves_it_again(sessions):
    world = recorder()
    assignment = assign(world, config())
    assert assignment.is_idle
    assignment.watch(MAIN)
    sessions[0].connect()
    await settled()
    assert world.states == ["connecting", "live"]
    play(sessions[0], 10)
    assert world.writer.files == []

    assert assignment.watch(NOBODY)
    await assignment.release()

    assert sessions[0].stopped is EndReason.STOPPED
    assert assignment.is_idle
    assert world.states[-1] == "stopped"


async def test_wanted_time_that_was_over_when_it_was_heard_of_is_a_gap(sessions):
    # Switched on, off and on again while the bus was away from a recorder that only had viewers:
    # the first time was never explained.
    world = recorder()
    assignment = assign(world, config())
    assignment.watch(MAIN)
    sessions[0].connect()
    begun = to_milliseconds(now()) - timedelta(minutes=1)
    assignment._accounted_until = begun
    missed = WantedInterval(
        started_at=begun + timedelta(seconds=10), ended_at=begun + timedelta(seconds=20)
    )
    wanted = (missed, WantedInterval(started_at=begun + timedelta(seconds=40)))
    assignment.update(config(wanted=wanted))
    assignment.switch_on()

    [gap] = [each for each in world.said if isinstance(each, GapDetected)]
    assert (gap.started_at, gap.ended_at) == (missed.started_at, missed.ended_at)
    last_word = assignment.progress()
    assert last_word is not None
    assert last_word.accounted_until == wanted[-1].started_at


async def test_switching_off_keeps_the_connection_of_who_watches(sessions):
    world = recorder()
    camera = config(since=now())
    assignment = assign(world, camera)
    assignment.watch(MAIN)
    sessions[0].connect()
    play(sessions[0], 10)

    assignment.update(stopped(camera))
    switching = asyncio.create_task(assignment.switch_off(now()))
    await asyncio.sleep(0.05)
    play(sessions[0], 2, ago=-0.3, first=10)
    await switching

    assert sessions[0].stopped is None
    assert world.writer.closed == [EndReason.STOPPED]
    assert world.states[-1] == "live"
    play(sessions[0], 10, first=12)
    assert len(world.writer.files) == 1


async def test_switching_off_leaves_the_camera_when_nobody_watches(sessions):
    world = recorder()
    camera = config(since=now())
    assignment = assign(world, camera)
    sessions[0].connect()
    play(sessions[0], 10)

    assignment.update(stopped(camera))
    await assignment.switch_off(now())

    assert sessions[0].stopped is EndReason.STOPPED
    assert assignment.is_idle
    assert world.states[-1] == "stopped"


async def test_what_is_recorded_again_is_never_written_behind_a_hole(sessions):
    """The camera sends nothing while it is switched off, and goes on when it is on again."""
    world = recorder()
    camera = config(since=now())
    assignment = assign(world, camera)
    assignment.watch(MAIN)
    sessions[0].connect()
    parts = steady(30, gop=5)
    # within one minute of the clock: at the turn of it a recording ends by itself
    began = (time.time() - 100) // 60 * 60
    for part in parts[:8]:
        sessions[0].send(part, began + part.captured_monotonic)
    await _switch_off_soon(assignment, camera)
    assignment.update(camera)
    assignment.switch_on()
    for part in parts[20:]:
        sessions[0].send(part, began + part.captured_monotonic)

    first, second = (written for _, written in world.writer.files)
    assert first == parts[:8]
    assert second == parts[20:]
    assert EndReason.STOPPED in world.writer.closed


async def _switch_off_soon(assignment: Assignment, camera: CameraConfig) -> None:
    """Switch off without waiting for a part that never comes."""
    connections = assignment._connections

    async def at_once(is_done: object) -> None:
        del is_done

    connections._until = at_once  # type: ignore[method-assign]
    assignment.update(stopped(camera))
    await assignment.switch_off(now())


async def test_a_camera_that_fails_while_it_is_switched_off_is_not_called_live(sessions):
    world = recorder()
    camera = config(since=now())
    assignment = assign(world, camera)
    assignment.watch(MAIN)
    sessions[0].connect()
    assignment.update(stopped(camera))
    switching = asyncio.create_task(assignment.switch_off(now()))
    await asyncio.sleep(0.05)
    sessions[0].is_connected = False
    sessions[0].report(Failed(CameraState.OFFLINE, GapReason.CAMERA_OFFLINE, "gone"))
    await switching
    await settled()

    assert world.states[-1] == "offline"


async def test_a_thread_that_died_while_recording_stopped_records_nothing_afterwards(sessions):
    world = recorder()
    camera = config(since=now())
    assignment = assign(world, camera)
    assignment.watch(MAIN)
    sessions[0].connect()
    assignment.update(stopped(camera))
    switching = asyncio.create_task(assignment.switch_off(now()))
    await asyncio.sleep(0.05)
    sessions[0].is_alive = sessions[0].is_connected = False
    assignment.tick(1.0)
    await switching
    sessions[-1].connect()
    play(sessions[-1], 10)

    assert len(sessions) == 2
    assert world.writer.files == []


async def test_another_length_of_recordings_needs_no_new_connection(sessions):
    world = recorder()
    camera = config(since=now())
    assignment = assign(world, camera)

    assert not assignment.update(camera.model_copy(update={"recording_seconds": 300}))
    assert assignment.update(camera.model_copy(update={"url": "rtsp://127.0.0.1/other"}))


async def test_the_small_stream_is_connected_anew_when_its_address_changes(sessions):
    world = recorder()
    camera = config(sub_url="rtsp://127.0.0.1/small")
    assignment = assign(world, camera)
    assert not assignment.watch(SUB)
    assert [session.config.url for session in sessions] == ["rtsp://127.0.0.1/small"]

    changed = camera.model_copy(update={"sub_url": "rtsp://127.0.0.1/smaller"})
    assert not assignment.update(changed)
    assert assignment.watch(SUB)
    await assignment.release()
    assignment.watch(SUB)

    assert sessions[0].stopped is not None
    assert sessions[1].config.url == "rtsp://127.0.0.1/smaller"
    assert {session.rendition for session in sessions} == {Rendition.SUB}


async def test_letting_go_ends_every_connection(sessions):
    world = recorder()
    camera = config(since=now(), sub_url="rtsp://127.0.0.1/small")
    assignment = assign(world, camera)
    assignment.watch(MAIN | SUB)
    for session in sessions:
        session.connect()
    await assignment.end(EndReason.HANDOVER)

    assert [session.stopped for session in sessions] == [EndReason.HANDOVER, EndReason.STOPPED]


async def test_a_fault_of_the_live_path_costs_no_footage():
    """The real session places a part in its recording first and outlives what follows."""
    from services.recorder.session import CameraSession

    world = recorder()
    assignment = assign(world, config(since=now()))
    session = FakeSession.made[0]
    broken = object()
    real = CameraSession.__new__(CameraSession)
    real.recording = session.recording
    real._live = broken  # type: ignore[assignment]
    real._wall = _Wall()  # type: ignore[assignment]
    for part in steady(6, gop=5):
        real._place(replace(part))

    assert sum(len(written) for _, written in world.writer.files) == 6
    await assignment.end(EndReason.STOPPED)


class _Wall:
    def check(self) -> float:
        return 0.0

    def unix_at(self, monotonic: float) -> float:
        return time.time() + monotonic
