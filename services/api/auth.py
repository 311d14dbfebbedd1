"""Who may call: every path needs a key unless it is named here. Pure ASGI, before any route.

Checking here and not in the routes means that a forgotten dependency opens nothing.
"""

import re
from http import HTTPStatus

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from libs.web.problems import Problem, not_found, problem_response, unavailable
from services.api import metrics
from services.api.access import Permission, Principal
from services.api.database import DatabaseUnavailable
from services.api.keys import Keyring
from services.api.live_access import carries_token, is_live, is_live_socket
from services.api.pages import is_page_path

OPEN_PATHS = frozenset({"/api/docs", "/api/openapi.json", "/api/v1/health", "/api/v1/version"})

# These also open with a signature, which their routes check with `require_signature`.
_SIGNED = re.compile(r"^/api/v1/(media/[^/]+\.mp4|cameras/[^/]+/playback\.m3u8)$")


_LIVE_NEEDS = (
    "this needs a live token (POST /api/v1/cameras/{camera_id}/live-links makes one) or an API key"
)


class RequireKey:
    """Lets a request through with a valid key; notes its name as `scope["state"]["key_name"]`."""

    def __init__(self, app: ASGIApp, keyring: Keyring) -> None:
        self._app = app
        self._keyring = keyring

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        problem = None if _is_open(scope) else await self._problem(scope)
        if problem is None:
            await self._app(scope, receive, send)
        else:
            metrics.REFUSED.inc()
            await problem_response(problem)(scope, receive, send)

    async def _problem(self, scope: Scope) -> Problem | None:
        if scope["type"] == "websocket" and not is_live_socket(scope):
            return not_found("WebSockets are opened at /api/v1/cameras/{camera_id}/live/ws only")
        state = scope.setdefault("state", {})
        state["key_name"] = state["principal"] = None
        key = presented_key(Headers(scope=scope))
        if key is None:
            if is_live(scope):
                # the streamer checks it
                return None if carries_token(scope) else _refusal(_LIVE_NEEDS)
            is_signed = _SIGNED.fullmatch(scope["path"]) and b"sig=" in scope["query_string"]
            return None if is_signed else _refusal("this needs an API key")
        try:
            state["key_name"] = await self._keyring.name_of(key)
        except DatabaseUnavailable:
            return unavailable("the database is away, so the API key cannot be checked; try again")
        if state["key_name"] is None:
            return _refusal("this API key is not valid")
        name = state["key_name"]
        state["principal"] = Principal("key", name, name, frozenset(Permission))
        return None


def _is_open(scope: Scope) -> bool:
    path = scope["path"]
    is_open = path in OPEN_PATHS or is_page_path(path)
    return scope["type"] == "lifespan" or (scope["type"] == "http" and is_open)


def presented_key(headers: Headers) -> str | None:
    """Return the key that a request carries, None when it carries none."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return token.strip()
    return headers.get("x-api-key")


def _refusal(detail: str) -> Problem:
    return Problem(
        HTTPStatus.UNAUTHORIZED,
        f"{detail}; send it as `Authorization: Bearer <key>` or `X-API-Key: <key>`",
        headers={"WWW-Authenticate": 'Bearer realm="everframe"'},
    )
