from typing import Any

import httpx
import pytest

from services.api.access import Permission
from services.api.routes import groups
from tests.integration.api.conftest import Api
from tests.integration.api.identities import ADMIN, client_of

GROUPS = "/api/v1/groups"


async def create(api: Api, name: str = "Entrances", *cameras: str) -> dict[str, Any]:
    answer = await api.client.post(GROUPS, json={"name": name, "camera_ids": cameras})
    assert answer.status_code == 201, answer.text
    group: dict[str, Any] = answer.json()
    assert answer.headers["location"] == f"{GROUPS}/{group['group_id']}"
    return group


async def names(client: httpx.AsyncClient) -> list[str]:
    return [camera["camera_id"] for camera in (await client.get("/api/v1/cameras")).json()]


async def test_group_is_made_changed_and_deleted(api: Api):
    for name in ("Yard", "Front door"):
        await api.add_camera(name)

    made = await create(api, "Entrances", "yard", "front-door", "yard")
    changed = await api.client.patch(f"{GROUPS}/entrances", json={"camera_ids": ["yard"]})
    renamed = await api.client.patch(f"{GROUPS}/entrances", json={"name": "Outside"})
    listed = await api.client.get(GROUPS)
    gone = [(await api.client.delete(f"{GROUPS}/entrances")).status_code for _ in range(2)]

    assert made == {
        "group_id": "entrances",
        "name": "Entrances",
        "camera_ids": ["front-door", "yard"],
    }
    assert changed.json() == made | {"camera_ids": ["yard"]}
    assert renamed.json() == made | {"camera_ids": ["yard"], "name": "Outside"}
    assert listed.json() == [renamed.json()]
    assert gone == [204, 404]
    assert (await api.client.get(GROUPS)).json() == []


async def test_what_is_granted_to_a_group_follows_its_members_at_once(api: Api):
    for name in ("Yard", "Front door"):
        await api.add_camera(name)
    await create(api, "Entrances", "yard")

    async with client_of(api, groups=["entrances"]) as client:
        before = await names(client)
        await api.client.patch(f"{GROUPS}/entrances", json={"camera_ids": ["front-door"]})
        changed = await names(client)
        await api.client.delete(f"{GROUPS}/entrances")
        after = await names(client)

    assert (before, changed, after) == (["yard"], ["front-door"], [])


async def test_new_group_of_a_deleted_ones_name_is_not_granted_to_its_members(api: Api):
    await api.add_camera("Yard")
    await create(api, "Entrances")
    async with client_of(api, groups=["entrances"]) as client:
        await api.client.delete(f"{GROUPS}/entrances")
        again = await create(api, "Entrances", "yard")

        assert again["group_id"] == "entrances"
        assert await names(client) == []


async def test_id_that_is_granted_somewhere_is_not_given_again(api: Api):
    await api.add_camera("Yard")
    async with client_of(api, groups=["entrances"]) as client:
        made = await create(api, "Entrances", "yard")

        assert made["group_id"] == "entrances-2"
        assert await names(client) == []


async def test_viewer_sees_groups_and_members_that_it_may_see(api: Api):
    for name in ("Yard", "Front door"):
        await api.add_camera(name)
    await create(api, "All", "yard", "front-door")
    await create(api, "Inside", "front-door")
    await create(api, "Nothing")

    async with client_of(api, cameras=["yard"]) as client:
        listed = await client.get(GROUPS)

    assert listed.json() == [{"group_id": "all", "name": "All", "camera_ids": ["yard"]}]


async def test_groups_are_changed_by_those_only_who_see_all_cameras(api: Api):
    await create(api)
    bodies = [
        ("POST", GROUPS, {"name": "Mine"}),
        ("PATCH", f"{GROUPS}/entrances", {"name": "Mine"}),
        ("DELETE", f"{GROUPS}/entrances", None),
    ]

    for permissions, cameras in ((ADMIN - {Permission.CAMERAS_WRITE}, None), (ADMIN, ["yard"])):
        async with client_of(api, permissions, cameras=cameras) as client:
            for method, path, body in bodies:
                answer = await client.request(method, path, json=body)
                assert answer.status_code == 403, answer.text


@pytest.mark.parametrize(
    ("body", "status", "told"),
    [
        ({"name": "ENTRANCES"}, 409, "group named ENTRANCES"),
        ({"name": "X", "camera_ids": ["nobody"]}, 422, "there is no camera nobody"),
        ({"name": "X", "camera_ids": ["No Id"]}, 422, "camera_ids[0]"),
        ({"name": " "}, 422, "name"),
        ({"name": "X", "more": 1}, 422, "more"),
        ({}, 422, "name"),
    ],
)
async def test_wrong_group_is_refused_with_what_is_wrong(api: Api, body, status, told):
    await create(api)

    answer = await api.client.post(GROUPS, json=body)

    assert answer.status_code == status
    assert told in answer.text


async def test_change_needs_a_group_a_free_name_and_something_to_change(api: Api):
    await create(api)
    await create(api, "Inside")
    answers = [
        await api.client.patch(f"{GROUPS}/{group}", json=body)
        for group, body in (
            ("nobody", {"name": "X"}),
            ("inside", {"name": "entrances"}),
            ("inside", {}),
            ("inside", {"name": None}),
            ("inside", {"name": "INSIDE"}),
        )
    ]

    assert [answer.status_code for answer in answers] == [404, 409, 422, 422, 200]


async def test_there_is_a_most_of_groups(api: Api, monkeypatch):
    monkeypatch.setattr(groups, "MAX_GROUPS", 1)
    await create(api)

    answer = await api.client.post(GROUPS, json={"name": "One more"})

    assert answer.status_code == 409
    assert "delete one" in answer.json()["detail"]


async def test_name_without_latin_letters_makes_a_group_id_too(api: Api):
    assert (await create(api, "вход"))["group_id"] == "group"
    assert (await create(api, "выход"))["group_id"] == "group-2"
    assert (await create(api, "Camera"))["group_id"] == "camera"


async def test_groups_leave_entries_in_the_audit_log(api: Api):
    await api.add_camera("Yard")
    await create(api, "Entrances", "yard")
    await api.client.patch(f"{GROUPS}/entrances", json={"name": "Entrances"})
    await api.client.patch(f"{GROUPS}/entrances", json={"camera_ids": []})
    await api.client.delete(f"{GROUPS}/entrances")

    log = await api.client.get("/api/v1/audit", params={"action": "group"})

    told = [(entry["action"], entry["subject"], entry["detail"]) for entry in log.json()["items"]]
    empty = {"group": {"name": "Entrances", "camera_ids": []}}
    assert told == [
        ("group.deleted", "entrances", empty),
        ("group.changed", "entrances", empty),
        ("group.created", "entrances", {"group": {"name": "Entrances", "camera_ids": ["yard"]}}),
    ]
