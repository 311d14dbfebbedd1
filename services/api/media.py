"""Bytes of a recording: HTTP ranges, and streaming from the object store in bounded memory."""

import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

import structlog
from fastapi import Response
from fastapi.responses import StreamingResponse

from libs.storage.errors import ObjectNotFound, RangeNotSatisfiable, StorageError
from services.api import metrics
from services.api.context import Objects
from services.api.errors import Problem, not_found, unavailable

if TYPE_CHECKING:
    import asyncpg

log = structlog.get_logger()

PIECE_BYTES = 1024 * 1024
"""Read at once and held per response. A slow or paused player holds one piece and no connection
to the object store."""

_RANGE = re.compile(r"^bytes=([0-9]{0,18})-([0-9]{0,18})$")


class MediaCutShort(Exception):
    """The object store sent less than the catalog says there is."""


@dataclass(frozen=True)
class Media:
    """A recording's object."""

    key: str
    bytes: int
    sha256: str

    @property
    def etag(self) -> str:
        return f'"{self.sha256}"'

    @classmethod
    def from_row(cls, row: "asyncpg.Record") -> "Media":
        return cls(row["object_key"], row["bytes"], row["sha256"])


@dataclass(frozen=True)
class ByteRange:
    """A stretch of an object."""

    offset: int
    length: int


class Unsatisfiable(Exception):
    """The asked range lies outside the object."""


def parse_range(header: str | None, size: int) -> ByteRange | None:
    """Return the asked range; None for all of it.

    A header that is not one byte range is ignored, as RFC 9110 section 14.2 allows. Raises
    Unsatisfiable.
    """
    match = _RANGE.fullmatch(header.replace(" ", "")) if header else None
    if match is None or match.groups() == ("", ""):
        return None
    first, last = match.groups()
    if not first:
        length = min(int(last), size)
        if length == 0:
            raise Unsatisfiable
        return ByteRange(size - length, length)
    offset, end = int(first), min(int(last), size - 1) if last else size - 1
    if last and int(last) < offset:
        return None
    if offset >= size:
        raise Unsatisfiable
    return ByteRange(offset, end - offset + 1)


async def media_response(
    objects: Objects,
    media: Media,
    request_headers: Mapping[str, str],
    *,
    is_head: bool,
    extra_headers: Mapping[str, str],
) -> Response:
    """Return the asked bytes: 200, 206, 304 or 416.

    The first piece is read before anything is sent, so that a missing object is an error and not
    a broken download. Raises Problem.
    """
    headers = {"Accept-Ranges": "bytes", "ETag": media.etag, **extra_headers}
    if request_headers.get("if-none-match") in {media.etag, "*"}:
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    # A changed object must be read anew from its start: If-Range, RFC 9110 section 13.1.5.
    is_same = request_headers.get("if-range", media.etag) == media.etag
    try:
        asked = parse_range(request_headers.get("range") if is_same else None, media.bytes)
    except Unsatisfiable:
        raise Problem(
            HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
            f"the recording has {media.bytes} bytes",
            headers={"Content-Range": f"bytes */{media.bytes}"},
        ) from None
    status, span = HTTPStatus.OK, ByteRange(0, media.bytes)
    if asked is not None:
        status, span = HTTPStatus.PARTIAL_CONTENT, asked
        last = span.offset + span.length - 1
        headers["Content-Range"] = f"bytes {span.offset}-{last}/{media.bytes}"
    headers["Content-Length"] = str(span.length)
    if is_head:
        return Response(status_code=status, headers=headers, media_type="video/mp4")
    first = await _first_piece(objects, media.key, span)
    return StreamingResponse(
        _pieces(objects, media.key, span, first),
        status_code=status,
        headers=headers,
        media_type="video/mp4",
    )


async def _first_piece(objects: Objects, key: str, span: ByteRange) -> bytes:
    try:
        return await read_piece(objects, key, span)
    except (ObjectNotFound, RangeNotSatisfiable, MediaCutShort) as error:
        log.error("media.lost", object_key=key, reason=str(error))
        raise not_found(
            "the catalog knows this recording, but the object store does not have it (any more)"
        ) from error
    except StorageError as error:
        log.warning("media.unavailable", object_key=key, reason=str(error))
        raise unavailable("the object store is away; try again in a few seconds") from error


async def read_piece(objects: Objects, key: str, span: ByteRange) -> bytes:
    """Return the first piece of a range; raises MediaCutShort when the object is too small."""
    wanted = min(PIECE_BYTES, span.length)
    chunks = [chunk async for chunk in objects.get_range(key, span.offset, wanted)]
    piece = b"".join(chunks)
    if len(piece) != wanted:
        raise MediaCutShort(f"{key}: {len(piece)} of {wanted} bytes at {span.offset}")
    return piece


async def _pieces(
    objects: Objects, key: str, span: ByteRange, first: bytes
) -> AsyncIterator[bytes]:
    sent, piece = 0, first
    while True:
        yield piece
        sent += len(piece)
        metrics.MEDIA_BYTES.inc(len(piece))
        if sent >= span.length:
            return
        piece = await read_piece(objects, key, ByteRange(span.offset + sent, span.length - sent))
