"""Recording is switched faster than a recorder can follow."""

import asyncio

from tests.e2e.harness import cameras, installation, small_clip, until
from tools.camera_sim.camera_spec import CameraSpec


async def test_stopping_and_starting_in_a_hurry_leaves_one_session_and_no_unexplained_time():
    spec = CameraSpec("one", small_clip("switching", gop_seconds=1.0))
    async with cameras(spec) as simulated, installation() as everframe:
        await everframe.add("one", simulated.url("one"), recording_seconds=10)
        await everframe.until_recording("one")
        for pause in (0.0, 0.02, 0.05, 0.1, 0.3, 0.0):
            await everframe.post("/cameras/one/recording/stop")
            await asyncio.sleep(pause)
            await everframe.post("/cameras/one/recording/start")
            await asyncio.sleep(pause)
        await everframe.until_recording("one")

        async def has_one_session() -> bool:
            return bool(simulated.status("one")["sessions"] == 1)

        await until("one session is left", has_one_session)
        await everframe.stop_and_settle("one")
        await everframe.assert_explained("one")
        await until("no session is left", lambda: _is_alone(simulated))


async def _is_alone(simulated) -> bool:
    return bool(simulated.status("one")["sessions"] == 0)


async def test_a_second_recorder_of_the_same_name_takes_no_camera():
    spec = CameraSpec("one", small_clip("switching", gop_seconds=1.0))
    env = {"EVERFRAME_RECORDER_INSTANCE": "twin"}
    async with (
        cameras(spec) as simulated,
        installation(recorders=2, recorder_env=env) as everframe,
    ):
        await everframe.add("one", simulated.url("one"), recording_seconds=10)
        await everframe.until_recording("one")
        await asyncio.sleep(12.0)  # several lease times: nobody may take it from the other

        assert simulated.status("one")["sessions"] == 1
        await everframe.stop_and_settle("one")
        await everframe.assert_explained("one")
        reasons = [r["end_reason"] for r in await everframe.recordings("one")]
        assert "handover" not in reasons
