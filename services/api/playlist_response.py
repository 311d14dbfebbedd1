"""Playlists as responses."""

import gzip

from fastapi import Request, Response

PLAYLIST_TYPE = "application/vnd.apple.mpegurl"
GZIP_FROM_BYTES = 10_000


def playlist_response(text: str, request: Request) -> Response:
    """Return a playlist, compressed where it is long: hours of footage make hundreds of KB."""
    headers, body = {"Vary": "Accept-Encoding"}, text.encode()
    if len(body) > GZIP_FROM_BYTES and "gzip" in request.headers.get("accept-encoding", ""):
        headers["Content-Encoding"] = "gzip"
        body = gzip.compress(body, compresslevel=5)
    return Response(body, headers=headers, media_type=PLAYLIST_TYPE)
