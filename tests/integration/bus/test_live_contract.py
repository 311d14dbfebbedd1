"""Live parts, in memory and on a server: what recorder and streamer may rely on."""

import asyncio
from contextlib import aclosing

import pytest

from libs.bus.client import Bus, LiveMessage
from libs.bus.errors import Conflict, InvalidPayload, Permanent, UndeclaredMessage
from libs.bus.live import encode_headers
from libs.bus.metrics import INVALID_LIVE_PARTS
from libs.contracts.live import LivePart, Rendition
from tests.integration.bus.bus_worlds import (
    API,
    RECORDER,
    STREAMER,
    World,
    collect,
    live_part,
)
from tests.waiting import eventually, running

MAIN, SUB = Rendition.MAIN, Rendition.SUB


async def told_until_complete(bus: Bus, camera: str = "front-door") -> list[LiveMessage]:
    told: list[LiveMessage] = []
    async with (
        asyncio.timeout(20),
        aclosing(bus.follow_live(camera_id=camera, rendition=MAIN)) as messages,
    ):
        async for message in messages:
            if message is None:
                return told
            told.append(message)
    raise AssertionError("following ended by itself")


async def publish(bus: Bus, *parts: LivePart, after: int = 0) -> int:
    for part in parts:
        after = await bus.publish_live(part, f"{part.msn}.{part.part}".encode(), expected_seq=after)
    return after


async def test_what_is_retained_is_told_in_order_then_none_then_what_is_new(world: World):
    recorder, streamer = await world.bus(RECORDER), await world.bus(STREAMER)
    last = await publish(recorder, *(live_part(n) for n in range(7)))
    told: list[LiveMessage | None] = []

    async with running(collect(streamer.follow_live(camera_id="front-door", rendition=MAIN), told)):
        await eventually(lambda: len(told) == 8)
        await publish(recorder, live_part(7), live_part(8), after=last)
        await eventually(lambda: len(told) == 10)

    assert told[7] is None
    messages = [m for m in told if m is not None]
    assert [m.part for m in messages] == [live_part(n) for n in range(9)]
    assert [m.payload for m in messages] == [f"{n // 5}.{n % 5}".encode() for n in range(9)]
    assert messages[6].seq == last


async def test_a_part_arrives_with_every_field_it_was_sent_with(world: World):
    recorder, streamer = await world.bus(RECORDER), await world.bus(STREAMER)
    part = live_part(0, rendition=SUB, init_bytes=4, width=1280, height=720, fps=12.5, site="barn")

    seq = await recorder.publish_live(part, b"initmedia", expected_seq=0)
    found = await streamer.last_live(site="barn", camera_id="front-door", rendition=SUB)

    assert found == LiveMessage(part, b"initmedia", seq)


async def test_a_rendition_without_parts_is_complete_at_once(world: World):
    streamer = await world.bus(STREAMER)

    assert await told_until_complete(streamer) == []
    assert await streamer.last_live(camera_id="front-door", rendition=MAIN) is None


async def test_renditions_and_cameras_are_apart(world: World):
    recorder, streamer = await world.bus(RECORDER), await world.bus(STREAMER)
    main = await recorder.publish_live(live_part(0), b"main", expected_seq=0)
    sub = await recorder.publish_live(live_part(0, rendition=SUB), b"sub", expected_seq=0)
    await recorder.publish_live(live_part(0, "garage"), b"garage", expected_seq=0)
    await recorder.publish_live(live_part(1), b"main again", expected_seq=main)

    told = await told_until_complete(streamer)
    last = await recorder.last_live(camera_id="front-door", rendition=SUB)

    assert [m.payload for m in told] == [b"main", b"main again"]
    assert last is not None
    assert (last.payload, last.seq) == (b"sub", sub)


async def test_whoever_expects_another_newest_part_is_refused(world: World):
    owner, zombie = await world.bus(RECORDER), await world.bus(RECORDER)
    first = await owner.publish_live(live_part(0), b"one", expected_seq=0)
    second = await owner.publish_live(live_part(1, epoch=2), b"two", expected_seq=first)

    with pytest.raises(Conflict):
        await zombie.publish_live(live_part(1), b"zombie", expected_seq=first)
    with pytest.raises(Conflict):
        await zombie.publish_live(live_part(0), b"zombie", expected_seq=0)

    last = await zombie.last_live(camera_id="front-door", rendition=MAIN)
    assert last is not None
    assert (last.part.epoch, last.payload, last.seq) == (2, b"two", second)


async def test_live_is_refused_to_services_that_do_not_declare_it(world: World):
    api, recorder, streamer = [await world.bus(w) for w in (API, RECORDER, STREAMER)]

    with pytest.raises(UndeclaredMessage):
        await api.publish_live(live_part(0), b"x", expected_seq=0)
    with pytest.raises(UndeclaredMessage):
        await api.last_live(camera_id="front-door", rendition=MAIN)
    with pytest.raises(UndeclaredMessage):
        api.follow_live(camera_id="front-door", rendition=MAIN)
    with pytest.raises(UndeclaredMessage):
        await streamer.publish_live(live_part(0), b"x", expected_seq=0)
    with pytest.raises(UndeclaredMessage):
        recorder.follow_live(camera_id="front-door", rendition=MAIN)


async def test_three_megabytes_pass_and_more_than_the_server_takes_does_not(world: World):
    recorder, streamer = await world.bus(RECORDER), await world.bus(STREAMER)
    large = bytes(3 * 1024 * 1024)

    seq = await recorder.publish_live(live_part(0), large, expected_seq=0)
    with pytest.raises(Permanent, match="takes 8388608"):
        await recorder.publish_live(live_part(1), bytes(8 * 1024 * 1024 + 1), expected_seq=seq)
    after = await recorder.publish_live(live_part(1), b"small", expected_seq=seq)

    told = await told_until_complete(streamer)
    assert [(len(m.payload), m.seq) for m in told] == [(len(large), seq), (5, after)]


async def test_what_fits_no_contract_is_skipped_and_counted(world: World):
    recorder, streamer = await world.bus(RECORDER), await world.bus(STREAMER)
    subject, headers = live_part(0).subject, encode_headers(live_part(0))
    before = skipped("invalid_part"), skipped("wrong_subject")

    await world.inject_live(subject, b"no headers", {"Other": "x"})
    await world.inject_live(subject, b"bad", headers | {"Everframe-msn": "-1"})
    await world.inject_live(subject, b"init", headers | {"Everframe-init_bytes": "5"})
    await world.inject_live(subject, b"elsewhere", headers | {"Everframe-camera_id": "garage"})
    with pytest.raises(InvalidPayload):
        await recorder.last_live(camera_id="front-door", rendition=MAIN)
    await world.inject_live(subject, b"good", headers | {"Everframe-of-tomorrow": "1"})
    told = await told_until_complete(streamer)

    assert [(m.payload, m.part) for m in told] == [(b"good", live_part(0))]
    assert (skipped("invalid_part"), skipped("wrong_subject")) == (before[0] + 3, before[1] + 1)


async def test_only_the_newest_parts_are_retained(world: World):
    recorder, streamer = await world.bus(RECORDER), await world.bus(STREAMER)
    await publish(recorder, *(live_part(n) for n in range(520)))

    told = await told_until_complete(streamer)

    assert [m.part for m in told] == [live_part(n) for n in range(20, 520)]


def skipped(reason: str) -> float:
    return float(INVALID_LIVE_PARTS.labels(reason)._value.get())
