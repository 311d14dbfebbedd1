"""Watching live: who may, and that it ends with the right."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from services.api import gateway_socket, live_watch
from services.api.access import Permission
from services.api.database import DatabaseUnavailable
from tests.integration.api.conftest import Api
from tests.integration.api.identities import make_key, set_cameras
from tests.integration.api.live_worlds import DOOR, MASTER, SOCKET, World, live_world
from tests.integration.api.test_api_live_socket import ending, opening, refusal, talkative
from tests.integration.api.test_api_session import SESSION, add_user, sign_in
from tests.waiting import eventually_async

SNAPSHOT = f"{DOOR}/snapshot.jpg"
LINKS = f"{DOOR}/live-links"
OVER = (4401, "you may not watch this camera any more")


@pytest.fixture
async def world(api: Api) -> AsyncIterator[World]:
    async with live_world(api) as world:
        yield world


@pytest.fixture
async def speaking(world: World, monkeypatch) -> World:
    """Its streamer serves WebSockets, and rights are looked at all the time."""
    world.streamer.behaviour = talkative
    monkeypatch.setattr(gateway_socket, "ACCESS_CHECK_SECONDS", 0.02)
    return world


async def statuses(world: World, *paths: str, **headers: str) -> list[int]:
    async with world.client(**headers) as client:
        return [(await client.get(path)).status_code for path in paths]


async def link_of(world: World, key: str) -> dict[str, Any]:
    async with world.client(**{"X-API-Key": key}) as client:
        answer = await client.post(LINKS)
    assert answer.status_code == 201, answer.text
    link: dict[str, Any] = answer.json()
    return link


async def test_viewer_watches_its_camera_and_no_other(world: World):
    own = await make_key(world.api, cameras=["front-door"])
    other = await make_key(world.api, cameras=["yard"])
    paths = (MASTER, SNAPSHOT)

    assert await statuses(world, *paths, **{"X-API-Key": own}) == [200, 200]
    asked = len(world.streamer.asked)
    assert await statuses(world, *paths, **{"X-API-Key": other}) == [404, 404]
    assert len(world.streamer.asked) == asked


async def test_who_may_not_watch_live_is_refused_without_asking_a_streamer(world: World):
    key = await make_key(world.api, {Permission.FOOTAGE_READ}, cameras=None)

    assert await statuses(world, MASTER, SNAPSHOT, **{"X-API-Key": key}) == [403, 403]
    refused = await refusal(world, query="", **{"X-API-Key": key})
    assert refused.response.status_code == 403
    assert world.streamer.asked == []


async def test_socket_of_an_unseen_camera_is_refused_as_an_unknown_ones(world: World):
    key = await make_key(world.api, cameras=["yard"])
    headers = {"X-API-Key": key}

    unseen = await refusal(world, query="", **headers)
    unknown = await refusal(world, query="", path=SOCKET.replace("front-door", "nobody"), **headers)

    assert unseen.response.status_code == unknown.response.status_code == 404
    assert unseen.response.body == unknown.response.body.replace(b"nobody", b"front-door")
    assert world.streamer.asked == []


async def test_link_is_made_for_a_camera_that_may_be_watched_only(world: World):
    other = await make_key(world.api, cameras=["yard"])
    async with world.client(**{"X-API-Key": other}) as client:
        unseen = await client.post(LINKS)
        unknown = await client.post(LINKS.replace("front-door", "nobody"))

    assert unseen.status_code == unknown.status_code == 404
    assert unseen.text == unknown.text.replace("nobody", "front-door")


async def test_link_ends_with_the_right_of_who_made_it(world: World):
    key = await make_key(world.api, cameras=["front-door"])
    link = await link_of(world, key)
    paths = (link["hls"], link["snapshot"])

    good = await statuses(world, *paths)
    await set_cameras(world.api, key, "yard")
    without = await statuses(world, *paths)

    assert (good, without) == ([200, 200], [401, 401])
    query = f"?{link['websocket'].partition('?')[2]}"
    async with opening(world, query=query) as socket:
        code, reason = await ending(socket)
    assert code == 4401
    assert "who made this live address may not watch any more" in reason


async def test_link_opens_also_for_those_whose_own_rights_do_not_reach(world: World):
    other = await make_key(world.api, cameras=["yard"])

    found = await statuses(world, f"{MASTER}?token={world.token}", **{"X-API-Key": other})

    assert found == [200]


@pytest.mark.parametrize("way", ["key", "link"])
async def test_open_socket_is_closed_when_the_right_is_gone(speaking: World, way):
    key = await make_key(speaking.api, cameras=["front-door"])
    link = (await link_of(speaking, key))["websocket"].partition("?")[2]
    headers, query = ({"X-API-Key": key}, "") if way == "key" else ({}, f"?{link}")

    async with opening(speaking, query=query, **headers) as socket:
        await socket.send("still there")
        assert await socket.recv() == "still there"
        await set_cameras(speaking.api, key, "yard")

        assert await ending(socket) == OVER


async def test_open_socket_is_closed_when_its_session_is_ended(speaking: World):
    await add_user(speaking.api)
    async with speaking.client(**{"Sec-Fetch-Site": "same-origin"}) as browser:
        assert (await sign_in(browser)).status_code == 200
        cookies = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
        async with opening(speaking, query="", Cookie=cookies, Origin=speaking.url) as socket:
            await socket.send("here")
            assert await socket.recv() == "here"
            assert (await browser.delete(SESSION)).status_code == 204

            assert await ending(socket) == OVER


async def test_open_socket_goes_on_while_the_database_is_away(speaking: World, monkeypatch):
    looked = asyncio.Event()

    async def away(*_: object) -> None:
        looked.set()
        raise DatabaseUnavailable("away")

    async with opening(speaking) as socket:
        await socket.send("before")
        assert await socket.recv() == "before"
        monkeypatch.setattr(live_watch, "principal_now", away)
        async with asyncio.timeout(20):
            await looked.wait()
        await socket.send("after")

        assert await socket.recv() == "after"


async def test_watching_is_written_down_once_for_each_viewer_and_camera(speaking: World):
    key = await make_key(speaking.api, cameras=["front-door"])
    for _ in range(2):
        async with opening(speaking, query="", **{"X-API-Key": key}) as socket:
            await socket.send("x")
            await socket.recv()
    async with opening(speaking) as socket:
        await socket.send("x")
        await socket.recv()

    async def watched() -> list[tuple[str, str]]:
        await speaking.api.context.audit_log.flush()
        answer = await speaking.api.client.get("/api/v1/audit", params={"action": "live.watched"})
        return [(entry["camera_id"], entry["actor_id"]) for entry in answer.json()["items"]]

    async def is_told() -> bool:
        return len(await watched()) == 2

    await eventually_async(is_told)
    assert await watched() == [("front-door", speaking.api.key[:10]), ("front-door", key[:10])]
