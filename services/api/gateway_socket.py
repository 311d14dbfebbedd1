"""Passes a live WebSocket on to a streamer: messages, back-pressure and close codes, both ways."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.responses import Response
from starlette.websockets import WebSocket, WebSocketDisconnect
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

from libs.web.problems import Problem, problem_response
from services.api import metrics
from services.api.gateway import Gateway, LiveRequest, is_redirect, misdirected, nobody
from services.api.gateway_headers import response_headers

MAX_MESSAGE_BYTES = 16 * 1024 * 1024
"""An init segment or one part of a large picture."""
QUEUED_FRAMES = 4
WRITE_BYTES = 64 * 1024
PING_SECONDS = 20.0
CLOSE_SECONDS = 2.0

GOING_AWAY, SERVICE_RESTART, NO_ACCESS = 1001, 1012, 4401
_NOT_SENDABLE = frozenset({1004, 1005, 1006, 1015})


@dataclass(frozen=True)
class Ending:
    """How one side ended it."""

    code: int
    reason: str = ""


class _Connect(connect):
    """Connects where it is told to and nowhere else."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        return exc


async def pass_socket(gateway: Gateway, websocket: WebSocket, asked: LiveRequest) -> None:
    """Serve one WebSocket until either side ends it; refuses with a problem response."""
    try:
        with gateway.place():
            streamer = await _open(gateway, asked)
            if isinstance(streamer, Response):
                await websocket.send_denial_response(streamer)
            else:
                await _serve(websocket, streamer, gateway.limits.stall_seconds)
    except Problem as problem:
        await refuse(websocket, problem)


async def refuse(websocket: WebSocket, problem: Problem) -> None:
    """Answer instead of opening a WebSocket."""
    await websocket.send_denial_response(problem_response(problem))


async def refuse_access(websocket: WebSocket, detail: str) -> None:
    """Close with the code by which a streamer says that a token is no good.

    Opens first: a page sees no status of what was never open, and could not tell that a new link
    would help.
    """
    with suppress(WebSocketDisconnect, RuntimeError):
        await websocket.accept()
        await websocket.close(NO_ACCESS, detail)


async def _open(gateway: Gateway, asked: LiveRequest) -> ClientConnection | Response:
    """Return a connection, or the streamer's refusal."""
    for url in gateway.streamers.in_order(asked.camera_id):
        try:
            streamer = await _connected(url, asked, gateway.limits.connect_seconds)
        except InvalidStatus as refusal:
            gateway.streamers.answered(url)
            answer = refusal.response
            if is_redirect(answer.status_code):
                raise misdirected() from None
            return _refusal(
                answer.status_code, list(answer.headers.raw_items()), bytes(answer.body)
            )
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


def _refusal(status: int, headers: list[tuple[str, str]], body: bytes) -> Response:
    response = Response(content=body, status_code=status)
    raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]
    kept = [pair for pair in response_headers(raw) if pair[0] != b"content-length"]
    response.raw_headers = [*response.raw_headers, *kept]
    return response


async def _serve(websocket: WebSocket, streamer: ClientConnection, stall_seconds: float) -> None:
    by_viewer = Ending(GOING_AWAY)
    try:
        await websocket.accept()
        async with asyncio.TaskGroup() as tasks:
            down = tasks.create_task(_down(websocket, streamer, stall_seconds), name="live-down")
            up = tasks.create_task(_up(websocket, streamer), name="live-up")
            await asyncio.wait({down, up}, return_when=asyncio.FIRST_COMPLETED)
            down.cancel()
            up.cancel()
        if up.done() and not up.cancelled():
            by_viewer = up.result()
        ending = down.result() if down.done() and not down.cancelled() else None
        if ending is not None:
            with suppress(WebSocketDisconnect, RuntimeError):
                await websocket.close(ending.code, ending.reason)
    finally:
        await _close(streamer, by_viewer)


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
    while True:
        try:
            message = await streamer.recv()
        except ConnectionClosed as closed:
            return _sendable(closed)
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
