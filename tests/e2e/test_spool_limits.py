"""A spool that cannot drain gives up its oldest footage, and says so."""

import asyncio

from tests.e2e.harness import cameras, installation, small_clip, until
from tools.camera_sim.camera_spec import CameraSpec

LIMIT_BYTES = 4_000_000


async def test_a_full_spool_drops_the_oldest_footage_and_names_the_gap():
    clip = small_clip("heavy", bitrate_bps=2_000_000)
    env = {
        "EVERFRAME_RECORDER_SPOOL_MAX_BYTES": str(LIMIT_BYTES),
        "EVERFRAME_RECORDER_SPOOL_MIN_FREE_BYTES": "1000000",
    }
    async with (
        cameras(CameraSpec("one", clip)) as simulated,
        installation(recorder_env=env) as everframe,
    ):
        await everframe.add("one", simulated.url("one"), recording_seconds=10)
        await everframe.until_recordings("one", 1)
        await everframe.stack.servers.s3.kill()

        async def has_dropped() -> bool:
            return (
                await everframe.metric(
                    "recorder-1", "everframe_recorder_spool_dropped_recordings_total"
                )
                >= 2
            )

        await until("footage was dropped", has_dropped, within=90.0)
        assert await everframe.metric("recorder-1", "everframe_recorder_spool_bytes") < (
            2 * LIMIT_BYTES
        )
        await everframe.stack.servers.s3.start()
        await everframe.until_recording("one")
        await asyncio.sleep(1.0)
        await everframe.stop_and_settle("one")

        await everframe.assert_explained("one")
        full = [gap for gap in await everframe.gaps("one") if gap["reason"] == "spool_full"]
        assert len(full) >= 2
