"""Routes as players need them: cheap, held without cost, counted until the last byte is sent."""

from collections.abc import Awaitable, Callable
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route
from starlette.types import Receive, Scope, Send

from libs.web.problems import Problem, unavailable
from services.streamer.holding import Closing, ViewerGone
from services.streamer.viewers import Refused

Reply = Callable[[Response], Awaitable[None]]
"""Sends the answer; returns when it is sent."""
Handler = Callable[[Request, Reply], Awaitable[None]]

CLIENT_CLOSED = 499
CLOSING = "this server stops; ask again, another one answers"


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
        except Closing as error:
            raise unavailable(CLOSING, retry_after_seconds=1) from error
        except Refused as error:
            raise _problem(error) from error


def _problem(refused: Refused) -> Problem:
    is_viewer = refused.reason == "viewer"
    status = HTTPStatus.TOO_MANY_REQUESTS if is_viewer else HTTPStatus.SERVICE_UNAVAILABLE
    seconds = "1" if is_viewer or refused.reason == "closing" else "10"
    return Problem(status, refused.detail, headers={"Retry-After": seconds})
