"""Live over one WebSocket: init segment and parts as they come, for Media Source players.

Binary messages: length of a JSON header (4 bytes, big-endian), the header, the media. Text
messages are JSON and say why nothing comes. What clients send is read and ignored.
"""

import asyncio
import json
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from enum import IntEnum
from typing import Any

import structlog
from starlette.routing import BaseRoute, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from libs.contracts.live import Rendition
from libs.media.packets import VIDEO_TIMESCALE
from libs.web.live_tokens import InvalidToken, LiveAccess
from libs.web.problems import problem_response
from services.streamer import metrics
from services.streamer.channel import Channel
from services.streamer.context import Context
from services.streamer.delays import observe_delay
from services.streamer.endpoints import no_access
from services.streamer.part_log import LoggedPart
from services.streamer.refusals import Reason, Refused, refused
from services.streamer.routes import PREFIX
from services.streamer.viewers import Viewer

log = structlog.get_logger()

MOST_BEHIND_90K = 2 * VIDEO_TIMESCALE
"""A client that is this far behind goes on with the newest keyframe."""
STALLED_SECONDS = 10.0
"""A client that takes nothing for this long is given up."""
STATE_SECONDS = 2.0
"""How often it is looked why nothing comes."""


class Close(IntEnum):
    """Close codes; 4000 and up are ours."""

    RESTARTING = 1012
    STALLED = 1013
    BAD_REQUEST = 4400
    NO_ACCESS = 4401
    NOT_FOUND = 4404
    TOO_MANY_REQUESTS = 4429
    TOO_MANY_VIEWERS = 4503
    TOO_MANY_OF_CAMERA = 4504
    """Another streamer would not help: all viewers of a camera are with one."""


_CODES: dict[Reason, Close] = {
    "viewer": Close.TOO_MANY_REQUESTS,
    "camera": Close.TOO_MANY_OF_CAMERA,
    "total": Close.TOO_MANY_VIEWERS,
    "closing": Close.RESTARTING,
    "rendition": Close.NOT_FOUND,
    "removed": Close.NOT_FOUND,
}


class _Ended(Exception):
    """The socket is to be closed by us."""

    def __init__(self, code: Close, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class LiveSocket:
    """The handler over one context."""

    def __init__(self, context: Context, *, stalled_seconds: float = STALLED_SECONDS) -> None:
        self._context = context
        self._stalled_seconds = stalled_seconds

    def routes(self) -> list[BaseRoute]:
        """Return what the application is to have."""
        return [WebSocketRoute(f"{PREFIX}/live/ws", self.serve)]

    async def serve(self, websocket: WebSocket) -> None:
        """One client, from its request to its end."""
        if not self._context.gate.is_allowed_origin(websocket):
            metrics.REFUSED.labels("origin").inc()
            await websocket.close()  # before it is accepted: the client sees 403
            return
        try:
            ticket = self._context.gate.check(websocket, websocket.path_params["camera_id"])
        except InvalidToken as error:
            metrics.REFUSED.labels("access").inc()
            await self._turn_away(websocket, error)
            return
        await websocket.accept()
        try:
            await self._serve(websocket, ticket.access)
        except _Ended as end:
            await _close(websocket, end)
        except WebSocketDisconnect:
            pass

    async def _turn_away(self, websocket: WebSocket, error: InvalidToken) -> None:
        """Refuse the handshake of strangers.

        Browsers cannot see why one fails: those whose access has ended are told behind it.
        """
        if self._context.gate.was_good(websocket, websocket.path_params["camera_id"]):
            await websocket.accept()
            await _close(websocket, _Ended(Close.NO_ACCESS, str(error)))
        else:
            await websocket.send_denial_response(problem_response(no_access(error)))

    async def _serve(self, websocket: WebSocket, access: LiveAccess) -> None:
        rendition = _rendition(websocket)
        try:
            self._context.admit(access, rendition)
            with self._context.viewers.watching(access, rendition, "websocket") as viewer:
                channel = self._context.channel(access, rendition)
                with channel.in_use():
                    push = _Push(self._context, websocket, channel, viewer, self._stalled_seconds)
                    await push.run()
        except Refused as error:
            raise _Ended(_CODES[error.reason], error.detail) from error


class _Push:
    """Sends one client what it has not got, in order; what waits is the channel's log."""

    def __init__(
        self,
        context: Context,
        websocket: WebSocket,
        channel: Channel,
        viewer: Viewer,
        stalled_seconds: float,
    ) -> None:
        self._context = context
        self._websocket = websocket
        self._channel = channel
        self._viewer = viewer
        self._stalled_seconds = stalled_seconds
        self._next: int | None = None
        self._live_from = 0
        self._init_id = ""
        self._told = ""

    async def run(self) -> None:
        """Push until the client goes; raises _Ended or Refused when it is to be closed."""
        gone = asyncio.create_task(self._read(), name="socket-read")
        try:
            while not gone.done():
                self._check()
                logged = self._take()
                if logged is not None:
                    await self._send_part(logged)
                else:
                    await self._wait(gone)
        finally:
            gone.cancel()
            await asyncio.wait({gone})

    def _check(self) -> None:
        if self._channel.closed:
            raise refused(self._channel.closed)
        if self._seconds_left() <= 0:
            raise _Ended(Close.NO_ACCESS, "this live address has expired; ask for a new one")

    def _seconds_left(self) -> float:
        return self._context.gate.seconds_left(self._viewer.access)

    def _take(self) -> LoggedPart | None:
        """Return what is to be sent now: in order, but never far behind."""
        log = self._channel.log
        if self._next is None:
            if not self._channel.is_live or log.keyframe is None:
                return None
            self._next, self._live_from = log.keyframe, log.next_index
        logged = log.get(self._next)
        if logged is None:
            return None
        is_lost = logged.index > self._next and not logged.part.is_independent
        if is_lost or log.behind_90k(logged) > MOST_BEHIND_90K:
            newest = log.get(log.keyframe) if log.keyframe is not None else None
            if newest is not None and newest.index > self._next:
                return newest
            if is_lost:
                return None  # nothing can be decoded before the next keyframe
        return logged

    async def _send_part(self, logged: LoggedPart) -> None:
        assert self._next is not None
        skipped = logged.index - self._next
        if skipped:
            metrics.SKIPPED_PARTS.labels(self._channel.key.camera_id).inc(skipped)
            await self._say(type="skipped", parts=skipped)
        part = logged.part
        if part.init_id != self._init_id:
            header = {
                "type": "init",
                "init_id": part.init_id,
                "codecs": part.codecs,
                "width": part.width,
                "height": part.height,
            }
            await self._send(header, logged.init)
            self._init_id = part.init_id
        now = self._context.clock.unix()
        await self._send(_part_header(logged, now), logged.held.data)
        if logged.index >= self._live_from:
            observe_delay(part, "websocket", now=now)
        self._context.viewers.started(self._viewer)
        self._next = logged.index + 1
        self._told = ""

    async def _wait(self, gone: asyncio.Task[None]) -> None:
        """Return at the next part; say why there is none."""
        seconds = self._seconds_left()
        if self._next is None or self._channel.is_stalled:
            await self._explain()
            seconds = min(seconds, STATE_SECONDS)
        await self._channel.changed(gone, timeout_seconds=max(0.0, seconds))

    async def _explain(self) -> None:
        detail = await self._context.states.describe(self._channel.key)
        if detail != self._told:
            await self._say(type="waiting", detail=detail)
            self._told = detail

    async def _say(self, **message: str | int) -> None:
        async with _patience(self._stalled_seconds):
            await self._websocket.send_text(json.dumps(message))

    async def _send(self, header: dict[str, Any], media: bytes) -> None:
        text = json.dumps(header, separators=(",", ":")).encode()
        message = b"".join([struct.pack(">I", len(text)), text, media])
        async with _patience(self._stalled_seconds):
            await self._websocket.send_bytes(message)
        metrics.BYTES.labels("websocket").inc(len(message))

    async def _read(self) -> None:
        while (await self._websocket.receive())["type"] != "websocket.disconnect":
            pass


def _rendition(websocket: WebSocket) -> Rendition:
    try:
        return Rendition(websocket.query_params.get("rendition", Rendition.MAIN))
    except ValueError as error:
        raise _Ended(Close.BAD_REQUEST, "rendition: use main or sub") from error


def _part_header(logged: LoggedPart, now: float) -> dict[str, Any]:
    part = logged.part
    return {
        "type": "part",
        "init_id": part.init_id,
        "live_id": part.live_id,
        "msn": part.msn,
        "part": part.part,
        "independent": part.is_independent,
        "discontinuity": part.discontinuity,
        "start_ms": part.start_ms,
        "start_90k": part.start_90k,
        "duration_90k": part.duration_90k,
        "published_ms": part.published_ms,
        "sent_ms": round(now * 1000),
    }


@asynccontextmanager
async def _patience(seconds: float) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError as error:
        raise _Ended(Close.STALLED, "this client takes nothing; connect again") from error


async def _close(websocket: WebSocket, end: _Ended) -> None:
    """Say goodbye, unless the client is gone or takes nothing more."""
    if websocket.application_state is not WebSocketState.CONNECTED:
        return
    with suppress(WebSocketDisconnect, RuntimeError, TimeoutError):
        async with asyncio.timeout(1.0):
            await websocket.close(end.code, end.reason)
