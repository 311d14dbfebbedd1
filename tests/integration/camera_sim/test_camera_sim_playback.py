import asyncio
import time
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import av
import pytest

from tests.integration.camera_sim.rtsp_viewer import PacketViewer, RtspFailure, watch
from tools.camera_sim.auth import AuthScheme
from tools.camera_sim.camera_spec import CameraSpec
from tools.camera_sim.clip_spec import SMALL, AudioCodec, VideoCodec
from tools.camera_sim.simulator import CameraSimulator

LOOP_MS = SMALL.duration_seconds * 1000
WRAP = 1 << 32


@pytest.mark.parametrize("transport", ["tcp", "udp"])
@pytest.mark.parametrize(
    ("codec", "audio", "auth", "b_frames"),
    [
        ("h264", "aac", "digest", 0),
        ("h264", "none", "digest", 2),
        ("hevc", "alaw", "basic", 0),
        ("hevc", "aac", "both", 2),
        ("mpeg4", "mulaw", "both", 0),
    ],
)
async def test_libavformat_sees_a_clock_without_jumps_and_hears_the_sound(
    *,
    clips_dir: Path,
    transport: str,
    codec: VideoCodec,
    audio: AudioCodec,
    auth: AuthScheme,
    b_frames: int,
) -> None:
    clip = replace(SMALL, codec=codec, audio=audio, b_frames=b_frames)
    spec = CameraSpec("a", clip, username="viewer", password="p@ss/word", auth=auth)

    async with CameraSimulator([spec], clips_dir=clips_dir) as sim:
        url = sim["a"].url
        seen = await asyncio.to_thread(watch, url, pictures=40, transport=transport)

    assert seen.clock_steps(LOOP_MS) == {40}
    assert seen.video_codec == codec
    assert seen.sizes == {(320, 240)}
    if audio != "none":
        assert seen.audio_samples > 0
        assert 0.01 < seen.audio_peak < 0.5


async def test_rtsps_plays_with_a_certificate_of_its_own(clips_dir: Path) -> None:
    async with CameraSimulator([CameraSpec("a", tls=True)], clips_dir=clips_dir) as sim:
        assert sim["a"].url.startswith("rtsps://")
        seen = await asyncio.to_thread(watch, sim["a"].url, pictures=10)

    assert seen.clock_steps(LOOP_MS) == {40}


async def test_parameter_sets_in_band_suffice(clips_dir: Path) -> None:
    spec = CameraSpec("a", sends_parameter_sets_in_sdp=False)

    async with CameraSimulator([spec], clips_dir=clips_dir) as sim:
        seen = await asyncio.to_thread(watch, sim["a"].url, pictures=10)

    assert seen.sizes == {(320, 240)}


async def test_the_picture_shows_the_real_second(clips_dir: Path) -> None:
    async with CameraSimulator([CameraSpec("a")], clips_dir=clips_dir) as sim:
        before = time.time()
        seen = await asyncio.to_thread(watch, sim["a"].url, pictures=10)
        after = time.time()

    first = seen.clocks_ms[0]
    assert first is not None
    since_before_ms = (first - before * 1000) % LOOP_MS
    assert since_before_ms < (after - before) * 1000 + 40


async def test_the_timestamp_wraps_without_a_jump(clips_dir: Path) -> None:
    spec = CameraSpec("a", rtp_wrap_in_seconds=2.0, first_sequence=65_530)

    async with CameraSimulator([spec], clips_dir=clips_dir) as sim:
        seen = await asyncio.to_thread(watch, sim["a"].url, pictures=75)
        async with PacketViewer(sim["a"].url) as viewer:
            packets = await (await viewer.play()).packets(150)

    assert seen.clock_steps(LOOP_MS) == {40}
    pts = [value for value in seen.pts if value is not None]
    assert max(b - a for a, b in pairwise(pts)) < 2 * 3600
    assert packets[0].timestamp > WRAP - 90_000 * 2.1
    assert packets[-1].timestamp < WRAP // 2
    assert packets[-1].sequence < 65_530


async def test_sender_reports_tie_the_clock_in_the_picture_to_true_time(clips_dir: Path) -> None:
    async with CameraSimulator([CameraSpec("a")], clips_dir=clips_dir) as sim:
        before = time.time()
        async with PacketViewer(sim["a"].url) as viewer:
            await viewer.play()
            report = await viewer.report()
            key = (await viewer.packets(1))[0]
        after = time.time()

    assert before - 0.01 <= report.unix_time <= after + 0.01
    captured_at = report.unix_time + (key.timestamp - report.timestamp) / 90_000
    # keyframes stand at full seconds of this clip
    assert captured_at == pytest.approx(round(captured_at), abs=0.002)


async def test_video_starts_with_parameter_sets_and_a_keyframe(clips_dir: Path) -> None:
    async with (
        CameraSimulator([CameraSpec("a")], clips_dir=clips_dir) as sim,
        PacketViewer(sim["a"].url) as viewer,
    ):
        packets = await (await viewer.play()).packets(10)

    kinds = [packet.h264_type for packet in packets]
    assert kinds[:2] == [7, 8]
    assert 5 in kinds
    assert kinds.index(5) < kinds.index(1) if 1 in kinds else True


async def test_a_camera_may_start_between_keyframes(clips_dir: Path) -> None:
    clip = replace(SMALL, gop_seconds=5.0)
    spec = CameraSpec("a", clip, start_on_keyframe=False)
    kinds = []

    async with CameraSimulator([spec], clips_dir=clips_dir) as sim:
        for _ in range(2):
            async with PacketViewer(sim["a"].url) as viewer:
                kinds.append((await (await viewer.play()).packets(1))[0].h264_type)

    # two starts within one group of pictures cannot both meet its keyframe
    assert 1 in kinds


async def test_clients_share_one_timeline_with_numbers_of_their_own(clips_dir: Path) -> None:
    async with (
        CameraSimulator([CameraSpec("a")], clips_dir=clips_dir) as sim,
        PacketViewer(sim["a"].url) as first,
        PacketViewer(sim["a"].url) as second,
    ):
        await first.play()
        await second.play()
        left, right = await first.packets(60), await second.packets(60)

    payloads = [packet.payload for packet in left]
    assert right[0].payload in payloads
    twin = left[payloads.index(right[0].payload)]
    assert (twin.ssrc, twin.timestamp) != (right[0].ssrc, right[0].timestamp)


async def test_a_wrong_password_is_unauthorized(clips_dir: Path) -> None:
    spec = CameraSpec("a", username="viewer", password="right")

    async with CameraSimulator([spec], clips_dir=clips_dir) as sim:
        wrong = sim["a"].url.replace("right", "wrong")
        with pytest.raises(av.error.HTTPUnauthorizedError):
            await asyncio.to_thread(watch, wrong, pictures=1)
        with pytest.raises(av.error.HTTPUnauthorizedError):
            await asyncio.to_thread(watch, sim["a"].plain_url, pictures=1)


async def test_another_path_is_not_found(clips_dir: Path) -> None:
    async with CameraSimulator([CameraSpec("a")], clips_dir=clips_dir) as sim:
        with pytest.raises(av.error.HTTPNotFoundError):
            await asyncio.to_thread(watch, sim["a"].url + "0", pictures=1)


@pytest.mark.parametrize("status", [453, 503])
async def test_one_session_too_many_is_refused_until_one_ends(clips_dir: Path, status: int) -> None:
    spec = CameraSpec("a", max_sessions=1, limit_status=453 if status == 453 else 503)

    async with (
        CameraSimulator([spec], clips_dir=clips_dir) as sim,
        PacketViewer(sim["a"].url) as first,
        PacketViewer(sim["a"].url) as second,
    ):
        await first.play()
        with pytest.raises(RtspFailure) as refusal:
            await second.play()
        await first.request("TEARDOWN", first.url)
        await second.play()
        sessions = len(sim["a"].sessions)

    assert refusal.value.status == status
    assert sessions == 1


async def test_a_camera_without_tcp_makes_libavformat_use_udp(clips_dir: Path) -> None:
    async with CameraSimulator([CameraSpec("a", transports=("udp",))], clips_dir=clips_dir) as sim:
        async with PacketViewer(sim["a"].url) as viewer:
            with pytest.raises(RtspFailure) as refusal:
                await viewer.play()
        seen = await asyncio.to_thread(watch, sim["a"].url, pictures=5, transport="udp")

    assert refusal.value.status == 461
    assert len(seen.clocks_ms) >= 5


async def test_a_silent_client_is_dropped_and_a_living_one_is_kept(clips_dir: Path) -> None:
    spec = CameraSpec("a", session_timeout_seconds=2)

    async with (
        CameraSimulator([spec], clips_dir=clips_dir) as sim,
        PacketViewer(sim["a"].url) as silent,
        PacketViewer(sim["a"].url) as living,
    ):
        await silent.play()
        await living.play()

        async def keep_alive() -> None:
            while True:
                await living.request("GET_PARAMETER", living.url)
                await living.packets(5)

        alive = asyncio.create_task(keep_alive())
        assert not await silent.silence(10)
        alive.cancel()
        await asyncio.wait([alive])
        sessions = len(sim["a"].sessions)

    assert sessions == 1
    assert alive.cancelled()


async def test_a_fast_source_keeps_true_media_time(clips_dir: Path) -> None:
    clip = replace(SMALL, audio="alaw")

    async with CameraSimulator([CameraSpec("a", clip, speed=10)], clips_dir=clips_dir) as sim:
        seen = await asyncio.to_thread(watch, sim["a"].url, pictures=100)
        async with PacketViewer(sim["a"].url) as viewer:
            await viewer.play()
            await viewer.report()
            first, second = await viewer.report(), await viewer.report()

    assert seen.clock_steps(LOOP_MS) == {40}
    media_seconds = second.unix_time - first.unix_time
    # at least one real second lies between two periodic reports
    assert media_seconds > 9
    assert media_seconds == pytest.approx(
        (second.timestamp - first.timestamp) % WRAP / 90_000, abs=0.01
    )
