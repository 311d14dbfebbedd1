"""Which requests are for watching live, and the tokens that they carry.

The streamer checks tokens; the gateway does so before it lends a bad one a place.
"""

import hashlib
import re
from urllib.parse import parse_qsl

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.types import Scope

from libs.contracts.cameras import CameraConfig
from libs.contracts.live import Rendition
from libs.web.live_tokens import COOKIE, PARAMETER

_CAMERA = r"/api/v1/cameras/(?P<camera_id>[a-z0-9][a-z0-9-]{0,39})"
# No part begins with a dot, so no path leads out of the camera's.
_HTTP = re.compile(rf"{_CAMERA}/(snapshot\.jpg|live(/[A-Za-z0-9_-][A-Za-z0-9._-]{{0,63}}){{1,4}})")
_SOCKET = re.compile(rf"{_CAMERA}/live/ws")
_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def is_live_socket(scope: Scope) -> bool:
    """Whether this is the one path that WebSockets may be opened at."""
    return _SOCKET.fullmatch(scope["path"]) is not None


def is_live(scope: Scope) -> bool:
    """Whether a token may open this request."""
    if scope["type"] == "websocket":
        return is_live_socket(scope)
    return scope["method"] in _METHODS and _HTTP.fullmatch(scope["path"]) is not None


def carries_token(scope: Scope) -> bool:
    """Whether there is a live token, good or bad, in the address or the cookie."""
    return _has_token(scope["query_string"].decode("latin-1")) or bool(
        live_cookies(Headers(scope=scope))
    )


def presented_token(asking: HTTPConnection) -> str:
    """Return the token of the address, else the cookie's: the order in which a streamer looks."""
    return asking.query_params.get(PARAMETER) or asking.cookies.get(COOKIE, "")


def live_cookies(headers: Headers) -> str:
    """Return the live cookies alone, as the value of a Cookie header; empty when there are none."""
    pairs = [pair.strip() for line in headers.getlist("cookie") for pair in line.split(";")]
    return "; ".join(pair for pair in pairs if pair.startswith(f"{COOKIE}=") and pair[-1] != "=")


def without_token(query: str) -> str:
    """Return a query string without the viewer's own token."""
    return "&".join(
        part for part in query.split("&") if part and part.partition("=")[0] != PARAMETER
    )


def renditions_of(config: CameraConfig) -> frozenset[Rendition]:
    """Return which of its streams a camera can be watched by."""
    return frozenset({Rendition.MAIN, Rendition.SUB} if config.sub_url else {Rendition.MAIN})


def own_viewer_id(who: str, camera_id: str, scope: Scope) -> str:
    """Return the viewer id of somebody who watches without a token.

    It stays the same from request to request, or each would count as another viewer. What a
    proxy in front says of the client only tells viewers apart; it is believed for nothing else.
    """
    headers = Headers(scope=scope)
    client = (scope.get("client") or ("",))[0]
    behind = headers.get("x-forwarded-for", "").partition(",")[0].strip()
    text = "\n".join((who, camera_id, client, behind, headers.get("user-agent", "")))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _has_token(query: str) -> bool:
    return any(name == PARAMETER and value for name, value in parse_qsl(query))
