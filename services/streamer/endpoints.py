"""Routes as players need them: cheap, held without cost, counted until the last byte is sent."""

from collections.abc import Awaitable, Callable
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route
from starlette.types import Receive, Scope, Send

from libs.web.live_tokens import InvalidToken
from libs.web.problems import Problem
from services.streamer.holding import ViewerGone
from services.streamer.refusals import Reason, Refused

Reply = Callable[[Response], Awaitable[None]]
"""Sends the answer; returns when it is sent."""
Handler = Callable[[Request, Reply], Awaitable[None]]

CLIENT_CLOSED = 499
REFUSED_HEADER = "Everframe-Refused"
"""Says which limit a 503 is about, so that the gateway can ask another replica."""
_ANSWERS: dict[Reason, tuple[HTTPStatus, int | None]] = {
    "viewer": (HTTPStatus.TOO_MANY_REQUESTS, 1),
    "camera": (HTTPStatus.SERVICE_UNAVAILABLE, 10),
    "total": (HTTPStatus.SERVICE_UNAVAILABLE, 10),
    "closing": (HTTPStatus.SERVICE_UNAVAILABLE, 1),
    "rendition": (HTTPStatus.NOT_FOUND, None),
    "removed": (HTTPStatus.NOT_FOUND, None),
}
"""Status, and after how many seconds to come back."""


class LiveRoute(Route):
    """A plain route that request counters can name; GET and HEAD."""

    def __init__(self, path: str, handler: Handler) -> None:
        super().__init__(path, _Endpoint(handler), methods=["GET"])

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        match, child = super().matches(scope)
        return match, {**child, "route": self} if child else child


class _Endpoint:
    """A handler that sends its answer itself, with what may interrupt it turned into answers."""

    def __init__(self, handler: Handler) -> None:
        self._handler = handler

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def reply(response: Response) -> None:
            await response(scope, receive, send)

        try:
            await self._handler(Request(scope, receive), reply)
        except ViewerGone:
            await reply(Response(status_code=CLIENT_CLOSED))
        except Refused as error:
            raise _problem(error) from error


def no_access(error: InvalidToken) -> Problem:
    """Return a 401."""
    return Problem(HTTPStatus.UNAUTHORIZED, str(error), headers={"WWW-Authenticate": "Bearer"})


def _problem(refused: Refused) -> Problem:
    status, seconds = _ANSWERS[refused.reason]
    headers = {} if seconds is None else {"Retry-After": str(seconds)}
    if status is HTTPStatus.SERVICE_UNAVAILABLE:
        headers[REFUSED_HEADER] = refused.reason
    return Problem(status, refused.detail, headers=headers)
