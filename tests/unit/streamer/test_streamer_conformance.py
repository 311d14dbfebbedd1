"""What RFC 8216bis asks of a server beside the text of playlists: when things appear."""

import asyncio
import re
from itertools import pairwise

import pytest

from services.streamer.part_log import end_ms
from tests.unit.streamer.streamer_live import NOW, Stand, stand
from tests.unit.streamer.streamer_samples import Told, muxed
from tests.waiting import eventually


async def appearances(live: Stand, told: list[Told]) -> tuple[list[int], list[int]]:
    """Feed parts, each at the moment when its last frame came, to a player that waits for it.

    Returns when playlists told of another part and of another segment, in milliseconds of a
    clock that stands still while anything but the camera is at work.
    """
    parts: list[int] = []
    segments: list[int] = []
    newest_segment = -1
    for part, payload in told:
        query = f"?_HLS_msn={part.msn}&_HLS_part={part.part}"
        asked = asyncio.create_task(live.get(f"live/main/{part.live_id}/media.m3u8{query}"))
        await eventually(lambda: live.channel().waiting == 1)
        now = end_ms(part)
        live.clock.at = NOW + (now - end_ms(told[0][0])) / 1000
        await live.publish([(part, payload)])
        text = (await asked).text
        assert f'URI="{part.msn}.{part.part}.m4s"' in text
        parts.append(now)
        listed = max(int(msn) for msn in re.findall(r"^(\d+)\.m4s$", text, re.MULTILINE))
        if listed > newest_segment:
            newest_segment = listed
            segments.append(now)
    return parts, segments


@pytest.mark.parametrize("gop", [25, 50, 100])
async def test_parts_and_segments_appear_as_often_as_they_must(gop: int) -> None:
    told = muxed(gop=gop)
    first = [each for each in told if each[0].msn == told[0][0].msn]
    async with stand() as live:
        await live.show(first)
        parts, segments = await appearances(live, told[len(first) :])

    newest = told[-1][0]
    # section 6.2.1: within a part target of the one before, and within 1.5 target durations
    assert max(b - a for a, b in pairwise(parts)) <= newest.part_target_ms
    assert max(b - a for a, b in pairwise(segments)) <= 1500 * newest.target_seconds
    assert len(parts) > 60
    assert len(segments) >= 4
