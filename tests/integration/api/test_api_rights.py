"""Every operation of the API, also what will be added: who may call it, and for which cameras."""

import re
from datetime import timedelta

import httpx
import pytest

from services.api.access import Permission
from services.api.route_rights import OPEN as OPEN_ROUTES
from services.api.route_rights import permissions_of
from tests.integration.api.conftest import NOW, Api, gap, recording
from tests.integration.api.identities import ADMIN, VIEWER, client_of
from tests.integration.api.operations import Operation, operations

OPEN, OWN = "open", "own"
"""Anybody; whoever is signed in, for himself."""

# What each operation asks for. Whoever changes one changes it here too.
PERMISSIONS: dict[str, tuple[str, ...]] = {
    OPEN: (
        "GET /api/v1/health",
        "GET /api/v1/version",
        "POST /api/v1/session",
        "POST /api/v1/session/refresh",
        "DELETE /api/v1/session",
    ),
    OWN: (
        "GET /api/v1/session",
        "PUT /api/v1/session/password",
        "GET /api/v1/sessions",
        "DELETE /api/v1/sessions/{session_id}",
    ),
    Permission.CAMERAS_READ: (
        "GET /api/v1/cameras",
        "GET /api/v1/cameras/{camera_id}",
        "GET /api/v1/cameras/{camera_id}/health-history",
        "GET /api/v1/cameras/{camera_id}/status",
        "GET /api/v1/events",
        "GET /api/v1/groups",
        "GET /api/v1/status",
    ),
    Permission.LIVE_WATCH: (
        "POST /api/v1/cameras/{camera_id}/live-links",
        "GET /api/v1/cameras/{camera_id}/live/{rest}",
        "GET /api/v1/cameras/{camera_id}/snapshot.jpg",
        "GET /api/v1/layouts",
        "PUT /api/v1/layouts/{name}",
        "DELETE /api/v1/layouts/{name}",
    ),
    Permission.FOOTAGE_READ: (
        "GET /api/v1/calendar",
        "GET /api/v1/cameras/{camera_id}/clip",
        "GET /api/v1/cameras/{camera_id}/clip.mp4",
        "GET /api/v1/cameras/{camera_id}/coverage",
        "GET /api/v1/cameras/{camera_id}/gaps",
        "GET /api/v1/cameras/{camera_id}/iframes.m3u8",
        "GET /api/v1/cameras/{camera_id}/playback-master.m3u8",
        "GET /api/v1/cameras/{camera_id}/playback.m3u8",
        "GET /api/v1/cameras/{camera_id}/recordings",
        "GET /api/v1/cameras/{camera_id}/stored-footage",
        "GET /api/v1/coverage",
        "GET /api/v1/gaps",
        "GET /api/v1/media/{recording_id}.mp4",
        "GET /api/v1/media/{recording_id}/iframes/init.mp4",
        "GET /api/v1/media/{recording_id}/iframes/{number}.mp4",
        "POST /api/v1/playback-links",
        "GET /api/v1/recordings",
        "GET /api/v1/recordings/{recording_id}",
        "GET /api/v1/recordings/{recording_id}/download",
        "GET /api/v1/stored-footage",
        "GET /api/v1/timeline",
    ),
    Permission.CAMERAS_OPERATE: (
        "POST /api/v1/cameras/{camera_id}/recording/start",
        "POST /api/v1/cameras/{camera_id}/recording/stop",
        "POST /api/v1/cameras/{camera_id}/stored-footage/sync",
        "POST /api/v1/devices/{device_id}/retry-login",
        "POST /api/v1/devices/{device_id}/sync",
    ),
    Permission.CAMERAS_WRITE: (
        "PATCH /api/v1/cameras/{camera_id}",
        "DELETE /api/v1/cameras/{camera_id}",
        "POST /api/v1/cameras",
        "GET /api/v1/devices",
        "POST /api/v1/devices",
        "GET /api/v1/devices/{device_id}",
        "PATCH /api/v1/devices/{device_id}",
        "DELETE /api/v1/devices/{device_id}",
        "GET /api/v1/discovery/check",
        "POST /api/v1/discovery/probe",
        "GET /api/v1/discovery/scans",
        "POST /api/v1/discovery/scans",
        "GET /api/v1/discovery/scans/{scan_id}",
        "DELETE /api/v1/discovery/scans/{scan_id}",
        "POST /api/v1/discovery/scans/{scan_id}/add",
        "GET /api/v1/discovery/scans/{scan_id}/events",
        "POST /api/v1/groups",
        "PATCH /api/v1/groups/{group_id}",
        "DELETE /api/v1/groups/{group_id}",
    ),
    Permission.SYSTEM_READ: (
        "GET /api/v1/storage",
        "GET /api/v1/system/services",
    ),
    Permission.USERS_WRITE: (
        "GET /api/v1/api-keys",
        "POST /api/v1/api-keys",
        "DELETE /api/v1/api-keys/{prefix}",
        "GET /api/v1/audit",
        "GET /api/v1/users",
        "POST /api/v1/users",
        "GET /api/v1/users/{user_id}",
        "PATCH /api/v1/users/{user_id}",
        "DELETE /api/v1/users/{user_id}",
        "POST /api/v1/users/{user_id}/password",
    ),
}
EXPECTED = {name: needed for needed, names in PERMISSIONS.items() for name in names}

ALL_CAMERAS = {
    *PERMISSIONS[Permission.USERS_WRITE],
    *(
        name
        for name in PERMISSIONS[Permission.CAMERAS_WRITE]
        if not name.endswith("/cameras/{camera_id}")
    ),
}
"""For those only who see all cameras, beside the permission."""

USERS_ONLY = {name for name in EXPECTED if "/layouts" in name}
"""Not for API keys."""
ENDLESS = {"GET /api/v1/events"}
"""Answers without an end."""

UNSEEN = "hidden"
UNKNOWN = "nobody"


def every(api: Api) -> list[Operation]:
    return operations(api.app.openapi())


def asking_for(api: Api, permission: str) -> list[Operation]:
    return [each for each in every(api) if EXPECTED[each.name] == permission]


async def answered(
    client: httpx.AsyncClient, asked: list[Operation], camera: str = "front-door"
) -> dict[str, int]:
    return {each.name: (await each.send(client, camera)).status_code for each in asked}


async def add_footage(api: Api, name: str, **fields: object) -> str:
    """A camera with a recording and a gap."""
    camera_id = str((await api.add_camera(name, **fields))["camera_id"])
    made = recording(NOW - timedelta(hours=2), camera_id=camera_id)
    await api.store_recording(made)
    lost = gap(made.ended_at, made.ended_at + timedelta(minutes=1), camera_id=camera_id)
    await api.apply(lost)
    return camera_id


async def test_every_operation_is_in_the_table(api: Api):
    assert {each.name for each in every(api)} == EXPECTED.keys()


async def test_nobody_gets_anywhere_without_credentials(api: Api):
    async with api.anonymous() as client:
        found = await answered(client, [each for each in every(api) if each.name not in ENDLESS])

    let_through = {name for name, status in found.items() if status != 401}
    # without a refresh token there is nothing to refresh
    assert let_through == set(PERMISSIONS[OPEN]) - {
        "POST /api/v1/session",
        "POST /api/v1/session/refresh",
    }


async def test_what_the_document_leaves_out_refuses_without_credentials_too(api: Api):
    described = {each.name for each in every(api)}
    routes = [name.split() for name, _ in permissions_of(api.app.routes)]
    left_out = [each for each in routes if plain(" ".join(each)) not in described]
    asked = [each for each in left_out if " ".join(each) not in OPEN_ROUTES]
    assert ["HEAD", "/api/v1/media/{recording_id}.mp4"] in asked

    found = {}
    async with api.anonymous() as client:
        for method, template in asked:
            path = re.sub(r"{[^}]+}", "1", template)
            for query in ("", "?exp=9999999999&by=user:1&sig=made-up", "?token=made-up"):
                answer = await client.request(method.replace("WEBSOCKET", "GET"), path + query)
                found[method, path, query] = answer.status_code

    assert {each: status for each, status in found.items() if status != 401} == {}


def plain(name: str) -> str:
    """As the document writes it."""
    return name.replace(":path}", "}")


async def test_viewer_is_refused_what_is_not_a_viewers(api: Api):
    asked = [each for each in every(api) if EXPECTED[each.name] in ADMIN - VIEWER]

    async with client_of(api, VIEWER, cameras=None) as client:
        found = await answered(client, asked)

    assert len(found) > 30
    assert {name: status for name, status in found.items() if status != 403} == {}


@pytest.mark.parametrize("permission", sorted(Permission))
async def test_permission_is_what_the_table_says_and_nothing_else_is_needed(api: Api, permission):
    asked = asking_for(api, permission)

    async with client_of(api, ADMIN - {permission}, cameras=None) as client:
        without = await answered(client, asked)
    possible = [each for each in asked if each.name not in USERS_ONLY | ENDLESS]
    async with client_of(api, {permission}, cameras=None) as client:
        alone = await answered(client, possible)

    assert {name: status for name, status in without.items() if status != 403} == {}
    refused = {401, 403, 405, 500}
    assert {name: status for name, status in alone.items() if status in refused} == {}


async def test_what_concerns_all_cameras_is_refused_to_who_sees_some(api: Api):
    await api.add_camera()
    asked = [each for each in every(api) if each.name in ALL_CAMERAS]

    async with client_of(api, ADMIN, cameras=["front-door"]) as client:
        found = await answered(client, asked)

    assert {name: status for name, status in found.items() if status != 403} == {}


async def test_camera_that_may_not_be_seen_is_told_from_an_unknown_one_by_nobody(api: Api):
    await add_footage(api, UNSEEN)
    await api.add_camera()
    asked = [each for each in every(api) if each.names_camera and each.name not in ALL_CAMERAS]
    assert len(asked) > 25

    found = {}
    async with client_of(api, ADMIN, cameras=["front-door"]) as client:
        for each in asked:
            unseen, unknown = [await each.send(client, name) for name in (UNSEEN, UNKNOWN)]
            truth = await each.send(api.client, UNKNOWN)
            same = told(unseen, UNSEEN) == told(unknown, UNKNOWN) == told(truth, UNKNOWN)
            if unseen.status_code != 404 or not same:
                found[each.name] = (unseen.text, unknown.text, truth.text)

    assert found == {}


def told(answer: httpx.Response, camera: str) -> tuple[object, ...]:
    """Everything that a caller is told, but for the name that he asked for."""
    headers = sorted((name, value) for name, value in answer.headers.items() if name not in COUNTS)
    return answer.status_code, answer.text.replace(camera, "X"), headers


COUNTS = {"content-length", "ratelimit", "ratelimit-policy", "ratelimit-remaining"}


async def test_no_list_mentions_a_camera_that_may_not_be_seen(api: Api):
    seen = await add_footage(api, "Front door")
    unseen = await add_footage(api, UNSEEN, url="rtsp://192.0.2.99/1")
    for members in ([unseen], [seen, unseen]):
        body = {"name": f"Group {len(members)}", "camera_ids": members}
        await api.client.post("/api/v1/groups", json=body)
    lists = [
        each
        for each in every(api)
        if each.method == "GET" and each.name not in ALL_CAMERAS | ENDLESS | USERS_ONLY
    ]

    mentioning, found = set(), {}
    async with client_of(api, ADMIN, cameras=[seen]) as client:
        for each in lists:
            answer = await each.send(client, seen, wide=True)
            found[each.name] = answer.status_code
            if unseen in answer.text or "192.0.2.99" in answer.text:
                mentioning.add(each.name)

    assert mentioning == set()
    assert {found[f"GET /api/v1/{name}"] for name in ("cameras", "status", "gaps", "groups")} == {
        200
    }


async def test_totals_are_of_the_cameras_that_may_be_seen(api: Api):
    for name in ("Front door", UNSEEN):
        await add_footage(api, name)

    async with client_of(api, ADMIN, cameras=["front-door"]) as client:
        storage = (await client.get("/api/v1/storage")).json()
        recordings = (await client.get("/api/v1/recordings")).json()["items"]
        groups = (await client.get("/api/v1/groups")).json()
    async with client_of(api, ADMIN) as client:
        nothing = (await client.get("/api/v1/storage")).json()
        none = (await client.get("/api/v1/recordings")).json()["items"]

    assert (storage["objects"], storage["seconds"]) == (1, 60)
    assert [each["camera_id"] for each in storage["cameras"]] == ["front-door"]
    assert len(recordings) == 1
    assert groups == none == []
    assert nothing == {"objects": 0, "bytes": 0, "seconds": 0, "cameras": []}


async def test_camera_is_not_pointed_at_one_that_may_not_be_seen(api: Api):
    # A key with cameras:write for one channel of a recorder could turn it into any other, whose
    # login is the same, and watch that.
    await api.add_camera(credentials={"username": "u", "password": "p"})
    camera = "/api/v1/cameras/front-door"
    moves = [{name: "rtsp://192.0.2.10/stream2"} for name in ("url", "sub_url")]

    async with client_of(api, ADMIN, cameras=["front-door"]) as client:
        refused = [(await client.patch(camera, json=body)).status_code for body in moves]
        renamed = await client.patch(camera, json={"name": "Door", "sub_url": None})
    async with client_of(api, ADMIN, cameras=None) as client:
        moved = [(await client.patch(camera, json=body)).status_code for body in moves]

    assert refused == [403, 403]
    assert (renamed.status_code, renamed.json()["url"]) == (200, "rtsp://192.0.2.10/stream1")
    assert moved == [200, 200]


async def test_address_of_a_camera_is_for_those_who_may_change_it(api: Api):
    await api.add_camera(sub_url="rtsp://192.0.2.10/user=a_password=s3cret")

    async with client_of(api, VIEWER, cameras=None) as client:
        viewed = (await client.get("/api/v1/cameras/front-door")).json()
        everything = [
            (await each.send(client)).text
            for each in asking_for(api, "cameras:read")
            if each.name not in ENDLESS
        ]
    changeable = (await api.client.get("/api/v1/cameras/front-door")).json()

    assert (viewed["url"], viewed["sub_url"], viewed["has_sub_stream"]) == (None, None, True)
    assert changeable["sub_url"].endswith("s3cret")
    assert "s3cret" not in "".join(everything)
