"""Sixteen cameras at once, without a lost packet."""

import asyncio

import pytest

from tests.e2e.harness import cameras, clock_steps, installation, small_clip
from tools.camera_sim.camera_spec import CameraSpec

pytestmark = pytest.mark.whole_machine

NAMES = [f"camera-{number:02}" for number in range(1, 17)]
LOOP_MS = 10_000
FRAME_MS = 40


async def test_sixteen_cameras_are_recorded_without_a_lost_packet():
    clip = small_clip("sixteen", audio="aac")
    specs = [CameraSpec(name, clip) for name in NAMES]
    async with cameras(*specs) as simulated, installation() as everframe:
        for name in NAMES:
            await everframe.add(name, simulated.url(name), recording_seconds=10)
        for name in NAMES:
            await everframe.until_recordings(name, 3)
        for name in NAMES:
            await everframe.post(f"/cameras/{name}/recording/stop")
        for name in NAMES:
            await everframe.stop_and_settle(name)

        # libav counts lost packets over UDP only; the clock in every picture proves more
        for name in NAMES:
            await everframe.assert_explained(name)
            url = await everframe.playback_url(name)
            steps = await asyncio.to_thread(clock_steps, url)
            assert [step for step in steps if step % LOOP_MS != FRAME_MS] == []
