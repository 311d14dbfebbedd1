"""Listing what devices hold: every finished file is announced, and once."""

import asyncio
from datetime import timedelta
from functools import partial

import pytest

from libs.bus.client import Bus
from libs.bus.testing import FakeBroker
from libs.contracts.devices import Capability, FailureReason
from libs.contracts.footage import FootageCheck, StoredFootageFound
from libs.devices.errors import DeviceError
from services.discovery.listing import FootageLister
from services.discovery.wiring import WIRING
from tests.unit.discovery.footage_world import (
    NOW,
    Clock,
    FakeDevice,
    FakeDriver,
    camera,
    file,
    lister,
)
from tests.waiting import eventually, eventually_async, running

OLD = file(300, 240)
RECENT = file(100, 70)
GROWING = file(30, 1)


class World:
    """One device, one camera, and a lister that runs on a bus in memory."""

    def __init__(self) -> None:
        self.broker = FakeBroker()
        self.bus: Bus = self.broker.bus(WIRING)
        self.driver = FakeDriver(files=[OLD, RECENT, GROWING])
        self.device = FakeDevice(self.driver)
        self.clock = Clock()
        self.lister = self.restarted()

    def restarted(self) -> FootageLister:
        return lister(self.bus, {"nvr": self.device}, self.clock)

    def found(self) -> list[StoredFootageFound]:
        events = self.broker.published(StoredFootageFound)
        assert all(isinstance(event, StoredFootageFound) for event in events)
        return [event for event in events if isinstance(event, StoredFootageFound)]

    async def check(self, camera_id: str = "front-door") -> FootageCheck | None:
        entry = await self.bus.kv(FootageCheck).get(f"main.{camera_id}")
        return entry.value if entry else None

    async def is_done(self, camera_id: str = "front-door") -> bool:
        check = await self.check(camera_id)
        return check is not None and not check.is_running

    async def list_once(self, using: FootageLister | None = None) -> FootageCheck:
        """Have the camera listed, as an operator does, and return how it went."""
        before = len(self.driver.searches)
        chosen = using or self.lister
        async with running(chosen.run()):
            chosen.camera_changed(camera())
            chosen.request("nvr")
            await eventually(lambda: len(self.driver.searches) > before)
            await eventually_async(self.is_done)
        check = await self.check()
        assert check is not None
        return check


@pytest.fixture
async def world() -> World:
    return World()


async def test_a_new_camera_is_listed_at_once_and_finished_files_are_announced(world: World):
    async with running(world.lister.run()):
        world.lister.camera_changed(camera())
        await eventually_async(world.is_done)

    assert [event.file for event in world.found()] == [OLD, RECENT]
    check = await world.check()
    assert check is not None
    assert (check.announced, check.held_back, check.days_done) == (2, 1, 4)
    assert check.failure is None
    assert check.checked_at == NOW


async def test_known_files_are_not_announced_again_also_after_a_restart(world: World):
    await world.list_once()
    await world.list_once()
    check = await world.list_once(world.restarted())

    assert len(world.found()) == 2
    assert check.announced == 0


async def test_a_file_is_announced_when_it_has_settled(world: World):
    await world.list_once()
    world.clock.now += timedelta(minutes=10)
    world.driver.files[-1] = file(30, -8)
    await world.list_once()
    world.driver.files.append(file(-8, -9))
    world.clock.now += timedelta(minutes=2)
    await world.list_once()

    assert [event.file for event in world.found()] == [OLD, RECENT, file(30, -8)]


async def test_times_are_put_on_our_clock_and_the_device_s_own_are_kept(world: World):
    world.device.offset_seconds = 3600.5
    world.driver.files = [OLD]
    await world.list_once()

    [event] = world.found()
    assert event.file == OLD
    assert event.started_at == OLD.started_at - timedelta(seconds=3600.5)
    assert event.clock_offset_seconds == 3600.5
    assert world.driver.searches[0][2].end > NOW + timedelta(hours=1)


async def test_a_device_that_records_only_the_small_stream_is_listed_too(world: World):
    small = file(100, 70, stream="sub", file_id="s")
    world.driver.files = [small]
    await world.list_once()

    assert [event.file for event in world.found()] == [small]


async def test_a_failure_half_way_keeps_what_was_announced_and_says_why(world: World):
    world.driver.files.append(file(60 * 40, 60 * 39))
    world.driver.failure = DeviceError(FailureReason.BUSY, "too many sessions")
    world.driver.fails_at = 2
    check = await world.list_once()

    assert check.failure is not None
    assert check.failure.reason is FailureReason.BUSY
    assert check.listed_until is None
    assert (check.days_done, check.announced) == (1, 2)
    assert world.device.forgotten == 1

    world.driver.failure = None
    check = await world.list_once()
    assert check.failure is None
    assert len(world.found()) == 3


async def test_a_device_that_lists_nothing_says_so(world: World):
    world.driver.capabilities = frozenset({Capability.CLOCK})
    async with running(world.lister.run()):
        world.lister.camera_changed(camera())
        await eventually_async(world.is_done)

    check = await world.check()
    assert check is not None
    assert check.failure is not None
    assert check.failure.reason is FailureReason.UNSUPPORTED
    assert world.driver.searches == []


async def test_what_was_listed_lately_is_not_listed_again_by_itself(world: World):
    await world.list_once()
    searches = len(world.driver.searches)
    world.clock.now += timedelta(minutes=3)
    second = world.restarted()
    other = FakeDevice(FakeDriver(files=[file(100, 70)]), device_id="other")
    second = lister(world.bus, {"nvr": world.device, "other": other}, world.clock)

    async with running(second.run()):
        second.camera_changed(camera())
        second.camera_changed(camera("garage", device_id="other"))
        await eventually_async(lambda: world.is_done("garage"))

    assert len(world.driver.searches) == searches


async def test_a_listing_that_was_cut_off_is_begun_again_after_a_restart(world: World):
    world.driver.release = asyncio.Event()
    async with running(world.lister.run()):
        world.lister.camera_changed(camera())
        await eventually(lambda: len(world.driver.searches) == 1)
    check = await world.check()
    assert check is not None
    assert check.is_running

    world.driver.release = None
    second = world.restarted()
    async with running(second.run()):
        second.camera_changed(camera())
        await eventually_async(world.is_done)

    assert len(world.found()) == 2


async def test_a_device_is_asked_for_one_camera_at_a_time(world: World):
    async with running(world.lister.run()):
        for number in range(1, 5):
            world.lister.camera_changed(camera(f"camera-{number}", channel=str(number)))
        for number in range(1, 5):
            await eventually_async(partial(world.is_done, f"camera-{number}"))

    assert world.device.most_users == 1
    assert {channel for channel, _, _ in world.driver.searches} == {"1", "2", "3", "4"}


async def test_what_an_operator_asks_for_comes_before_what_is_due(world: World):
    world.driver.release = asyncio.Event()
    async with running(world.lister.run()):
        for number in range(1, 5):
            world.lister.camera_changed(camera(f"camera-{number}", channel=str(number)))
        await eventually(lambda: len(world.driver.searches) == 1)
        assert world.lister.request("nvr", "camera-4") == 1
        world.driver.release.set()
        await eventually_async(lambda: world.is_done("camera-4"))

    order = list(dict.fromkeys(channel for channel, _, _ in world.driver.searches))
    assert order[:2] == ["1", "4"]


async def test_a_removed_camera_is_not_listed_and_its_last_check_is_forgotten(world: World):
    await world.list_once()
    async with running(world.lister.run()):
        world.lister.camera_removed("main.front-door")
        await eventually_async(lambda: _is_gone(world))

    assert world.lister.request("nvr") == 0


async def test_a_camera_that_is_removed_during_its_listing_is_not_heard_of_again(world: World):
    world.driver.release = asyncio.Event()
    async with running(world.lister.run()):
        world.lister.camera_changed(camera())
        await eventually(lambda: len(world.driver.searches) == 1)
        world.lister.camera_removed("main.front-door")
        await eventually_async(lambda: _is_gone(world))
        world.driver.release.set()
        world.lister.camera_changed(camera("garage"))
        await eventually_async(lambda: world.is_done("garage"))

    assert await world.check() is None
    assert {event.camera_id for event in world.found()} == {"garage"}


async def test_a_camera_that_is_removed_as_its_listing_begins_leaves_its_device_free(world: World):
    world.lister.camera_changed(camera())
    async with asyncio.TaskGroup() as group:
        world.lister._begin(world.lister._turns["main.front-door"], group)
        world.lister.camera_removed("main.front-door")
    async with running(world.lister.run()):
        world.lister.camera_changed(camera("garage"))

        await eventually_async(lambda: world.is_done("garage"))


async def test_another_channel_ends_the_listing_of_the_one_before(world: World):
    world.driver.release = asyncio.Event()
    async with running(world.lister.run()):
        world.lister.camera_changed(camera())
        await eventually(lambda: len(world.driver.searches) == 1)
        world.lister.camera_changed(camera(channel="2"))
        world.driver.release.set()
        await eventually_async(world.is_done)

    assert world.found() == []


async def test_a_device_that_changes_during_a_listing_is_listed_again_at_once(world: World):
    # The change was forgotten when the listing had failed, for example with the old login.
    world.driver.release = asyncio.Event()
    world.driver.failure = DeviceError(FailureReason.UNAUTHORIZED, "rejected")
    async with running(world.lister.run()):
        world.lister.camera_changed(camera())
        await eventually(lambda: len(world.driver.searches) == 1)
        world.lister.device_changed("nvr")
        world.driver.fails_at = 1
        world.driver.release.set()

        await eventually(lambda: len(world.found()) == 2)


async def test_checks_of_cameras_that_were_deleted_meanwhile_are_removed(world: World):
    await world.list_once()
    second = world.restarted()
    async with running(second.run()):
        second.cameras_complete()
        await eventually_async(lambda: _is_gone(world))


async def test_what_was_announced_is_not_remembered_for_longer_than_it_is_listed(world: World):
    await world.list_once()
    entry = await world.broker.bucket("footage").read(f"main.front-door.{NOW.date()}")

    assert entry is not None
    assert entry.headers == {"Nats-TTL": f"{6 * 86_400}s"}


async def test_a_bus_that_is_away_delays_and_loses_nothing(world: World):
    world.driver.release = asyncio.Event()
    async with running(world.lister.run()):
        world.lister.camera_changed(camera())
        await eventually(lambda: len(world.driver.searches) == 1)
        world.broker.go_offline()
        world.driver.release.set()
        await eventually(lambda: not world.device.users)
        world.broker.go_online()
        world.lister.request("nvr")
        await eventually_async(world.is_done)

    assert sorted(event.file.file_id for event in world.found()) == ["f100", "f300"]


async def test_another_device_s_files_of_the_same_name_are_new(world: World):
    await world.list_once()
    other = FakeDevice(FakeDriver(files=[OLD]), device_id="other")
    second = lister(world.bus, {"other": other}, world.clock)
    async with running(second.run()):
        second.camera_changed(camera(device_id="other"))
        await eventually(lambda: len(world.found()) == 3)

    assert world.found()[-1].device_id == "other"


async def _is_gone(world: World) -> bool:
    return await world.check() is None
