"""Live requests through the gateway, on real sockets."""

import asyncio
import gzip
import socket
from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import pytest

from libs.runtime.service import FatalError
from libs.web.live_tokens import LiveTokens
from services.api.app import build_gateway
from services.api.keys import new_key
from services.api.settings import ApiSettings
from tests.integration.api.conftest import LIVE_KEY, Api
from tests.integration.api.live_worlds import (
    DOOR,
    MASTER,
    WAIT_SECONDS,
    World,
    head,
    live_world,
    piece,
    respond,
)
from tools.local.ports import free_port

SNAPSHOT = f"{DOOR}/snapshot.jpg"


@pytest.fixture
async def world(api: Api) -> AsyncIterator[World]:
    async with live_world(api) as world:
        yield world


@pytest.fixture
async def two(api: Api) -> AsyncIterator[World]:
    """With two streamers, the first of which is the camera's."""
    async with live_world(api, streamers=2) as world:
        yield world


async def occurs(event: asyncio.Event) -> None:
    await asyncio.wait_for(event.wait(), WAIT_SECONDS)


async def test_first_bytes_come_while_the_streamer_still_has_the_rest(world: World):
    go_on = asyncio.Event()

    async def slow(scope, receive, send) -> None:
        await send(head(headers={"content-length": "6"}))
        await send(piece(b"one"))
        await occurs(go_on)
        await send({"type": "http.response.body", "body": b"two"})

    world.streamer.behaviour = slow
    async with world.viewer() as client, client.stream("GET", MASTER) as answer:
        pieces = answer.aiter_raw()
        first = await anext(pieces)
        go_on.set()
        rest = [piece async for piece in pieces]

    assert (first, b"".join(rest)) == (b"one", b"two")
    assert answer.headers["content-length"] == "6"


async def test_slow_viewer_slows_the_streamer_and_fills_no_memory(world: World):
    sent, stands_still = 0, asyncio.Event()

    async def endless(scope, receive, send) -> None:
        nonlocal sent
        await send(head())
        try:
            while sent < 256 * 1024 * 1024:
                async with asyncio.timeout(3):
                    await send(piece(bytes(64 * 1024)))
                sent += 64 * 1024
        finally:
            stands_still.set()

    world.streamer.behaviour = endless
    async with world.viewer() as client, client.stream("GET", MASTER) as answer:
        assert answer.status_code == 200
        await occurs(stands_still)

    # what the sockets of two connections hold, and a piece
    assert sent < 64 * 1024 * 1024


@pytest.mark.parametrize("has_begun", [False, True])
async def test_viewer_that_leaves_ends_its_request_at_the_streamer(world: World, has_begun):
    asked, gone = asyncio.Event(), asyncio.Event()

    async def held(scope, receive, send) -> None:
        if has_begun:
            await send(head())
            await send(piece(b"begin"))
        asked.set()
        while (await receive())["type"] != "http.disconnect":
            pass
        gone.set()

    world.streamer.behaviour = held
    async with world.viewer() as client:
        request = asyncio.create_task(client.get(MASTER))
        await occurs(asked)
        request.cancel()
        with pytest.raises(asyncio.CancelledError):
            await request

    await occurs(gone)


async def test_streamer_that_dies_breaks_the_response_off(world: World):
    async def dies(scope, receive, send) -> None:
        await send(head())
        await send(piece(b"half"))

    world.streamer.behaviour = dies
    async with world.viewer() as client:
        with pytest.raises(httpx.RemoteProtocolError):
            await client.get(MASTER)


async def test_streamer_that_is_away_is_replaced_by_the_next_and_not_asked_again(two: World):
    away = f"http://127.0.0.1:{free_port()}"
    two.use_streamers(away, two.streamer.url)

    async with two.viewer() as client:
        answers = [await client.get(MASTER) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert len(two.streamer.asked) == 3


async def test_streamer_that_hangs_up_before_it_answers_is_replaced_by_the_next(two: World):
    connections = 0

    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        await reader.readuntil(b"\r\n\r\n")
        writer.close()

    rude = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    port = rude.sockets[0].getsockname()[1]
    two.use_streamers(f"http://127.0.0.1:{port}")
    async with rude, two.viewer() as client:
        alone = await client.get(MASTER)
        two.use_streamers(f"http://127.0.0.1:{port}", two.streamer.url)
        answers = [await client.get(MASTER) for _ in range(2)]

    assert alone.status_code == 503
    assert [answer.status_code for answer in answers] == [200, 200]
    assert 1 <= connections <= 2


async def test_cameras_of_one_streamer_stay_with_it(two: World):
    async with two.viewer() as client:
        for _ in range(5):
            await client.get(MASTER)

    assert [len(streamer.asked) for streamer in two.streamers] == [5, 0]


async def test_all_streamers_away_is_a_503_that_says_when_to_come_back(world: World):
    world.use_streamers(*(f"http://127.0.0.1:{free_port()}" for _ in range(2)))

    async with world.viewer() as client:
        answer = await client.get(MASTER)

    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0
    assert "no streamer" in answer.json()["detail"]


async def test_silent_streamer_is_given_up(world: World):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        world.use_streamers(f"http://127.0.0.1:{port}", stall_seconds=0.2)
        async with world.viewer() as client:
            answer = await client.get(MASTER)

    assert answer.status_code == 504


async def test_without_streamers_the_answer_says_what_to_set(world: World):
    world.use_streamers()

    async with world.viewer() as client:
        answer = await client.get(SNAPSHOT)

    assert answer.status_code == 503
    assert "EVERFRAME_API_STREAMER_URLS" in answer.json()["detail"]


async def test_viewers_beyond_the_limit_are_refused_and_leave_the_api_alone(world: World):
    asked, go_on = asyncio.Semaphore(0), asyncio.Event()

    async def held(scope, receive, send) -> None:
        asked.release()
        await occurs(go_on)
        await respond(send, b"done")

    world.streamer.behaviour = held
    world.use_streamers(world.streamer.url, max_requests=2)
    async with world.viewer() as client, world.client(**{"X-API-Key": world.api.key}) as admin:
        waiting = [asyncio.create_task(client.get(MASTER)) for _ in range(2)]
        for _ in waiting:
            await asyncio.wait_for(asked.acquire(), WAIT_SECONDS)

        refused = await client.get(MASTER)
        assert refused.status_code == 503
        assert int(refused.headers["retry-after"]) > 0
        assert "too many live requests" in refused.json()["detail"]
        assert (await admin.get("/api/v1/cameras")).status_code == 200

        go_on.set()
        assert [(await answer).status_code for answer in waiting] == [200, 200]
        assert (await client.get(MASTER)).status_code == 200


async def test_redirect_is_not_followed_and_not_passed_on(two: World):
    async def elsewhere(scope, receive, send) -> None:
        await respond(send, status=302, headers={"location": two.streamers[1].url + MASTER})

    two.streamer.behaviour = elsewhere
    async with two.viewer() as client:
        answer = await client.get(MASTER)

    assert answer.status_code == 502
    assert "location" not in answer.headers
    assert two.streamers[1].asked == []


async def test_compressed_playlist_goes_through_as_it_is_and_only_when_asked_for(world: World):
    packed = gzip.compress(b"#EXTM3U", mtime=0)

    async def playlist(scope, receive, send) -> None:
        if (b"accept-encoding", b"gzip") in scope["headers"]:
            headers = {"content-encoding": "gzip", "vary": "Accept-Encoding"}
            await respond(send, packed, headers=headers)
        else:
            await respond(send, b"#EXTM3U")

    world.streamer.behaviour = playlist
    async with world.viewer() as client:
        async with client.stream("GET", MASTER, headers={"accept-encoding": "gzip"}) as answer:
            raw = b"".join([piece async for piece in answer.aiter_raw()])
        del client.headers["accept-encoding"]
        plain = await client.send(
            httpx.Request("GET", world.url + MASTER, headers={"cookie": client.headers["cookie"]})
        )

    assert raw == packed
    assert answer.headers["vary"] == "Accept-Encoding"
    assert (plain.content, plain.headers.get("content-encoding")) == (b"#EXTM3U", None)


async def test_streamers_status_and_headers_are_the_viewers(world: World):
    async def answering(scope, receive, send) -> None:
        headers = {
            "cache-control": "private, max-age=3600, immutable",
            "etag": '"a"',
            "set-cookie": "x=y",
            "connection": "x-between",
            "x-between": "1",
            "content-security-policy": "sandbox",
        }
        await respond(send, status=304, headers=headers)

    world.streamer.behaviour = answering
    async with world.viewer() as client:
        answer = await client.get(SNAPSHOT, headers={"if-none-match": '"a"'})

    assert answer.status_code == 304
    assert answer.headers["cache-control"] == "private, max-age=3600, immutable"
    assert answer.headers["etag"] == '"a"'
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    assert not {"set-cookie", "x-between"} & set(answer.headers)
    assert len(answer.headers.get_list("date")) == 1


async def test_streamers_refusal_reaches_the_viewer_as_it_is(world: World):
    async def busy(scope, receive, send) -> None:
        await respond(send, b'{"detail": "50 watch"}', status=429, headers={"retry-after": "7"})

    world.streamer.behaviour = busy
    async with world.viewer() as client:
        answer = await client.get(MASTER)

    assert (answer.status_code, answer.headers["retry-after"]) == (429, "7")
    assert answer.json() == {"detail": "50 watch"}


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS"])
async def test_method_is_the_viewers(world: World, method):
    async with world.viewer() as client:
        answer = await client.request(method, MASTER)

    assert answer.status_code == 200
    assert world.streamer.asked[0]["method"] == method


async def test_streamer_hears_nothing_that_is_not_for_it(world: World):
    headers = {
        "Authorization": f"Bearer {world.api.key}",
        "Cookie": "session=s3cret; everframe_live=stale",
        "Connection": "keep-alive, Range",
        "Range": "bytes=0-99",
        "Origin": world.url,
        "TE": "trailers",
        "X-Forwarded-Host": "evil.example",
        "Proxy-Authorization": "Basic eA==",
    }
    async with world.client(**headers) as client:
        told = (await client.get(MASTER, params={"token": "stale", "_HLS_msn": "7"})).json()

    names = {name for name, _ in told["headers"]}
    allowed = {"host", "accept", "accept-encoding", "user-agent", "range", "origin", "cookie"}
    assert names <= allowed
    assert len(told["headers"]) == len(names)
    given = dict(told["headers"])
    assert world.api.key not in str(told)
    assert "stale" not in str(told)
    assert "s3cret" not in str(told)
    assert told["query"] == "_HLS_msn=7"
    assert given["range"] == "bytes=0-99"
    assert f"http://{given['host']}" == given["origin"] == world.url


async def test_body_of_a_request_goes_nowhere_and_cannot_hide_a_second_one(world: World):
    hidden = b"GET /hidden HTTP/1.1\r\nHost: x\r\n\r\n"
    async with world.viewer() as client:
        answer = await client.request("GET", MASTER, content=hidden)

    assert answer.json()["headers"]
    assert [scope["path"] for scope in world.streamer.asked] == [MASTER]


async def test_cookies_of_one_viewer_never_reach_another(world: World):
    async def setting(scope, receive, send) -> None:
        await respond(send, headers={"set-cookie": "everframe_live=mine; Path=/"})

    world.streamer.behaviour = setting
    async with world.client() as client:
        await client.get(MASTER, params={"token": world.token})
        await client.get(MASTER, params={"token": world.token})

    assert all(b"cookie" not in dict(scope["headers"]) for scope in world.streamer.asked)


# Room


def refusing(reason: str):
    """A streamer's 503, for a limit."""

    async def refuse(scope, receive, send) -> None:
        headers = {"retry-after": "5", "everframe-refused": reason}
        await respond(send, reason.encode(), status=503, headers=headers)

    return refuse


@pytest.mark.parametrize("reason", ["total", "closing"])
async def test_streamer_without_room_is_asked_and_then_the_next_one(two: World, reason):
    two.streamer.behaviour = refusing(reason)

    async with two.viewer() as client:
        answers = [await client.get(MASTER, params={"rendition": "sub"}) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert [len(streamer.asked) for streamer in two.streamers] == [2, 2]
    assert two.streamers[1].asked[0]["query_string"] == b"rendition=sub"


async def test_viewer_hears_the_last_streamers_words_when_none_has_room(two: World):
    two.streamers[0].behaviour = refusing("total")
    two.streamers[1].behaviour = refusing("closing")
    two.use_streamers(*(each.url for each in two.streamers), max_requests=1)

    async with two.viewer() as client:
        answers = [await client.get(MASTER) for _ in range(2)]

    for answer in answers:
        assert (answer.status_code, answer.text) == (503, "closing")
        assert answer.headers["retry-after"] == "5"


@pytest.mark.parametrize("reason", ["camera", ""])
async def test_limit_of_a_camera_is_not_evaded_at_the_next_streamer(two: World, reason):
    two.streamer.behaviour = refusing(reason)

    async with two.viewer() as client:
        answer = await client.get(MASTER)

    assert (answer.status_code, answer.text) == (503, reason)
    assert two.streamers[1].asked == []


async def test_refusal_is_what_remains_when_the_other_streamers_are_away(two: World):
    two.streamer.behaviour = refusing("total")
    two.use_streamers(*(f"http://127.0.0.1:{free_port()}" for _ in range(2)), two.streamer.url)

    async with two.viewer() as client:
        answer = await client.get(MASTER)

    assert (answer.status_code, answer.text) == (503, "total")


# Who may


async def status_of(world: World, path: str = MASTER, method: str = "GET", **headers: str) -> int:
    async with world.client(**headers) as client:
        return (await client.request(method, path)).status_code


async def test_token_opens_live_in_the_address_and_as_cookie(world: World):
    cookie = f"everframe_live={world.token}"

    for path in (MASTER, f"{DOOR}/live/main/a/1.2.m4s", SNAPSHOT):
        assert await status_of(world, f"{path}?token={world.token}") == 200
        assert await status_of(world, path, Cookie=cookie) == 200
    tokens = {str(scope["headers"]) + str(scope["query_string"]) for scope in world.streamer.asked}
    assert all(world.token in text for text in tokens)


async def test_token_opens_nothing_else(world: World):
    query, cookie = f"?token={world.token}", f"everframe_live={world.token}"

    for method, path in (
        ("GET", "/api/v1/cameras"),
        ("GET", DOOR),
        ("GET", f"{DOOR}/status"),
        ("POST", f"{DOOR}/live-links"),
        ("POST", MASTER),
        ("DELETE", SNAPSHOT),
        ("GET", f"{DOOR}/playback.m3u8"),
        ("GET", f"{DOOR}/live/%2e%2e/status"),
        ("GET", f"{DOOR}/live/..%2f..%2f..%2fstatus"),
        ("GET", f"{DOOR}/live/%2e%2e/%2e%2e/garage/live/master.m3u8"),
    ):
        assert await status_of(world, path + query, method, Cookie=cookie) == 401, path
    assert world.streamer.asked == []


async def test_neither_key_nor_token_is_a_401_that_says_what_to_send(world: World):
    async with world.client(Cookie="other=1") as client:
        answer = await client.get(MASTER)

    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert "live-links" in answer.json()["detail"]
    assert world.streamer.asked == []


@pytest.mark.parametrize("fault", ["made up", "of another camera", "expired"])
async def test_bad_token_is_refused_without_a_place_or_a_streamer(world: World, fault):
    token, path = world.token, MASTER
    if fault == "made up":
        token = "x"
    elif fault == "of another camera":
        path = "/api/v1/cameras/garage/live/master.m3u8"
    else:
        world.api.set_now(world.api.context.now() + timedelta(hours=2))
    world.use_streamers(world.streamer.url, max_requests=0)

    async with world.client() as client:
        answer = await client.get(path, params={"token": token})
        by_cookie = await client.get(path, headers={"Cookie": f"everframe_live={token}"})

    assert answer.status_code == by_cookie.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert "live address" in answer.json()["detail"]
    assert world.streamer.asked == []


async def test_wrong_key_is_refused_even_beside_a_token(world: World):
    status = await status_of(world, f"{MASTER}?token={world.token}", **{"X-API-Key": new_key()})

    assert status == 401
    assert world.streamer.asked == []


async def test_key_becomes_a_token_of_the_gateways_own_and_one_viewer(world: World):
    async with world.client(**{"X-API-Key": world.api.key}) as client:
        for path in (MASTER, f"{DOOR}/live/main/a/media.m3u8", SNAPSHOT):
            assert (await client.get(path)).status_code == 200

    tokens, now = LiveTokens(LIVE_KEY), world.api.context.now().timestamp()
    found = [
        tokens.check(
            dict(scope["headers"])[b"cookie"].decode().removeprefix("everframe_live="),
            camera_id="front-door",
            now=now,
        )
        for scope in world.streamer.asked
    ]
    assert {access.viewer for access in found} == {f"key:{world.api.key[:10]}"}
    assert {access.renditions for access in found} == {frozenset({"main"})}
    assert len({access.viewer_id for access in found}) == 1


async def test_key_does_not_ask_a_streamer_for_what_is_no_camera_or_no_live_path(world: World):
    key = {"X-API-Key": world.api.key}

    assert await status_of(world, "/api/v1/cameras/nobody/live/master.m3u8", **key) == 404
    assert await status_of(world, "/api/v1/cameras/nobody/snapshot.jpg", **key) == 404
    assert await status_of(world, f"{DOOR}/live/%2e%2e/%2e%2e/x", **key) == 404
    assert await status_of(world, f"{DOOR}/live/", **key) == 404
    await world.api.client.delete(DOOR)
    assert await status_of(world, **key) == 404
    assert world.streamer.asked == []


# Links


async def test_link_is_a_token_in_addresses_and_in_a_cookie_for_this_camera(api: Api):
    await api.add_camera(sub_url="rtsp://192.0.2.10/2")

    answer = await api.client.post(f"{DOOR}/live-links", json={"valid_seconds": 60})

    link, token = answer.json(), answer.json()["hls"].partition("?token=")[2]
    assert answer.status_code == 201
    assert link["hls"] == f"{MASTER}?token={token}"
    assert link["websocket"] == f"{DOOR}/live/ws?token={token}"
    assert link["snapshot"] == f"{SNAPSHOT}?token={token}"
    assert link["renditions"] == ["main", "sub"]
    access = LiveTokens(LIVE_KEY).check(
        token, camera_id="front-door", now=api.context.now().timestamp()
    )
    assert (access.viewer, access.viewer_id) == (f"key:{api.key[:10]}", link["viewer_id"])
    assert access.renditions == {"main", "sub"}
    assert link["expires_at"] == "2026-11-20T23:31:00.000Z"
    value, *attributes = answer.headers["set-cookie"].split("; ")
    assert value == f"everframe_live={token}"
    assert {attribute.lower() for attribute in attributes} == {
        "httponly",
        "max-age=60",
        f"path={DOOR}/",
        "samesite=strict",
    }


async def test_cookie_stays_on_tls_where_the_viewer_came_by_it(api: Api):
    await api.add_camera()

    answer = await api.client.post(f"{DOOR}/live-links", headers={"X-Forwarded-Proto": "https"})

    assert answer.json()["renditions"] == ["main"]
    assert "; Secure" in answer.headers["set-cookie"]


async def test_link_is_prolonged_for_the_same_viewer(api: Api):
    await api.add_camera()
    first = (await api.client.post(f"{DOOR}/live-links")).json()

    again = await api.client.post(
        f"{DOOR}/live-links", json={"viewer_id": first["viewer_id"], "valid_seconds": 3600}
    )

    assert again.json()["viewer_id"] == first["viewer_id"]
    assert again.json()["expires_at"] > first["expires_at"]


@pytest.mark.parametrize(
    "body", [{"valid_seconds": 29}, {"valid_seconds": 3601}, {"viewer_id": "a b"}, {"x": 1}]
)
async def test_wrong_wish_for_a_link_names_the_field(api: Api, body):
    await api.add_camera()

    answer = await api.client.post(f"{DOOR}/live-links", json=body)

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == next(iter(body))


async def test_link_needs_a_camera_that_is_there(api: Api):
    missing = await api.client.post(f"{DOOR}/live-links")
    await api.add_camera()
    await api.client.delete(DOOR)
    deleted = await api.client.post(f"{DOOR}/live-links")

    assert (missing.status_code, deleted.status_code) == (404, 409)


async def test_wrong_streamer_address_ends_the_start_with_one_clear_line(settings: ApiSettings):
    with pytest.raises(FatalError, match=r"EVERFRAME_API_STREAMER_URLS: 'http://a/live' must be"):
        build_gateway(settings.model_copy(update={"streamer_urls": "http://a/live"}))
