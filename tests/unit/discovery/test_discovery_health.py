"""Health of several cameras over a bus in memory, with a checker that is told what to find."""

import asyncio
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial

from prometheus_client import REGISTRY

from libs.bus.testing import FakeBroker
from libs.contracts.cameras import CameraConfig, CameraState
from libs.contracts.health import CameraHealth, CameraHealthChanged, HealthState
from libs.contracts.ownership import RecordingProgress
from libs.devices.breaker import Breaker
from services.api.wiring import WIRING as API
from services.discovery.checks import Checker, Finding
from services.discovery.devices import DeviceRegistry
from services.discovery.health import MOST_AT_ONCE, HealthWatch
from services.discovery.wiring import WIRING
from services.recorder.wiring import WIRING as RECORDER
from tests.unit.discovery.test_discovery_registry import Site
from tests.waiting import eventually, eventually_async, running


@dataclass
class FakeChecker(Checker):
    """Finds what it is told, and knows how many look at the same time."""

    state: HealthState = HealthState.ONLINE
    checked: Counter[str] = field(default_factory=Counter)
    is_open: dict[str, bool] = field(default_factory=lambda: defaultdict(bool))
    """The breaker that each was last checked with."""
    most: int = 0
    _now: int = 0

    async def check(
        self, camera: CameraConfig, progress: RecordingProgress | None, breaker: Breaker
    ) -> Finding:
        self._now += 1
        self.most = max(self.most, self._now)
        await asyncio.sleep(0)
        self._now -= 1
        self.checked[camera.camera_id] += 1
        self.is_open[camera.camera_id] = breaker.is_open
        flows = progress is not None and progress.state is CameraState.RECORDING
        return Finding(HealthState.ONLINE if flows else self.state)


class Cameras:
    def __init__(self, broker: FakeBroker, **changes: float) -> None:
        self.broker = broker
        self.checker = FakeChecker()
        self.utc = datetime(2026, 3, 1, 12, tzinfo=UTC)
        registry: DeviceRegistry = Site().registry
        self.health = HealthWatch(
            broker.bus(WIRING),
            registry,
            self.checker,
            site="main",
            now=lambda: self.utc,
            monotonic=lambda: asyncio.get_running_loop().time(),
            **{"health_seconds": 3600, "first_spread_seconds": 0.0, "confirm_seconds": 0.01}
            | changes,
        )

    def add(self, camera_id: str = "yard", **changes: object) -> CameraConfig:
        values = {"camera_id": camera_id, "name": camera_id, "url": "rtsp://192.0.2.7/1"}
        config = CameraConfig.model_validate(values | changes)
        self.health.camera_changed(config)
        return config

    def told(self) -> list[HealthState]:
        events = self.broker.published(CameraHealthChanged)
        return [e.state for e in events if isinstance(e, CameraHealthChanged)]


async def test_many_cameras_are_checked_a_few_at_a_time_and_each_is_told_once():
    cameras = Cameras(FakeBroker())
    for number in range(2 * MOST_AT_ONCE):
        cameras.add(f"camera-{number}")

    async with running(cameras.health.run()):
        await eventually(lambda: len(cameras.told()) == 2 * MOST_AT_ONCE)

    assert set(cameras.checker.checked.values()) == {1}
    assert cameras.checker.most <= MOST_AT_ONCE


async def test_cameras_that_are_there_at_the_start_are_not_checked_all_at_once():
    # They were all told before the first of them looked whether the start was over.
    cameras = Cameras(FakeBroker(), first_spread_seconds=36_000.0)
    async with running(cameras.health.run()):
        await asyncio.sleep(0)
        for number in range(20):
            cameras.add(f"camera-{number}")
        cameras.health.cameras_complete()
        cameras.add("added-later")
        await eventually(lambda: cameras.checker.checked["added-later"] == 1)

    assert sum(cameras.checker.checked.values()) <= 2


async def test_cameras_are_counted_by_the_leader_alone():
    cameras = Cameras(FakeBroker())
    cameras.add()
    async with running(cameras.health.run()):
        await eventually(lambda: cameras.checker.checked["yard"] == 1)
        await eventually(lambda: _counted() == 1)

    assert _counted() is None


async def test_a_recorder_that_still_uses_the_old_login_says_nothing_of_the_new_one():
    # Its word opened the new login's breaker, which nothing closed while nobody recorded.
    broker = FakeBroker()
    cameras = Cameras(broker)
    moment = cameras.utc
    said = RecordingProgress(
        camera_id="yard",
        recorder="recorder-1",
        epoch=1,
        seen_at=moment,
        accounted_until=moment,
        state=CameraState.UNAUTHORIZED,
        state_since=moment,
    )
    cameras.add(credentials="old")
    async with running(cameras.health.run()):
        await broker.bus(RECORDER).kv(RecordingProgress).put("main.yard", said)
        await eventually(lambda: cameras.checker.is_open["yard"])
        cameras.utc += timedelta(seconds=1)
        cameras.add(credentials="new", version=2)

        await eventually(lambda: not cameras.checker.is_open["yard"])


async def test_a_jump_of_the_clock_makes_nobody_check():
    cameras = Cameras(FakeBroker())
    cameras.add()
    async with running(cameras.health.run()):
        await eventually(lambda: cameras.checker.checked["yard"] == 1)
        cameras.utc += timedelta(days=400)
        cameras.add("gate")
        await eventually(lambda: cameras.checker.checked["gate"] == 1)

    assert cameras.checker.checked["yard"] == 1


async def test_a_changed_url_is_checked_at_once_and_a_changed_name_is_not():
    cameras = Cameras(FakeBroker())
    cameras.add()
    async with running(cameras.health.run()):
        await eventually(lambda: cameras.checker.checked["yard"] == 1)
        cameras.add(name="Other", version=2)
        cameras.add("gate")
        await eventually(lambda: cameras.checker.checked["gate"] == 1)
        assert cameras.checker.checked["yard"] == 1

        cameras.add(url="rtsp://192.0.2.8/1", version=3)
        await eventually(lambda: cameras.checker.checked["yard"] == 2)


async def test_a_recorder_that_changes_its_mind_is_heard_at_once():
    broker = FakeBroker()
    cameras = Cameras(broker)
    cameras.checker.state = HealthState.OFFLINE
    cameras.add()
    async with running(cameras.health.run()):
        await eventually(lambda: cameras.told() == [HealthState.OFFLINE])
        moment = cameras.utc
        said = RecordingProgress(
            camera_id="yard",
            recorder="recorder-1",
            epoch=1,
            seen_at=moment,
            accounted_until=moment,
            state=CameraState.RECORDING,
            state_since=moment,
        )
        await broker.bus(RECORDER).kv(RecordingProgress).put("main.yard", said)

        await eventually(lambda: cameras.told() == [HealthState.OFFLINE, HealthState.ONLINE])


async def test_what_is_stored_of_cameras_that_are_gone_is_deleted_at_the_start():
    broker = FakeBroker()
    moment = datetime(2026, 3, 1, tzinfo=UTC)
    stored = CameraHealth(
        camera_id="gone", state=HealthState.ONLINE, since=moment, checked_at=moment
    )
    await broker.bus(WIRING).kv(CameraHealth).put("main.gone", stored)
    cameras = Cameras(broker)
    await cameras.health.load()
    async with running(cameras.health.run()):
        cameras.health.cameras_complete()
        api = broker.bus(API).kv(CameraHealth)

        async def is_gone() -> bool:
            return await api.get("main.gone") is None

        await eventually_async(is_gone)


async def test_only_the_newest_state_is_told_after_the_bus_was_away():
    broker = FakeBroker()
    cameras = Cameras(broker)
    config = cameras.add()

    def is_in(state: HealthState) -> bool:
        return cameras.health.cameras[config.key].state is state

    async with running(cameras.health.run()):
        await eventually(lambda: cameras.told() == [HealthState.ONLINE])
        broker.go_offline()
        for version, state in enumerate((HealthState.ERROR, HealthState.UNAUTHORIZED), start=2):
            cameras.checker.state = state
            cameras.add(url=f"rtsp://192.0.2.7/{version}", version=version)
            await eventually(partial(is_in, state))
        broker.go_online()

        await eventually(lambda: len(cameras.told()) == 2)

    assert cameras.told() == [HealthState.ONLINE, HealthState.UNAUTHORIZED]


def _counted() -> float | None:
    return REGISTRY.get_sample_value("everframe_discovery_cameras", {"state": "online"})
