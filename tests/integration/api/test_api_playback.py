from datetime import datetime, timedelta
from urllib.parse import urljoin

import httpx
import m3u8
import pytest

from libs.contracts.times import isoformat_z
from libs.storage.errors import StoreUnavailable
from tests.integration.api.conftest import NOW, Api, gap, recording

T0 = NOW - timedelta(hours=2)
PLAYLIST = "/api/v1/cameras/front-door/playback.m3u8"


def at(seconds: float) -> datetime:
    return T0 + timedelta(seconds=seconds)


async def playlist(api: Api, start: datetime, end: datetime | None) -> httpx.Response:
    params = {"from": isoformat_z(start)} | ({"to": isoformat_z(end)} if end else {})
    return await api.client.get(PLAYLIST, params=params)


async def test_playlist_and_its_media_play_without_a_key_through_a_link(api: Api):
    await api.add_camera()
    contents = {}
    for start in (0, 60):
        made = recording(at(start))
        contents[made.started_at] = await api.store_recording(made)
    link = await api.client.post(
        "/api/v1/playback-links",
        json={"camera_id": "front-door", "from": isoformat_z(at(0)), "to": isoformat_z(at(120))},
    )
    assert link.status_code == 201

    async with api.anonymous() as client:
        answer = await client.get(link.json()["path"])
        parsed = m3u8.loads(answer.text)
        first = parsed.segments[0]
        size, offset = map(int, first.byterange.split("@"))
        part = await client.get(
            urljoin(f"http://api{PLAYLIST}", first.uri),
            headers={"Range": f"bytes={offset}-{offset + size - 1}"},
        )

    assert answer.headers["content-type"].startswith("application/vnd.apple.mpegurl")
    assert len(parsed.segments) == 60
    assert sum(s.duration for s in parsed.segments) == pytest.approx(120)
    assert parsed.is_endlist
    assert part.status_code == 206
    assert part.content == contents[at(0)][offset : offset + size]
    assert "immutable" in part.headers["cache-control"]


async def test_link_for_one_range_does_not_open_another(api: Api):
    await api.add_camera()
    await api.apply(recording(at(0)))
    link = await api.client.post(
        "/api/v1/playback-links",
        json={"camera_id": "front-door", "from": isoformat_z(at(0)), "to": isoformat_z(at(60))},
    )
    path = link.json()["path"]

    async with api.anonymous() as client:
        good = await client.get(path)
        other = await client.get(path.replace("21%3A31", "21%3A32"))
        api.set_now(NOW + timedelta(hours=2))
        late = await client.get(path)

    assert (good.status_code, other.status_code, late.status_code) == (200, 401, 401)


async def test_range_with_a_gap_is_two_stretches(api: Api):
    await api.add_camera()
    await api.apply(recording(at(0)), recording(at(300)))

    parsed = m3u8.loads((await playlist(api, at(30), at(330))).text)

    assert sum(s.duration for s in parsed.segments) == pytest.approx(60)
    assert [s.discontinuity for s in parsed.segments].count(True) == 1


async def test_range_that_ends_in_the_future_grows(api: Api):
    await api.add_camera()
    await api.apply(recording(NOW - timedelta(minutes=2)))

    for end in (NOW + timedelta(hours=1), None, NOW - timedelta(seconds=10)):
        parsed = m3u8.loads((await playlist(api, NOW - timedelta(minutes=5), end)).text)
        assert not parsed.is_endlist
        assert parsed.playlist_type == "event"


async def test_range_that_is_recorded_to_its_end_is_final_at_once(api: Api):
    await api.add_camera()
    await api.apply(recording(NOW - timedelta(seconds=60)))

    parsed = m3u8.loads((await playlist(api, NOW - timedelta(minutes=5), NOW)).text)

    assert parsed.is_endlist


async def test_range_without_footage_is_a_404_that_names_the_gap(api: Api):
    await api.add_camera()
    await api.apply(gap(at(0), at(500)))

    answer = await playlist(api, at(10), at(20))
    future = await playlist(api, NOW + timedelta(hours=1), None)

    assert answer.status_code == future.status_code == 404
    assert "camera_offline since" in answer.json()["detail"]
    assert "future" in future.json()["detail"]


async def test_too_long_a_range_is_refused_with_the_limit(api: Api):
    await api.add_camera()

    long = await playlist(api, at(0), at(6 * 3600 + 1))
    backwards = await playlist(api, at(10), at(0))

    assert long.status_code == backwards.status_code == 422
    assert "6 hours" in long.json()["errors"][0]["problem"]


async def test_too_many_fragments_are_refused_with_how_far_one_playlist_goes(api: Api):
    await api.add_camera()
    await api.apply(
        *(recording(at(i * 600), 600, fragment_seconds=0.5) for i in range(5)),
    )

    answer = await playlist(api, at(0), at(3000))

    assert answer.status_code == 422
    assert isoformat_z(at(2700)) in answer.json()["errors"][0]["problem"]


async def test_unknown_camera_has_no_playlist(api: Api):
    assert (await playlist(api, at(0), at(10))).status_code == 404


async def test_media_answers_head_range_and_unsatisfiable_range(api: Api):
    made = recording(at(0))
    content = await api.store_recording(made)
    (item,) = (await api.client.get("/api/v1/recordings")).json()["items"]
    path = item["media_path"]

    head = await api.client.head(path)
    tail = await api.client.get(path, headers={"Range": "bytes=-7"})
    beyond = await api.client.get(path, headers={"Range": f"bytes={len(content)}-"})

    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == str(len(content))
    assert (tail.status_code, tail.content) == (206, content[-7:])
    assert beyond.status_code == 416
    assert beyond.headers["content-range"] == f"bytes */{len(content)}"


async def test_download_is_a_file_named_for_people(api: Api):
    content = await api.store_recording(recording(at(5)))
    (item,) = (await api.client.get("/api/v1/recordings")).json()["items"]

    answer = await api.client.get(item["download_path"])

    assert answer.content == content
    assert answer.headers["content-disposition"] == (
        'attachment; filename="front-door_2026-11-20_21-30-05Z.mp4"'
    )


async def test_recording_that_the_store_lost_is_told_apart_from_an_unknown_one(api: Api):
    await api.apply(recording(at(0)))
    (item,) = (await api.client.get("/api/v1/recordings")).json()["items"]

    lost = await api.client.get(item["media_path"])
    unknown = await api.client.get("/api/v1/media/front-door~20200101T000000000Z~1.mp4")
    api.store.failure = StoreUnavailable("down")
    away = await api.client.get(item["media_path"])

    assert (lost.status_code, unknown.status_code, away.status_code) == (404, 404, 503)
    assert "object store does not have it" in lost.json()["detail"]
    assert away.headers["retry-after"]
