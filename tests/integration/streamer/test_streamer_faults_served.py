"""What goes away: viewers, the bus, the camera, the streamer itself."""

import asyncio
import gc

import httpx

from libs.bus.live import LiveMessage
from libs.contracts.live import Rendition
from services.streamer.channel import Channel
from services.streamer.window import HeldPart, LiveWindow
from tests.integration.streamer.streamer_world import Camera, Running, World, receive_parts
from tests.integration.streamer.test_streamer_sockets_served import closed
from tests.waiting import eventually


async def test_demand_appears_with_the_first_viewer_and_goes_after_the_last(world: World) -> None:
    camera, running = await world.camera(), await world.streamer()
    assert not await camera.is_wanted()

    async with world.socket(running):
        await camera.until_wanted()
        await eventually(lambda: running.channels == 1)
    await eventually(lambda: running.channels == 0)

    await camera.until_unwanted()


async def test_renditions_of_a_camera_are_wanted_apart(world: World) -> None:
    camera, running = await world.camera(rendition=Rendition.SUB), await world.streamer()

    async with world.socket(running, query="&rendition=sub") as client:
        await camera.until_wanted()
        await eventually(lambda: running.channel(camera.rendition).is_told)
        await camera.send(2)
        parts = await receive_parts(client, 2)
        assert running.channels == 1

    assert [each.position for each in parts] == [(0, 0), (0, 1)]


async def test_viewer_that_leaves_while_it_is_held_is_forgotten_at_once(world: World) -> None:
    camera, running = await world.camera(), await world.streamer()
    await world.watched(running, camera)
    msn, part = camera.newest.msn, camera.newest.part
    name = world.media(camera, f"?_HLS_msn={msn}&_HLS_part={part + 1}")
    held = asyncio.create_task(world.get(running, name))
    await eventually(lambda: running.channel().waiting == 1)

    held.cancel()
    await asyncio.wait([held])

    await eventually(lambda: running.channel().waiting == 0)
    await eventually(lambda: running.viewers == 0)


async def test_viewers_of_a_deleted_camera_are_sent_away(world: World) -> None:
    camera, running = await world.camera(), await world.streamer()
    await camera.report()
    removals = running.streamer.context.removals
    await eventually(lambda: bool(removals._revisions))
    await world.watched(running, camera)
    msn, part = camera.newest.msn, camera.newest.part
    name = world.media(camera, f"?_HLS_msn={msn}&_HLS_part={part + 1}")

    async with world.socket(running, token=world.token("v2")) as client:
        await receive_parts(client, 1)
        held = asyncio.create_task(world.get(running, name))
        await eventually(lambda: running.channel().waiting >= 1)
        await camera.delete()
        code, reason = await closed(client)
        answers = [await held, await world.get(running, "live/master.m3u8")]

    assert (code, reason) == (4404, "this camera was deleted")
    assert {answer.status_code for answer in answers} == {404}
    assert running.viewers == 0
    await camera.until_unwanted()


async def test_stop_lets_held_requests_go_and_releases_the_demand(world: World) -> None:
    camera, running = await world.camera(), await world.streamer()
    await world.watched(running, camera)
    msn, part = camera.newest.msn, camera.newest.part
    name = world.media(camera, f"?_HLS_msn={msn}&_HLS_part={part + 1}")
    held = asyncio.create_task(world.get(running, name))
    await eventually(lambda: running.channel().waiting == 1)

    await running.end()
    answer = await held

    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "1"
    assert not await camera.is_wanted()


async def test_viewers_go_on_after_a_restart_of_the_bus(world: World) -> None:
    camera, running = await world.camera(), await world.streamer(demand_ttl_seconds=3.0)
    await world.watched(running, camera)
    msn, part = camera.newest.msn, camera.newest.part

    async with world.socket(running, token=world.token("v2")) as client:
        await receive_parts(client, 1)
        await world.server.stop()
        name = world.media(camera, f"?_HLS_msn={msn}&_HLS_part={part + 1}")
        held = asyncio.create_task(world.get(running, name))
        await eventually(lambda: running.channel().waiting >= 1)
        unblocked = await world.get(running, world.media(camera))
        await world.server.start()
        await camera.until_wanted()
        camera.forget_sequence()
        await camera.send(1)
        answer = await held
        (pushed,) = await receive_parts(client, 1)

    assert unblocked.status_code == 200
    assert answer.status_code == 200
    assert f"{msn}.{part + 1}.m4s" in answer.text
    assert pushed.position == (msn, part + 1)


async def test_player_of_a_dead_streamer_goes_on_with_another(world: World) -> None:
    camera = await world.camera()
    first, second = await world.streamer("1"), await world.streamer("2")
    await world.watched(first, camera, segments=3)
    await first.end()
    msn, part = camera.newest.msn, camera.newest.part

    name = world.media(camera, f"?_HLS_msn={msn}&_HLS_part={part + 1}")
    asked = asyncio.create_task(world.get(second, name))
    await eventually(lambda: second.channel().is_told)
    await camera.send(1)
    answer = await asked

    assert answer.status_code == 200
    assert "#EXT-X-MEDIA-SEQUENCE:0" in answer.text
    assert f"{msn}.{part + 1}.m4s" in answer.text


async def test_hundreds_of_viewers_that_come_and_go_leave_nothing_behind(world: World) -> None:
    objects_before = _kept_objects()
    camera, running = await world.camera(), await world.streamer(max_viewers_per_camera=200)
    await world.watched(running, camera)
    await eventually(lambda: running.channels == 0)
    await camera.until_unwanted()
    tasks_before = len(asyncio.all_tasks())

    for round_ in range(4):
        await _churn(world, running, camera, round_)
    await eventually(lambda: running.viewers == 0 and running.channels == 0)
    await camera.until_unwanted()
    await world.client.aclose()

    await eventually(lambda: len(asyncio.all_tasks()) <= tasks_before)
    await eventually(lambda: _kept_objects() <= objects_before)


def _kept_objects() -> int:
    gc.collect()
    kinds = Channel | LiveWindow | HeldPart | LiveMessage
    return sum(isinstance(each, kinds) for each in gc.get_objects())


async def _churn(world: World, running: Running, camera: Camera, round_: int) -> None:
    """Eighty viewers: some play, some leave while they are held, some use sockets."""
    await camera.finish_segment()
    asked = asyncio.create_task(world.get(running, "live/master.m3u8"))
    await camera.until_wanted()
    await eventually(lambda: running.channel().is_told)
    await camera.send_segments(1)
    await asked
    await world.caught_up(running, camera)
    ahead = world.media(camera, f"?_HLS_msn={camera.newest.msn + 1}&_HLS_part=0")
    assert camera.newest.is_last
    held = [
        asyncio.create_task(world.get(running, ahead, token=world.token(f"h{round_}-{at}")))
        for at in range(40)
    ]
    await eventually(lambda: running.channel().waiting == 40)
    for task in held[:20]:
        task.cancel()
    await asyncio.wait(held[:20])
    await eventually(lambda: running.channel().waiting == 20)
    sockets = [asyncio.create_task(_watch(world, running, f"s{round_}-{at}")) for at in range(40)]
    await asyncio.gather(*sockets[:20])
    for watching in sockets[20:]:
        watching.cancel()
    await asyncio.wait(sockets)
    await camera.send(1)
    answers: list[httpx.Response] = await asyncio.gather(*held[20:])
    assert {answer.status_code for answer in answers} == {200}


async def _watch(world: World, running: Running, viewer: str) -> None:
    async with world.socket(running, token=world.token(viewer)) as client:
        await receive_parts(client, 2)
