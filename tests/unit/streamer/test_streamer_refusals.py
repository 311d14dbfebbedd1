"""Who is turned away, over HTTP: at once, with a reason, and so that a gateway can help."""

import asyncio
from typing import get_args

import pytest

from libs.contracts.cameras import CameraState
from libs.contracts.live import Rendition, ViewingStarted, ViewingStopped
from libs.contracts.ownership import RecordingProgress
from libs.contracts.times import from_unix_seconds
from services.streamer import metrics
from services.streamer.refusals import Reason, Refused
from tests.unit.streamer.streamer_live import CAMERA, NOW, Stand, access, stand, token
from tests.unit.streamer.streamer_samples import Producer
from tests.waiting import eventually

KEY = f"main.{CAMERA}"
ONLY_MAIN = token(renditions=[Rendition.MAIN])


def progress(camera_id: str = CAMERA) -> RecordingProgress:
    """What the recorder that has the camera writes."""
    moment = from_unix_seconds(NOW)
    return RecordingProgress(
        camera_id=camera_id,
        recorder="recorder-1",
        epoch=1,
        seen_at=moment,
        accounted_until=moment,
        state=CameraState.RECORDING,
        state_since=moment,
    )


async def report(live: Stand) -> None:
    await live.recorder.kv(RecordingProgress).put(KEY, progress())
    await eventually(lambda: KEY in live.context.removals._revisions)


async def delete(live: Stand) -> None:
    await report(live)
    await live.recorder.kv(RecordingProgress).delete(KEY)
    await eventually(lambda: KEY in live.context.removals)


def test_every_reason_fits_into_a_close_frame() -> None:
    for reason in get_args(Reason):
        assert 10 < len(Refused(reason).detail.encode()) <= 123


async def test_rendition_that_the_camera_does_not_have_is_not_waited_for() -> None:
    counted = metrics.REFUSED.labels("rendition")
    before = counted._value.get()
    async with stand() as live:
        for name in (
            "live/master.m3u8?rendition=sub",
            "live/sub/one/media.m3u8",
            "live/sub/one/10.m4s",
        ):
            answer = await live.get(name, token=ONLY_MAIN)
            assert answer.status_code == 404, name
            assert "sub_url" in answer.json()["detail"]

        assert len(live.context.channels) == 0
        assert len(live.context.viewers) == 0
    assert counted._value.get() == before + 3


async def test_gateway_is_told_when_another_replica_may_serve() -> None:
    for limit, reason in (("max_viewers_per_camera", "camera"), ("max_viewers", "total")):
        async with stand(**{limit: 1}) as live:
            await live.show(Producer().segments(2))
            await live.get("live/master.m3u8")
            refused = await live.get("live/master.m3u8", token=token("v2"))

            assert refused.status_code == 503
            assert refused.headers["everframe-refused"] == reason


async def test_gateway_is_told_when_a_replica_stops() -> None:
    async with stand() as live:
        held = asyncio.create_task(live.get("live/master.m3u8"))
        await eventually(lambda: live.channel().waiting == 1)
        live.context.viewers.close()
        live.context.channels.stop_waiting()

        for answer in (await held, await live.get("live/master.m3u8")):
            assert answer.status_code == 503
            assert answer.headers["everframe-refused"] == "closing"
            assert answer.headers["retry-after"] == "1"


async def test_what_no_other_replica_could_do_better_is_not_marked() -> None:
    async with stand(max_requests_per_viewer=1, first_part_seconds=0.05) as live:
        no_picture = await live.get("live/master.m3u8")
        with live.context.viewers.request(access()):
            too_many = await live.get("live/master.m3u8")

    assert (no_picture.status_code, too_many.status_code) == (503, 429)
    assert "everframe-refused" not in no_picture.headers
    assert "everframe-refused" not in too_many.headers


async def test_viewers_of_a_deleted_camera_are_sent_away() -> None:
    async with stand() as live:
        await report(live)
        await live.show(Producer().segments(2))
        await live.get("live/main/one/10.0.m4s")
        held = asyncio.create_task(live.get("live/main/one/media.m3u8?_HLS_msn=12"))
        await eventually(lambda: live.channel().waiting == 1)
        await delete(live)
        answers = [
            await held,
            await live.get("live/master.m3u8"),
            await live.get("live/main/one/10.m4s"),
            await live.get("snapshot.jpg"),
        ]

        assert len(live.context.channels) == 0
        assert len(live.context.viewers) == 0
    for answer in answers:
        assert answer.status_code == 404
        assert answer.json()["detail"] == "this camera was deleted"
    started, stopped = live.events
    assert isinstance(started, ViewingStarted)
    assert isinstance(stopped, ViewingStopped)
    assert stopped.reason == "refused"


async def test_camera_that_was_made_again_is_served_again() -> None:
    async with stand() as live:
        await delete(live)
        assert (await live.get("live/main/one/media.m3u8")).status_code == 404

        await report(live)
        await eventually(lambda: KEY not in live.context.removals)
        await live.show(Producer().segments(2))

        assert (await live.get("live/main/one/media.m3u8")).status_code == 200


@pytest.mark.parametrize("is_reported", [True, False])
async def test_bus_that_lost_its_bucket_deletes_no_camera(is_reported: bool) -> None:
    async with stand() as live:
        if is_reported:
            await report(live)
        await live.show(Producer().segments(2))
        live.broker.bucket("progress").clear()
        other = "main.yard"  # what is told behind the loss shows that the loss was seen
        await live.recorder.kv(RecordingProgress).put(other, progress("yard"))
        await eventually(lambda: other in live.context.removals._revisions)

        assert KEY not in live.context.removals._revisions
        assert (await live.get("live/main/one/media.m3u8")).status_code == 200
