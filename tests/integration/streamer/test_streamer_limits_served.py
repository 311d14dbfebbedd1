"""Who is turned away, and how they are told."""

import asyncio
import logging

import pytest

from tests.integration.streamer.streamer_world import World, receive, receive_parts
from tests.integration.streamer.test_streamer_sockets_served import closed
from tests.waiting import eventually


async def test_requests_without_access_are_refused(world: World) -> None:
    running = await world.streamer()
    refused = {
        "": "a live address is needed",
        "nonsense": "not valid",
        world.token(camera_id="yard"): "for another camera",
        world.token(seconds=-5): "has expired",
    }

    for name in ("live/master.m3u8", "live/main/a1/media.m3u8", "live/main/a1/1.m4s"):
        for token, said in refused.items():
            by_url = await world.client.get(running.path(f"{name}?token={token}"))
            by_cookie = await world.client.get(
                running.path(name), headers={"Cookie": f"everframe_live={token}"}
            )
            for answer in (by_url, by_cookie):
                assert answer.status_code == 401
                assert said in answer.json()["detail"]
    assert (await world.client.get(running.path("snapshot.jpg"))).status_code == 401
    assert running.channels == running.viewers == 0


async def test_one_viewer_may_not_have_many_requests_waiting(world: World) -> None:
    camera, running = await world.camera(), await world.streamer(max_requests_per_viewer=3)
    await world.watched(running, camera)
    msn, part = camera.newest.msn, camera.newest.part
    name = world.media(camera, f"?_HLS_msn={msn}&_HLS_part={part + 1}")
    held = [asyncio.create_task(world.get(running, name)) for _ in range(3)]
    await eventually(lambda: running.channel().waiting == 3)

    refused = await world.get(running, world.media(camera))
    other_viewer = await world.get(running, world.media(camera), token=world.token("v2"))
    async with world.socket(running) as client:
        code, _ = await closed(client)
    await camera.send(1)

    assert refused.status_code == 429
    assert refused.headers["retry-after"] == "1"
    assert "too many requests" in refused.json()["detail"]
    assert other_viewer.status_code == 200
    assert code == 4429
    assert [(await each).status_code for each in held] == [200] * 3
    assert (await world.get(running, world.media(camera))).status_code == 200


@pytest.mark.parametrize(
    ("limit", "reason", "said", "close"),
    [
        ("max_viewers_per_camera", "camera", "this camera has", 4504),
        ("max_viewers", "total", "this server has", 4503),
    ],
)
async def test_viewers_beyond_the_limit_are_asked_to_come_later(
    world: World, limit: str, reason: str, said: str, close: int
) -> None:
    camera, running = await world.camera(), await world.streamer(**{limit: 2})  # type: ignore[arg-type]  # never the instance
    await world.watched(running, camera)

    async with world.socket(running, token=world.token("v2")) as first:
        await receive_parts(first, 1)
        await world.get(running, world.media(camera))
        refused = await world.get(running, world.media(camera), token=world.token("v3"))
        async with world.socket(running, token=world.token("v4")) as client:
            code, told = await closed(client)

    assert refused.status_code == 503
    assert refused.headers["retry-after"] == "10"
    assert refused.headers["everframe-refused"] == reason
    assert said in refused.json()["detail"]
    assert code == close
    assert said in told
    await eventually(lambda: running.viewers == 0)
    later = await world.get(running, world.media(camera), token=world.token("v3"))
    assert later.status_code == 200


async def test_tokens_reach_no_log(world: World, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    camera, running = await world.camera(), await world.streamer()
    await world.watched(running, camera)
    token = world.token("secret")

    await world.client.get(running.path(world.media(camera, f"?token={token}")))
    await world.client.get(running.path(f"live/main/other/1.m4s?token={token}"))
    async with world.socket(running, token=token) as client:
        await receive_parts(client, 1)
    await world.client.get(running.path(f"nothing?token={token}"))
    await running.end()

    served = [
        r.getMessage()
        for r in caplog.records
        if not r.name.startswith(("http", "websockets.client"))
    ]
    assert not [line for line in served if token in line]


async def test_pages_of_other_origins_may_play_only_when_allowed(world: World) -> None:
    camera = await world.camera()
    running = await world.streamer(allowed_origins="https://wall.example, https://two.example/")
    await world.watched(running, camera)
    preflight = {"Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "range"}

    for origin in ("https://wall.example", "https://two.example"):
        answer = await world.get(running, world.media(camera), headers={"Origin": origin})
        assert answer.headers["access-control-allow-origin"] == origin
        assert answer.headers["access-control-allow-credentials"] == "true"
        assert "Age" in answer.headers["access-control-expose-headers"]
        assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
        asked = await world.client.options(
            running.path(world.media(camera)), headers={"Origin": origin, **preflight}
        )
        assert asked.status_code == 200
        assert asked.headers["access-control-allow-origin"] == origin
    other = await world.get(
        running, world.media(camera), headers={"Origin": "https://evil.example"}
    )
    asked = await world.client.options(
        running.path(world.media(camera)), headers={"Origin": "https://evil.example", **preflight}
    )

    assert "access-control-allow-origin" not in other.headers
    assert other.headers["cross-origin-resource-policy"] == "same-origin"
    assert asked.status_code == 400
    assert "access-control-allow-origin" not in asked.headers


async def test_snapshot_shows_the_newest_keyframe(world: World) -> None:
    camera, running = await world.camera(), await world.streamer()
    asked = asyncio.create_task(world.get(running, "snapshot.jpg"))
    await camera.until_wanted()
    await eventually(lambda: running.channel().is_told)
    await camera.send(3)
    answer = await asked

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.content.startswith(b"\xff\xd8\xff")
    assert answer.headers["etag"] == '"a1-0-0"'
    same = await world.get(
        running, "snapshot.jpg", headers={"If-None-Match": answer.headers["etag"]}
    )
    assert same.status_code == 304
    assert running.viewers == 0


async def test_snapshot_of_a_part_that_cannot_be_decoded_is_explained(world: World) -> None:
    camera, running = await world.camera(), await world.streamer()
    camera.is_garbled = True
    asked = asyncio.create_task(world.get(running, "snapshot.jpg"))
    await camera.until_wanted()
    await eventually(lambda: running.channel().is_told)
    await camera.send(1)
    answer = await asked

    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "2"
    assert "cannot be decoded" in answer.json()["detail"]


async def test_open_sockets_of_one_viewer_are_one_viewer(world: World) -> None:
    camera, running = await world.camera(), await world.streamer()
    await world.watched(running, camera)
    await eventually(lambda: running.viewers == 0)

    async with world.socket(running) as first:
        await receive(first)
        async with world.socket(running) as second:
            await receive(second)
            assert running.viewers == 1
        assert running.viewers == 1
    await eventually(lambda: running.viewers == 0)
