"""The WebSocket: order, slow clients, and how it ends."""

import asyncio
import socket
from contextlib import suppress
from itertools import pairwise

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from libs.contracts.live import Rendition
from tests.integration.streamer.streamer_world import (
    CAMERA,
    SEGMENT_PARTS,
    World,
    receive,
    receive_parts,
)
from tests.waiting import eventually


async def closed(client: ClientConnection) -> tuple[int, str]:
    """Read until the server closes; return its code and reason."""
    async with asyncio.timeout(20):
        with suppress(ConnectionClosed):
            async for _ in client:
                pass
    assert client.close_code is not None
    return client.close_code, client.close_reason or ""


async def test_begins_with_the_newest_keyframe_and_goes_on_in_order(world: World) -> None:
    camera, running = await world.camera(), await world.streamer()
    await world.watched(running, camera, segments=2)
    await camera.send(3)
    await world.caught_up(running, camera)

    async with world.socket(running) as client:
        init = await receive(client)
        first = await receive_parts(client, 4)
        await camera.send(SEGMENT_PARTS)
        later = await receive_parts(client, SEGMENT_PARTS)

    begin, payload = camera.sent[2 * SEGMENT_PARTS]
    assert init.type == "init"
    assert init.header["codecs"] == begin.codecs
    assert init.media == payload[: begin.init_bytes]
    assert first[0].header["independent"]
    assert first[0].header["init_id"] == init.header["init_id"]
    assert [each.position for each in first + later] == [
        (part.msn, part.part) for part, _ in camera.sent[2 * SEGMENT_PARTS :]
    ]
    assert [each.media for each in first + later] == [
        data[part.init_bytes :] for part, data in camera.sent[2 * SEGMENT_PARTS :]
    ]
    header = later[-1].header
    assert header["sent_ms"] >= header["published_ms"]


async def test_first_viewer_is_told_why_it_waits_and_then_sees_a_keyframe(world: World) -> None:
    camera, running = await world.camera(), await world.streamer()

    async with world.socket(running) as client:
        waiting = await receive(client)
        await camera.until_wanted()
        await eventually(lambda: running.channel().is_told)
        await camera.send(2)
        init = await receive(client)
        parts = await receive_parts(client, 2)

    assert waiting.header == {
        "type": "waiting",
        "detail": "no recorder has reported about this camera yet",
    }
    assert init.type == "init"
    assert [each.position for each in parts] == [(0, 0), (0, 1)]


async def test_viewer_of_a_camera_that_stands_still_is_told(world: World) -> None:
    camera, running = await world.camera(), await world.streamer()
    await world.watched(running, camera)

    async with world.socket(running) as client:
        await receive_parts(client, 1)
        waiting = await receive(client)
        await camera.send(1)
        (part,) = await receive_parts(client, 1)

    assert waiting.type == "waiting"
    assert part.position == (camera.newest.msn, camera.newest.part)


async def test_slow_client_goes_on_with_the_newest_keyframe(world: World) -> None:
    camera, running = await world.camera(), await world.streamer()
    camera.padding = 200_000
    await world.watched(running, camera)
    narrow = socket.socket()
    narrow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    narrow.setblocking(False)
    loop = asyncio.get_running_loop()
    host, port = running.base.split(":")
    await loop.sock_connect(narrow, (host, int(port)))

    async with world.socket(running, sock=narrow, max_queue=1) as client:
        (first,) = await receive_parts(client, 1)
        before = running.channel().log.next_index
        for _ in range(6):
            await camera.send_segments(1)
            await world.caught_up(running, camera)
        assert running.channel().log.next_index == before + 6 * SEGMENT_PARTS
        found = [first]
        skipped = 0
        while found[-1].position != (camera.newest.msn, camera.newest.part):
            message = await receive(client)
            if message.type == "skipped":
                skipped += message.header["parts"]
                (jumped,) = await receive_parts(client, 1)
                assert jumped.header["independent"]
                found.append(jumped)
            elif message.type == "part":
                found.append(message)

    assert skipped > SEGMENT_PARTS
    assert len(found) + skipped == 1 + 6 * SEGMENT_PARTS
    assert running.channel().log.kept <= 3 * SEGMENT_PARTS
    assert all(a.position < b.position for a, b in pairwise(found))


async def test_a_new_numbering_brings_its_own_init_segment(world: World) -> None:
    camera, running = await world.camera(), await world.streamer()
    await world.watched(running, camera)

    async with world.socket(running) as client:
        await receive_parts(client, 1)
        camera.begin_anew("b2")
        await camera.send(2)
        parts = await receive_parts(client, 2)

    assert [each.header["live_id"] for each in parts] == ["b2", "b2"]
    assert parts[0].header["independent"]


async def test_handshake_of_strangers_is_refused(world: World) -> None:
    running = await world.streamer()
    address = f"ws://{running.base}/api/v1/cameras/{CAMERA}/live/ws?token="

    for token in ("", "nonsense", world.token(camera_id="yard")):
        with pytest.raises(InvalidStatus) as refused:
            await connect(address + token, proxy=None)
        assert refused.value.response.status_code == 401
        assert refused.value.response.headers["content-type"] == "application/problem+json"

    assert running.channels == running.viewers == 0


async def test_socket_whose_access_has_expired_is_closed_with_a_reason(world: World) -> None:
    running = await world.streamer()

    async with world.socket(running, token=world.token(seconds=-1)) as client:
        code, reason = await closed(client)

    assert code == 4401
    assert "live address has expired" in reason
    assert running.channels == running.viewers == 0


async def test_socket_is_closed_when_its_access_expires(world: World) -> None:
    camera, running = await world.camera(), await world.streamer()
    await world.watched(running, camera)

    async with world.socket(running, token=world.token("v2", seconds=2)) as client:
        await receive_parts(client, 1)
        code, reason = await closed(client)

    assert code == 4401
    assert reason == "this live address has expired; ask for a new one"


async def test_unknown_rendition_is_refused(world: World) -> None:
    running = await world.streamer()

    async with world.socket(running, query="&rendition=huge") as client:
        assert (await closed(client))[0] == 4400
    only_main = world.token(renditions=[Rendition.MAIN])
    async with world.socket(running, token=only_main, query="&rendition=sub") as client:
        assert (await closed(client))[0] == 4404
    assert running.channels == running.viewers == 0


async def test_page_of_another_site_cannot_use_the_cookie(world: World) -> None:
    running = await world.streamer(allowed_origins="https://wall.example")
    address = f"ws://{running.base}/api/v1/cameras/{CAMERA}/live/ws"
    cookie = {"Cookie": f"everframe_live={world.token()}"}

    for origin in ("https://evil.example", "null", f"http://{running.base}.evil.example"):
        with pytest.raises(InvalidStatus) as refused:
            await connect(address, proxy=None, origin=origin, additional_headers=cookie)  # type: ignore[arg-type]  # a plain string does
        assert refused.value.response.status_code == 403, origin
    allowed: tuple[str | None, ...] = (f"http://{running.base}", "https://wall.example", None)
    for own in allowed:
        async with connect(
            address,
            proxy=None,
            origin=own,  # type: ignore[arg-type]  # same
            additional_headers=cookie,
        ) as client:
            assert (await receive(client)).type == "waiting"


async def test_stop_closes_sockets_so_that_players_connect_elsewhere(world: World) -> None:
    camera, running = await world.camera(), await world.streamer()
    await world.watched(running, camera)

    async with world.socket(running) as client:
        await receive_parts(client, 1)
        running.stop.set()
        code, _ = await closed(client)

    assert code == 1012
    await running.task
    assert not await camera.is_wanted()
