"""A process says that it runs, and that it does not any more."""

from collections.abc import Sequence

import pytest

from libs.bus import presence
from libs.bus.presence import PresenceReport
from libs.bus.testing import FakeBroker
from libs.bus.wiring import Wiring
from libs.contracts.presence import Figure, ServiceState
from libs.runtime.version import VERSION
from tests.waiting import eventually, eventually_async, running

WIRING = Wiring(service="recorder", writes=(ServiceState,))
KEY = "recorder.7"


class World:
    """A process that reports, on a bus in memory."""

    def __init__(self) -> None:
        self.broker = FakeBroker()
        self.bus = self.broker.bus(WIRING)
        self.cameras: float | OSError = 3.0
        self.asked = 0
        self.report = PresenceReport(
            self.bus, service="recorder", instance="7", figures=self._figures
        )

    async def _figures(self) -> Sequence[Figure]:
        self.asked += 1
        if isinstance(self.cameras, OSError):
            raise self.cameras
        return (Figure(name="cameras", label="Cameras held", value=self.cameras),)

    async def state(self) -> ServiceState | None:
        found = await self.bus.kv(ServiceState).get(KEY)
        return None if found is None else found.value

    async def values(self) -> list[float]:
        found = await self.state()
        return [] if found is None else [figure.value for figure in found.figures]

    async def until(self, *values: float) -> None:
        async def is_so() -> bool:
            return await self.values() == list(values)

        await eventually_async(is_so)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr(presence, "REPORT_SECONDS", 0.01)
    return World()


async def test_a_running_process_tells_its_version_and_figures_and_keeps_them_new(world: World):
    async with running(world.report.run()):
        await world.until(3.0)
        first = await world.state()
        world.cameras = 4.0
        await world.until(4.0)
        second = await world.state()

    assert first is not None
    assert second is not None
    assert (first.key, first.version) == (KEY, VERSION)
    assert first.started_at == second.started_at <= first.seen_at <= second.seen_at


async def test_a_process_that_stops_takes_its_report_away(world: World):
    async with running(world.report.run()):
        await world.until(3.0)

    assert await world.state() is None


async def test_the_report_of_a_process_that_was_killed_is_forgotten_after_a_day(world: World):
    async with running(world.report.run()):
        await world.until(3.0)
        entry = await world.broker.bucket("services").read(KEY)

    assert entry is not None
    assert entry.headers["Nats-TTL"] == "86400s"


async def test_a_process_reports_again_when_the_bus_is_back(world: World):
    async with running(world.report.run()):
        await world.until(3.0)
        world.broker.go_offline()
        world.cameras, before = 5.0, world.asked
        await eventually(lambda: world.asked > before + 1)
        world.broker.go_online()
        await world.until(5.0)


async def test_a_process_whose_figures_cannot_be_found_out_still_reports(world: World):
    world.cameras = OSError("the disk is gone")

    async with running(world.report.run()):
        await eventually_async(lambda: _is_there(world))
        assert await world.values() == []


async def _is_there(world: World) -> bool:
    return await world.state() is not None
