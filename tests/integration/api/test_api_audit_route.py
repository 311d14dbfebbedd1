from datetime import timedelta
from typing import Any

import pytest

from services.api.access import Permission
from tests.integration.api.conftest import NOW, Api
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


async def test_log_is_for_those_who_manage_users_and_see_all_cameras(api: Api):
    for permissions, cameras in ((ADMIN - {Permission.USERS_WRITE}, None), (ADMIN, ["yard"])):
        async with client_of(api, permissions, cameras=cameras) as client:
            assert (await client.get(AUDIT)).status_code == 403
