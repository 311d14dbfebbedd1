"""Every way in which a camera misbehaves ends in footage or in a gap with its reason.

The scenarios run side by side on one installation; each test then shows one outcome.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
import pytest_asyncio

from tests.e2e.harness import Installation, cameras, installation, show_logs, small_clip
from tools.camera_sim.camera_spec import CameraSpec
from tools.camera_sim.process import CameraProcess

Scenario = Callable[[Installation, CameraProcess, str], Awaitable[None]]
LOGIN = {"username": "viewer", "password": "right"}

# one installation for all: they stay together when tests run side by side
pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.xdist_group("camera-faults")]


async def _reasons(everframe: Installation, camera: str) -> list[str]:
    return [recording["end_reason"] for recording in await everframe.recordings(camera)]


async def _gap_reasons(everframe: Installation, camera: str) -> set[str]:
    return {gap["reason"] for gap in await everframe.gaps(camera)}


async def _finish(everframe: Installation, camera: str) -> None:
    await everframe.until_recording(camera)
    await asyncio.sleep(3.0)
    await everframe.stop_and_settle(camera)
    await everframe.assert_explained(camera)


async def dropped_connection(everframe, simulated, camera) -> None:
    await asyncio.to_thread(simulated.fault, camera, "drop", refuse_seconds=3.0)
    await everframe.until_state(camera, "offline", "error")
    await _finish(everframe, camera)
    assert "connection_lost" in await _reasons(everframe, camera)
    assert {"camera_offline", "camera_error"} & await _gap_reasons(everframe, camera)


async def reboot(everframe, simulated, camera) -> None:
    await asyncio.to_thread(simulated.fault, camera, "offline", seconds=8.0)
    await everframe.until_state(camera, "offline")
    await _finish(everframe, camera)
    assert "camera_offline" in await _gap_reasons(everframe, camera)


async def stalled_stream(everframe, simulated, camera) -> None:
    await asyncio.to_thread(simulated.fault, camera, "stall", seconds=10.0)
    await everframe.until_state(camera, "offline")
    await _finish(everframe, camera)
    assert "stream_stalled" in await _reasons(everframe, camera)
    assert "stream_stalled" in await _gap_reasons(everframe, camera)


async def stalled_media_with_live_rtcp(everframe, simulated, camera) -> None:
    await asyncio.to_thread(simulated.fault, camera, "stall", seconds=12.0, media_only=True)
    await everframe.until_state(camera, "offline", "connecting")
    await _finish(everframe, camera)
    assert "stream_stalled" in await _gap_reasons(everframe, camera)


async def frozen_timestamps(everframe, simulated, camera) -> None:
    await asyncio.to_thread(simulated.fault, camera, "freeze_timestamps", seconds=5.0)
    await asyncio.sleep(8.0)
    await _finish(everframe, camera)


async def _jump(simulated, camera, by_seconds) -> None:
    """A jump that no sender report explains: one that comes at once makes it invisible."""
    await asyncio.to_thread(simulated.fault, camera, "stop_rtcp")
    await asyncio.to_thread(simulated.fault, camera, "jump_timestamps", by_seconds=by_seconds)


async def jump_forwards(everframe, simulated, camera) -> None:
    await _jump(simulated, camera, 3600.0)
    await asyncio.sleep(5.0)
    await _finish(everframe, camera)
    assert "timestamp_jump" in await _reasons(everframe, camera)


async def jump_backwards(everframe, simulated, camera) -> None:
    await _jump(simulated, camera, -1800.0)
    await asyncio.sleep(5.0)
    await _finish(everframe, camera)
    assert "timestamp_jump" in await _reasons(everframe, camera)


async def wrapped_timestamps(everframe, simulated, camera) -> None:
    """The camera's 32-bit RTP clock wraps eight seconds after PLAY."""
    await asyncio.sleep(12.0)
    await _finish(everframe, camera)
    assert await _gap_reasons(everframe, camera) <= {"connecting"}


async def camera_clock_step(everframe, simulated, camera) -> None:
    await asyncio.to_thread(simulated.fault, camera, "step_clock", by_seconds=3600.0)
    await asyncio.sleep(6.0)
    await _finish(everframe, camera)
    jumps = [g for g in await everframe.gaps(camera) if g["reason"] == "timestamp_jump"]
    assert all(gap["missing_seconds"] < 1.0 for gap in jumps)


async def changed_resolution(everframe, simulated, camera) -> None:
    await asyncio.to_thread(simulated.fault, camera, "switch_clip", width=320, height=240)
    await asyncio.sleep(6.0)
    await _finish(everframe, camera)
    assert "parameters_changed" in await _reasons(everframe, camera)
    sizes = {(r["width"], r["height"]) for r in await everframe.recordings(camera)}
    assert sizes == {(640, 360), (320, 240)}
    assert await _gap_reasons(everframe, camera) <= {"connecting"}


async def no_sender_reports(everframe, simulated, camera) -> None:
    await asyncio.to_thread(simulated.fault, camera, "stop_rtcp")
    await asyncio.sleep(6.0)
    await _finish(everframe, camera)
    assert await _gap_reasons(everframe, camera) <= {"connecting"}


async def lost_packets(everframe, simulated, camera) -> None:
    await asyncio.to_thread(simulated.fault, camera, "lose", probability=0.02, seconds=5.0)
    await asyncio.sleep(6.0)
    await _finish(everframe, camera)
    assert await everframe.recordings(camera)


async def wrong_password(everframe, simulated, camera) -> None:
    await everframe.patch(
        f"/cameras/{camera}", {"credentials": {"username": "viewer", "password": "wrong"}}
    )
    status = await everframe.until_state(camera, "unauthorized")
    assert "password" in status["detail"]
    assert "wrong" not in status["detail"].replace("wrong attempts", "")
    await everframe.patch(
        f"/cameras/{camera}", {"credentials": {"username": "viewer", "password": "right"}}
    )
    await _finish(everframe, camera)
    assert "camera_unauthorized" in await _gap_reasons(everframe, camera)
    assert "config_changed" in await _reasons(everframe, camera)


async def b_frames(everframe, simulated, camera) -> None:
    await asyncio.to_thread(simulated.fault, camera, "switch_clip", b_frames=2)
    await asyncio.sleep(6.0)
    await _finish(everframe, camera)


async def missing_audio(everframe, simulated, camera) -> None:
    await asyncio.to_thread(simulated.fault, camera, "mute_audio", seconds=8.0)
    await asyncio.sleep(10.0)
    await _finish(everframe, camera)
    assert await _gap_reasons(everframe, camera) <= {"connecting"}


async def garbage(everframe, simulated, camera) -> None:
    for _ in range(3):
        await asyncio.to_thread(simulated.fault, camera, "garbage", size=20_000)
        await asyncio.sleep(1.0)
    await _finish(everframe, camera)


async def no_keyframes(everframe, simulated, camera) -> None:
    await asyncio.to_thread(simulated.fault, camera, "no_keyframes", seconds=14.0)
    await everframe.until_state(camera, "error", "offline", "connecting", within=40.0)
    await _finish(everframe, camera)
    assert "no_keyframe" in await _reasons(everframe, camera)
    assert "no_keyframe" in await _gap_reasons(everframe, camera)


SCENARIOS: dict[str, Scenario] = {
    scenario.__name__.replace("_", "-"): scenario
    for scenario in (
        dropped_connection,
        reboot,
        stalled_stream,
        stalled_media_with_live_rtcp,
        frozen_timestamps,
        jump_forwards,
        jump_backwards,
        wrapped_timestamps,
        camera_clock_step,
        changed_resolution,
        no_sender_reports,
        lost_packets,
        wrong_password,
        b_frames,
        missing_audio,
        garbage,
        no_keyframes,
    )
}


def _spec(name: str) -> CameraSpec:
    clip = small_clip("faults", audio="aac")
    special: dict[str, Any] = {}
    if name == "wrong-password":
        special = LOGIN
    if name == "wrapped-timestamps":
        special = {"rtp_wrap_in_seconds": 8.0}
    return CameraSpec(name, clip, **special)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def outcomes() -> AsyncIterator[dict[str, BaseException | None]]:
    env = {"EVERFRAME_RECORDER_KEYFRAME_LIMIT_SECONDS": "6"}
    async with (
        cameras(*(_spec(name) for name in SCENARIOS)) as simulated,
        installation(recorder_env=env) as everframe,
    ):

        async def play_through(name: str, scenario: Scenario) -> None:
            await everframe.add(name, simulated.url(name), recording_seconds=10)
            await everframe.until_recording(name)
            await asyncio.sleep(2.0)
            await scenario(everframe, simulated, name)

        results = await asyncio.gather(
            *(play_through(*item) for item in SCENARIOS.items()), return_exceptions=True
        )
        if any(results):
            show_logs(everframe.stack)
        yield dict(zip(SCENARIOS, results, strict=True))


@pytest.mark.timeout(300)
@pytest.mark.parametrize("fault", SCENARIOS)
async def test_a_camera_fault_ends_in_footage_or_a_named_gap(outcomes, fault):
    outcome = outcomes[fault]
    if outcome is not None:
        raise outcome
