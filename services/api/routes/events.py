"""What happens now: server-sent events about the cameras that whoever follows may see.

    event: camera-status   a camera's recorder: when its state changes, figures every ten seconds
    event: camera-health   whether a camera can be reached
    event: recording       a recording is stored and can be played (footage:read)
    event: gap             a gap, as it was reported (footage:read)
    event: cameras         the configuration of a camera changed, or which ones may be seen

Nothing is repeated for those who were away: open the stream, then ask for the state.
"""

import time
from collections.abc import AsyncGenerator
from http import HTTPStatus
from typing import Any

from fastapi import APIRouter, Response
from fastapi.sse import KEEPALIVE_COMMENT, format_sse_event
from starlette.responses import JSONResponse, StreamingResponse
from starlette.types import Receive, Scope, Send

from libs.web.problems import Problem, problem_response
from services.api.access import Permission, Principal
from services.api.context import Context, Ctx
from services.api.database import DatabaseUnavailable
from services.api.event_clients import Client
from services.api.grants import principal_now
from services.api.rights import Who, needs
from services.api.schemas_system import EventData

router = APIRouter(tags=["status"])

HEARTBEAT_SECONDS = 15.0
"""How often a comment is sent, and rights are looked at."""
RETRY_MS = 2000
_CAMERAS = format_sse_event(data_str="{}", event="cameras")

DESCRIBED: dict[int | str, dict[str, Any]] = {
    200: {
        "model": EventData,
        "description": "Events without end; this is the data of each, as JSON.",
    },
}


class EventStream(JSONResponse):
    """Server-sent events to one client, which has its place for as long as it is connected."""

    # JSON, because only then the document describes the data instead of calling it a text.
    media_type = "text/event-stream"

    def __init__(self, ctx: Context, principal: Principal) -> None:
        super().__init__(None)
        self._ctx = ctx
        self._principal = principal

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            with self._ctx.events.clients.one(self._principal) as client:
                stream = StreamingResponse(
                    _events(self._ctx, client),
                    media_type=self.media_type,
                    headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
                )
                await stream(scope, receive, send)
        except Problem as problem:
            await problem_response(problem)(scope, receive, send)


@router.get(
    "/events",
    status_code=HTTPStatus.OK,
    response_class=EventStream,
    responses=DESCRIBED,
    dependencies=[needs(Permission.CAMERAS_READ)],
)
async def events(ctx: Ctx, who: Who) -> Response:
    """Follow what happens (server-sent events `camera-status`, `camera-health`, `recording`,
    `gap`, `cameras`). Nothing is repeated after an interruption: open it, then ask for the state.
    """
    return EventStream(ctx, who)


async def _events(ctx: Context, client: Client) -> AsyncGenerator[bytes, None]:
    yield format_sse_event(retry=RETRY_MS)
    due = time.monotonic() + HEARTBEAT_SECONDS
    while not client.is_over:
        told = await client.take(max(0.0, due - time.monotonic()))
        if told:
            yield told
        if time.monotonic() < due:
            continue
        due = time.monotonic() + HEARTBEAT_SECONDS
        before = client.principal
        now = await _still(ctx, before)
        if now is None or not now.may(Permission.CAMERAS_READ):
            return
        client.principal = now
        yield KEEPALIVE_COMMENT if now.cameras == before.cameras else _CAMERAS


async def _still(ctx: Context, principal: Principal) -> Principal | None:
    """Return who follows, with the rights of now; while nobody can tell, with those of before."""
    try:
        return await principal_now(ctx, principal)
    except DatabaseUnavailable:
        return principal
