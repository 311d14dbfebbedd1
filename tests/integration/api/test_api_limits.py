import asyncio
from dataclasses import replace

import httpx
import pytest

from services.api.access import Role
from services.api.database import Database, DatabaseUnavailable
from services.api.http import build_http
from services.api.rate_limits import RateLimits
from services.api.throttle import Throttle
from tests.integration.api.conftest import Api
from tests.integration.api.test_api_session import ORIGIN, SESSION, add_user, sign_in


class Now:
    def __init__(self) -> None:
        self.at = 1000.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def now() -> Now:
    return Now()


@pytest.fixture
def limited(api: Api, now: Now) -> Api:
    """The same application with small limits and a clock of their own."""
    limits = RateLimits(requests_per_minute=6, media_requests_per_minute=60, monotonic=now)
    identity = replace(api.context.identity, limits=limits)
    api.app = build_http(replace(api.context, identity=identity))
    return api


async def statuses(client: httpx.AsyncClient, path: str, times: int) -> list[int]:
    return [(await client.get(f"/api/v1/{path}")).status_code for _ in range(times)]


async def test_key_that_asks_too_often_is_told_when_to_go_on(limited: Api, now: Now):
    async with limited.anonymous(**{"X-API-Key": limited.key}) as client:
        assert await statuses(client, "cameras", 6) == [200] * 6

        refused = await client.get("/api/v1/cameras")
        now.at += 10
        again = await client.get("/api/v1/cameras")

    assert refused.status_code == 429
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.headers["retry-after"] == "10"
    assert refused.headers["ratelimit"] == '"api";r=0;t=60'
    assert again.status_code == 200
    assert again.headers["ratelimit-policy"] == '"api";q=6;w=60'


async def test_media_and_live_have_a_limit_of_their_own(limited: Api):
    async with limited.anonymous(**{"X-API-Key": limited.key}) as client:
        media = await statuses(client, "cameras/front-door/playback.m3u8", 20)
        assert 429 not in media
        assert await statuses(client, "cameras", 6) == [200] * 6


async def test_strangers_count_by_address_and_take_nothing_from_those_who_signed_in(limited: Api):
    async with limited.anonymous(**{"X-API-Key": "evf_wrong"}) as stranger:
        assert await statuses(stranger, "cameras", 7) == [401] * 6 + [429]
    async with limited.anonymous(**{"X-Forwarded-For": "192.0.2.9, 198.51.100.7"}) as elsewhere:
        assert await statuses(elsewhere, "cameras", 7) == [401] * 6 + [429]
    async with limited.anonymous(**{"X-Forwarded-For": "192.0.2.77, 198.51.100.7"}) as pretender:
        assert await statuses(pretender, "cameras", 1) == [429]
    async with limited.anonymous(**{"X-API-Key": limited.key}) as client:
        assert await statuses(client, "cameras", 1) == [200]
        assert await statuses(client, "health", 20) == [200] * 20


async def guess(client: httpx.AsyncClient, name: str = "alice", times: int = 1) -> list[int]:
    return [(await sign_in(client, name, "wrong password")).status_code for _ in range(times)]


@pytest.fixture
def guarded(api: Api, now: Now) -> Api:
    """The same application with a throttle whose clock stands still."""
    identity = replace(api.context.identity, throttle=Throttle(now))
    context = replace(api.context, identity=identity)
    api.app = build_http(context)
    return api


@pytest.mark.parametrize("name", ["alice", "nobody"])
async def test_guessing_is_slowed_down_alike_for_names_that_exist_and_that_do_not(
    guarded: Api, now: Now, name
):
    await add_user(guarded)

    async with guarded.anonymous() as client:
        assert await guess(client, name, 6) == [401] * 5 + [429]
        refused = await sign_in(client, name)
        now.at += 1
        assert await guess(client, name.upper(), 2) == [401, 429]

    assert refused.status_code == 429
    assert refused.headers["retry-after"] == "1"
    assert "try again in 1 s" in refused.json()["detail"]


async def test_many_guesses_at_once_get_no_further_than_in_turn(guarded: Api):
    await add_user(guarded)

    async with guarded.anonymous() as client:
        answers = await asyncio.gather(*(guess(client) for _ in range(30)))

    assert sorted(status for answer in answers for status in answer) == [401] * 5 + [429] * 25


async def test_strangers_who_guess_do_not_lock_out_those_who_were_here_before(guarded: Api):
    await add_user(guarded)
    await add_user(guarded, "bob", Role.VIEWER)
    home, office, stranger = ({"X-Forwarded-For": f"192.0.2.{n}"} for n in (1, 2, 3))
    async with guarded.anonymous(**ORIGIN, **home) as at_home:
        await sign_in(at_home)
        for number in range(10, 60):
            async with guarded.anonymous(**{"X-Forwarded-For": f"192.0.2.{number}"}) as attacker:
                await guess(attacker)
        async with guarded.anonymous(**stranger) as elsewhere:
            assert (await sign_in(elsewhere)).status_code == 429
            assert (await sign_in(elsewhere, "bob")).status_code == 200

        # by the session of this browser, wherever it is now
        at_home.headers.update(office)
        assert (await sign_in(at_home)).status_code == 200
    # by the address, in another browser
    async with guarded.anonymous(**home) as other_browser:
        assert (await sign_in(other_browser)).status_code == 200


async def test_one_address_cannot_try_many_names(guarded: Api):
    async with guarded.anonymous() as client:
        found = [await guess(client, f"name{number}") for number in range(21)]

    assert found == [[401]] * 20 + [[429]]


async def test_current_password_cannot_be_guessed_from_an_open_session(guarded: Api):
    await add_user(guarded)
    async with guarded.anonymous(**ORIGIN) as client:
        await sign_in(client)
        body = {"current": "wrong password", "new": "another good one"}
        found = [(await client.put(f"{SESSION}/password", json=body)).status_code for _ in range(6)]

    assert found == [403] * 5 + [429]


async def test_session_is_believed_while_the_database_is_away_and_sign_in_says_so(
    api: Api, now: Now, monkeypatch
):
    await add_user(api)
    monkeypatch.setattr(api.context.principals, "_monotonic", now)

    class Away:
        async def __aenter__(self):
            raise DatabaseUnavailable("away")

        async def __aexit__(self, *_):
            raise AssertionError

    async with api.anonymous(**ORIGIN) as client:
        await sign_in(client)
        monkeypatch.setattr(Database, "connection", lambda self: Away())
        now.at += 599
        believed = await client.get(SESSION)
        now.at += 2
        forgotten = await client.get(SESSION)
        signing_in = await sign_in(client)
        refreshing = await client.post(f"{SESSION}/refresh")
        ending = await client.delete(SESSION)

        assert believed.status_code == 200
        for answer in (forgotten, signing_in, refreshing, ending):
            assert answer.status_code == 503
            assert "retry-after" in answer.headers
        monkeypatch.undo()
        assert (await client.post(f"{SESSION}/refresh")).status_code == 200


async def test_ended_session_is_not_believed_while_the_database_is_away(api: Api, monkeypatch):
    await add_user(api)
    async with api.anonymous(**ORIGIN) as client:
        await sign_in(client)
        copied = dict(client.cookies)
        await client.delete(SESSION)

    def away(self):
        raise DatabaseUnavailable("away")

    monkeypatch.setattr(Database, "connection", away)
    async with api.anonymous(**ORIGIN) as thief:
        thief.cookies.update(copied)
        assert (await thief.get(SESSION)).status_code == 503
