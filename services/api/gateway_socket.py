"""Passes a live WebSocket on to a streamer: messages, back-pressure and close codes, both ways."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from starlette.responses import Response
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

from libs.web.problems import Problem, problem_response
from services.api import metrics
from services.api.gateway import Gateway, LiveRequest, is_redirect, misdirected, nobody
from services.api.gateway_headers import whole_response

MAX_MESSAGE_BYTES = 16 * 1024 * 1024
"""An init segment or one part of a large picture."""
QUEUED_FRAMES = 4
WRITE_BYTES = 64 * 1024
PING_SECONDS = 20.0
CLOSE_SECONDS = 2.0

ACCESS_CHECK_SECONDS = 15.0
"""How often is looked whether a viewer may still watch."""

GoesOn = Callable[[], Awaitable[bool]]

GOING_AWAY, SERVICE_RESTART, NO_ACCESS, NO_ROOM = 1001, 1012, 4401, 4503
_NOT_SENDABLE = frozenset({1004, 1005, 1006, 1015})


@dataclass(frozen=True)
class Ending:
    """How one side ended it."""

    code: int
    reason: str = ""
    is_at_once: bool = False
    """Before any message."""

    @property
    def sends_on(self) -> bool:
        """Whether a streamer has no room or stops, so that another one is to be asked."""
        return self.is_at_once and self.code in {SERVICE_RESTART, NO_ROOM}


class _Connect(connect):
    """Connects where it is told to and nowhere else."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        return exc


async def pass_socket(
    gateway: Gateway, websocket: WebSocket, asked: LiveRequest, goes_on: GoesOn
) -> None:
    """Serve one WebSocket until either side ends it, or `goes_on` says that access has ended.

    Refuses with a problem response.
    """
    try:
        with gateway.place():
            await _pass(gateway, websocket, asked, goes_on)
    except Problem as problem:
        await refuse(websocket, problem)


async def refuse(websocket: WebSocket, problem: Problem) -> None:
    """Answer instead of opening a WebSocket."""
    await websocket.send_denial_response(problem_response(problem))


async def end_access(websocket: WebSocket, detail: str) -> None:
    """Close with the code by which a streamer says that access has ended.

    Opens first: a page sees no status of what was never open, and could not tell that a new link
    would help.
    """
    with suppress(WebSocketDisconnect, RuntimeError):
        await websocket.accept()
        await websocket.close(NO_ACCESS, detail)


async def _pass(
    gateway: Gateway, websocket: WebSocket, asked: LiveRequest, goes_on: GoesOn
) -> None:
    """Serve with the first streamer that has room: it opens every socket and then may say no."""
    urls = gateway.streamers.in_order(asked.camera_id)
    streamer = await _open(gateway, asked, urls)
    if isinstance(streamer, Response):
        await websocket.send_denial_response(streamer)
        return
    ending = await _serve(websocket, streamer, gateway.limits.stall_seconds, goes_on)
    while ending is not None and ending.sends_on:
        try:
            streamer = await _open(gateway, asked, urls)
        except Problem:  # nobody is left: the viewer hears what the one before said
            break
        if isinstance(streamer, Response):
            break
        metrics.LIVE_FAILOVERS.inc()
        ending = await _serve(websocket, streamer, gateway.limits.stall_seconds, goes_on)
    if ending is not None:
        with suppress(WebSocketDisconnect, RuntimeError):
            await websocket.close(ending.code, ending.reason)


async def _open(
    gateway: Gateway, asked: LiveRequest, urls: Iterator[str]
) -> ClientConnection | Response:
    """Return a connection to the next one that answers, or its refusal."""
    for url in urls:
        try:
            streamer = await _connected(url, asked, gateway.limits.connect_seconds)
        except InvalidStatus as refusal:
            gateway.streamers.answered(url)
            answer = refusal.response
            if is_redirect(answer.status_code):
                raise misdirected() from None
            raw = [(name.encode(), value.encode()) for name, value in answer.headers.raw_items()]
            return whole_response(answer.status_code, raw, bytes(answer.body))
        except (OSError, TimeoutError, InvalidHandshake, EOFError) as error:
            gateway.note_failed(url, error)
            continue
        gateway.streamers.answered(url)
        return streamer
    raise nobody()


async def _connected(url: str, asked: LiveRequest, open_seconds: float) -> ClientConnection:
    parts = urlsplit(url)
    scheme, port = ("wss", 443) if parts.scheme == "https" else ("ws", 80)
    headers = {name: value for name, value in asked.headers.items() if name != "user-agent"}
    return await _Connect(
        f"{scheme}://{asked.host or parts.netloc}{asked.target}",
        host=parts.hostname,
        port=parts.port or port,
        additional_headers=headers,
        user_agent_header=asked.headers.get("user-agent"),
        compression=None,  # media does not get smaller
        proxy=None,
        open_timeout=open_seconds,
        ping_interval=PING_SECONDS,
        ping_timeout=PING_SECONDS,
        close_timeout=CLOSE_SECONDS,
        max_size=MAX_MESSAGE_BYTES,
        max_queue=QUEUED_FRAMES,
        write_limit=WRITE_BYTES,
        server_hostname=parts.hostname if scheme == "wss" else None,
    )


async def _serve(
    websocket: WebSocket, streamer: ClientConnection, stall_seconds: float, goes_on: GoesOn
) -> Ending | None:
    """Pass everything on; return how it ended, None when the viewer ended it."""
    by_viewer = Ending(GOING_AWAY)
    try:
        if websocket.application_state is WebSocketState.CONNECTING:
            await websocket.accept()
        async with asyncio.TaskGroup() as tasks:
            down = tasks.create_task(_down(websocket, streamer, stall_seconds), name="live-down")
            up = tasks.create_task(_up(websocket, streamer), name="live-up")
            over = tasks.create_task(_access_over(goes_on), name="live-access")
            await asyncio.wait({down, up, over}, return_when=asyncio.FIRST_COMPLETED)
            for task in (down, up, over):
                task.cancel()
        if up.done() and not up.cancelled():
            by_viewer = up.result()
            return None
        return down.result() if not down.cancelled() else over.result()
    finally:
        await _close(streamer, by_viewer)


async def _access_over(goes_on: GoesOn) -> Ending:
    """Look every few seconds whether the viewer may still watch; return when not."""
    while True:
        await asyncio.sleep(ACCESS_CHECK_SECONDS)
        if not await goes_on():
            metrics.LIVE_REFUSED.labels("access").inc()
            return Ending(NO_ACCESS, "you may not watch this camera any more")


async def _close(streamer: ClientConnection, ending: Ending) -> None:
    """Say good-bye, reading on meanwhile: the answer comes behind what was sent before."""
    try:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(_drain(streamer), name="live-drain")
            await streamer.close(ending.code, ending.reason)
    finally:
        streamer.transport.abort()


async def _drain(streamer: ClientConnection) -> None:
    with suppress(ConnectionClosed):
        while True:
            await streamer.recv()


async def _down(
    websocket: WebSocket, streamer: ClientConnection, stall_seconds: float
) -> Ending | None:
    """Pass media to the viewer; return how the streamer ended it, None when the viewer did."""
    has_spoken = False
    while True:
        try:
            message = await streamer.recv()
        except ConnectionClosed as closed:
            ending = _sendable(closed)
            return ending if has_spoken else replace(ending, is_at_once=True)
        has_spoken = True
        try:
            # A viewer that takes nothing cannot be told so: the connection is just broken off.
            async with asyncio.timeout(stall_seconds):
                await _send(websocket, message)
        except (WebSocketDisconnect, TimeoutError):
            return None
        metrics.LIVE_BYTES.labels("websocket").inc(len(message))


async def _send(websocket: WebSocket, message: str | bytes) -> None:
    if isinstance(message, str):
        await websocket.send_text(message)
    else:
        await websocket.send_bytes(message)


async def _up(websocket: WebSocket, streamer: ClientConnection) -> Ending:
    """Pass what the viewer says on; return how it ended it."""
    while True:
        event = await websocket.receive()
        if event["type"] == "websocket.disconnect":
            code = int(event.get("code") or GOING_AWAY)
            is_sendable = 1000 <= code < 5000 and code not in _NOT_SENDABLE
            return Ending(code if is_sendable else GOING_AWAY, event.get("reason") or "")
        text = event.get("text")
        try:
            await streamer.send(event["bytes"] if text is None else text)
        except ConnectionClosed:
            await asyncio.Event().wait()  # _down hears how the streamer ended it, and ends this


def _sendable(closed: ConnectionClosed) -> Ending:
    frame = closed.rcvd
    if frame is None or frame.code in _NOT_SENDABLE:
        return Ending(SERVICE_RESTART, "the streamer went away; connect again")
    return Ending(frame.code, frame.reason)
