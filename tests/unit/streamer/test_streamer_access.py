"""Tokens in addresses and cookies, and where a page comes from."""

import pytest
from starlette.requests import HTTPConnection

from libs.web.live_tokens import InvalidToken, LiveTokens
from services.streamer.access import Gate, parse_origins
from tests.unit.streamer.streamer_live import KEY, StoppedClock, token


def gate(clock: StoppedClock | None = None, origins: str = "") -> Gate:
    return Gate(
        LiveTokens(KEY),
        now=(clock or StoppedClock()).unix,
        allowed_origins=parse_origins(origins),
    )


def connection(query: str = "", **headers: str) -> HTTPConnection:
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    return HTTPConnection(
        {"type": "http", "query_string": query.encode(), "headers": raw, "path": "/"}
    )


def test_token_of_the_address_goes_behind_every_address_of_a_cookie_none() -> None:
    by_url = gate().check(connection(f"token={token()}"), "front-door")
    by_cookie = gate().check(connection(cookie=f"everframe_live={token()}"), "front-door")

    assert by_url.suffix == f"?token={token()}"
    assert by_cookie.suffix == ""
    assert by_url.access == by_cookie.access
    assert by_url.access.viewer_id == "v1"


def test_address_comes_before_cookie() -> None:
    both = connection(f"token={token('v1')}", cookie=f"everframe_live={token('v2')}")
    wrong = connection("token=nonsense", cookie=f"everframe_live={token('v2')}")

    assert gate().check(both, "front-door").access.viewer_id == "v1"
    with pytest.raises(InvalidToken):
        gate().check(wrong, "front-door")


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("", "is needed"),
        ("token=", "is needed"),
        ("token=nonsense", "not valid"),
        (f"token={token(camera_id='yard')}", "another camera"),
        (f"token={token(seconds=0)}", "expired"),
        (f"token={token(key='x' * 40)}", "not valid"),
    ],
)
def test_what_gives_no_access_is_said(query: str, said: str) -> None:
    with pytest.raises(InvalidToken, match=said):
        gate().check(connection(query), "front-door")


def test_access_ends_on_time() -> None:
    clock = StoppedClock()
    ticket = gate(clock).check(connection(f"token={token(seconds=60)}"), "front-door")
    assert gate(clock).seconds_left(ticket.access) == 60

    clock.at += 60

    assert gate(clock).seconds_left(ticket.access) == 0
    with pytest.raises(InvalidToken, match="expired"):
        gate(clock).check(connection(f"token={token(seconds=60)}"), "front-door")


@pytest.mark.parametrize(
    ("origin", "is_allowed"),
    [
        ("https://nvr.example:8443", True),
        ("http://NVR.example:8443", True),
        ("https://wall.example", True),
        ("https://nvr.example", False),
        ("https://nvr.example:8443.evil.example", False),
        ("https://evil.example", False),
        ("https://wall.example.evil.example", False),
        ("null", False),
        ("", False),
    ],
)
def test_only_own_pages_and_allowed_ones_may_open_sockets(origin: str, is_allowed: bool) -> None:
    asked = connection(origin=origin, host="nvr.example:8443")

    assert gate(origins="https://wall.example").is_allowed_origin(asked) is is_allowed


def test_clients_that_are_no_browsers_send_no_origin() -> None:
    assert gate().is_allowed_origin(connection(host="nvr.example"))
    assert not gate().is_allowed_origin(connection(origin="https://nvr.example"))


def test_origins_are_listed_with_commas() -> None:
    assert parse_origins(" https://a.example/ ,,https://b.example") == {
        "https://a.example",
        "https://b.example",
    }
    assert parse_origins("") == frozenset()
