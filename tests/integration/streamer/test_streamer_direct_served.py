"""A player that reaches a streamer without the gateway: the token is in the address alone."""

import asyncio
from urllib.parse import urljoin

import httpx
import m3u8
import pytest
from websockets.asyncio.client import connect

from tests.integration.streamer.streamer_world import CAMERA, Running, World, receive_parts
from tests.waiting import eventually

PAGE = "https://wall.example"


async def load(world: World, url: str) -> httpx.Response:
    """Load what a page of another origin may read, as a browser does it: no cookies."""
    answer = await world.client.get(url, headers={"Origin": PAGE})
    assert answer.headers["access-control-allow-origin"] == PAGE, url
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin", url
    assert "set-cookie" not in answer.headers
    return answer


async def load_playlist(world: World, url: str) -> m3u8.M3U8:
    return m3u8.loads((await load(world, url)).text)


def master_of(running: Running, token: str) -> str:
    return running.path(f"live/master.m3u8?token={token}")


async def test_page_of_another_origin_plays_from_a_streamer(world: World) -> None:
    camera, running = await world.camera(), await world.streamer(allowed_origins=PAGE)
    await world.watched(running, camera)

    master_url = master_of(running, world.token("v2"))
    master = await load_playlist(world, master_url)
    media_url = urljoin(master_url, master.playlists[0].uri)
    media = await load_playlist(world, media_url)
    segment = media.segments[0]
    assert segment.init_section is not None
    init = await load(world, urljoin(media_url, segment.init_section.uri))
    whole = await load(world, urljoin(media_url, segment.uri))
    parts = [await load(world, urljoin(media_url, each.uri)) for each in media.segments[-1].parts]
    hinted = asyncio.create_task(load(world, urljoin(media_url, media.preload_hint.uri)))
    await eventually(lambda: running.channel().waiting == 1)
    await camera.send(1)

    begin, payload = camera.sent[0]
    assert init.content == payload[: begin.init_bytes]
    assert whole.content == b"".join(
        data[part.init_bytes :] for part, data in camera.sent if part.msn == 0
    )
    newest = [(part, data) for part, data in camera.sent if part.msn == camera.newest.msn]
    assert [each.content for each in (*parts, await hinted)] == [
        data[part.init_bytes :] for part, data in newest
    ]


async def test_page_of_another_origin_watches_by_socket(world: World) -> None:
    camera, running = await world.camera(), await world.streamer(allowed_origins=PAGE)
    await world.watched(running, camera)
    address = f"ws://{running.base}/api/v1/cameras/{CAMERA}/live/ws?token={world.token('v2')}"

    async with connect(address, proxy=None, origin=PAGE) as client:  # type: ignore[arg-type]  # a plain string does
        (part,) = await receive_parts(client, 1)

    assert part.position == (camera.newest.msn, camera.newest.part)


async def test_page_of_another_origin_can_read_why_it_is_refused(world: World) -> None:
    running = await world.streamer(allowed_origins=PAGE)

    for token, status in ((world.token(seconds=-5), 401), (world.token(camera_id="yard"), 401)):
        refused = await load(world, master_of(running, token))
        assert refused.status_code == status
        assert "live address" in refused.json()["detail"]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_nothing_is_answered_with_a_redirect(world: World, method: str) -> None:
    camera, running = await world.camera(), await world.streamer()
    await world.watched(running, camera)
    newest = camera.newest
    names = [
        "live/master.m3u8",
        world.media(camera),
        world.file(camera, f"init-{newest.init_id}.mp4"),
        world.file(camera, "0.m4s"),
        world.file(camera, "0.0.m4s"),
        "snapshot.jpg",
    ]

    for name in names:
        for asked, is_there in ((name, True), (f"{name}/", False), (f"/{name}", False)):
            url = running.path(f"{asked}?token={world.token('v2')}")
            answer = await world.client.request(method, url, follow_redirects=False)
            assert answer.status_code == (200 if is_there else 404), asked
            assert "location" not in answer.headers
