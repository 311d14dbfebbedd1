"""Nothing that was received is lost when a process or a server dies under load."""

import asyncio

import httpx

from tests.e2e.harness import Installation, cameras, installation, small_clip, until
from tools.camera_sim.camera_spec import CameraSpec
from tools.local.processes import ManagedProcess

OUTAGE_SECONDS = 20.0
NAMES = ("one", "two", "three", "four")


def four_cameras() -> list[CameraSpec]:
    return [CameraSpec(name, small_clip("load", audio="aac")) for name in NAMES]


async def _outage(everframe: Installation, server: ManagedProcess) -> None:
    """Kill a server while four cameras are recorded, bring it back, and ask for everything."""
    for name in NAMES:
        await everframe.until_recordings(name, 1)
    await server.kill()
    await asyncio.sleep(OUTAGE_SECONDS)  # the outage itself
    await server.start()

    async def catalog_is_back() -> bool:
        try:
            return bool((await everframe.http.get("/api/v1/cameras")).is_success)
        except httpx.HTTPError:
            return False

    await until("the API answers again", catalog_is_back)
    before = {name: len(await everframe.recordings(name)) for name in NAMES}
    for name in NAMES:
        await everframe.until_recordings(name, before[name] + 1)
        await everframe.stop_and_settle(name)
    for name in NAMES:
        await everframe.assert_explained(name)
        ids = [recording["id"] for recording in await everframe.recordings(name)]
        assert len(ids) == len(set(ids))
        assert await everframe.gaps(name) == [
            gap for gap in await everframe.gaps(name) if gap["reason"] == "connecting"
        ], "no footage may be missing but for the start"


async def _load(everframe: Installation, simulated) -> None:
    for name in NAMES:
        await everframe.add(name, simulated.url(name), recording_seconds=10)


async def test_a_dead_object_store_loses_no_footage():
    async with cameras(*four_cameras()) as simulated, installation() as everframe:
        await _load(everframe, simulated)
        await _outage(everframe, everframe.stack.servers.s3)


async def test_a_dead_bus_loses_no_footage():
    async with cameras(*four_cameras()) as simulated, installation() as everframe:
        await _load(everframe, simulated)
        await _outage(everframe, everframe.stack.servers.nats)


async def test_a_dead_database_loses_no_footage():
    async with cameras(*four_cameras()) as simulated, installation() as everframe:
        await _load(everframe, simulated)
        await _outage(everframe, everframe.stack.servers.postgres)


async def test_a_killed_recorder_loses_only_what_it_had_not_written_and_names_the_gap():
    async with cameras(*four_cameras()) as simulated, installation() as everframe:
        await _load(everframe, simulated)
        for name in NAMES:
            await everframe.until_recordings(name, 1)

        for _ in range(3):
            await asyncio.sleep(3.3)  # somewhere inside a recording
            await everframe.recorder().kill()
            await asyncio.sleep(1.0)
            await everframe.recorder().start()
            for name in NAMES:
                await everframe.until_recording(name)

        for name in NAMES:
            await everframe.stop_and_settle(name)
        for name in NAMES:
            await everframe.assert_explained(name)
            down = [g for g in await everframe.gaps(name) if g["reason"] == "recorder_down"]
            assert len(down) == 3
            assert all(gap["missing_seconds"] < 8 for gap in down)
            reasons = [r["end_reason"] for r in await everframe.recordings(name)]
            assert reasons.count("crash_recovered") == 3
        objects = (await everframe.get("/storage"))["objects"]
        assert objects == sum([len(await everframe.recordings(name)) for name in NAMES])


async def test_the_time_in_which_no_recorder_ran_is_a_gap_even_when_switched_off_meanwhile():
    spec = CameraSpec("one", small_clip("load", audio="aac"))
    async with cameras(spec) as simulated, installation() as everframe:
        await everframe.add("one", simulated.url("one"), recording_seconds=10)
        await everframe.until_recording("one")
        await everframe.recorder().kill()
        await asyncio.sleep(2.0)
        await everframe.post("/cameras/one/recording/stop")
        await asyncio.sleep(1.0)

        await everframe.recorder().start()

        async def explained() -> bool:
            return any(g["reason"] == "recorder_down" for g in await everframe.gaps("one"))

        await until("the gap is in the catalog", explained)
        await until("everything is announced", lambda: _is_announced(everframe))
        await everframe.assert_explained("one")


async def _is_announced(everframe: Installation) -> bool:
    return not await everframe.unannounced("one")
