"""Pictures for scrubbing: playlists, their links, and that each picture decodes alone."""

from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import m3u8
import pytest

from libs.contracts.times import isoformat_z
from libs.media import boxes
from libs.storage.errors import StoreUnavailable
from tests.integration.api.conftest import NOW, Api, recording
from tests.integration.api.footage_worlds import SECONDS, linked, pictures_of, store_footage
from tests.unit.media.media_mux_samples import decode_file, luma, video

T0 = NOW - timedelta(hours=2)
CAMERA = "/api/v1/cameras/front-door"
IFRAMES = f"{CAMERA}/iframes.m3u8"


def at(seconds: float) -> datetime:
    return T0 + timedelta(seconds=seconds)


def span(start: float, end: float) -> dict[str, str]:
    return {"from": isoformat_z(at(start)), "to": isoformat_z(at(end))}


async def playlist(api: Api, start: float, end: float, **more: str) -> httpx.Response:
    return await api.client.get(IFRAMES, params=span(start, end) | more)


async def shown(client: httpx.AsyncClient, text: str) -> list[tuple[float, bytes]]:
    """Time and luma plane of every picture, each decoded with its init segment alone."""
    found = []
    for segment in m3u8.loads(text).segments:
        init = await linked(client, IFRAMES, segment.init_section.uri)
        part = await linked(client, IFRAMES, segment.uri)
        assert (init.status_code, part.status_code) == (200, 200)
        (picture,) = decode_file(init.content + part.content)
        assert picture.time is not None
        found.append((round(picture.time, 3), luma(picture)))
    return found


@pytest.mark.parametrize("codec", ["h264", "hevc"])
async def test_every_picture_decodes_alone_without_a_key_and_stands_on_the_timeline(
    api: Api, tmp_path: Path, codec: str
):
    stream = video(codec)
    for start in (0, SECONDS, 60):
        await store_footage(api, tmp_path, at(start), stream=stream)

    answer = await playlist(api, 0, 100)

    async with api.anonymous() as client:
        pictures = await shown(client, answer.text)
    assert answer.headers["content-type"].startswith("application/vnd.apple.mpegurl")
    assert [time for time, _ in pictures] == [round(0.4 * number, 3) for number in range(15)]
    assert [picture for _, picture in pictures] == 3 * pictures_of(stream)[::10]


async def test_pictures_left_out_are_covered_by_the_one_before(api: Api, tmp_path: Path):
    for start in (0, SECONDS):
        await store_footage(api, tmp_path, at(start))

    answer = await playlist(api, 0, 100, every_seconds="1.5")

    parsed = m3u8.loads(answer.text)
    assert [segment.duration for segment in parsed.segments] == pytest.approx([1.6, 1.6, 0.8])
    last = await linked(api.client, IFRAMES, parsed.segments[1].uri)
    (run,) = boxes.runs(last.content)
    assert (run.base_decode_time, run.durations) == (144_000, (144_000,))


async def test_pictures_have_no_sound_in_their_init_segment(api: Api, tmp_path: Path):
    await store_footage(api, tmp_path, at(0))

    parsed = m3u8.loads((await playlist(api, 0, 2)).text)
    init = await linked(api.client, IFRAMES, parsed.segments[0].init_section.uri)

    assert b"vide" in init.content
    assert b"soun" not in init.content


async def test_pictures_may_be_kept_for_ever(api: Api, tmp_path: Path):
    await store_footage(api, tmp_path, at(0))
    parsed = m3u8.loads((await playlist(api, 0, 2)).text)

    for uri in (parsed.segments[0].uri, parsed.segments[0].init_section.uri):
        first = await linked(api.client, IFRAMES, uri)
        address = first.request.url
        again = await api.client.get(address, headers={"If-None-Match": first.headers["etag"]})
        assert "immutable" in first.headers["cache-control"]
        assert (again.status_code, again.content) == (304, b"")


async def test_range_that_is_still_recorded_grows(api: Api, tmp_path: Path):
    await store_footage(api, tmp_path, NOW - timedelta(seconds=SECONDS))
    params = {"from": isoformat_z(NOW - timedelta(minutes=1))}

    answers = [
        await api.client.get(IFRAMES, params=params | more) for more in ({}, {"every_seconds": "1"})
    ]

    for answer, count in zip(answers, (5, 1), strict=True):
        parsed = m3u8.loads(answer.text)
        assert (parsed.playlist_type, parsed.is_endlist) == ("event", False)
        assert len(parsed.segments) == count


async def test_master_playlist_and_all_that_it_names_open_by_a_link(api: Api, tmp_path: Path):
    await api.add_camera()
    await store_footage(api, tmp_path, at(0))
    times = span(0, 2)
    link = await api.client.post(
        "/api/v1/playback-links", json={"camera_id": "front-door", **times}
    )
    signed = urlsplit(link.json()["path"]).query
    master = f"{CAMERA}/playback-master.m3u8"

    async with api.anonymous() as client:
        answer = await client.get(f"{master}?{signed}&every_seconds=1")
        parsed = m3u8.loads(answer.text)
        (footage,), (pictures,) = parsed.playlists, parsed.iframe_playlists
        named = [await linked(client, master, uri) for uri in (footage.uri, pictures.uri)]
        found = await shown(client, named[1].text)

    assert [each.status_code for each in named] == [200, 200]
    assert len(found) == 2
    assert footage.stream_info.codecs.startswith("avc1.")
    assert ",mp4a.40.2" in footage.stream_info.codecs
    assert pictures.iframe_stream_info.codecs.startswith("avc1.")
    assert footage.stream_info.resolution == (64, 48)
    assert footage.stream_info.bandwidth >= footage.stream_info.average_bandwidth > 0
    # what a link opened is open no longer than the link
    assert parse_qs(urlsplit(pictures.uri).query)["exp"] == parse_qs(signed)["exp"]


async def test_master_playlist_of_who_is_signed_in_opens_for_players_that_are_not(
    api: Api, tmp_path: Path
):
    await store_footage(api, tmp_path, at(0))
    master = f"{CAMERA}/playback-master.m3u8"
    parsed = m3u8.loads((await api.client.get(master, params=span(0, 2))).text)

    async with api.anonymous() as client:
        answer = await linked(client, master, parsed.playlists[0].uri)
        refused = await client.get(master, params=span(0, 2))

    assert (answer.status_code, refused.status_code) == (200, 401)


async def test_pictures_that_are_not_there_are_told_apart(api: Api, tmp_path: Path):
    made = await store_footage(api, tmp_path, at(0))
    parsed = m3u8.loads((await playlist(api, 0, 2)).text)
    uri = parsed.segments[0].uri

    beyond = await linked(api.client, IFRAMES, uri.replace("/0.mp4", "/5.mp4"))
    too_early = await linked(api.client, IFRAMES, f"{uri}&shift=-1")
    api.store.contents[made.object_key] = bytes(made.bytes)
    garbage = [
        await linked(api.client, IFRAMES, each)
        for each in (uri, parsed.segments[0].init_section.uri)
    ]
    await api.store.delete_many([made.object_key])
    lost = await linked(api.client, IFRAMES, uri)
    api.store.failure = StoreUnavailable("down")
    away = await linked(api.client, IFRAMES, uri)

    assert [a.status_code for a in (beyond, too_early, *garbage, lost)] == [404] * 5
    assert "5 fragments" in beyond.json()["detail"]
    assert away.status_code == 503


async def test_a_signature_for_pictures_opens_no_other_recording(api: Api, tmp_path: Path):
    await store_footage(api, tmp_path, at(0))
    await store_footage(api, tmp_path, at(60))
    parsed = m3u8.loads((await playlist(api, 0, 100)).text)
    first, last = parsed.segments[0].uri, parsed.segments[-1].uri
    forged = f"{last.partition('?')[0]}?{first.partition('?')[2]}"

    async with api.anonymous() as client:
        answers = [await linked(client, IFRAMES, uri) for uri in (last, forged)]

    assert [answer.status_code for answer in answers] == [200, 401]


async def test_too_many_pictures_are_refused_with_what_to_ask_for(api: Api):
    await api.apply(*(recording(at(600 * n), 600, fragment_seconds=0.5) for n in range(5)))

    refused = await playlist(api, 0, 3000)
    (error,) = refused.json()["errors"]
    advised = error["problem"].rpartition("=")[2]
    answer = await playlist(api, 0, 3000, every_seconds=advised)

    assert refused.status_code == 422
    assert answer.status_code == 200
    assert len(m3u8.loads(answer.text).segments) == 1500


@pytest.mark.parametrize(
    "wrong", [{"every_seconds": "0"}, {"every_seconds": "nan"}, {"to": "2026-11-30T00:00:00Z"}]
)
async def test_what_cannot_be_asked_for_is_refused(api: Api, wrong: dict[str, str]):
    await api.add_camera()

    answer = await api.client.get(IFRAMES, params=span(0, 10) | wrong)

    assert answer.status_code == 422
    assert answer.json()["errors"]
