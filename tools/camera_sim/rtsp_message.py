"""Reads RTSP requests and writes answers (RFC 2326 6, 7, 10.12)."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

_MAX_HEADER_LINES: Final = 64
_REASONS: Final = {
    200: "OK",
    400: "Bad Request",
    401: "Unauthorized",
    404: "Not Found",
    453: "Not Enough Bandwidth",
    454: "Session Not Found",
    455: "Method Not Valid in This State",
    461: "Unsupported Transport",
    501: "Not Implemented",
    503: "Service Unavailable",
}


@dataclass(frozen=True, slots=True)
class RtspRequest:
    """A request without its body; header names are in lower case."""

    method: str
    url: str
    headers: dict[str, str]


class BadRequest(ValueError):
    """What was read is not RTSP."""


async def read_request(reader: asyncio.StreamReader) -> RtspRequest | None:
    """The next request, or None for an interleaved packet from the client.

    Raises BadRequest, and what the stream raises at its end.
    """
    first = await reader.readexactly(1)
    if first == b"$":
        head = await reader.readexactly(3)
        await reader.readexactly(int.from_bytes(head[1:], "big"))
        return None
    line = (first + await reader.readuntil(b"\n")).decode("latin-1").strip()
    if not line:
        return None
    words = line.split(" ")
    if len(words) != 3 or not words[2].startswith("RTSP/"):
        raise BadRequest(line[:80])
    headers = await _read_headers(reader)
    await reader.readexactly(int(headers.get("content-length", "0")))
    return RtspRequest(words[0], words[1], headers)


async def _read_headers(reader: asyncio.StreamReader) -> dict[str, str]:
    headers: dict[str, str] = {}
    for _ in range(_MAX_HEADER_LINES):
        line = (await reader.readuntil(b"\n")).decode("latin-1").strip()
        if not line:
            return headers
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    raise BadRequest("too many headers")


def format_response(
    status: int, cseq: str, headers: Iterable[tuple[str, str]] = (), body: str = ""
) -> bytes:
    """An answer; Content-Length is added when there is a body."""
    lines = [f"RTSP/1.0 {status} {_REASONS[status]}", f"CSeq: {cseq}", "Server: camera"]
    lines += [f"{name}: {value}" for name, value in headers]
    if body:
        lines.append(f"Content-Length: {len(body.encode())}")
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()
