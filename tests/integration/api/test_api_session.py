import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest

from services.api.access import Role
from services.api.database import DatabaseUnavailable
from services.api.user_registry import User, insert_user, new_user_id
from tests.integration.api.conftest import NOW, Api

PASSWORD = "correct horse battery"
ORIGIN = {"Sec-Fetch-Site": "same-origin"}
SESSION = "/api/v1/session"


async def add_user(api: Api, name: str = "alice", role: Role = Role.ADMIN, **fields) -> User:
    values: dict[str, Any] = {"all_cameras": True, "created_at": NOW, **fields}
    user = User(new_user_id(), name, role, **values)
    password_hash = await api.context.identity.passwords.hash(PASSWORD)
    async with api.database.connection() as db:
        await insert_user(db, user, password_hash)
    return user


async def sign_in(
    client: httpx.AsyncClient, name: str = "alice", password: str = PASSWORD
) -> httpx.Response:
    return await client.post(SESSION, json={"name": name, "password": password})


@pytest.fixture
async def browser(api: Api) -> AsyncIterator[httpx.AsyncClient]:
    """A browser on our own page; keeps cookies."""
    async with api.anonymous(**ORIGIN) as client:
        yield client


def cookie(client: httpx.AsyncClient, name: str) -> str:
    return str(client.cookies.get(name))


async def test_sign_in_opens_the_api_until_sign_out(api: Api, browser):
    user = await add_user(api)

    me = await sign_in(browser, "ALICE")
    seen = await browser.get(SESSION)
    listed = await browser.get("/api/v1/cameras")
    out = await browser.delete(SESSION)
    after = await browser.get("/api/v1/cameras")

    assert [a.status_code for a in (me, seen, listed)] == [200, 200, 200]
    assert me.json() == seen.json()
    assert me.json() | {"session_id": None, "permissions": []} == {
        "kind": "user",
        "id": user.user_id,
        "name": "alice",
        "role": "admin",
        "permissions": [],
        "all_cameras": True,
        "session_id": None,
        "expires_at": "2026-11-20T23:40:00.000Z",
    }
    assert "users:write" in me.json()["permissions"]
    assert (out.status_code, after.status_code) == (204, 401)
    assert not browser.cookies


async def test_ended_session_is_worth_nothing_to_whoever_copied_its_cookies(api: Api, browser):
    await add_user(api)
    await sign_in(browser)
    copied = dict(browser.cookies)
    await browser.delete(SESSION)

    async with api.anonymous(**ORIGIN) as thief:
        thief.cookies.update(copied)
        assert (await thief.get("/api/v1/cameras")).status_code == 401
        assert (await thief.post(f"{SESSION}/refresh")).status_code == 401


async def test_cookies_are_kept_from_scripts_and_other_sites(api: Api):
    await add_user(api)

    async with api.anonymous() as client:
        plain = await sign_in(client)
    async with api.anonymous(**{"X-Forwarded-Proto": "https"}) as client:
        encrypted = await sign_in(client)

    for answer, is_secure in ((plain, False), (encrypted, True)):
        access, refresh = answer.headers.get_list("set-cookie")
        for set_cookie in (access, refresh):
            assert "HttpOnly" in set_cookie
            assert "SameSite=strict" in set_cookie
            assert ("Secure" in set_cookie) is is_secure
        assert access.startswith("everframe_access=")
        assert "Path=/;" in access
        assert "Max-Age=600" in access
        assert refresh.startswith("everframe_refresh=")
        assert "Path=/api/v1/session;" in refresh


async def test_wrong_name_and_wrong_password_are_told_alike(api: Api):
    await add_user(api)
    await add_user(api, "bob", disabled_at=NOW)

    async with api.anonymous() as client:
        answers = [
            await sign_in(client, "alice", "wrong password"),
            await sign_in(client, "nobody", "wrong password"),
        ]
    async with api.database.connection() as db:
        await db.execute("update users set disabled_at = now() where name = 'bob'")
    async with api.anonymous() as client:
        answers.append(await sign_in(client, "bob"))

    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.text for answer in answers}) == 1
    assert not [answer for answer in answers if "set-cookie" in answer.headers]


async def test_unknown_name_costs_a_hash_like_a_known_one(api: Api, monkeypatch):
    await add_user(api)
    verified: list[str] = []
    real = api.context.identity.passwords._hasher.verify

    class Counting:
        def __getattr__(self, name):
            return getattr(api_hasher, name)

        def verify(self, stored: str, password: str) -> bool:
            verified.append(stored[:10])
            return real(stored, password)

    api_hasher = api.context.identity.passwords._hasher
    monkeypatch.setattr(api.context.identity.passwords, "_hasher", Counting())

    async with api.anonymous() as client:
        await sign_in(client, "alice", "wrong password")
        await sign_in(client, "nobody", "wrong password")

    assert verified == ["$argon2id$", "$argon2id$"]


async def test_access_token_expires_and_is_refreshed(api: Api, browser):
    await add_user(api)
    await sign_in(browser)
    access, refresh = cookie(browser, "everframe_access"), cookie(browser, "everframe_refresh")

    api.set_now(NOW + timedelta(seconds=601))
    expired = await browser.get("/api/v1/cameras")
    renewed = await browser.post(f"{SESSION}/refresh")
    after = await browser.get("/api/v1/cameras")

    assert (expired.status_code, renewed.status_code, after.status_code) == (401, 200, 200)
    assert renewed.json()["expires_at"] == "2026-11-20T23:50:01.000Z"
    assert cookie(browser, "everframe_access") != access
    assert cookie(browser, "everframe_refresh") != refresh


async def test_tabs_that_refresh_at_once_get_the_same_and_all_go_on(api: Api, browser):
    await add_user(api)
    await sign_in(browser)
    api.set_now(NOW + timedelta(minutes=11))

    answers = await asyncio.gather(*(browser.post(f"{SESSION}/refresh") for _ in range(4)))

    assert [answer.status_code for answer in answers] == [200] * 4
    assert len({answer.cookies["everframe_refresh"] for answer in answers}) == 1
    assert (await browser.get("/api/v1/cameras")).status_code == 200
    api.set_now(NOW + timedelta(minutes=22))
    assert (await browser.post(f"{SESSION}/refresh")).status_code == 200


async def test_old_refresh_token_that_comes_back_ends_the_session_for_everybody(api: Api, browser):
    await add_user(api)
    await sign_in(browser)
    stolen = cookie(browser, "everframe_refresh")
    api.set_now(NOW + timedelta(minutes=11))
    await browser.post(f"{SESSION}/refresh")
    assert (await browser.get("/api/v1/cameras")).status_code == 200

    api.set_now(NOW + timedelta(minutes=11, seconds=11))
    async with api.anonymous(**ORIGIN) as thief:
        thief.cookies.set("everframe_refresh", stolen)
        theft = await thief.post(f"{SESSION}/refresh")

    assert theft.status_code == 401
    assert (await browser.get("/api/v1/cameras")).status_code == 401
    refused = await browser.post(f"{SESSION}/refresh")
    assert refused.status_code == 401
    assert "Max-Age=0" in refused.headers["set-cookie"]


@pytest.mark.parametrize("comes_back", ["refreshes", "signs in", "signs out"])
async def test_session_ends_whatever_the_thief_made_of_the_token_meanwhile(
    api: Api, browser, comes_back
):
    # Only the last replaced token was known as old: a thief who had refreshed twice while the
    # browser slept kept the session, and even signing in again did not end it.
    await add_user(api)
    await sign_in(browser)
    stolen = cookie(browser, "everframe_refresh")
    for minutes in (11, 22, 33):
        api.set_now(NOW + timedelta(minutes=minutes))
        stolen = (await refreshed(api, stolen)).cookies["everframe_refresh"]

    match comes_back:
        case "refreshes":
            assert (await browser.post(f"{SESSION}/refresh")).status_code == 401
        case "signs in":
            assert (await sign_in(browser)).status_code == 200
        case "signs out":
            assert (await browser.delete(SESSION)).status_code == 204

    assert (await refreshed(api, stolen)).status_code == 401


async def refreshed(api: Api, token: str) -> httpx.Response:
    async with api.anonymous(**ORIGIN, Cookie=f"everframe_refresh={token}") as client:
        return await client.post(f"{SESSION}/refresh")


async def test_stranger_without_a_session_makes_nobody_forgotten(api: Api, browser, monkeypatch):
    # A refresh without a token made the api forget everybody, so that whoever was signed in got
    # 503 while the database was away.
    await add_user(api)
    await sign_in(browser)
    assert (await browser.get(SESSION)).status_code == 200
    monkeypatch.setattr(api.database, "connection", away)

    for token in ("", "made-up"):
        await refreshed(api, token)

    assert (await browser.get(SESSION)).status_code == 200


def away() -> None:
    raise DatabaseUnavailable("away")


async def test_password_that_was_reset_while_it_was_checked_opens_nothing(
    api: Api, browser, monkeypatch
):
    # The session began after all sessions of the old password had been ended.
    user = await add_user(api)
    passwords = api.context.identity.passwords
    verify = passwords.verify

    async def slowly(stored: str | None, password: str) -> bool:
        fits = await verify(stored, password)
        api.set_now(NOW + timedelta(seconds=1))
        answer = await api.client.post(f"/api/v1/users/{user.user_id}/password")
        assert answer.status_code == 200
        return fits

    monkeypatch.setattr(passwords, "verify", slowly)

    assert (await sign_in(browser)).status_code == 401
    assert (await api.client.get("/api/v1/sessions")).json() == []


async def test_session_that_nobody_uses_for_a_month_ends(api: Api, browser):
    await add_user(api)
    await sign_in(browser)

    api.set_now(NOW + timedelta(days=29))
    assert (await browser.post(f"{SESSION}/refresh")).status_code == 200
    api.set_now(NOW + timedelta(days=58))
    assert (await browser.post(f"{SESSION}/refresh")).status_code == 200
    api.set_now(NOW + timedelta(days=89))
    assert (await browser.post(f"{SESSION}/refresh")).status_code == 401


@pytest.mark.parametrize("name", ["alice", "bob"])
async def test_signing_in_again_ends_the_session_before(api: Api, browser, name):
    # The session before was remembered: it opened the api for ten seconds more, and for ten
    # minutes while the database was away.
    await add_user(api)
    await add_user(api, "bob")
    await sign_in(browser)
    first = dict(browser.cookies)
    assert (await sign_in(browser, name)).status_code == 200

    async with api.anonymous(**ORIGIN) as copy:
        copy.cookies.update(first)
        assert (await copy.get("/api/v1/cameras")).status_code == 401
    assert (await browser.get("/api/v1/cameras")).status_code == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, 201),
        ({"Sec-Fetch-Site": "same-site", "Origin": "http://api"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Origin": "http://api"}, 201),
        ({"Origin": "http://api:81"}, 403),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://[broken"}, 403),
        ({}, 403),
    ],
)
async def test_cookies_act_only_for_our_own_pages(api: Api, browser, headers, status):
    await add_user(api)
    await sign_in(browser)
    async with api.anonymous() as client:
        client.cookies.update(browser.cookies)
        body = {"name": "Yard", "url": "rtsp://192.0.2.10/1"}

        changed = await client.post("/api/v1/cameras", json=body, headers=headers)
        read = await client.get("/api/v1/cameras", headers=headers)

    assert changed.status_code == status
    assert read.status_code == 200


async def test_keys_act_from_anywhere(api: Api):
    body = {"name": "Yard", "url": "rtsp://192.0.2.10/1"}

    answer = await api.client.post(
        "/api/v1/cameras", json=body, headers={"Origin": "http://evil.example"}
    )

    assert answer.status_code == 201


@pytest.mark.parametrize("path", [SESSION, f"{SESSION}/refresh"])
async def test_other_sites_can_sign_nobody_in(api: Api, path):
    await add_user(api)

    async with api.anonymous(Origin="http://evil.example") as client:
        body = {"name": "alice", "password": PASSWORD}
        answer = await client.post(path, json=body)

    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


async def test_own_password_is_changed_and_other_sessions_end(api: Api, browser):
    await add_user(api)
    await sign_in(browser)
    async with api.anonymous(**ORIGIN) as other:
        await sign_in(other)
        body = {"current": PASSWORD, "new": "another good one"}

        done = await browser.put(f"{SESSION}/password", json=body)

        assert done.status_code == 204
        assert (await other.get("/api/v1/cameras")).status_code == 401
        assert (await browser.get("/api/v1/cameras")).status_code == 200
        assert (await sign_in(other)).status_code == 401
        assert (await sign_in(other, password="another good one")).status_code == 200


@pytest.mark.parametrize(
    ("current", "new", "status"),
    [
        ("wrong password", "another good one", 403),
        (PASSWORD, "short", 422),
        (PASSWORD, "x" * 257, 422),
        ("alexandria-1", "Alexandria-1 ", 422),
    ],
)
async def test_bad_new_password_is_refused(api: Api, browser, current, new, status):
    await add_user(api, "alexandria-1")
    await sign_in(browser, "alexandria-1")

    answer = await browser.put(f"{SESSION}/password", json={"current": current, "new": new})

    assert answer.status_code == status
    assert new not in answer.text


async def test_key_says_who_it_is_and_has_no_password(api: Api):
    me = await api.client.get(SESSION)
    change = {"current": PASSWORD, "new": "another good one"}

    assert me.json()["kind"] == "key"
    assert me.json()["id"] == api.key[:10]
    assert me.json()["expires_at"] is None
    assert (await api.client.put(f"{SESSION}/password", json=change)).status_code == 403


async def test_hash_with_old_parameters_is_renewed_at_the_next_sign_in(api: Api, browser):
    import argon2

    user = await add_user(api)
    weak = argon2.PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1).hash(PASSWORD)
    async with api.database.connection() as db:
        await db.execute("update users set password_hash = $1", weak)

    assert (await sign_in(browser)).status_code == 200

    async with api.database.connection() as db:
        stored = await db.fetchval(
            "select password_hash from users where user_id = $1", user.user_id
        )
    assert stored != weak
    assert not api.context.identity.passwords.is_outdated(stored)
    assert (await sign_in(browser)).status_code == 200


async def test_garbage_in_cookies_is_nobody(api: Api, browser):
    for token in ("x", "a.b.c", "x" * 3000, "\xff"):
        headers = [(b"cookie", f"everframe_access={token}".encode("latin-1"))]
        assert (await browser.get("/api/v1/cameras", headers=headers)).status_code == 401
        headers = [(b"cookie", f"everframe_refresh={token}".encode("latin-1"))]
        answer = await browser.post(f"{SESSION}/refresh", headers=headers)
        assert answer.status_code == 401


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (rb'{"name": "\ud800", "password": "x"}', 422),
        (rb'{"name": "alice", "password": "\ud800"}', 422),
        (rb'{"name": "a\u0000", "password": "x"}', 422),
        (rb'{"name": "alice", "password": "\u0000"}', 401),
        (b'{"name": "alice", "password": "\xff"}', 400),
        (b'{"name": "alice", "password": null}', 422),
        (b'{"name": "alice", "password": "' + b"x" * 257 + b'"}', 422),
        (b"[]", 422),
        (b"", 422),
    ],
)
async def test_garbage_is_refused_at_the_door(api: Api, body, status):
    await add_user(api)
    odd = [(b"user-agent", b"\xff\x01"), (b"x-forwarded-for", b"\xff, \xfe")]
    async with api.anonymous() as client:
        answer = await client.post(
            SESSION, content=body, headers=[(b"content-type", b"application/json"), *odd]
        )

    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"


async def test_odd_headers_do_not_keep_anybody_out(api: Api):
    await add_user(api)
    odd = [(b"user-agent", b"\xff\x01\x7f"), (b"x-forwarded-for", b"\xff, " + b"\xfe" * 500)]
    async with api.anonymous() as client:
        body = {"name": "alice", "password": PASSWORD}
        answer = await client.post(SESSION, json=body, headers=odd)

    assert answer.status_code == 200


async def test_no_answer_or_log_holds_a_password_or_token(api: Api, browser, capsys):
    await add_user(api)
    answers = [await sign_in(browser), await browser.get(SESSION)]
    tokens = dict(browser.cookies)
    answers.append(await browser.post(f"{SESSION}/refresh"))
    answers.append(await sign_in(browser, PASSWORD, PASSWORD))
    answers.append(await browser.post(SESSION, json={"name": "alice", "password": [PASSWORD]}))

    written = "".join(capsys.readouterr())
    for secret in (PASSWORD, *tokens.values()):
        assert not [answer for answer in answers if secret in answer.text]
        assert secret not in written
    assert "session.began" in written
    async with api.database.connection() as db:
        rows = str(await db.fetch("select * from audit_log")) + str(
            await db.fetch("select * from sessions")
        )
    assert not [secret for secret in (PASSWORD, *tokens.values()) if secret in rows]
