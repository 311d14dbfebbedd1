"""A small HTTP port for commands from outside: loopback only, JSON, one request per connection.

`GET /cameras` lists the cameras. `POST /cameras/{name}/{fault}` calls the method of that name of
`CameraFaults` with the body's fields as arguments. `GET /devices` lists the devices.
`POST /devices/{name}/{fault}` sets the field of that name of `DeviceFaults` to the body's `value`;
besides, `clear` sets them all back, and `offline` and `online` close and open the port.
"""

import asyncio
import inspect
import json
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import unquote

from tools.camera_sim.camera import Camera
from tools.camera_sim.camera_faults import CameraFaults
from tools.camera_sim.devices.device import SimulatedDevice

_READ_SECONDS: Final = 5.0
_MAX_BODY_BYTES: Final = 1 << 16
_REASONS: Final = {200: "OK", 400: "Bad Request", 404: "Not Found"}


class ControlServer:
    """Serves mappings of cameras and devices that their owner fills."""

    def __init__(
        self,
        cameras: Mapping[str, Camera],
        port: int,
        *,
        devices: Mapping[str, SimulatedDevice],
    ) -> None:
        self._cameras, self._devices, self._port = cameras, devices, port
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
        if (method, path) == ("GET", "/devices"):
            return 200, [_describe_device(device) for device in self._devices.values()]
        parts = [unquote(part) for part in path.strip("/").split("/")]
        if method != "POST" or len(parts) != 3 or parts[0] not in {"cameras", "devices"}:
            return 404, {"error": "GET /cameras, GET /devices or POST /{either}/{name}/{fault}"}
        kind, name, fault = parts
        try:
            if kind == "cameras":
                await self._command_camera(name, fault, json.loads(body or b"{}"))
            else:
                await self._command_device(name, fault, json.loads(body or b"{}"))
        except LookupError as error:
            return 404, {"error": str(error.args[0])}
        except (TypeError, ValueError) as error:
            return 400, {"error": str(error)}
        return 200, {"done": fault}

    async def _command_camera(self, name: str, fault: str, arguments: dict[str, Any]) -> None:
        camera = self._cameras.get(name)
        if camera is None or fault not in fault_names():
            raise LookupError(f"no such camera or fault; faults: {', '.join(fault_names())}")
        await _call(camera.fault, fault, arguments)

    async def _command_device(self, name: str, fault: str, arguments: dict[str, Any]) -> None:
        device = self._devices.get(name)
        if device is None:
            raise LookupError("no such device")
        commands = {"offline": device.close, "online": device.listen}
        if fault in commands:
            await commands[fault]()
        elif fault == "clear":
            device.faults.clear()
        elif "value" not in arguments:
            raise ValueError("the body must have a value")
        else:
            device.faults.change(fault, arguments["value"])


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


def _describe_device(device: SimulatedDevice) -> dict[str, object]:
    return {
        "name": device.spec.name,
        "url": device.url,
        "online": device.is_online,
        "connections": device.connections,
        "requests": len(device.requests),
        "attempts": device.account.attempts,
        "rejected": device.account.rejected,
        "open_finders": len(device.open_finders),
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
