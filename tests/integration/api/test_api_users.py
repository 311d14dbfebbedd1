import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from services.api.access import Permission
from tests.integration.api.conftest import Api
from tests.integration.api.identities import client_of
from tests.integration.api.test_api_session import ORIGIN, PASSWORD, SESSION, add_user, sign_in

USERS = "/api/v1/users"
FULL_DISK = """
create function full_disk() returns trigger language plpgsql as
$$ begin raise exception 'the disk is full' using errcode = 'disk_full'; end $$;
create trigger full_disk before insert on audit_log execute function full_disk();
"""
ADMIN = {"name": "alice", "role": "admin", "all_cameras": True, "password": PASSWORD}


@pytest.fixture
async def admin(api: Api) -> AsyncIterator[httpx.AsyncClient]:
    """The browser of the one admin, alice."""
    await add_user(api)
    async with api.anonymous(**ORIGIN) as client:
        await sign_in(client)
        yield client


async def create(client: httpx.AsyncClient, **fields: Any) -> dict[str, Any]:
    answer = await client.post(USERS, json={"name": "bob", "role": "viewer", **fields})
    assert answer.status_code == 201, answer.text
    created: dict[str, Any] = answer.json()
    return created


async def test_user_is_added_changed_and_deleted(api: Api, admin):
    await api.add_camera("Yard")
    created = await create(admin, camera_ids=["yard", "yard"])
    user, path = created["user"], f"{USERS}/{created['user']['user_id']}"

    changed = await admin.patch(path, json={"name": "Robert", "role": "operator"})
    listed = await admin.get(USERS)
    gone = [(await admin.delete(path)).status_code for _ in range(2)]

    assert user["camera_ids"] == ["yard"]
    assert (user["all_cameras"], user["disabled_at"], user["last_sign_in_at"]) == (
        False,
        None,
        None,
    )
    assert changed.json() == user | {"name": "Robert", "role": "operator"}
    assert [each["name"] for each in listed.json()] == ["alice", "Robert"]
    assert gone == [204, 404]


async def test_made_password_opens_once_shown_and_a_sent_one_is_not_repeated(api: Api, admin):
    made = await create(admin)
    sent = await create(admin, name="carol", password=PASSWORD)

    async with api.anonymous(**ORIGIN) as client:
        assert (await sign_in(client, "bob", made["password"])).status_code == 200
        assert (await sign_in(client, "carol")).status_code == 200
    assert sent["password"] is None
    async with api.database.connection() as db:
        stored = str(await db.fetch("select * from users")) + str(
            await db.fetch("select * from audit_log")
        )
    assert made["password"] not in stored
    assert PASSWORD not in stored
    assert stored.count("$argon2id$") == 3


@pytest.mark.parametrize(
    ("fields", "status", "told"),
    [
        ({"name": "ALICE"}, 409, "alice"),
        ({"name": ""}, 422, "name"),
        ({"name": "a\x00b"}, 422, "name"),
        ({"role": "god"}, 422, "role"),
        ({"role": "admin"}, 422, "all_cameras"),
        ({"camera_ids": ["nowhere"]}, 422, "nowhere"),
        ({"group_ids": ["nothing"]}, 422, "nothing"),
        ({"camera_ids": ["../etc"]}, 422, "camera_ids"),
        ({"password": "short"}, 422, "at least 10"),
        ({"name": "bob-the-builder", "password": "Bob-The-Builder"}, 422, "must not be the name"),
        ({"user_id": "x"}, 422, "user_id"),
    ],
)
async def test_bad_user_is_refused_with_a_reason(api: Api, admin, fields, status, told):
    answer = await admin.post(USERS, json={"name": "bob", "role": "viewer", **fields})

    assert answer.status_code == status
    assert told.casefold() in answer.text.casefold()
    assert len((await admin.get(USERS)).json()) == 1


@pytest.mark.parametrize("change", [{"role": "viewer"}, {"disabled": True}, None])
async def test_last_admin_stays(api: Api, admin: httpx.AsyncClient, change):
    me = (await admin.get(SESSION)).json()
    await create(admin, name="carol", role="admin", all_cameras=True)
    carol = (await admin.get(USERS)).json()[1]["user_id"]

    async def act(user_id: str) -> int:
        path = f"{USERS}/{user_id}"
        acting = admin.delete(path) if change is None else admin.patch(path, json=change)
        return (await acting).status_code

    assert await act(carol) in {200, 204}
    assert await act(me["id"]) == 409
    assert (await admin.get(SESSION)).json() == me


async def test_two_admins_cannot_demote_each_other_at_once(api: Api, admin):
    await create(admin, name="carol", role="admin", all_cameras=True)
    users = [user["user_id"] for user in (await admin.get(USERS)).json()]

    answers = await asyncio.gather(
        *(api.client.patch(f"{USERS}/{each}", json={"role": "viewer"}) for each in users)
    )

    assert sorted(answer.status_code for answer in answers) == [200, 409]


async def test_changed_rights_act_at_once(api: Api, admin):
    created = await create(admin, role="operator", password=PASSWORD)
    path = f"{USERS}/{created['user']['user_id']}"
    async with api.anonymous(**ORIGIN) as bob:
        await sign_in(bob, "bob")
        before = (await bob.get(SESSION)).json()
        await admin.patch(path, json={"role": "viewer", "all_cameras": True})
        after = (await bob.get(SESSION)).json()
        assert (await bob.get(USERS)).status_code == 403

        await admin.patch(path, json={"disabled": True})
        assert (await bob.get(SESSION)).status_code == 401
        assert (await sign_in(bob, "bob")).status_code == 401
        await admin.patch(path, json={"disabled": False})
        assert (await bob.get(SESSION)).status_code == 401
        assert (await sign_in(bob, "bob")).status_code == 200

    assert (before["role"], after["role"]) == ("operator", "viewer")
    assert (before["all_cameras"], after["all_cameras"]) == (False, True)
    assert "cameras:operate" in before["permissions"]
    assert "cameras:operate" not in after["permissions"]


async def test_reset_password_ends_the_sessions_of_that_user_only(api: Api, admin):
    created = await create(admin, password=PASSWORD)
    async with api.anonymous(**ORIGIN) as bob:
        await sign_in(bob, "bob")

        reset = await admin.post(f"{USERS}/{created['user']['user_id']}/password")

        assert (await bob.get(SESSION)).status_code == 401
        assert (await sign_in(bob, "bob")).status_code == 401
        assert (await sign_in(bob, "bob", reset.json()["password"])).status_code == 200
    assert (await admin.get(SESSION)).status_code == 200


async def test_who_sees_some_cameras_only_has_nothing_to_do_with_sessions_of_others(
    api: Api, admin
):
    # Such a key is refused the users, but saw and ended the sessions of all of them.
    (session,) = (await admin.get("/api/v1/sessions")).json()

    async with client_of(api, Permission, cameras=["yard"]) as narrow:
        listed = await narrow.get("/api/v1/sessions")
        ended = await narrow.delete(f"/api/v1/sessions/{session['session_id']}")
    async with client_of(api, Permission, cameras=None) as wide:
        seen = await wide.get("/api/v1/sessions")

    assert (listed.json(), ended.status_code) == ([], 404)
    assert [each["session_id"] for each in seen.json()] == [session["session_id"]]


async def test_sessions_are_listed_and_ended_by_their_user_or_an_admin(api: Api, admin):
    bob_id = (await create(admin, password=PASSWORD))["user"]["user_id"]
    agent = {"User-Agent": "Firefox \x01" + "x" * 300}
    async with api.anonymous(**ORIGIN, **agent) as bob, api.anonymous(**ORIGIN) as second:
        await sign_in(bob, "bob")
        await sign_in(second, "bob")

        all_of_them = (await admin.get("/api/v1/sessions")).json()
        bobs = (await admin.get("/api/v1/sessions", params={"user_id": bob_id})).json()
        own = (await bob.get("/api/v1/sessions")).json()
        others = (await bob.get("/api/v1/sessions", params={"user_id": "0" * 32})).json()
        alices = next(each for each in all_of_them if each["user_name"] == "alice")
        foreign = await bob.delete(f"/api/v1/sessions/{alices['session_id']}")
        ended = await bob.delete(f"/api/v1/sessions/{bobs_other(own)}")

        assert len(all_of_them) == 3
        assert len(bobs) == len(own) == 2
        assert others == []
        assert [each["current"] for each in all_of_them].count(True) == 1
        assert {len(each["user_agent"]) for each in own} >= {200}
        assert {each["address"] for each in own} == {"127.0.0.1"}
        assert (foreign.status_code, ended.status_code) == (404, 204)
        assert (await second.get(SESSION)).status_code == 401
        mine = next(each for each in own if each["current"])
        assert (await admin.delete(f"/api/v1/sessions/{mine['session_id']}")).status_code == 204
        assert (await bob.get(SESSION)).status_code == 401
    assert len((await admin.get("/api/v1/sessions")).json()) == 1


def bobs_other(own: list[dict[str, Any]]) -> str:
    return next(str(each["session_id"]) for each in own if not each["current"])


async def test_user_has_a_bounded_number_of_sessions(api: Api, admin, monkeypatch):
    monkeypatch.setattr("services.api.sessions.MOST_PER_USER", 3)
    for _ in range(4):
        async with api.anonymous() as client:
            await sign_in(client)

    assert len((await admin.get("/api/v1/sessions")).json()) == 3


async def test_key_is_made_used_and_revoked(api: Api, admin):
    await api.add_camera("Yard")
    body = {"name": "wall", "permissions": ["live:watch", "cameras:read"], "camera_ids": ["yard"]}

    made = (await admin.post("/api/v1/api-keys", json=body)).json()
    async with api.anonymous(**{"X-API-Key": made["key"]}) as client:
        me = (await client.get(SESSION)).json()
        forbidden = await client.get("/api/v1/api-keys")
        listed = (await admin.get("/api/v1/api-keys")).json()
        revoked = await admin.delete(f"/api/v1/api-keys/{made['prefix']}")
        after = await client.get(SESSION)

    assert me["permissions"] == ["cameras:read", "live:watch"]
    assert (me["kind"], me["id"], me["all_cameras"]) == ("key", made["prefix"], False)
    assert forbidden.status_code == 403
    row = next(each for each in listed if each["name"] == "wall")
    assert row | {"last_used_at": None} == {k: v for k, v in made.items() if k != "key"}
    assert row["created_by"] == "alice"
    assert row["last_used_at"] is not None
    assert (revoked.status_code, after.status_code) == (204, 401)
    assert (await admin.delete(f"/api/v1/api-keys/{made['prefix']}")).status_code == 404
    assert made["key"] not in str(listed)


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"permissions": []}, 422),
        ({"permissions": ["fly"]}, 422),
        ({"camera_ids": ["nowhere"]}, 422),
        ({"name": "test"}, 409),
    ],
)
async def test_bad_key_is_refused(api: Api, admin, fields, status):
    body = {"name": "wall", "permissions": ["live:watch"], **fields}

    assert (await admin.post("/api/v1/api-keys", json=body)).status_code == status


async def test_every_change_is_in_the_audit_log_and_fails_without_it(api: Api, admin):
    user_id = (await create(admin))["user"]["user_id"]
    await admin.patch(f"{USERS}/{user_id}", json={"role": "operator"})
    await admin.post(f"{USERS}/{user_id}/password")
    await admin.delete(f"{USERS}/{user_id}")
    async with api.database.connection() as db:
        rows = await db.fetch("select actor, action, subject from audit_log order by entry_id")
        await db.execute(FULL_DISK)

    refused = await admin.post(USERS, json={"name": "dave", "role": "viewer"})

    assert [(row["actor"], row["action"]) for row in rows] == [
        ("alice", "session.began"),
        ("alice", "user.created"),
        ("alice", "user.changed"),
        ("alice", "user.changed"),
        ("alice", "user.deleted"),
    ]
    assert {row["subject"] for row in rows[1:]} == {user_id}
    assert refused.status_code == 503
    assert [each["name"] for each in (await admin.get(USERS)).json()] == ["alice"]
