"""Which headers go through the gateway, and how."""

import re
from collections.abc import Iterable

from starlette.datastructures import Headers
from starlette.responses import Response

from services.api.live_access import live_cookies

# Named one by one, so that neither the API key nor another site's cookie gets to a streamer and
# nobody can smuggle a header that means something between servers.
_PASSED_ON = (
    "accept",
    "accept-encoding",
    "access-control-request-headers",
    "access-control-request-method",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "origin",
    "range",
    "user-agent",
)

# RFC 9110 section 7.6.1, and what this server says for itself.
_NOT_RETURNED = frozenset(
    {
        b"connection",
        b"date",
        b"keep-alive",
        b"location",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"server",
        b"set-cookie",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    }
)

_HOST = re.compile(r"^(\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9._-]{1,253})(:(?P<port>[0-9]{1,5}))?$")


def request_headers(headers: Headers, *, cookie: str | None) -> dict[str, str]:
    """Return what a streamer is told; `cookie` replaces the viewer's own live cookies."""
    passed = {name: headers[name] for name in _PASSED_ON if name in headers}
    cookies = live_cookies(headers) if cookie is None else cookie
    return {**passed, "cookie": cookies} if cookies else passed


def viewer_host(headers: Headers) -> str | None:
    """Return the Host that the viewer asked for, None when it is not one.

    The streamer is told it, because it compares a page's origin with it.
    """
    found = _HOST.fullmatch(headers.get("host", ""))
    return None if found is None or int(found["port"] or 0) > 65535 else found[0]


def response_headers(raw: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Return what a viewer is told of a streamer's headers, in ASGI's lower case."""
    lower = [(name.lower(), value) for name, value in raw]
    named = {
        word.strip().lower()
        for name, value in lower
        if name == b"connection"
        for word in value.split(b",")
    }
    return [(name, value) for name, value in lower if name not in _NOT_RETURNED | named]


def whole_response(status: int, raw: Iterable[tuple[bytes, bytes]], body: bytes) -> Response:
    """Return a streamer's answer that was read to its end, as it is for the viewer."""
    response = Response(content=body, status_code=status)
    kept = [pair for pair in response_headers(raw) if pair[0] != b"content-length"]
    response.raw_headers = [*response.raw_headers, *kept]
    return response
