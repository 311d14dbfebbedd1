"""Live WebSockets through the gateway, on real sockets."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from libs.web.live_tokens import LiveTokens
from services.api.database import DatabaseUnavailable
from services.api.gateway_socket import MAX_MESSAGE_BYTES
from services.api.keys import new_key
from services.api.known_cameras import KnownCameras
from tests.integration.api.conftest import LIVE_KEY, Api
from tests.integration.api.live_worlds import SOCKET, WAIT_SECONDS, World, live_world, respond
from tools.local.ports import free_port


@pytest.fixture
async def world(api: Api) -> AsyncIterator[World]:
    async with live_world(api) as world:
        world.streamer.behaviour = talkative
        yield world


@pytest.fixture
async def two(api: Api) -> AsyncIterator[World]:
    async with live_world(api, streamers=2) as world:
        for streamer in world.streamers:
            streamer.behaviour = talkative
        yield world


async def talkative(scope, receive, send) -> None:
    """Say everything back; end when told to."""
    await receive()
    await send({"type": "websocket.accept"})
    while True:
        event = await receive()
        if event["type"] == "websocket.disconnect":
            return
        if event.get("text") == "end":
            await send({"type": "websocket.close", "code": 4401, "reason": "access ended"})
            return
        await send({**event, "type": "websocket.send"})


def opening(
    world: World, *, query: str | None = None, path: str = SOCKET, **headers: str
) -> connect:
    query = f"?token={world.token}" if query is None else query
    url = world.url.replace("http://", "ws://") + path + query
    return connect(url, additional_headers=headers, proxy=None, max_size=None, max_queue=2)


async def ending(socket: ClientConnection) -> tuple[int, str]:
    """Return the code and reason with which the other side ends it."""
    async with asyncio.timeout(WAIT_SECONDS):
        with suppress(ConnectionClosed):
            while True:
                await socket.recv()
    assert socket.close_code is not None
    return socket.close_code, socket.close_reason or ""


async def refusal(world: World, **changes) -> InvalidStatus:
    with pytest.raises(InvalidStatus) as refused:
        async with opening(world, **changes):
            pass
    return refused.value


async def test_messages_go_both_ways_as_they_are(world: World):
    async with opening(world) as socket:
        for message in ("text ü", b"\x00\xff" * 100, "", b""):
            await socket.send(message)
            assert await socket.recv() == message


async def test_large_message_comes_through_and_an_absurd_one_does_not(world: World):
    async def large(scope, receive, send) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.send", "bytes": b"x" * (MAX_MESSAGE_BYTES - 1)})
        await send({"type": "websocket.send", "bytes": b"x" * (MAX_MESSAGE_BYTES + 1)})
        await receive()

    world.streamer.behaviour = large
    async with opening(world) as socket:
        assert len(await socket.recv()) == MAX_MESSAGE_BYTES - 1
        assert (await ending(socket))[0] == 1012


async def test_code_and_reason_of_the_streamers_close_reach_the_viewer(world: World):
    async with opening(world) as socket:
        await socket.send("end")

        assert await ending(socket) == (4401, "access ended")


@pytest.mark.parametrize(("code", "told"), [(1000, 1000), (4000, 4000), (None, 1001)])
async def test_viewers_close_reaches_the_streamer(world: World, code, told):
    heard: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def listening(scope, receive, send) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        heard.set_result((await receive())["code"])

    world.streamer.behaviour = listening
    async with opening(world) as socket:
        if code is None:
            socket.transport.abort()
        else:
            await socket.close(code, "bye")

    assert await asyncio.wait_for(heard, WAIT_SECONDS) == told


async def test_streamer_that_dies_asks_the_viewer_to_connect_again(world: World):
    async def rude(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        from websockets.http11 import Request
        from websockets.server import ServerProtocol

        protocol = ServerProtocol()
        protocol.receive_data(await reader.readuntil(b"\r\n\r\n"))
        (request,) = protocol.events_received()
        assert isinstance(request, Request)
        protocol.send_response(protocol.accept(request))
        protocol.send_text(b"hello")
        for data in protocol.data_to_send():
            writer.write(data)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(rude, "127.0.0.1", 0)
    world.use_streamers(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    async with server, opening(world) as socket:
        assert await socket.recv() == "hello"
        code, reason = await ending(socket)

    assert code == 1012
    assert "connect again" in reason


async def test_slow_viewer_slows_the_streamer_and_fills_no_memory(world: World):
    sent, stands_still = 0, asyncio.Event()

    async def endless(scope, receive, send) -> None:
        nonlocal sent
        await receive()
        await send({"type": "websocket.accept"})
        try:
            while sent < 256 * 1024 * 1024:
                async with asyncio.timeout(3):
                    await send({"type": "websocket.send", "bytes": bytes(64 * 1024)})
                sent += 64 * 1024
        finally:
            stands_still.set()

    world.streamer.behaviour = endless
    async with opening(world) as socket:
        await asyncio.wait_for(stands_still.wait(), WAIT_SECONDS)
        socket.transport.abort()

    assert sent < 64 * 1024 * 1024


async def test_viewer_that_takes_nothing_is_given_up(world: World):
    gone = asyncio.Event()

    async def endless(scope, receive, send) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        try:
            while True:
                await send({"type": "websocket.send", "bytes": bytes(64 * 1024)})
        finally:
            gone.set()

    world.streamer.behaviour = endless
    world.use_streamers(world.streamer.url, stall_seconds=0.3, max_requests=1)
    async with opening(world) as socket:
        await asyncio.wait_for(gone.wait(), WAIT_SECONDS)
        socket.transport.abort()


async def test_streamer_that_is_away_is_replaced_by_the_next(two: World):
    two.use_streamers(f"http://127.0.0.1:{free_port()}", two.streamer.url)

    async with opening(two) as socket:
        await socket.send("here")
        assert await socket.recv() == "here"


async def test_all_streamers_away_is_a_503_that_says_when_to_come_back(world: World):
    world.use_streamers(f"http://127.0.0.1:{free_port()}")

    refused = await refusal(world)

    assert refused.response.status_code == 503
    assert int(refused.response.headers["retry-after"]) > 0


async def test_streamers_refusal_reaches_the_viewer_as_it_is(world: World):
    async def full(scope, receive, send) -> None:
        async def denying(message) -> None:
            await send({**message, "type": message["type"].replace("http", "websocket.http")})

        await respond(denying, b"50 watch", status=429, headers={"retry-after": "7"})

    world.streamer.behaviour = full
    refused = await refusal(world)

    assert refused.response.status_code == 429
    assert refused.response.headers["retry-after"] == "7"
    assert refused.response.body == b"50 watch"


async def test_redirect_is_not_followed(two: World):
    async def elsewhere(scope, receive, send) -> None:
        async def denying(message) -> None:
            await send({**message, "type": message["type"].replace("http", "websocket.http")})

        await respond(denying, status=302, headers={"location": two.streamers[1].url + SOCKET})

    two.streamer.behaviour = elsewhere
    refused = await refusal(two)

    assert refused.response.status_code == 502
    assert two.streamers[1].asked == []


async def test_sockets_count_against_the_limit_and_give_their_place_back(world: World):
    world.use_streamers(world.streamer.url, max_requests=1)

    async with opening(world) as socket:
        await socket.send("here")
        assert await socket.recv() == "here"
        assert (await refusal(world)).response.status_code == 503

    async with asyncio.timeout(WAIT_SECONDS):
        while True:
            try:
                async with opening(world) as socket:
                    await socket.send("end")
                    assert (await ending(socket))[0] == 4401
                return
            except InvalidStatus:
                await asyncio.sleep(0.01)


# Room


def closing(code: int, *said: str, reason: str = "no"):
    """A streamer that opens the socket, says something perhaps, and closes it."""

    async def close(scope, receive, send) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        for text in said:
            await send({"type": "websocket.send", "text": text})
        await send({"type": "websocket.close", "code": code, "reason": reason})

    return close


@pytest.mark.parametrize("code", [1012, 4503])
async def test_streamer_without_room_is_asked_and_then_the_next_one(two: World, code):
    asked = asyncio.Event()

    async def has_room(scope, receive, send) -> None:
        asked.set()
        await talkative(scope, receive, send)

    two.streamers[0].behaviour = closing(code)
    two.streamers[1].behaviour = has_room
    async with opening(two) as socket:
        await asyncio.wait_for(asked.wait(), WAIT_SECONDS)
        await socket.send("here")
        assert await socket.recv() == "here"

    assert [len(streamer.asked) for streamer in two.streamers] == [1, 1]


@pytest.mark.parametrize(
    ("code", "said"), [(4401, ()), (4429, ()), (4404, ()), (1012, ("x",)), (4503, ("x",))]
)
async def test_other_ends_and_those_of_a_viewer_who_had_room_are_passed_on(two: World, code, said):
    two.streamer.behaviour = closing(code, *said)

    async with opening(two) as socket:
        assert await ending(socket) == (code, "no")
    assert two.streamers[1].asked == []


async def test_limit_of_a_camera_is_not_evaded_at_the_next_streamer(two: World):
    two.streamer.behaviour = closing(4504, reason="this camera has as many viewers as are allowed")

    async with opening(two) as socket:
        assert (await ending(socket))[0] == 4504
    assert two.streamers[1].asked == []


async def test_viewer_hears_the_last_streamers_words_when_none_has_room(two: World):
    two.streamers[0].behaviour = closing(4503, reason="full")
    two.streamers[1].behaviour = closing(1012, reason="stops")

    async with opening(two) as socket:
        assert await ending(socket) == (1012, "stops")
    assert [len(streamer.asked) for streamer in two.streamers] == [1, 1]


async def test_viewer_hears_the_refusal_when_the_other_streamers_are_away(two: World):
    two.streamer.behaviour = closing(4503, reason="full")
    two.use_streamers(*(f"http://127.0.0.1:{free_port()}" for _ in range(2)), two.streamer.url)

    async with opening(two) as socket:
        assert await ending(socket) == (4503, "full")


# Who may


async def test_token_opens_as_cookie_too_and_the_streamer_sees_the_viewers_host(world: World):
    headers = {"Cookie": f"a=b; everframe_live={world.token}", "Origin": world.url}
    async with opening(world, query="?rendition=sub", **headers):
        pass

    scope = world.streamer.asked[0]
    told = [(name.decode(), value.decode()) for name, value in scope["headers"]]
    assert scope["query_string"] == b"rendition=sub"
    assert ("cookie", f"everframe_live={world.token}") in told
    assert [value for name, value in told if name == "host"] == [world.url.removeprefix("http://")]
    assert ("origin", world.url) in told


async def test_key_becomes_a_token_of_the_gateways_own(world: World):
    async with opening(world, query="?token=stale", Authorization=f"Bearer {world.api.key}"):
        pass

    headers = dict(world.streamer.asked[0]["headers"])
    token = headers[b"cookie"].decode().removeprefix("everframe_live=")
    access = LiveTokens(LIVE_KEY).check(
        token, camera_id="front-door", now=world.api.context.now().timestamp()
    )
    assert access.viewer == f"key:{world.api.key[:10]}"
    assert world.streamer.asked[0]["query_string"] == b""
    assert world.api.key not in str(headers)


async def test_who_has_neither_or_a_wrong_key_is_refused(world: World):
    neither = await refusal(world, query="")
    wrong = await refusal(world, **{"X-API-Key": new_key()})

    assert neither.response.status_code == wrong.response.status_code == 401
    assert world.streamer.asked == []


async def test_bad_token_is_refused_without_a_place_or_a_streamer(world: World):
    world.use_streamers(world.streamer.url, max_requests=0)

    made_up = await refusal(world, query="?token=x")
    elsewhere = await refusal(world, path="/api/v1/cameras/garage/live/ws")

    assert made_up.response.status_code == elsewhere.response.status_code == 401
    assert made_up.response.headers["www-authenticate"] == "Bearer"
    assert b"not valid" in made_up.response.body
    assert b"another camera" in elsewhere.response.body
    assert world.streamer.asked == []


async def test_expired_token_is_closed_with_4401_without_a_place_or_a_streamer(world: World):
    world.api.set_now(world.api.context.now() + timedelta(hours=2))
    world.use_streamers(world.streamer.url, max_requests=0)

    async with opening(world) as socket:
        assert await ending(socket) == (
            4401,
            "this live address has expired; ask for a new one",
        )
    assert world.streamer.asked == []


async def test_database_that_is_away_is_a_503_for_who_comes_with_a_key(world: World):
    class Away(KnownCameras):
        async def find(self, camera_id: str) -> None:
            raise DatabaseUnavailable(camera_id)

    key = {"X-API-Key": world.api.key}
    away = Away(world.api.database)
    world.api.app.state.context = replace(world.api.context, known_cameras=away)
    refused = await refusal(world, query="", **key)

    assert refused.response.status_code == 503
    assert int(refused.response.headers["retry-after"]) > 0
    assert b"database is away" in refused.response.body


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/live/",
        "/api/v1/health",
        "/api/v1/cameras",
        "/api/v1/cameras/front-door/live/master.m3u8",
        "/api/v1/cameras/front-door/live/ws/",
        "/api/v1/cameras/front-door/snapshot.jpg",
    ],
)
async def test_no_other_path_takes_a_websocket_with_whatever_key(world: World, path):
    with_token = await refusal(world, path=path)
    with_key = await refusal(world, path=path, **{"X-API-Key": world.api.key})

    assert with_token.response.status_code == with_key.response.status_code == 404
    assert world.streamer.asked == []


async def test_key_does_not_ask_a_streamer_for_what_is_no_camera(world: World):
    refused = await refusal(
        world,
        path="/api/v1/cameras/nobody/live/ws",
        query="",
        **{"X-API-Key": world.api.key},
    )

    assert refused.response.status_code == 404
    assert world.streamer.asked == []
