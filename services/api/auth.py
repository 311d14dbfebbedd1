"""Who may call: every path needs a key unless it is named here. Pure ASGI, before any route.

Checking here and not in the routes means that a forgotten dependency opens nothing.
"""

import re
from http import HTTPStatus

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from libs.web.problems import Problem, problem_response, unavailable
from services.api import metrics
from services.api.database import DatabaseUnavailable
from services.api.keys import Keyring

OPEN_PATHS = frozenset({"/", "/api/docs", "/api/openapi.json", "/api/v1/health", "/api/v1/version"})

# These also open with a signature, which their routes check with `require_signature`.
_SIGNED = re.compile(r"^/api/v1/(media/[^/]+\.mp4|cameras/[^/]+/playback\.m3u8)$")


class RequireKey:
    """Lets a request through with a valid key; notes its name as `scope["state"]["key_name"]`."""

    def __init__(self, app: ASGIApp, keyring: Keyring) -> None:
        self._app = app
        self._keyring = keyring

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] not in OPEN_PATHS:
            problem = await self._problem(scope)
            if problem is not None:
                metrics.REFUSED.inc()
                await problem_response(problem)(scope, receive, send)
                return
        await self._app(scope, receive, send)

    async def _problem(self, scope: Scope) -> Problem | None:
        state = scope.setdefault("state", {})
        state["key_name"] = None
        key = presented_key(Headers(scope=scope))
        if key is None:
            is_signed = _SIGNED.fullmatch(scope["path"]) and b"sig=" in scope["query_string"]
            return None if is_signed else _refusal("this needs an API key")
        try:
            state["key_name"] = await self._keyring.name_of(key)
        except DatabaseUnavailable:
            return unavailable("the database is away, so the API key cannot be checked; try again")
        return _refusal("this API key is not valid") if state["key_name"] is None else None


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
