"""A small HTTP port for commands from outside: loopback only, JSON, one request per connection.

`GET /cameras` lists the cameras. `POST /cameras/{name}/{fault}` calls the method of that name of
`CameraFaults` with the body's fields as arguments.
"""

import asyncio
import inspect
import json
from collections.abc import Mapping
from typing import Any, Final

from tools.camera_sim.camera import Camera
from tools.camera_sim.camera_faults import CameraFaults

_READ_SECONDS: Final = 5.0
_MAX_BODY_BYTES: Final = 1 << 16
_REASONS: Final = {200: "OK", 400: "Bad Request", 404: "Not Found"}


class ControlServer:
    """Serves a mapping of cameras that its owner fills."""

    def __init__(self, cameras: Mapping[str, Camera], port: int) -> None:
        self._cameras, self._port = cameras, port
        self._server: asyncio.Server | None = None

    @property
    def url(self) -> str:
        """Base of all paths."""
        return f"http://127.0.0.1:{self._port}"

    async def listen(self) -> None:
        """Opens the port."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self._port)
        self._port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Closes the port."""
        if self._server:
            self._server.close()
            await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(_READ_SECONDS):
                method, path, body = await _read_request(reader)
            status, answer = await self._answer(method, path, body)
            content = json.dumps(answer).encode()
            head = (
                f"HTTP/1.1 {status} {_REASONS[status]}\r\nContent-Type: application/json\r\n"
                f"Content-Length: {len(content)}\r\nConnection: close\r\n\r\n"
            )
            writer.write(head.encode() + content)
            await writer.drain()
        except (TimeoutError, ValueError, asyncio.IncompleteReadError, ConnectionError):
            pass  # not a client of ours
        finally:
            writer.close()

    async def _answer(self, method: str, path: str, body: bytes) -> tuple[int, object]:
        if (method, path) == ("GET", "/cameras"):
            return 200, [_describe(camera) for camera in self._cameras.values()]
        parts = path.strip("/").split("/")
        if method != "POST" or len(parts) != 3 or parts[0] != "cameras":
            return 404, {"error": "GET /cameras or POST /cameras/{name}/{fault}"}
        camera, fault = self._cameras.get(parts[1]), parts[2]
        if camera is None or fault not in fault_names():
            return 404, {"error": "no such camera or fault", "faults": fault_names()}
        try:
            await _call(camera.fault, fault, json.loads(body or b"{}"))
        except (TypeError, ValueError) as error:
            return 400, {"error": str(error)}
        return 200, {"done": fault}


def fault_names() -> list[str]:
    """All commands."""
    return [name for name in vars(CameraFaults) if not name.startswith("_")]


async def _call(faults: CameraFaults, name: str, arguments: dict[str, Any]) -> None:
    outcome = getattr(faults, name)(**arguments)
    if inspect.isawaitable(outcome):
        await outcome


def _describe(camera: Camera) -> dict[str, object]:
    return {
        "name": camera.spec.name,
        "url": camera.url,
        "online": camera.is_online,
        "sessions": len(camera.sessions),
        "connections": camera.connection_count,
    }


async def _read_request(reader: asyncio.StreamReader) -> tuple[str, str, bytes]:
    """Method, path and body. Raises ValueError on anything odd."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    method, path, _ = head[0].split(" ")
    headers = {
        name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])
    }
    length = int(headers.get("content-length", "0"))
    if length > _MAX_BODY_BYTES:
        raise ValueError("the body is too long")
    return method, path, await reader.readexactly(length)
