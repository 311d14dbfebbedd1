"""What live costs a recorder in memory: nothing that grows, watched or not."""

import asyncio
import gc
import tracemalloc
from collections.abc import Iterator
from contextlib import aclosing
from dataclasses import replace

import pytest

from libs.bus.client import LiveMessage
from libs.bus.testing import FakeBroker, FakeBus
from libs.bus.wiring import Wiring
from libs.contracts.live import Rendition
from libs.media.packets import Part
from services.recorder.live_buffer import BufferedPart
from services.recorder.live_feed import LiveFeed
from services.recorder.wiring import WIRING
from tests.unit.recorder.recorder_live import fill, steady, stream
from tests.waiting import eventually, running

VIEWER = Wiring(service="streamer", follows_live=True)
GOP = 10
HOUR_GOPS = 1800
"""Of ten parts of a fifth of a second."""
PART_BYTES = 15_000
SLACK_BYTES = 512 * 1024
"""Of 225 MB that pass through the buffer."""
PAUSES = 200


@pytest.fixture
def traced() -> Iterator[None]:
    tracemalloc.start()
    yield
    tracemalloc.stop()


def memory() -> int:
    gc.collect()
    return tracemalloc.get_traced_memory()[0]


def gop(number: int) -> list[Part]:
    parts = steady(GOP, gop=GOP, first=number * GOP)
    return [replace(part, data=bytes(PART_BYTES)) for part in parts]


def kept() -> int:
    return sum(isinstance(each, BufferedPart) for each in gc.get_objects())


def live_tasks() -> list[str]:
    return [t.get_name() for t in asyncio.all_tasks() if t.get_name().startswith("live-")]


@pytest.mark.usefixtures("traced")
async def test_an_hour_that_nobody_watches_keeps_two_gops_and_no_task() -> None:
    broker = FakeBroker()
    bus, before = broker.bus(WIRING), kept()
    feed = LiveFeed(bus, stream(), buffer_bytes=10**6)
    sizes = []

    for number in range(HOUR_GOPS):
        fill(feed.buffer, gop(number))
        if number in {HOUR_GOPS // 6, HOUR_GOPS - 1}:
            sizes.append(memory())

    assert sizes[1] - sizes[0] < SLACK_BYTES
    assert kept() - before <= 2 * GOP
    assert feed.buffer._bytes <= 2 * GOP * PART_BYTES
    assert live_tasks() == []
    last = await broker.bus(VIEWER).last_live(camera_id="front-door", rendition=Rendition.MAIN)
    assert last is None


@pytest.mark.usefixtures("traced")
async def test_viewers_that_come_and_go_two_hundred_times_leave_nothing_behind() -> None:
    broker = FakeBroker()
    feed = LiveFeed(broker.bus(WIRING), stream(), buffer_bytes=10**6)
    newest = [0]
    sizes, before = [], kept()

    async with running(_watch(broker.bus(VIEWER), newest)):
        for number in range(PAUSES):
            fill(feed.buffer, gop(2 * number))
            feed.set_watched(is_watched=True)
            fill(feed.buffer, gop(2 * number + 1))
            await eventually(lambda: newest[0] == _end_ms(feed))
            assert len(live_tasks()) == 1
            feed.set_watched(is_watched=False)
            await eventually(lambda: not live_tasks())
            # what the bus keeps has reached its bound of 500 parts by then
            if number in {PAUSES // 6, PAUSES - 1}:
                sizes.append(memory())

    assert sizes[1] - sizes[0] < SLACK_BYTES
    assert kept() - before <= 2 * GOP
    assert not feed.is_watched
    assert feed.buffer._notify is None


async def _watch(bus: FakeBus, newest: list[int]) -> None:
    messages = bus.follow_live(camera_id="front-door", rendition=Rendition.MAIN)
    async with aclosing(messages):
        async for message in messages:
            if message is not None:
                newest[0] = _message_end_ms(message)


def _message_end_ms(message: LiveMessage) -> int:
    return message.part.start_ms + message.part.duration_90k // 90


def _end_ms(feed: LiveFeed) -> int:
    return round(feed.buffer._parts[-1].end_unix * 1000)
