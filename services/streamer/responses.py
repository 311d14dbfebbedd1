"""Answers: playlists, media in pieces, and what stands in their headers."""

import asyncio
import gzip
from collections.abc import Callable, Iterator, Sequence
from email.utils import formatdate
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from services.streamer import metrics
from services.streamer.snapshot import Picture

PIECE_BYTES = 256 * 1024
"""A slow client holds about this much of the process's memory, not a whole segment."""

STALLED_SECONDS = 10.0
"""A client that takes nothing for this long is given up."""

_PLAYLIST = "application/vnd.apple.mpegurl"
_IMMUTABLE = "private, max-age=3600, immutable"


def playlist(request: Request, text: str) -> Response:
    """Return a playlist, compressed where the client takes that; the same bytes everywhere."""
    body = text.encode()
    headers = {"Cache-Control": "private, no-cache", "Vary": "Accept-Encoding"}
    if "gzip" in request.headers.get("accept-encoding", ""):
        body = gzip.compress(body, 1, mtime=0)
        headers["Content-Encoding"] = "gzip"
    return Response(body, media_type=_PLAYLIST, headers=headers)


class MediaResponse(Response):
    """Immutable media, sent in pieces; `on_first_byte` is called when the first is on its way."""

    def __init__(
        self,
        chunks: Sequence[bytes],
        *,
        on_first_byte: Callable[[], None] | None = None,
        stalled_seconds: float = STALLED_SECONDS,
    ) -> None:
        self._chunks = chunks
        self._on_first_byte = on_first_byte
        self._stalled_seconds = stalled_seconds
        length = sum(len(chunk) for chunk in chunks)
        super().__init__(
            media_type="video/mp4",
            headers={"Cache-Control": _IMMUTABLE, "Content-Length": str(length)},
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        start = {"type": "http.response.start", "status": 200, "headers": self.raw_headers}
        await send(start)
        try:
            if scope["method"] != "HEAD":
                await self._send_body(send)
        except TimeoutError:
            return  # the server breaks off what is not complete
        await send({"type": "http.response.body", "body": b""})

    async def _send_body(self, send: Send) -> None:
        for piece in _pieces(self._chunks):
            async with asyncio.timeout(self._stalled_seconds):
                await send({"type": "http.response.body", "body": piece, "more_body": True})
            metrics.BYTES.labels("ll-hls").inc(len(piece))
            self._first_byte()

    def _first_byte(self) -> None:
        if self._on_first_byte is not None:
            self._on_first_byte()
            self._on_first_byte = None


def _pieces(chunks: Sequence[bytes]) -> Iterator[bytes]:
    for chunk in chunks:
        if len(chunk) <= PIECE_BYTES:
            yield chunk
            continue
        for at in range(0, len(chunk), PIECE_BYTES):
            yield chunk[at : at + PIECE_BYTES]


def snapshot_response(request: Request, picture: Picture) -> Response:
    """Return a JPEG, or that the client has it already."""
    headers = {
        "Cache-Control": "private, max-age=1",
        "ETag": picture.etag,
        "Last-Modified": formatdate(picture.part.start_ms / 1000, usegmt=True),
    }
    if request.headers.get("if-none-match") == picture.etag:
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    return Response(picture.jpeg, media_type="image/jpeg", headers=headers)
