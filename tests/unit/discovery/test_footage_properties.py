"""Random timelines, looked at while they are recorded: exactly the finished files are announced."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta

from hypothesis import example, given, settings
from hypothesis import strategies as st

from libs.bus.keyvalue import KeyValue
from libs.bus.testing import FakeBroker
from libs.contracts.footage import FootageCheck, FootageFile, StoredFootageFound
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
from tests.waiting import eventually_async, running

SETTLE_MINUTES = 2


@dataclass(frozen=True)
class Stretch:
    """A file that is recorded, in minutes since NOW, and the pause before it."""

    start: float
    end: float


@st.composite
def timelines(draw: st.DrawFn) -> list[Stretch]:
    at, found = -200.0, []
    for _ in range(draw(st.integers(1, 12))):
        at += draw(st.sampled_from([0.0, 0.0, 0.5, 45.0]))
        length = draw(st.sampled_from([1.0, 5.0, 15.0, 60.0]))
        found.append(Stretch(at, at + length))
        at += length
    return found


def listed(stretch: Stretch, minute: float, lie: str) -> FootageFile | None:
    """How the device describes a file at that minute, None before it exists."""
    if minute <= stretch.start:
        return None
    if minute >= stretch.end:
        return file(-stretch.start, -stretch.end, bytes=1000)
    size = int(100 * (minute - stretch.start)) + 1
    end = {
        "grows": minute,
        "stands still": stretch.start + 0.1,
        "lies ahead": stretch.start + 120.0,
    }[lie]
    return file(-stretch.start, -end, bytes=size)


A_MINUTE_EACH = [
    *(Stretch(start, start + 1.0) for start in (-200.0, -149.0, -103.0)),
    Stretch(-57.0, 3.0),
]


AN_HOUR_EACH = [Stretch(start, start + 60.0) for start in (-200.0, -140.0, -80.0, -20.0)]
"""The last one grows when it is seen first, and is held back until after a restart."""


@example(A_MINUTE_EACH, "grows", [1.0], set())
@example(AN_HOUR_EACH, "grows", [1.0] * 5, {6})
@settings(max_examples=40, deadline=None)
@given(
    timeline=timelines(),
    lie=st.sampled_from(["grows", "stands still", "lies ahead"]),
    steps=st.lists(st.sampled_from([1.0, 3.0, 10.0, 30.0]), min_size=1, max_size=12),
    restarts=st.sets(st.integers(0, 11)),
)
def test_exactly_the_finished_files_are_announced_whenever_one_looks(
    timeline: list[Stretch], lie: str, steps: list[float], restarts: set[int]
) -> None:
    asyncio.run(_watch(timeline, lie, steps, restarts))


async def _watch(timeline: list[Stretch], lie: str, steps: list[float], restarts: set[int]) -> None:
    broker, clock, driver = FakeBroker(), Clock(), FakeDriver()
    bus = broker.bus(WIRING)
    devices = {"nvr": FakeDevice(driver)}
    now = lister(bus, devices, clock)
    minute = 0.0
    # in the end, long after the last file, one looks twice
    after = max(0.0, timeline[-1].end - sum(steps)) + 120.0
    for number, step in enumerate([*steps, after, 10.0]):
        minute += step
        clock.now = NOW + timedelta(minutes=minute)
        shown = (listed(stretch, minute, lie) for stretch in timeline)
        driver.files = [found for found in shown if found is not None]
        if number in restarts:
            now = lister(bus, devices, clock)
        async with running(now.run()):
            now.camera_changed(camera())
            now.request("nvr")
            await eventually_async(lambda: _is_done(bus.kv(FootageCheck), clock))
        told = broker.published(StoredFootageFound)
        announced = {event.file.digest for event in told if isinstance(event, StoredFootageFound)}
        final = {file(-s.start, -s.end, bytes=1000).digest for s in timeline if s.end <= minute}
        assert announced <= final, "a file was announced before it was finished"
        assert len(told) == len(announced)
    assert announced == final


async def _is_done(checks: KeyValue[FootageCheck], clock: Clock) -> bool:
    entry = await checks.get("main.front-door")
    return entry is not None and entry.value.checked_at == clock.now and not entry.value.is_running
