import pytest
from starlette.datastructures import Headers
from starlette.requests import HTTPConnection

from services.api.gateway_headers import request_headers, response_headers, viewer_host
from services.api.live_access import (
    carries_token,
    is_live,
    is_live_socket,
    live_cookies,
    own_viewer_id,
    presented_token,
    without_token,
)


def scope(path: str, *, method: str = "GET", query: str = "", kind: str = "http", **headers: str):
    return {
        "type": kind,
        "method": method,
        "path": path,
        "query_string": query.encode(),
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }


DOOR = "/api/v1/cameras/door"


@pytest.mark.parametrize(
    "path",
    [
        "/live/master.m3u8",
        "/live/main/abc123/media.m3u8",
        "/live/sub/abc123/init-0123456789abcdef.mp4",
        "/live/sub/abc123/17.3.m4s",
        "/snapshot.jpg",
    ],
)
def test_paths_of_a_streamer_are_live(path):
    assert is_live(scope(DOOR + path))
    assert is_live(scope(DOOR + path, method="HEAD"))
    assert not is_live(scope(DOOR + path, method="POST"))


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/cameras",
        DOOR,
        f"{DOOR}/live-links",
        f"{DOOR}/live",
        f"{DOOR}/live/",
        f"{DOOR}/live/../../garage",
        f"{DOOR}/live/main/../x",
        f"{DOOR}/live/.hidden",
        f"{DOOR}/live//x",
        f"{DOOR}/live/a/b/c/d/e",
        f"{DOOR}/live/x%2e",
        f"{DOOR}/live/x\n",
        f"{DOOR}/live/x?y",
        f"{DOOR}/snapshot.jpg/x",
        f"{DOOR}/playback.m3u8",
        "/api/v1/cameras/../status/live/x",
        "/api/v1/cameras/Door/live/x",
        f"/x{DOOR}/live/x",
    ],
)
def test_no_other_path_is(path):
    assert not is_live(scope(path))


def test_websockets_have_one_path():
    assert is_live_socket(scope(f"{DOOR}/live/ws", kind="websocket"))
    for path in (f"{DOOR}/live/ws/", f"{DOOR}/live/main/ws", f"{DOOR}/live/wsx", "/live/ws"):
        assert not is_live(scope(path, kind="websocket"))


@pytest.mark.parametrize(
    ("query", "headers", "carried"),
    [
        ("token=abc", {}, True),
        ("rendition=sub&token=abc", {}, True),
        ("", {"cookie": "a=1; everframe_live=abc"}, True),
        ("token=", {}, False),
        ("xtoken=abc", {}, False),
        ("", {"cookie": "everframe_live="}, False),
        ("", {"cookie": "xeverframe_live=abc; other"}, False),
        ("", {}, False),
    ],
)
def test_token_is_seen_in_the_address_and_in_the_cookie(query, headers, carried):
    assert carries_token(scope(f"{DOOR}/live/x", query=query, **headers)) is carried


@pytest.mark.parametrize(
    ("query", "cookie", "token"),
    [
        ("token=abc", "everframe_live=def", "abc"),
        ("token=", "a=1; everframe_live=def", "def"),
        ("", "", ""),
    ],
)
def test_token_in_the_address_comes_before_the_cookie(query, cookie, token):
    asking = HTTPConnection(scope(f"{DOOR}/live/x", query=query, cookie=cookie))

    assert presented_token(asking) == token


def test_only_the_live_cookie_goes_on():
    headers = Headers(raw=[(b"cookie", b"session=s3cret; everframe_live=abc"), (b"cookie", b"b=2")])

    assert live_cookies(headers) == "everframe_live=abc"


def test_viewers_token_is_taken_out_and_the_rest_stays_as_it_was():
    assert without_token("_HLS_msn=3&token=a.b.c&_HLS_part=0&token=x") == "_HLS_msn=3&_HLS_part=0"
    assert without_token("token=x") == ""
    assert without_token("tokens=1&a=%20") == "tokens=1&a=%20"


def test_viewer_without_a_token_is_the_same_one_in_each_request_and_another_elsewhere():
    first = scope(f"{DOOR}/live/x", **{"user-agent": "VLC"}) | {"client": ("192.0.2.1", 5000)}
    again = first | {"client": ("192.0.2.1", 6000)}
    other = first | {"client": ("192.0.2.2", 5000)}
    proxied = first | {
        "headers": [*first["headers"], (b"x-forwarded-for", b"203.0.113.1, 10.0.0.1")]
    }
    by_another_way = first | {"headers": [*first["headers"], (b"x-forwarded-for", b"203.0.113.1")]}
    beside = first | {"headers": [*first["headers"], (b"x-forwarded-for", b"203.0.113.2")]}

    assert own_viewer_id("admin", "door", first) == own_viewer_id("admin", "door", again)
    assert own_viewer_id("admin", "door", proxied) == own_viewer_id("admin", "door", by_another_way)
    ids = {
        own_viewer_id("admin", "door", first),
        own_viewer_id("admin", "door", proxied),
        own_viewer_id("admin", "door", beside),
        own_viewer_id("admin", "door", other),
        own_viewer_id("guest", "door", first),
        own_viewer_id("admin", "garage", first),
    }
    assert len(ids) == 6


def test_streamer_is_told_what_it_needs_and_no_secret():
    headers = Headers(
        {
            "authorization": "Bearer evf_x",
            "x-api-key": "evf_x",
            "cookie": "session=1; everframe_live=abc",
            "accept-encoding": "gzip",
            "range": "bytes=0-1",
            "if-none-match": '"a"',
            "origin": "http://nvr",
            "connection": "keep-alive, range",
            "transfer-encoding": "chunked",
            "content-length": "5",
            "x-forwarded-for": "1.2.3.4",
            "upgrade": "h2c",
        }
    )

    assert request_headers(headers, cookie=None) == {
        "accept-encoding": "gzip",
        "range": "bytes=0-1",
        "if-none-match": '"a"',
        "origin": "http://nvr",
        "cookie": "everframe_live=abc",
    }
    assert request_headers(headers, cookie="everframe_live=own")["cookie"] == "everframe_live=own"


def test_viewer_is_told_everything_but_what_is_between_servers():
    raw = [
        (b"Content-Type", b"video/mp4"),
        (b"Connection", b"close, X-Internal"),
        (b"X-Internal", b"1"),
        (b"Transfer-Encoding", b"chunked"),
        (b"Keep-Alive", b"timeout=5"),
        (b"Set-Cookie", b"everframe_live=x"),
        (b"Server", b"x"),
        (b"Vary", b"Accept-Encoding"),
        (b"Vary", b"Origin"),
    ]

    assert response_headers(raw) == [
        (b"content-type", b"video/mp4"),
        (b"vary", b"Accept-Encoding"),
        (b"vary", b"Origin"),
    ]


@pytest.mark.parametrize(
    ("host", "told"),
    [
        ("nvr.example:8080", "nvr.example:8080"),
        ("127.0.0.1", "127.0.0.1"),
        ("[::1]:8080", "[::1]:8080"),
        ("nvr.example:99999", None),
        ("nvr.example/x", None),
        ("user@nvr.example", None),
        ("", None),
    ],
)
def test_only_a_host_is_told_as_host(host, told):
    assert viewer_host(Headers({"host": host})) == told
