"""Who asks: every path of the API needs a session or a key unless it is named here. Pure ASGI.

Checking here and not in the routes means that a forgotten dependency opens nothing. What somebody
may do is then the routes' to ask (`rights.needs`).
"""

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from libs.web.live_tokens import PARAMETER
from libs.web.problems import Problem, not_found, problem_response, unavailable
from services.api import metrics
from services.api.access import Principal
from services.api.database import DatabaseUnavailable
from services.api.live_access import carries_token, is_live, is_live_socket
from services.api.pages import is_page_path
from services.api.same_origin import FOREIGN, comes_from_elsewhere, is_same_origin
from services.api.session_tokens import ACCESS_COOKIE

if TYPE_CHECKING:
    from services.api.context import Context
    from services.api.rate_limits import Verdict

OPEN_PATHS = frozenset({"/api/docs", "/api/openapi.json", "/api/v1/health", "/api/v1/version"})
OPEN_OPERATIONS = frozenset(
    {
        ("POST", "/api/v1/session"),
        ("POST", "/api/v1/session/refresh"),
        ("DELETE", "/api/v1/session"),
    }
)
"""What begins and ends a session; browsers may call them from our own pages only."""
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})

# These also open with a signature, which their routes check.
_SIGNED = re.compile(
    r"^/api/v1/(media/.+\.mp4|cameras/[^/]+/(playback|playback-master|iframes)\.m3u8)$"
)
_LIVE_NEEDS = (
    "this needs a live token (POST /api/v1/cameras/{camera_id}/live-links makes one), a session, "
    "or an API key"
)
_HOW = "sign in, or send an API key as `Authorization: Bearer <key>` or `X-API-Key: <key>`"


class Authenticate:
    """Finds out who asks, as `scope["state"]["principal"]`, and lets nobody else through.

    Also counts how often somebody asks, and refuses what another site made a browser send.
    `scope["state"]["access_expires_at"]` says until when a session's access token is good.
    """

    def __init__(self, app: ASGIApp, context: "Context") -> None:
        self._app = app
        self._context = context

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        state = scope.setdefault("state", {})
        state["caller"] = state["principal"] = state["access_expires_at"] = None
        if scope["type"] == "http" and _is_open(scope["path"]):
            await self._app(scope, receive, send)
            return
        problem = await self._problem(scope)
        verdict = self._context.identity.limits.take(
            scope, state["principal"], address_of(HTTPConnection(scope))
        )
        if verdict is not None:
            send = _telling(send, verdict)
            if verdict.retry_seconds:
                metrics.RATE_LIMITED.labels(verdict.sort).inc()
                problem = _too_many(verdict)
        if problem is None:
            await self._app(scope, receive, send)
            return
        metrics.REFUSED.inc()
        await problem_response(problem)(scope, receive, send)

    async def _problem(self, scope: Scope) -> Problem | None:
        if scope["type"] == "websocket" and not is_live_socket(scope):
            return not_found("WebSockets are opened at /api/v1/cameras/{camera_id}/live/ws only")
        headers = Headers(scope=scope)
        key = presented_key(headers)
        try:
            if key is not None:
                return await self._problem_of_key(scope, key)
            if await self._is_signed_in(scope):
                return None if _may_act(scope, headers) else FOREIGN
        except DatabaseUnavailable:
            return unavailable("the database is away, so nobody can be looked up; try again")
        return _problem_of_nobody(scope, headers)

    async def _problem_of_key(self, scope: Scope, key: str) -> Problem | None:
        principal = await self._context.principals.of_key(key)
        _note(scope, principal)
        return None if principal else _refusal("this API key is not valid")

    async def _is_signed_in(self, scope: Scope) -> bool:
        token = HTTPConnection(scope).cookies.get(ACCESS_COOKIE)
        if token is None:
            return False
        now = self._context.now().timestamp()
        access = self._context.identity.tokens.check(token, now)
        if access is None:
            return False
        principal = await self._context.principals.of_session(access.session_id)
        _note(scope, principal)
        if principal is not None:
            scope["state"]["access_expires_at"] = access.expires_at
        return principal is not None


def presented_key(headers: Headers) -> str | None:
    """Return the key that a request carries, None when it carries none."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return token.strip()
    return headers.get("x-api-key")


def address_of(request: HTTPConnection) -> str:
    """Return the caller's address, as the nearest proxy that is trusted tells it."""
    return request.client.host[:64] if request.client else ""


def _is_open(path: str) -> bool:
    return path in OPEN_PATHS or is_page_path(path)


def _note(scope: Scope, principal: Principal | None) -> None:
    scope["state"]["principal"] = principal
    scope["state"]["caller"] = principal.name if principal else None


def _may_act(scope: Scope, headers: Headers) -> bool:
    """Whether a request that browsers sign in by themselves comes from our own pages."""
    is_safe = scope["type"] == "http" and scope["method"] in SAFE_METHODS
    return is_safe or is_same_origin(headers)


def _problem_of_nobody(scope: Scope, headers: Headers) -> Problem | None:
    """Return why somebody without session and key may not go on, None where that is open."""
    if (scope.get("method"), scope["path"]) in OPEN_OPERATIONS:
        return FOREIGN if comes_from_elsewhere(headers) else None
    if is_live(scope):
        # the streamer checks it
        return _problem_of_viewer(scope, headers)
    if _SIGNED.fullmatch(scope["path"]) and b"sig=" in scope["query_string"]:
        return None
    return _refusal("this needs a session or an API key")


def _problem_of_viewer(scope: Scope, headers: Headers) -> Problem | None:
    if not carries_token(scope):
        return _refusal(_LIVE_NEEDS)
    by_address = PARAMETER in HTTPConnection(scope).query_params
    is_foreign = scope["type"] == "websocket" and comes_from_elsewhere(headers)
    return FOREIGN if is_foreign and not by_address else None


def _telling(send: Send, verdict: "Verdict") -> Send:
    """Return a `send` that adds the limits to the response."""

    async def adding(message: Message) -> None:
        if message["type"] == "http.response.start":
            _add(MutableHeaders(scope=message), verdict.headers)
        await send(message)

    return adding


def _add(headers: MutableHeaders, added: Mapping[str, str]) -> None:
    for name, value in added.items():
        headers[name] = value


def _too_many(verdict: "Verdict") -> Problem:
    return Problem(
        HTTPStatus.TOO_MANY_REQUESTS,
        f"more than {verdict.per_minute} requests a minute; go on in {verdict.retry_seconds} s",
        headers={"Retry-After": str(verdict.retry_seconds)},
    )


def _refusal(detail: str) -> Problem:
    return Problem(
        HTTPStatus.UNAUTHORIZED,
        f"{detail}; {_HOW}",
        headers={"WWW-Authenticate": 'Bearer realm="everframe"'},
    )
