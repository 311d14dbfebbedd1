"""Which cameras a recorder holds when some are recorded and some only watched."""

import contextlib
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from libs.bus.wiring import Wiring
from libs.contracts.cameras import CameraConfig
from libs.contracts.gaps import GapDetected
from libs.contracts.live import Demand, LiveState, Rendition
from libs.contracts.ownership import Lease, Presence, RecordingProgress
from services.recorder.ownership import Ownership
from tests.unit.recorder.recorder_live import fill, steady
from tests.unit.recorder.recorder_sessions import FakeSession, Recorder, config, recorder
from tests.unit.recorder.test_recorder_assignment import now
from tests.waiting import eventually, running

OTHERS = Wiring(
    service="others", writes=(CameraConfig, Demand, Lease, Presence, RecordingProgress, LiveState)
)


@pytest.fixture(autouse=True)
def _sessions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.recorder.connections.CameraSession", FakeSession)
    FakeSession.made = []


def open_cameras() -> set[str]:
    return {each.config.camera_id for each in FakeSession.made if each.stopped is None}


@contextlib.asynccontextmanager
async def holding(world: Recorder) -> AsyncIterator[Ownership]:
    ownership = Ownership(world.bus, world.env, [])
    async with running(ownership.run()):
        await eventually(lambda: ownership.is_ready)
        yield ownership


async def put(world: Recorder, *cameras: CameraConfig) -> None:
    bucket = world.broker.bus(OTHERS).kv(CameraConfig)
    for camera in cameras:
        await bucket.put(camera.key, camera)


async def watch(world: Recorder, camera_id: str, rendition: Rendition = Rendition.MAIN) -> str:
    demand = Demand(camera_id=camera_id, rendition=rendition, streamer="one")
    await world.broker.bus(OTHERS).kv(Demand).put(demand.key, demand)
    return demand.key


async def test_a_recorded_camera_takes_the_place_of_one_that_is_only_watched():
    world = recorder(max_cameras=1)
    async with holding(world):
        await put(world, config("seen"))
        await watch(world, "seen")
        await eventually(lambda: open_cameras() == {"seen"})
        await put(world, config("kept", since=now()))
        await eventually(lambda: open_cameras() == {"kept"})


async def test_a_camera_that_is_only_watched_is_not_taken_where_there_is_no_room():
    world = recorder(max_cameras=1)
    async with holding(world) as ownership:
        await put(world, config("kept", since=now()), config("seen"))
        await eventually(lambda: open_cameras() == {"kept"})
        await watch(world, "seen")
        await put(world, config("last"))  # told after the demand
        await eventually(lambda: "main.last" in ownership._configs)
        await ownership._share()

        assert open_cameras() == {"kept"}


async def test_viewers_elsewhere_cause_no_handover_of_a_recorded_camera():
    world = recorder()
    cameras = [config(f"kept-{n}", since=now()) for n in range(4)]
    others = [config(f"other-{n}", since=now()) for n in range(3)]
    bus = world.broker.bus(OTHERS)
    leases = bus.leases(Lease, ttl_seconds=60)
    for camera in others:
        await leases.acquire(camera.key, Lease(recorder="recorder-2"))
    await bus.leases(Presence, ttl_seconds=60).acquire(
        "recorder-2", Presence(recorder="recorder-2")
    )
    async with holding(world) as ownership:
        await put(world, *cameras, *others)
        await eventually(lambda: len(open_cameras()) == 4)
        for n in range(3):
            await put(world, config(f"seen-{n}"))
            await watch(world, f"seen-{n}")
        await eventually(lambda: len(ownership._demand) == 3)
        for _ in range(3):
            await ownership._share()

        assert {f"kept-{n}" for n in range(4)} <= open_cameras()
        assert not [each for each in FakeSession.made if each.stopped is not None]


async def test_a_demand_that_cannot_be_read_harms_nothing():
    world = recorder()
    async with holding(world):
        await world.broker.bucket("demand").write("main.door.main.x", b"{not json")
        await watch(world, "nowhere")
        await put(world, config("door", since=now()))
        await eventually(lambda: open_cameras() == {"door"})


async def test_a_deleted_camera_is_left_and_forgotten_also_while_it_is_watched():
    world = recorder()
    bus = world.broker.bus(OTHERS)
    camera = config("door", since=now())
    async with holding(world) as ownership:
        await put(world, camera)
        await watch(world, "door")
        await eventually(lambda: open_cameras() == {"door"})
        assignment = ownership.assignments[camera.key]
        fill(assignment._connections._feeds[Rendition.MAIN].buffer, steady(1))
        await bus.kv(CameraConfig).delete(camera.key)
        await eventually(lambda: not ownership.assignments)

        assert open_cameras() == set()
        assert await bus.kv(RecordingProgress).get(camera.key) is None
        assert await bus.kv(LiveState).get(f"{camera.key}.main") is None
        assert await bus.leases(Lease, ttl_seconds=5).acquire(camera.key, Lease(recorder="x"))


async def test_closing_with_viewers_ends_every_session_and_frees_the_camera():
    world = recorder()
    camera = config("door", since=now(), sub_url="rtsp://127.0.0.1/small")
    async with holding(world) as ownership:
        await put(world, camera)
        await watch(world, "door")
        await watch(world, "door", Rendition.SUB)
        await eventually(lambda: len([s for s in FakeSession.made if s.stopped is None]) == 2)
        await ownership.close()

        assert open_cameras() == set()
        lease = world.broker.bus(OTHERS).leases(Lease, ttl_seconds=5)
        assert await lease.acquire(camera.key, Lease(recorder="x"))


@pytest.mark.parametrize("is_known", [False, True])
async def test_who_loses_a_camera_ends_the_gap_that_the_next_owner_does_not_know(is_known: bool):
    # A recorder cut off from camera and bus announced a gap that nobody ever ended: in the
    # catalog it explained all that was missing of that camera from then on.
    world = recorder()
    camera = config("door", since=now() - timedelta(minutes=1))
    async with holding(world) as ownership:
        await put(world, camera)
        await eventually(lambda: camera.key in ownership.assignments)
        assignment = ownership.assignments[camera.key]
        assignment.tick(1.0)
        mine = assignment.progress()
        assert mine is not None
        assert mine.open_gap is not None
        gap = mine.open_gap if is_known else None
        theirs = mine.model_copy(update={"recorder": "recorder-2", "open_gap": gap})
        await world.broker.bus(OTHERS).kv(RecordingProgress).put(camera.key, theirs)
        await ownership._lose(camera.key, assignment)

    opened, *ended = [each for each in world.said if isinstance(each, GapDetected)]
    assert (opened.started_at, opened.ended_at) == (mine.open_gap.started_at, None)
    assert [each.gap_id for each in ended] == ([] if is_known else [opened.gap_id])
    assert all(each.ended_at is not None for each in ended)
