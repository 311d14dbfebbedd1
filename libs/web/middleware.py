"""What surrounds every request: counting, the size of its body, security headers. Pure ASGI."""

import time
from collections.abc import Callable
from http import HTTPStatus

import structlog
from prometheus_client import Counter, Histogram
from starlette.datastructures import MutableHeaders
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from libs.web.problems import Problem, problem_response

log = structlog.get_logger()

SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}


class CountRequests:
    """Counts requests by route template, so that labels stay few; logs one line for each."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        requests: Counter,
        seconds: Histogram,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`requests` has the labels route, method, status; `seconds` has route."""
        self._app = app
        self._requests = requests
        self._seconds = seconds
        self._monotonic = monotonic

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status, started = 0, self._monotonic()

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, noting)
        finally:
            self._note(scope, status, self._monotonic() - started)

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        route = route_template(scope)
        method = scope["method"] if scope["method"] in _METHODS else "OTHER"
        self._requests.labels(route, method, str(status)).inc()
        self._seconds.labels(route).observe(seconds)
        log.debug(
            "request.answered",
            route=route,
            method=method,
            status=status,
            seconds=round(seconds, 4),
            caller=scope.get("state", {}).get("caller"),
        )


def route_template(scope: Scope) -> str:
    """Return `/api/v1/cameras/{camera_id}`, or `other` where no route fits.

    FastAPI keeps the whole path of an included route beside the route, which knows its own only.
    """
    route = scope.get("fastapi", {}).get("effective_route_context") or scope.get("route")
    return str(getattr(route, "path", "other"))


_METHODS = frozenset({"GET", "HEAD", "POST", "PATCH", "PUT", "DELETE", "OPTIONS"})


class LimitBodies:
    """Refuses bodies of more than `most_bytes` with a problem."""

    def __init__(self, app: ASGIApp, *, most_bytes: int) -> None:
        self._app = RequestBodyLimitMiddleware(app, max_body_size=most_bytes)
        self._problem = Problem(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            f"the body has more than {most_bytes} bytes; send less at once",
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_refused = False

        async def telling(message: Message) -> None:
            nonlocal is_refused
            if message.get("status") == self._problem.status:  # in plain text
                is_refused = True
                await problem_response(self._problem)(scope, receive, send)
            elif not is_refused:
                await send(message)

        await self._app(scope, receive, telling if scope["type"] == "http" else send)


class SecureHeaders:
    """Adds the security headers; a response that sets one itself keeps its own."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def adding(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        await self._app(scope, receive, adding if scope["type"] == "http" else send)
