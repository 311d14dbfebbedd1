from datetime import timedelta
from typing import Any

import pytest

from libs.contracts.asks import ScanAccepted
from services.api.access import Permission
from tests.integration.api.conftest import NOW, Api
from tests.integration.api.discovery_worlds import (
    LOGIN,
    REJECTED,
    SCANS,
    Discovery,
    until_answered,
)
from tests.integration.api.identities import ADMIN, client_of

AUDIT = "/api/v1/audit"


async def read(api: Api, **params: Any) -> list[dict[str, Any]]:
    answer = await api.client.get(AUDIT, params=params)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def actions(api: Api, **params: Any) -> list[str]:
    return [entry["action"] for entry in await read(api, **params)]


async def test_changes_are_listed_newest_first_with_who_made_them(api: Api):
    await api.add_camera()
    await api.client.patch(
        "/api/v1/cameras/front-door",
        json={"name": "Door", "credentials": {"username": "u", "password": "s3cret-Pa55"}},
    )
    await api.client.post("/api/v1/cameras/front-door/recording/stop")
    await api.client.post("/api/v1/cameras/front-door/recording/stop")
    await api.client.post("/api/v1/cameras/front-door/recording/start")
    await api.client.delete("/api/v1/cameras/front-door")

    answer = await api.client.get(AUDIT)

    items = answer.json()["items"]
    assert [entry["action"] for entry in items] == [
        "camera.deleted",
        "camera.recording_on",
        "camera.recording_off",
        "camera.changed",
        "camera.added",
    ]
    assert {entry["camera_id"] for entry in items} == {"front-door"}
    assert {(entry["kind"], entry["actor_id"], entry["actor"]) for entry in items} == {
        ("key", api.key[:10], "test")
    }
    assert items[3]["detail"] == {"fields": ["credentials", "name"]}
    assert "s3cret" not in answer.text
    assert api.key not in answer.text


async def test_entries_are_chosen_by_camera_action_actor_and_time(api: Api):
    for name in ("Yard", "Hall"):
        await api.add_camera(name)
    await api.client.post("/api/v1/groups", json={"name": "Inside"})
    api.set_now(NOW + timedelta(hours=1))
    await api.client.delete("/api/v1/cameras/yard")

    assert await actions(api, camera="yard") == ["camera.deleted", "camera.added"]
    assert await actions(api, action="camera.deleted") == ["camera.deleted"]
    assert await actions(api, action="camera") == ["camera.deleted", *["camera.added"] * 2]
    assert await actions(api, action="came") == []
    assert len(await actions(api, actor="test")) == 4
    assert len(await actions(api, actor=api.key[:10])) == 4
    assert await actions(api, actor="somebody") == []
    late = {"from": (NOW + timedelta(minutes=1)).isoformat()}
    assert await actions(api, **late) == ["camera.deleted"]
    assert len(await actions(api, to=late["from"])) == 3


async def test_pages_follow_each_other_without_loss(api: Api):
    for number in range(5):
        await api.client.post("/api/v1/groups", json={"name": f"Group {number}"})

    found: list[str] = []
    cursor = None
    while True:
        params: dict[str, Any] = {"limit": 2, "action": "group"}
        params |= {"cursor": cursor} if cursor else {}
        page = (await api.client.get(AUDIT, params=params)).json()
        found += [entry["subject"] for entry in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break

    assert found == [f"group-{number}" for number in (4, 3, 2, 1, 0)]


@pytest.mark.parametrize(
    "params", [{"cursor": "x"}, {"cursor": "MjAyNi0xMS0yMFQyMzozMDowMFogeA"}, {"action": "A.b"}]
)
async def test_wrong_filters_are_refused(api: Api, params):
    assert (await api.client.get(AUDIT, params=params)).status_code == 422


async def test_reading_is_written_down_once_for_a_while(api: Api):
    for _ in range(3):
        await read(api)
    await api.context.audit_log.flush()

    assert await actions(api, action="audit.read") == ["audit.read"]


async def test_device_and_its_cameras_are_written_down_without_their_login(api: Api):
    cameras = [{"channel": "1", "name": "Yard", "url": "rtsp://192.0.2.20/1"}]
    device = {"name": "Cellar", "driver": "onvif", "host": "192.0.2.20", "port": 80}
    body = {**device, "credentials": LOGIN, "cameras": cameras}
    assert (await api.client.post("/api/v1/devices", json=body)).status_code == 201
    await api.client.patch("/api/v1/devices/cellar", json={"port": 81})
    await api.client.delete("/api/v1/devices/cellar", params={"with_cameras": True})

    items = await read(api)

    told = [(entry["action"], entry["camera_id"], entry["subject"]) for entry in items]
    assert told == [
        ("camera.deleted", "yard", "cellar"),
        ("device.deleted", None, "cellar"),
        ("device.changed", None, "cellar"),
        ("camera.added", "yard", "cellar"),
        ("device.added", None, "cellar"),
    ]
    assert LOGIN["password"] not in str(items)


async def test_scan_is_written_down_if_discovery_takes_it(api: Api):
    discovery = Discovery(api.link.discovery)
    body = {"targets": ["192.0.2.7"], "credentials": LOGIN}
    async with discovery.answering():
        answer = await until_answered(lambda: api.client.post(SCANS, json=body))
        discovery.scan = ScanAccepted(failure=REJECTED)
        assert (await api.client.post(SCANS, json=body)).status_code == 422
    scan_id = answer.json()["scan_id"]

    (entry,) = await read(api, action="scan")

    assert (entry["action"], entry["subject"]) == ("scan.started", scan_id)
    assert entry["detail"] == {"where": {"targets": ["192.0.2.7"], "multicast": False}}


DISK_FULL = """
create function refuse() returns trigger language plpgsql
as $$ begin raise exception using errcode = 'disk_full'; end $$;
create trigger refuse before insert on audit_log execute function refuse();
"""


async def test_change_that_cannot_be_written_down_does_not_happen(api: Api):
    await api.add_camera()
    async with api.database.connection() as db:
        await db.execute(DISK_FULL)

    answers = [
        await api.client.delete("/api/v1/cameras/front-door"),
        await api.client.post("/api/v1/cameras/front-door/recording/stop"),
        await api.client.patch("/api/v1/cameras/front-door", json={"name": "X"}),
    ]

    camera = (await api.client.get("/api/v1/cameras/front-door")).json()
    assert [answer.status_code for answer in answers] == [503] * 3
    assert (camera["deleted_at"], camera["record"], camera["name"]) == (None, True, "Front door")


async def test_log_is_for_those_who_manage_users_and_see_all_cameras(api: Api):
    for permissions, cameras in ((ADMIN - {Permission.USERS_WRITE}, None), (ADMIN, ["yard"])):
        async with client_of(api, permissions, cameras=cameras) as client:
            assert (await client.get(AUDIT)).status_code == 403
