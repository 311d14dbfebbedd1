"""Two recorders share the cameras; one that dies is replaced within five seconds."""

import asyncio

from tests.e2e.harness import Installation, cameras, installation, small_clip, until
from tools.camera_sim.camera_spec import CameraSpec

NAMES = ("one", "two", "three", "four")
LIMIT_SECONDS = 5.0
GOP_SECONDS = 1.0


async def _owners(everframe: Installation) -> dict[str, str]:
    return {name: (await everframe.status(name))["recorder"] for name in NAMES}


async def _is_shared_evenly(everframe: Installation) -> bool:
    owners = list((await _owners(everframe)).values())
    return sorted(map(owners.count, set(owners))) == [2, 2]


async def test_a_killed_recorders_cameras_are_taken_over_and_the_gap_is_named():
    clip = small_clip("takeover", gop_seconds=GOP_SECONDS)
    specs = [CameraSpec(name, clip) for name in NAMES]
    async with cameras(*specs) as simulated, installation(recorders=2) as everframe:
        for name in NAMES:
            await everframe.add(name, simulated.url(name), recording_seconds=10)
        await until("both recorders have two cameras", lambda: _is_shared_evenly(everframe))
        for name in NAMES:
            await everframe.until_recording(name)
        owners = await _owners(everframe)
        victims = [name for name, owner in owners.items() if owner == "recorder-1"]
        connections = {name: simulated.status(name)["sessions"] for name in NAMES}
        assert set(connections.values()) == {1}, "one connection per camera"

        await everframe.recorder(1).kill()

        async def taken_over() -> bool:
            now = await _owners(everframe)
            return all(now[name] == "recorder-2" for name in victims)

        await until("recorder 2 has all cameras", taken_over)
        for name in victims:
            await everframe.until_recording(name)
        await asyncio.sleep(2.0)
        await everframe.recorder(1).start()  # its spool comes home, and it takes its share again
        await until("both recorders have two cameras again", lambda: _is_shared_evenly(everframe))
        for name in NAMES:
            await everframe.until_recording(name)
            await everframe.stop_and_settle(name)

        for name in NAMES:
            await everframe.assert_explained(name)
        for name in victims:
            down = [g for g in await everframe.gaps(name) if g["reason"] == "recorder_down"]
            assert len(down) == 1
            # from the last frame on disk to the first of the new owner, a GOP's wait included
            assert down[0]["missing_seconds"] < LIMIT_SECONDS + GOP_SECONDS + 1.0
