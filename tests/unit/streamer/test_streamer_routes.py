"""Answers that need no real connection."""

import asyncio

import pytest

from libs.contracts.cameras import CameraState
from libs.contracts.live import ViewingStarted
from libs.contracts.ownership import RecordingProgress
from libs.contracts.times import from_unix_seconds
from services.streamer import metrics
from services.streamer.routes import LAG_SECONDS
from tests.unit.streamer.streamer_live import NOW, Stand, stand, token
from tests.unit.streamer.streamer_samples import INIT, Producer, muxed
from tests.waiting import eventually


async def report(live: Stand, state: CameraState, detail: str = "") -> None:
    moment = from_unix_seconds(NOW)
    progress = RecordingProgress(
        camera_id="front-door",
        recorder="recorder-1",
        epoch=1,
        seen_at=moment,
        accounted_until=moment,
        state=state,
        state_since=moment,
        detail=detail,
    )
    await live.recorder.kv(RecordingProgress).put("main.front-door", progress)


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (CameraState.OFFLINE, "cannot be reached"),
        (CameraState.UNAUTHORIZED, "refuses the recorder's user name"),
        (CameraState.ERROR, "nothing that can be shown"),
        (CameraState.CONNECTING, "is being connected"),
        (CameraState.RECORDING, "on the way"),
    ],
)
async def test_state_of_the_camera_is_told_and_its_address_is_not(
    state: CameraState, said: str
) -> None:
    async with stand(first_part_seconds=0.05) as live:
        await report(live, state, "rtsp://10.1.2.3:554/secret: DESCRIBE: 401")
        answers = [await live.get("live/master.m3u8"), await live.get("snapshot.jpg")]

    for answer in answers:
        assert answer.status_code == 503
        assert answer.headers["retry-after"] == "2"
        assert said in answer.json()["detail"]
        assert "10.1.2.3" not in answer.text
        assert "secret" not in answer.text


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (CameraState.OFFLINE, "cannot be reached"),
        (CameraState.RECORDING, "small stream sends nothing so far; if that lasts, check its sub"),
        (CameraState.LIVE, "small stream sends nothing so far; if that lasts, check its sub"),
    ],
)
async def test_viewer_of_the_small_stream_is_not_told_that_the_large_one_is_well(
    state: CameraState, said: str
) -> None:
    async with stand(first_part_seconds=0.05) as live:
        await report(live, state)
        answer = await live.get("live/master.m3u8?rendition=sub")

    assert answer.status_code == 503
    assert said in answer.json()["detail"]


async def test_viewing_begins_with_media_not_with_playlists_or_heads() -> None:
    async with stand() as live:
        await live.show(Producer().segments(2))
        for name in (
            "live/master.m3u8",
            "live/main/one/media.m3u8",
            f"live/main/one/init-{INIT}.mp4",
        ):
            assert (await live.get(name)).status_code == 200
        path = "/api/v1/cameras/front-door/live/main/one/10.m4s"
        head = await live.client.head(path, headers={"Cookie": f"everframe_live={token()}"})
        assert head.status_code == 200
        assert not live.events

        await live.get("live/main/one/10.0.m4s")
        await live.get("live/main/one/10.m4s")

        assert [type(event) for event in live.events] == [ViewingStarted]


async def test_viewing_begins_with_a_whole_segment_too() -> None:
    async with stand() as live:
        await live.show(Producer().segments(2))
        await live.get("live/main/one/10.m4s")

        assert [type(event) for event in live.events] == [ViewingStarted]


async def test_interrupted_bus_is_told() -> None:
    async with stand(first_part_seconds=0.05) as live:
        live.broker.go_offline()
        answer = await live.get("live/main/one/media.m3u8")

    assert answer.status_code == 503
    assert "interrupted" in answer.json()["detail"]


async def test_unknown_renditions_and_files_are_not_found() -> None:
    async with stand() as live:
        await live.show(Producer().segments(2))
        for name, status in (
            ("live/huge/one/media.m3u8", 404),
            ("live/main/one/nothing.txt", 404),
            ("live/main/one/init-zz.mp4", 404),
            ("live/main/one/-1.m4s", 404),
            ("live/main/one/10.m4s/x", 404),
            ("live/master.m3u8?rendition=huge", 422),
        ):
            answer = await live.get(name)
            assert answer.status_code == status, name
            assert answer.headers["content-type"] == "application/problem+json", name
        assert (await live.get(f"live/main/one/init-{INIT}.mp4")).status_code == 200
        assert (await live.get("live/main/one/10.m4s")).status_code == 200


async def test_only_reading_is_allowed() -> None:
    async with stand() as live:
        answer = await live.client.post("/api/v1/cameras/front-door/live/master.m3u8")

    assert answer.status_code == 405
    assert answer.headers["content-type"] == "application/problem+json"


async def test_segment_that_another_replica_told_of_is_waited_for_a_moment() -> None:
    assert LAG_SECONDS > 0
    producer = Producer()
    async with stand() as live:
        await live.show(producer.segments(2))
        *some, last = producer.segment()
        await live.show(some)
        asked = asyncio.create_task(live.get("live/main/one/12.m4s"))
        await eventually(lambda: live.channel().waiting == 1)
        await live.publish([last])
        answer = await asked

    assert answer.status_code == 200
    assert answer.content.endswith(last[1])


async def test_numbering_that_another_replica_told_of_is_waited_for_a_moment() -> None:
    async with stand() as live:
        await live.show(Producer().segments(2))
        asked = asyncio.create_task(live.get("live/main/two/media.m3u8"))
        await eventually(lambda: live.channel().waiting == 1)
        await live.publish(Producer(live_id="two", epoch=6).segments(2))
        answer = await asked

    assert answer.status_code == 200
    assert answer.text.startswith("#EXTM3U")


async def test_delay_is_measured_for_parts_at_the_edge_only() -> None:
    producer = Producer()
    async with stand() as live:
        await live.show(producer.segments(5))
        live.clock.at = producer.clock_ms / 1000 + 0.1
        metric = metrics.PART_DELAY.labels("capture", "ll-hls")
        before, count = metric._sum.get(), _count(metric)
        await live.get("live/main/one/14.4.m4s")
        await live.get("live/main/one/10.4.m4s")

        assert _count(metric) == count + 1
        assert metric._sum.get() - before == pytest.approx(0.1, abs=0.01)


async def test_snapshot_is_decoded_once_a_second_at_most() -> None:
    told = muxed()
    async with stand() as live:
        await live.show(told[:12])
        live.clock.at += 0.1
        first, second = await live.get("snapshot.jpg"), await live.get("snapshot.jpg")
        await live.show(told[12:22])
        cached = await live.get("snapshot.jpg")
        live.clock.at += 1.1
        fresh = await live.get("snapshot.jpg")

    assert first.content == second.content == cached.content
    assert first.headers["etag"] == cached.headers["etag"] == '"muxed-1-0"'
    assert fresh.headers["etag"] == '"muxed-2-0"'
    assert fresh.content != first.content
    assert first.headers["cache-control"] == "private, max-age=1"
    assert "last-modified" in first.headers


def _count(metric: object) -> int:
    samples = metric.collect()[0].samples  # type: ignore[attr-defined]
    return next(int(s.value) for s in samples if s.name.endswith("_count"))
