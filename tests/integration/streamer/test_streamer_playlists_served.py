"""LL-HLS as a player sees it: blocking reload, hints, replicas, and what ends."""

import asyncio
import gzip

import m3u8

from tests.integration.streamer.streamer_world import World
from tests.waiting import eventually


async def test_first_viewer_waits_for_a_picture_and_then_plays(world: World) -> None:
    camera, running = await world.camera(), await world.streamer()

    await world.watched(running, camera)
    master = await world.get(running, "live/master.m3u8")
    media = await world.get(running, world.media(camera))

    assert m3u8.loads(master.text).playlists[0].uri == f"main/{camera.live_id}/media.m3u8"
    assert media.headers["content-type"] == "application/vnd.apple.mpegurl"
    assert media.headers["cache-control"] == "private, no-cache"
    listed = m3u8.loads(media.text)
    assert [segment.uri for segment in listed.segments if segment.uri] == ["0.m4s", "1.m4s"]
    segment = await world.get(running, world.file(camera, "0.m4s"))
    wanted = [payload[part.init_bytes :] for part, payload in camera.sent if part.msn == 0]
    assert segment.content == b"".join(wanted)
    assert segment.headers["cache-control"] == "private, max-age=3600, immutable"


async def test_reload_is_held_until_its_part_is_there(world: World) -> None:
    camera, running = await world.camera(), await world.streamer()
    await world.watched(running, camera)
    msn, part = camera.newest.msn, camera.newest.part

    query = f"?_HLS_msn={msn}&_HLS_part={part + 1}"
    asked = asyncio.create_task(world.get(running, world.media(camera, query)))
    await eventually(lambda: running.channel().waiting == 1)
    assert not asked.done()
    await camera.send(1)
    answer = await asked

    assert answer.status_code == 200
    assert f"{msn}.{part + 1}.m4s" in answer.text
    assert f'PRELOAD-HINT:TYPE=PART,URI="{msn}.{part + 2}.m4s"' in answer.text


async def test_hinted_part_is_held_and_others_are_not_found(world: World) -> None:
    camera, running = await world.camera(), await world.streamer()
    await world.watched(running, camera)
    msn, part = camera.newest.msn, camera.newest.part

    hinted = asyncio.create_task(world.get(running, world.file(camera, f"{msn}.{part + 1}.m4s")))
    await eventually(lambda: running.channel().waiting == 1)
    unhinted = await world.get(running, world.file(camera, f"{msn + 7}.0.m4s"))
    await camera.send(1)
    answer = await hinted

    assert unhinted.status_code == 404
    assert answer.status_code == 200
    assert answer.content == camera.sent[-1][1]


async def test_directives_that_make_no_sense_are_refused(world: World) -> None:
    camera, running = await world.camera(), await world.streamer()
    await world.watched(running, camera)

    for query in ("?_HLS_part=1", "?_HLS_msn=x", f"?_HLS_msn={camera.newest.msn + 5}"):
        answer = await world.get(running, world.media(camera, query))
        assert answer.status_code == 400, query
        assert answer.headers["content-type"] == "application/problem+json"


async def test_token_in_the_url_goes_into_every_address_and_a_cookie_into_none(
    world: World,
) -> None:
    camera, running = await world.camera(), await world.streamer()
    await world.watched(running, camera)
    token = world.token("v2")

    url = running.path(f"live/master.m3u8?token={token}")
    master = m3u8.loads((await world.client.get(url)).text)
    media_uri = master.playlists[0].uri
    media = (await world.client.get(running.path(f"live/{media_uri}"))).text
    by_cookie = (await world.get(running, world.media(camera))).text

    assert media_uri.endswith(f"media.m3u8?token={token}")
    listed = m3u8.loads(media)
    addresses = [s.uri for s in listed.segments if s.uri] + [
        p.uri for s in listed.segments for p in s.parts
    ]
    assert len(addresses) > 10
    assert all(each.endswith(f".m4s?token={token}") for each in addresses)
    assert media.replace(f"?token={token}", "") == by_cookie
    assert "token" not in by_cookie


async def test_replicas_serve_the_same_bytes_whenever_they_began(world: World) -> None:
    camera = await world.camera()
    first = await world.streamer("1")
    await world.watched(first, camera, segments=9)
    await camera.send(4)
    second = await world.streamer("2")
    asked = asyncio.create_task(world.get(second, world.media(camera)))
    await eventually(lambda: second.channel().is_told)
    await asked
    await camera.send(3)
    for running in (first, second):
        await world.caught_up(running, camera)

    headers, token = {"Accept-Encoding": "gzip"}, world.token()
    names = ["live/master.m3u8", world.media(camera)]
    names += [world.file(camera, f"{msn}.m4s") for msn in range(4, 9)]
    names += [world.file(camera, f"init-{camera.newest.init_id}.mp4")]
    names += [world.file(camera, f"{camera.newest.msn}.{camera.newest.part}.m4s")]
    for name in names:
        async with world.client.stream(
            "GET", first.path(f"{name}?token={token}"), headers=headers
        ) as one:
            by_first = b"".join([piece async for piece in one.aiter_raw()])
        async with world.client.stream(
            "GET", second.path(f"{name}?token={token}"), headers=headers
        ) as other:
            by_second = b"".join([piece async for piece in other.aiter_raw()])
        assert one.status_code == other.status_code == 200, name
        assert by_first == by_second, name


async def test_playlists_are_compressed_where_the_client_takes_it(world: World) -> None:
    camera, running = await world.camera(), await world.streamer()
    await world.watched(running, camera)

    plain = await world.get(running, world.media(camera), headers={"Accept-Encoding": "identity"})
    token = world.token()
    url = running.path(world.media(camera, f"?token={token}"))
    headers = {"Accept-Encoding": "gzip"}
    async with world.client.stream("GET", url, headers=headers) as packed:
        raw = b"".join([piece async for piece in packed.aiter_raw()])

    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == "gzip"
    text = gzip.decompress(raw).decode()
    assert text.replace(f"?token={token}", "") == plain.text


async def test_address_of_a_given_up_numbering_is_not_found(world: World) -> None:
    camera, running = await world.camera(), await world.streamer()
    await world.watched(running, camera)
    old = world.media(camera)
    msn, part = camera.newest.msn, camera.newest.part
    held = asyncio.create_task(world.get(running, f"{old}?_HLS_msn={msn}&_HLS_part={part + 1}"))
    await eventually(lambda: running.channel().waiting == 1)

    camera.begin_anew("b2")
    await camera.send_segments(1)
    await world.caught_up(running, camera)
    answers = [await held, await world.get(running, old)]

    for answer in answers:
        assert answer.status_code == 404
        assert answer.json()["detail"] == (
            "this live session has ended; load the master playlist again"
        )
    master = await world.get(running, "live/master.m3u8")
    assert "main/b2/media.m3u8" in master.text


async def test_what_the_recorder_kept_is_not_taken_for_the_present(world: World) -> None:
    camera, running = await world.camera(), await world.streamer()
    asked = asyncio.create_task(world.get(running, "live/master.m3u8"))
    await camera.until_wanted()
    await eventually(lambda: running.channel().is_told)

    await camera.send_segments(1, late_ms=3000)
    await world.caught_up(running, camera)
    assert not asked.done()
    await camera.send(1)
    answer = await asked

    assert answer.status_code == 200


async def test_camera_without_a_picture_is_explained(world: World) -> None:
    running = await world.streamer(first_part_seconds=0.3)

    answer = await world.get(running, "live/master.m3u8")

    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "2"
    assert answer.json()["detail"] == "no recorder has reported about this camera yet"


async def test_head_answers_like_get_without_a_body(world: World) -> None:
    camera, running = await world.camera(), await world.streamer()
    await world.watched(running, camera)

    for name in ("live/master.m3u8", world.media(camera), world.file(camera, "0.m4s")):
        url = running.path(f"{name}?token={world.token()}")
        got = await world.client.get(url, headers={"Accept-Encoding": "identity"})
        head = await world.client.head(url, headers={"Accept-Encoding": "identity"})
        assert head.status_code == 200
        assert head.content == b""
        assert head.headers["content-length"] == str(len(got.content))
