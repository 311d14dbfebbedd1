"""Answers: playlists, media in pieces, and what stands in their headers."""

import gzip
from collections.abc import Callable, Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from services.streamer import metrics

PIECE_BYTES = 256 * 1024
"""A slow client holds about this much of the process's memory, not a whole segment."""

_PLAYLIST = "application/vnd.apple.mpegurl"
_IMMUTABLE = "private, max-age=3600, immutable"


def playlist(request: Request, text: str) -> Response:
    """Return a playlist, compressed where the client takes that; the same bytes everywhere."""
    body = text.encode()
    headers = {"Cache-Control": "no-cache", "Vary": "Accept-Encoding"}
    if "gzip" in request.headers.get("accept-encoding", ""):
        body = gzip.compress(body, 6, mtime=0)
        headers["Content-Encoding"] = "gzip"
    return Response(body, media_type=_PLAYLIST, headers=headers)


class MediaResponse(Response):
    """Immutable media, sent in pieces; `on_first_byte` is called when the first is on its way."""

    def __init__(
        self,
        chunks: Sequence[bytes],
        *,
        media_type: str,
        on_first_byte: Callable[[], None] | None = None,
    ) -> None:
        self._chunks = chunks
        self._on_first_byte = on_first_byte
        length = sum(len(chunk) for chunk in chunks)
        super().__init__(
            media_type=media_type,
            headers={"Cache-Control": _IMMUTABLE, "Content-Length": str(length)},
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        start = {"type": "http.response.start", "status": 200, "headers": self.raw_headers}
        await send(start)
        if scope["method"] != "HEAD":
            for chunk in self._chunks:
                view = memoryview(chunk)
                for at in range(0, len(chunk), PIECE_BYTES):
                    piece = bytes(view[at : at + PIECE_BYTES])
                    await send({"type": "http.response.body", "body": piece, "more_body": True})
                    metrics.BYTES.labels("ll-hls").inc(len(piece))
                    self._first_byte()
        await send({"type": "http.response.body", "body": b""})

    def _first_byte(self) -> None:
        if self._on_first_byte is not None:
            self._on_first_byte()
            self._on_first_byte = None
