"""What the recorder sends to live viewers, and to whom it keeps a connection."""

import asyncio

from libs.contracts.live import Rendition
from libs.media import boxes
from tests.e2e.harness import Installation, cameras, installation, small_clip, until
from tests.e2e.live_watching import Watching, watching
from tools.camera_sim.camera_spec import CameraSpec
from tools.camera_sim.process import CameraProcess

CAMERA = "door"


def spec(name: str = CAMERA, **changes: object) -> CameraSpec:
    return CameraSpec(name, small_clip(name, **changes))


def connections(simulated: CameraProcess, name: str = CAMERA) -> int:
    return int(simulated.status(name)["sessions"])


async def _added(everframe: Installation, simulated: CameraProcess) -> None:
    await everframe.add(CAMERA, simulated.url(CAMERA), recording_seconds=10)
    await everframe.until_recording(CAMERA)


def _assert_media(seen: Watching) -> None:
    """Every payload is an init segment where it says so, then one moof and one mdat."""
    for part, payload in zip(seen.parts, seen.payloads, strict=True):
        kinds = [box.kind for box in boxes.walk(payload)]
        assert kinds == ([b"ftyp", b"moov"] if part.init_bytes else []) + [b"moof", b"mdat"]


async def test_a_viewer_gets_what_is_recorded_over_the_one_connection_however_it_is_switched():
    async with cameras(spec(audio="aac")) as simulated, installation() as everframe:
        await _added(everframe, simulated)
        async with watching(everframe, CAMERA) as seen:
            await seen.more(30)
            first = seen.parts[0]
            assert first.is_independent
            assert first.init_bytes
            assert first.codecs.startswith("avc1.")
            assert first.codecs.endswith(",mp4a.40.2")
            assert first.published_ms - first.start_ms > 200, "it was kept, not waited for"
            # a description that does not tell the picture's size makes the recorder look twice
            connections_before = simulated.status(CAMERA)["connections"]
            for _ in range(2):
                await everframe.post(f"/cameras/{CAMERA}/recording/stop")
                await everframe.until_state(CAMERA, "live")
                await seen.more(10)
                await everframe.post(f"/cameras/{CAMERA}/recording/start")
                await everframe.until_recording(CAMERA)
                await seen.more(10)
            assert simulated.status(CAMERA)["connections"] == connections_before, "it was left"
            assert connections(simulated) == 1
        assert max(part.duration_90k for part in seen.parts) <= first.part_target_ms * 90
        seen.assert_contiguous()
        assert seen.discontinuities == 0
        _assert_media(seen)
        await everframe.stop_and_settle(CAMERA)
        await everframe.assert_explained(CAMERA)


async def test_a_camera_that_is_not_recorded_is_connected_while_somebody_watches():
    async with cameras(spec()) as simulated, installation() as everframe:
        await everframe.add(CAMERA, simulated.url(CAMERA))
        await everframe.stop_and_settle(CAMERA)
        recorded = await everframe.recordings(CAMERA)
        async with watching(everframe, CAMERA) as seen:
            await seen.more(20)
            await everframe.until_state(CAMERA, "live")
        await everframe.until_state(CAMERA, "stopped")

        async def is_released() -> bool:
            return connections(simulated) == 0

        await until("the camera is released", is_released)
        seen.assert_contiguous()
        assert await everframe.recordings(CAMERA) == recorded
        await everframe.assert_explained(CAMERA)


async def test_the_small_stream_has_a_connection_of_its_own_while_it_is_watched():
    small = CameraSpec("small", small_clip("small", width=320, height=240))
    async with cameras(spec(), small) as simulated, installation() as everframe:
        await _added(everframe, simulated)
        await everframe.patch(f"/cameras/{CAMERA}", {"sub_url": simulated.plain_url("small")})
        async with watching(everframe, CAMERA, Rendition.SUB) as seen:
            await seen.more(20)
            assert connections(simulated, "small") == 1
            assert {(part.width, part.height) for part in seen.parts} == {(320, 240)}

        async def is_released() -> bool:
            return connections(simulated, "small") == 0

        await until("the small stream is released", is_released)
        assert connections(simulated) == 1
        seen.assert_contiguous()


async def test_numbers_go_on_when_the_camera_the_recorder_and_the_bus_come_back():
    async with cameras(spec()) as simulated, installation() as everframe:
        await _added(everframe, simulated)
        async with watching(everframe, CAMERA) as seen:
            await seen.more(10)
            await asyncio.to_thread(simulated.fault, CAMERA, "drop", refuse_seconds=2.0)
            await seen.more(20)
            assert seen.discontinuities == 1
            await everframe.recorder().kill()
            await everframe.recorder().start()
            await seen.more(20)
            assert seen.discontinuities == 2
            await everframe.stack.servers.nats.kill()
            await asyncio.sleep(5.0)  # the outage itself
            await everframe.stack.servers.nats.start()
            await seen.more(20)
        seen.assert_contiguous()
        assert seen.discontinuities <= 3


async def test_numbers_go_on_when_another_recorder_takes_over():
    async with cameras(spec()) as simulated, installation(recorders=2) as everframe:
        await _added(everframe, simulated)
        holder = str((await everframe.status(CAMERA))["recorder"])
        async with watching(everframe, CAMERA) as seen:
            await seen.more(10)
            await everframe.stack.services[holder].kill()
            await seen.more(20)
        seen.assert_contiguous()
        assert seen.discontinuities == 1
        assert len({part.epoch for part in seen.parts}) == 2
