"""One HTTP answer on its way out, with what the faults do to it."""

import asyncio
import random
from http import HTTPStatus
from typing import Final

from starlette.types import Message

from tools.camera_sim.devices.faults import DeviceFaults

_CHUNK: Final = b" " * 65_536
_GARBAGE: Final = {
    "xml": b"<?xml version='1.0'?><DeviceInfo><deviceName>&nbsp;</deviceID></Dev",
    "dtd": (
        b"<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b 'bbbbbbbbbb'><!ENTITY c '&b;&b;&b;&b;'>"
        b"<!ENTITY f SYSTEM 'file:///etc/hostname'>]><a>&c;&c;&f;</a>"
    ),
    "text": b"It works!\r\n\x00\xff\xfe",
}


class WireAnswer:
    """Takes ASGI messages and writes HTTP/1.1; `closes` tells that the connection must end."""

    def __init__(self, writer: asyncio.StreamWriter, faults: DeviceFaults, target: str) -> None:
        self._writer, self._faults = writer, faults
        self.is_hit = faults.wire_path in target
        self.closes = False
        self._start: Message | None = None
        self._left = -1  # bytes that may still go out; negative: all

    async def send(self, message: Message) -> None:
        """The ASGI `send`."""
        if message["type"] == "http.response.start":
            self._start = message
            return
        body: bytes = message.get("body", b"")
        is_last = not message.get("more_body", False)
        if self._start is not None:
            start, self._start = self._start, None
            is_login = start["status"] == HTTPStatus.UNAUTHORIZED
            self.is_hit = self.is_hit and not is_login  # so that clients get as far as a login
            if await self._send_instead():
                return
            await self._send_head(start, len(body) if is_last else None)
        await self._write(body)

    async def send_plain(self, status: int) -> None:
        """An answer without a body that ends the connection."""
        self.closes = True
        self._writer.write(_head(status, [("Content-Length", "0"), ("Connection", "close")]))
        await self._writer.drain()

    async def _send_instead(self) -> bool:
        """Whether a fault answered in place of the application."""
        faults = self._faults
        if self.closes or not self.is_hit:
            return self.closes
        for name, status in (("transient_400", 400), ("status_500", 500)):
            left = getattr(faults, name)
            if left > 0:
                setattr(faults, name, left - 1)
                await self.send_plain(status)
                return True
        if faults.huge_answer:
            await self._send_huge()
        elif faults.garbage:
            await self._send_garbage()
        return self.closes

    async def _send_head(self, start: Message, length: int | None) -> None:
        headers = [
            (key.decode("latin-1"), value.decode("latin-1")) for key, value in start["headers"]
        ]
        told = next(
            (int(value) for name, value in headers if name.lower() == "content-length"), length
        )
        headers = [(name, value) for name, value in headers if name.lower() != "content-length"]
        if told is None or (self.is_hit and self._faults.missing_content_length):
            headers.append(("Connection", "close"))
            self.closes = True
        else:
            headers.append(("Content-Length", str(told)))
        if self.is_hit and self._faults.truncated_body:
            self._left, self.closes = (told or 0) // 2, True
        await self._write_slowly(_head(start["status"], headers))

    async def _write(self, body: bytes) -> None:
        if self.closes and self._left >= 0:
            body, self._left = body[: self._left], max(0, self._left - len(body))
        await self._write_slowly(body)

    async def _write_slowly(self, data: bytes) -> None:
        if not (self.is_hit and self._faults.slow_drip):
            self._writer.write(data)
            await self._writer.drain()
            return
        for byte in data:
            self._writer.write(bytes([byte]))
            await self._writer.drain()
            await asyncio.sleep(self._faults.slow_drip)

    async def _send_huge(self) -> None:
        self.closes = True
        self._writer.write(_head(200, [("Content-Type", "application/xml")]) + b"<a>")
        while True:  # until the client closes, which makes drain raise
            self._writer.write(_CHUNK)
            await self._writer.drain()

    async def _send_garbage(self) -> None:
        self.closes = True
        kind = self._faults.garbage
        if kind == "bytes":
            self._writer.write(random.Random(1).randbytes(4096))
        else:
            body = _GARBAGE[kind]
            headers = [("Content-Type", "application/xml"), ("Content-Length", str(len(body)))]
            self._writer.write(_head(200, [*headers, ("Connection", "close")]) + body)
        await self._writer.drain()


def _head(status: int, headers: list[tuple[str, str]]) -> bytes:
    lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}"]
    lines += [f"{name.title()}: {value}" for name, value in headers]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")
