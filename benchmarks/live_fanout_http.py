"""One keep-alive HTTP/1.1 connection that gets one thing at a time, as cheaply as Python can.

Own code, because the load generator shares a small machine with what it loads: a request by httpx
costs several times what it costs the streamer. It reads what the streamer sends, answers with
Content-Length, and nothing else.
"""

import asyncio
import time
import zlib
from dataclasses import dataclass
from typing import cast

REQUEST_SECONDS = 20.0  # a held playlist is answered after three target durations at the latest
_HEAD_END = b"\r\n\r\n"
_LENGTH = b"\r\ncontent-length:"
_GZIP = 31  # zlib's wbits for a gzip stream
# a browser sends this much, and the server has to read it
_HEADERS = (
    "Connection: keep-alive",
    'sec-ch-ua: "Chromium";v="140", "Not=A?Brand";v="24"',
    "sec-ch-ua-mobile: ?0",
    'sec-ch-ua-platform: "Linux"',
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)",
    "Accept: */*",
    "Sec-Fetch-Site: same-origin",
    "Sec-Fetch-Mode: cors",
    "Sec-Fetch-Dest: empty",
    "Accept-Encoding: gzip, deflate",
    "Accept-Language: en-US,en;q=0.9",
)


class HttpFailed(Exception):
    """No answer, or not the wanted one; the text is short enough to count by."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete answer with status 200."""

    body: bytes
    """Unpacked; empty where it was not to be kept."""
    size: int
    """Bytes of the body as sent."""
    received_at: float
    """Unix seconds when the last byte was there."""


class Connection(asyncio.Protocol):
    """Use `connect`, `get` one at a time, `close`."""

    def __init__(self, host: str, port: int) -> None:
        lines = (f"Host: {host}:{port}", *_HEADERS)
        self._tail = (" HTTP/1.1\r\n" + "\r\n".join(lines) + "\r\n\r\n").encode()
        self._transport: asyncio.Transport | None = None
        self._answer: asyncio.Future[Answer] | None = None
        self._head = b""
        self._body = bytearray()
        self._received = 0
        self._length = -1
        self._is_kept = True

    @classmethod
    async def connect(cls, host: str, port: int) -> "Connection":
        """Raises HttpFailed."""
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(REQUEST_SECONDS):
                _, made = await loop.create_connection(lambda: cls(host, port), host, port)
        except (OSError, TimeoutError) as error:
            raise HttpFailed("not connected") from error
        return made

    async def get(self, path: str, *, keep: bool) -> Answer:
        """Return the answer, without its body unless `keep`. Raises HttpFailed."""
        if self._transport is None or self._transport.is_closing():
            raise HttpFailed("connection lost")
        self._answer = asyncio.get_running_loop().create_future()
        self._is_kept, self._head, self._length, self._received = keep, b"", -1, 0
        self._body.clear()
        self._transport.write(b"GET " + path.encode() + self._tail)
        try:
            async with asyncio.timeout(REQUEST_SECONDS):
                return await self._answer
        except TimeoutError as error:
            raise HttpFailed("no answer in time") from error
        finally:
            self._answer = None

    def close(self) -> None:
        """Close at once."""
        if self._transport is not None:
            self._transport.abort()

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        self._transport = None
        self._fail("connection lost")

    def data_received(self, data: bytes) -> None:
        if self._length < 0:
            head, end, data = (self._head + data).partition(_HEAD_END)
            if not end:
                self._head = head
                return
            self._head, self._length = head, content_length(head)
            if self._length < 0:
                self._fail("answer without Content-Length")
                self.close()
                return
        self._received += len(data)
        if self._is_kept:
            self._body += data
        if self._received >= self._length:
            self._complete(time.time())

    def _complete(self, now: float) -> None:
        status = self._head[9:12].decode(errors="replace")
        if status != "200":
            self._fail(f"status {status}")
            return
        body = bytes(self._body)
        if body.startswith(b"\x1f\x8b"):
            body = zlib.decompress(body, _GZIP)
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(Answer(body, self._received, now))

    def _fail(self, what: str) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(HttpFailed(what))


def content_length(head: bytes) -> int:
    """Return the body's length by the head of an answer, -1 where it does not say."""
    _, found, rest = head.lower().partition(_LENGTH)
    return int(rest.partition(b"\r\n")[0]) if found else -1
