import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import av
import pytest

from tests.integration.camera_sim.rtsp_viewer import PacketViewer, RtpPacket, RtspFailure, watch
from tools.camera_sim.camera import Camera
from tools.camera_sim.camera_spec import CameraSpec
from tools.camera_sim.clip_spec import SMALL, ClipSpec
from tools.camera_sim.simulator import CameraSimulator

WITH_SOUND = replace(SMALL, audio="alaw")
WRAP = 1 << 32


@asynccontextmanager
async def playing(
    clips_dir: Path, clip: ClipSpec = WITH_SOUND
) -> AsyncIterator[tuple[Camera, PacketViewer]]:
    async with (
        CameraSimulator([CameraSpec("a", clip)], clips_dir=clips_dir) as sim,
        PacketViewer(sim["a"].url) as viewer,
    ):
        await viewer.play()
        await viewer.packets(5)
        yield sim["a"], viewer


def forward(earlier: RtpPacket, later: RtpPacket) -> float:
    """Seconds between two RTP times, negative when the later packet has the earlier time."""
    ticks = (later.timestamp - earlier.timestamp + WRAP // 2) % WRAP - WRAP // 2
    return ticks / 90_000


async def test_dropped_connections_end_and_new_ones_are_refused_for_a_while(
    clips_dir: Path,
) -> None:
    async with playing(clips_dir) as (camera, viewer):
        camera.fault.drop(refuse_seconds=1.0)

        assert not await viewer.silence(5)
        async with PacketViewer(camera.url) as refused:
            with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
                await refused.play()
        await until_playable(camera)


async def test_an_offline_camera_refuses_connections_until_it_is_back_on_its_port(
    clips_dir: Path,
) -> None:
    async with playing(clips_dir) as (camera, viewer):
        port = camera.port
        camera.fault.offline(seconds=0.5)

        assert not await viewer.silence(5)
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", port)
        await until_playable(camera)
        assert camera.port == port


async def test_a_vanished_camera_neither_answers_nor_closes(clips_dir: Path) -> None:
    async with playing(clips_dir) as (camera, viewer):
        camera.fault.vanish()

        assert await viewer.silence(0.5)
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", camera.port)
        await camera.fault.clear()
        assert await viewer.packets(1)


async def test_a_stall_is_a_timeout_for_libavformat(clips_dir: Path) -> None:
    async with CameraSimulator([CameraSpec("a")], clips_dir=clips_dir) as sim:
        sim["a"].fault.stall(media_only=True)
        with pytest.raises(av.error.TimeoutError):
            await asyncio.to_thread(read_all, sim["a"].url)


async def test_a_stall_sends_nothing_and_goes_on_with_the_present(clips_dir: Path) -> None:
    async with playing(clips_dir) as (camera, viewer):
        camera.fault.stall(media_only=True)
        assert await viewer.silence(0.5)
        await viewer.request("GET_PARAMETER", viewer.url)
        before = time.time()
        await camera.fault.clear()
        report, (packet,) = await viewer.report(), await viewer.packets(1)

    captured_at = report.unix_time + (packet.timestamp - report.timestamp) % WRAP / 90_000
    assert captured_at > before - 0.1


async def test_a_wrong_password_meets_new_clients_only(clips_dir: Path) -> None:
    async with playing(clips_dir) as (camera, viewer):
        camera.fault.wrong_password()

        async with PacketViewer(camera.url) as refused:
            with pytest.raises(RtspFailure) as refusal:
                await refused.play()
        assert await viewer.packets(5)
    assert refusal.value.status == 401


async def test_frozen_timestamps_stand_still(clips_dir: Path) -> None:
    async with playing(clips_dir) as (camera, viewer):
        camera.fault.freeze_timestamps()
        packets = await viewer.packets(100)

    assert len({packet.timestamp for packet in packets[-50:]}) == 1


@pytest.mark.parametrize("seconds", [3600.0, -3600.0])
async def test_timestamps_jump_and_go_on_from_there(clips_dir: Path, seconds: float) -> None:
    async with playing(clips_dir) as (camera, viewer):
        # the packet before is part of it: the very next one may have jumped already
        packets = await viewer.packets(1)
        camera.fault.jump_timestamps(seconds)
        # and what was sent before may still be on its way
        packets += await viewer.packets(400)

    steps = [forward(a, b) for a, b in pairwise(packets)]
    jumps = [step for step in steps if not -0.001 < step < 0.041]
    assert jumps == [pytest.approx(seconds, abs=0.05)]


async def test_a_clock_step_changes_the_reports_and_not_the_packets(clips_dir: Path) -> None:
    async with playing(clips_dir) as (camera, viewer):
        camera.fault.step_clock(-3600)
        async with asyncio.timeout(10):
            while (report := await viewer.report()).unix_time > time.time() - 1800:
                pass
        (packet,) = await viewer.packets(1)

    assert report.unix_time == pytest.approx(time.time() - 3600, abs=5)
    assert (packet.timestamp - report.timestamp + WRAP // 2) % WRAP - WRAP // 2 < 90_000


async def test_without_rtcp_there_is_only_media(clips_dir: Path) -> None:
    async with CameraSimulator([CameraSpec("a")], clips_dir=clips_dir) as sim:
        sim["a"].fault.stop_rtcp()
        async with PacketViewer(sim["a"].url) as viewer:
            await viewer.play()
            received = [await viewer.next() for _ in range(80)]

    assert all(isinstance(packet, RtpPacket) for packet in received)


async def test_lost_packets_leave_holes_in_the_sequence(clips_dir: Path) -> None:
    async with playing(clips_dir, SMALL) as (camera, viewer):
        before = await viewer.packets(1)
        camera.fault.lose(packets=3)
        packets = before + await viewer.packets(60)

    steps = [(b.sequence - a.sequence) % 65_536 for a, b in pairwise(packets)]
    assert sum(steps) - len(steps) == 3


async def test_all_packets_can_be_lost(clips_dir: Path) -> None:
    async with playing(clips_dir, SMALL) as (camera, viewer):
        camera.fault.stop_rtcp()
        camera.fault.lose(probability=1.0)

        assert await viewer.silence(0.5)


async def test_garbage_breaks_the_framing(clips_dir: Path) -> None:
    async with playing(clips_dir) as (camera, viewer):
        camera.fault.garbage()

        with pytest.raises(AssertionError):
            await viewer.packets(100)


async def test_without_keyframes_a_new_client_sees_no_video(clips_dir: Path) -> None:
    async with playing(clips_dir, SMALL) as (camera, viewer):
        camera.fault.no_keyframes()
        packets = await viewer.packets(100)
        async with PacketViewer(camera.url) as late:
            await late.play()
            camera.fault.stop_rtcp()
            sees_nothing = await late.silence(1.5)

    assert not {5, 7, 8} & {packet.h264_type for packet in packets[30:]}
    assert sees_nothing


async def test_muted_sound_leaves_the_picture(clips_dir: Path) -> None:
    async with playing(clips_dir) as (camera, viewer):
        await viewer.packets(1, track=1)
        camera.fault.mute_audio()
        camera.fault.stop_rtcp()
        received = [await viewer.next() for _ in range(100)]

    assert {getattr(packet, "track", None) for packet in received[-50:]} == {0}


async def test_the_picture_changes_its_size_in_band_at_a_keyframe(clips_dir: Path) -> None:
    async with CameraSimulator([CameraSpec("a", SMALL)], clips_dir=clips_dir) as sim:
        watching = asyncio.create_task(asyncio.to_thread(watch, sim["a"].url, pictures=75))
        await until_sending(sim["a"])
        await sim["a"].fault.switch_clip(width=480, height=272, b_frames=2)
        seen = await watching

    assert seen.sizes == {(320, 240), (480, 272)}
    assert seen.clock_steps(10_000) == {40}


async def test_another_codec_ends_the_sessions(clips_dir: Path) -> None:
    async with playing(clips_dir, SMALL) as (camera, viewer):
        await camera.fault.switch_clip(codec="hevc")

        assert not await viewer.silence(5)
        seen = await asyncio.to_thread(watch, camera.url, pictures=5)
    assert seen.video_codec == "hevc"


async def test_an_older_plan_does_not_end_a_newer_fault(clips_dir: Path) -> None:
    async with playing(clips_dir, SMALL) as (camera, viewer):
        camera.fault.stall(seconds=0.1)
        camera.fault.stall()

        assert await viewer.silence(0.8)


async def until_playable(camera: Camera) -> None:
    async with asyncio.timeout(10):
        while True:
            try:
                async with PacketViewer(camera.url) as viewer:
                    await (await viewer.play()).packets(1)
                return
            except (ConnectionError, asyncio.IncompleteReadError):
                await asyncio.sleep(0.05)


async def until_sending(camera: Camera) -> None:
    async with asyncio.timeout(10):
        while not any(s.tracks[0].packets for s in camera.sessions.values() if s.tracks):  # noqa: ASYNC110 - a condition of the thing tested
            await asyncio.sleep(0.02)


def read_all(url: str) -> None:
    options = {"rtsp_transport": "tcp", "timeout": "700000"}
    with av.open(url, options=options) as container:
        for _ in container.demux():
            pass
