"""A small HTTP/1.1 server for an ASGI application, which can do on the wire what devices do.

A proper server mends or refuses what the faults ask for: wrong lengths, cut bodies, garbage.
"""

import asyncio
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import unquote

from starlette.types import ASGIApp, Message, Scope

from tools.camera_sim.devices.faults import DeviceFaults
from tools.camera_sim.devices.wire import WireAnswer

_READ_SECONDS: Final = 120.0
_FLUSH_SECONDS: Final = 5.0
_MAX_HEAD_BYTES: Final = 1 << 16
_MAX_BODY_BYTES: Final = 1 << 20


class NotHttpError(Exception):
    """What a client sent is no request that a device understands."""


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """One request as it came."""

    method: str
    target: str
    """Path and query, percent-encoded."""
    headers: tuple[tuple[str, str], ...]
    """Names in lower case."""
    body: bytes

    def header(self, name: str) -> str:
        """Value of a header, empty when it is not there."""
        return next((value for key, value in self.headers if key == name), "")


class DeviceServer:
    """Serves on 127.0.0.1; `port` 0 becomes the port that the system chose."""

    def __init__(
        self, app: ASGIApp, faults: DeviceFaults, *, port: int, requests: list[str]
    ) -> None:
        self._app, self._faults, self.port = app, faults, port
        self._requests = requests
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.Task[None]] = set()
        self.failures: list[BaseException] = []
        """What the application raised: mistakes in the simulator."""

    @property
    def connections(self) -> int:
        """How many are open."""
        return len(self._open)

    @property
    def is_open(self) -> bool:
        """Whether the port is open."""
        return self._server is not None

    async def listen(self) -> None:
        """Opens the port; does nothing when it is open."""
        if self._server is not None:
            return
        self._server = await asyncio.start_server(
            self._accept, "127.0.0.1", self.port, limit=_MAX_HEAD_BYTES
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Closes the port and all connections."""
        if self._server is not None:
            self._server.close()
            self._server = None
        open_now = list(self._open)
        for task in open_now:
            task.cancel()
        if open_now:
            await asyncio.wait(open_now)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # A task of its own: asyncio reports a cancelled connection callback as an error.
        task = asyncio.create_task(self._serve(reader, writer), name="device connection")
        self._open.add(task)
        task.add_done_callback(self._note_end)

    def _note_end(self, task: asyncio.Task[None]) -> None:
        self._open.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self.failures.append(error)
            context = {"message": "a simulated device failed", "exception": error}
            task.get_loop().call_exception_handler(context)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await self._serve_one(reader, writer):
                pass
            writer.close()
            async with asyncio.timeout(_FLUSH_SECONDS):
                await writer.wait_closed()
        except (TimeoutError, EOFError, ConnectionError, NotHttpError):
            pass  # the client left, or stopped reading
        finally:
            writer.transport.abort()  # does nothing to what is closed

    async def _serve_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Whether the connection stays open."""
        async with asyncio.timeout(_READ_SECONDS):
            request = await _read_request(reader)
        self._requests.append(f"{request.method} {request.target}")
        del self._requests[:-10_000]
        answer = WireAnswer(writer, self._faults, request.target)
        limit = self._faults.max_sessions
        if limit is not None and len(self._open) > limit:
            await answer.send_plain(503)
            return False
        if answer.is_hit and self._faults.drops:
            return False
        if answer.is_hit and self._faults.stalls:
            await reader.read()  # until the client gives up
            return False
        await self._app(self._scope(request, writer), _receiver(request.body), answer.send)
        return not answer.closes and request.header("connection").lower() != "close"

    def _scope(self, request: HttpRequest, writer: asyncio.StreamWriter) -> Scope:
        path, _, query = request.target.partition("?")
        return {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": request.method,
            "scheme": "http",
            "path": unquote(path),
            "raw_path": path.encode("latin-1"),
            "query_string": query.encode("latin-1"),
            "root_path": "",
            "headers": [
                (key.encode("latin-1"), value.encode("latin-1")) for key, value in request.headers
            ],
            "client": writer.get_extra_info("peername")[:2],
            "server": ("127.0.0.1", self.port),
            "state": {},
        }


def _receiver(body: bytes) -> Any:
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Message:
        return messages.pop() if messages else {"type": "http.disconnect"}

    return receive


async def _read_request(reader: asyncio.StreamReader) -> HttpRequest:
    """The next request. Raises NotHttpError on anything odd, EOFError at the end."""
    try:
        return await _parse_request(reader)
    except (ValueError, asyncio.LimitOverrunError) as error:
        raise NotHttpError(str(error)) from error


async def _parse_request(reader: asyncio.StreamReader) -> HttpRequest:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    method, target, _ = head[0].split(" ")
    pairs = [line.partition(":") for line in head[1:] if line]
    headers = tuple((name.strip().lower(), value.strip()) for name, _, value in pairs)
    request = HttpRequest(method, target, headers, b"")
    if request.header("transfer-encoding"):
        raise ValueError("devices do not take chunked requests")
    length = int(request.header("content-length") or 0)
    if not 0 <= length <= _MAX_BODY_BYTES:
        raise ValueError("the body is too long")
    body = await reader.readexactly(length)
    return HttpRequest(method, target, headers, body)
