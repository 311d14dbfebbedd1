"""Footage by links: they open what their makers may see, when they are used."""

from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urljoin, urlsplit

import httpx
import m3u8
import pytest

from libs.contracts.times import isoformat_z
from services.api.access import Permission
from services.api.keys import revoke_key
from tests.integration.api.conftest import NOW, Api, recording
from tests.integration.api.identities import client_of, make_key, set_cameras

T0 = NOW - timedelta(hours=2)
PLAYLIST = "/api/v1/cameras/front-door/playback.m3u8"
SPAN = {"from": isoformat_z(T0), "to": isoformat_z(T0 + timedelta(minutes=1))}


async def add_footage(api: Api, name: str = "Front door") -> bytes:
    camera = await api.add_camera(name)
    return await api.store_recording(recording(T0, camera_id=camera["camera_id"]))


async def make_link(api: Api, key: str, camera: str = "front-door") -> str:
    body = {"camera_id": camera, **SPAN}
    answer = await api.client.post(
        "/api/v1/playback-links", json=body, headers={"Authorization": f"Bearer {key}"}
    )
    assert answer.status_code == 201, answer.text
    return str(answer.json()["path"])


async def links(api: Api, key: str) -> tuple[str, str]:
    """Return a link to a playlist and, from the playlist, one to media."""
    playlist = await make_link(api, key)
    async with api.anonymous() as client:
        text = (await client.get(playlist)).text
    return playlist, urljoin(PLAYLIST, m3u8.loads(text).segments[0].uri)


async def statuses(client: httpx.AsyncClient, *paths: str) -> list[int]:
    return [(await client.get(path)).status_code for path in paths]


async def entries(api: Api, action: str) -> list[dict[str, Any]]:
    await api.context.audit_log.flush()
    found = await api.client.get("/api/v1/audit", params={"action": action})
    items: list[dict[str, Any]] = found.json()["items"]
    return items


async def test_viewer_plays_and_downloads_its_camera_and_no_other(api: Api):
    content = await add_footage(api)
    await add_footage(api, "Yard")
    found = {}
    async with client_of(api, cameras=["front-door"]) as client:
        for camera in ("front-door", "yard"):
            made = recording(T0, camera_id=camera)
            name = f"{camera}~{T0:%Y%m%dT%H%M%S}000Z~{made.epoch}"
            found[camera] = [
                await client.get(f"/api/v1/cameras/{camera}/playback.m3u8", params=SPAN),
                await client.get(f"/api/v1/media/{name}.mp4"),
                await client.head(f"/api/v1/media/{name}.mp4"),
                await client.get(f"/api/v1/recordings/{name}/download"),
                await client.get(f"/api/v1/recordings/{name}"),
            ]

    assert [answer.status_code for answer in found["front-door"]] == [200] * 5
    assert found["front-door"][1].content == found["front-door"][3].content == content
    assert [answer.status_code for answer in found["yard"]] == [404] * 5


async def test_links_end_with_the_right_of_who_made_them(api: Api):
    await add_footage(api)
    key = await make_key(api, cameras=["front-door"])
    playlist, media = await links(api, key)

    async with api.anonymous() as client:
        good = await statuses(client, playlist, media)
        await set_cameras(api, key, "yard")
        without = await statuses(client, playlist, media)
        await set_cameras(api, key, "front-door")
        again = await statuses(client, playlist, media)
        async with api.database.connection() as db:
            assert await revoke_key(db, key[:10])
        api.context.principals.forget()
        revoked = await statuses(client, playlist, media)

    assert [good, without, again, revoked] == [[200] * 2, [401] * 2, [200] * 2, [401] * 2]


async def test_links_end_with_the_permission_of_who_made_them(api: Api):
    await add_footage(api)
    key = await make_key(api, cameras=["front-door"])
    playlist, media = await links(api, key)

    async with api.database.connection() as db:
        await db.execute("update api_keys set permissions = '{live:watch}' where name <> 'test'")
    api.context.principals.forget()

    async with api.anonymous() as client:
        assert await statuses(client, playlist, media) == [401, 401]


@pytest.mark.parametrize("by", ["key:evf_other1", "user:x", "", "key:", "root:1", "key:\u0000"])
async def test_link_is_not_good_in_anothers_name(api: Api, by):
    await add_footage(api)
    path = urlsplit(await make_link(api, api.key))
    query = {name: values[0] for name, values in parse_qs(path.query).items()} | {"by": by}

    async with api.anonymous() as client:
        answer = await client.get(path.path, params=query)

    assert answer.status_code == 401
    assert "ask for a new one" in answer.json()["detail"]


async def test_link_opens_also_for_those_whose_own_rights_do_not_reach(api: Api):
    await add_footage(api)
    playlist, media = await links(api, api.key)

    async with client_of(api, cameras=["yard"]) as client:
        by_link = await statuses(client, playlist, media)
        by_right = await statuses(client, f"{PLAYLIST}?{httpx.QueryParams(SPAN)}")
    async with client_of(api, {Permission.LIVE_WATCH}, cameras=None) as client:
        unsigned = await statuses(client, f"{PLAYLIST}?{httpx.QueryParams(SPAN)}&sig=x")

    assert (by_link, by_right, unsigned) == ([200, 200], [404], [403])


async def test_link_is_not_made_for_a_camera_that_may_not_be_seen(api: Api):
    await add_footage(api)

    async with client_of(api, cameras=["yard"]) as client:
        answers = [
            await client.post("/api/v1/playback-links", json={"camera_id": camera, **SPAN})
            for camera in ("front-door", "nobody")
        ]

    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].text == answers[1].text.replace("nobody", "front-door")


async def test_browser_keeps_media_by_link_and_asks_again_for_all_other(api: Api):
    await add_footage(api)
    _, media = await links(api, api.key)
    plain, made = media.partition("?")[0], f"front-door~{T0:%Y%m%dT%H%M%S}000Z~1"

    caching = [
        (await api.client.get(path)).headers["cache-control"]
        for path in (media, plain, f"/api/v1/recordings/{made}/download")
    ]
    again = await api.client.get(
        plain, headers={"If-None-Match": (await api.client.get(plain)).headers["etag"]}
    )

    assert caching == ["private, max-age=31536000, immutable", *["private, no-cache"] * 2]
    assert again.status_code == 304


async def test_links_carry_no_key(api: Api):
    await add_footage(api)
    playlist, media = await links(api, api.key)

    assert f"by=key:{api.key[:10]}" in playlist
    assert api.key not in playlist + media


async def test_playing_is_written_down_once_in_five_minutes(api: Api, monkeypatch):
    await add_footage(api)
    key = await make_key(api, cameras=["front-door"])
    playlist, media = await links(api, key)
    monkeypatch.setattr(api.context.audit_log, "_monotonic", lambda: 1e9)
    async with api.anonymous() as client:
        for _ in range(3):
            assert await statuses(client, playlist, media) == [200, 200]

    played = await entries(api, "footage.played")

    assert [(entry["camera_id"], entry["actor_id"]) for entry in played] == [
        ("front-door", key[:10])
    ] * 2
    assert played[0]["detail"] == {**SPAN, "stream": "main"}


async def test_download_and_link_are_written_down(api: Api):
    await add_footage(api)
    made = f"front-door~{T0:%Y%m%dT%H%M%S}000Z~1"
    for _ in range(2):
        await api.client.get(f"/api/v1/recordings/{made}/download", headers={"Range": "bytes=9-"})
    await make_link(api, api.key)

    (downloaded,) = await entries(api, "footage.downloaded")
    (linked,) = await entries(api, "footage.link_made")

    assert (downloaded["camera_id"], downloaded["subject"]) == ("front-door", made)
    assert (linked["camera_id"], linked["detail"]) == ("front-door", SPAN)
