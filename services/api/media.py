"""Bytes of a recording: HTTP ranges, and streaming from the object store in bounded memory."""

import contextlib
import re
from bisect import bisect_left, bisect_right
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

import structlog
from fastapi import Response
from fastapi.responses import StreamingResponse
from starlette.types import Send

from libs.media.shift import DecodeTimeShifter, NotPartsError, timescales
from libs.storage.errors import ObjectNotFound, RangeNotSatisfiable, StorageError
from libs.web.problems import Problem, not_found, unavailable
from services.api import metrics
from services.api.context import Objects

if TYPE_CHECKING:
    import asyncpg

log = structlog.get_logger()

PIECE_BYTES = 1024 * 1024
"""Read at once and held per response. A slow or paused player holds one piece and no connection
to the object store."""

STORE_AWAY = "the object store is away; try again in a few seconds"

_RANGE = re.compile(r"^bytes=([0-9]{0,18})-([0-9]{0,18})$")


class MediaCutShort(Exception):
    """The object store sent less than the catalog says there is."""


@dataclass(frozen=True)
class Media:
    """A recording's object, its decode times moved by `shift_90k` (1/90000 s) on the way out."""

    key: str
    bytes: int
    sha256: str
    init_bytes: int = 0
    fragment_offsets: tuple[int, ...] = ()
    shift_90k: int = 0

    @property
    def etag(self) -> str:
        return f'"{self.sha256}{f"{self.shift_90k:+}" if self.shift_90k else ""}"'

    @classmethod
    def from_row(cls, row: "asyncpg.Record", *, shift_90k: int = 0) -> "Media":
        return cls(
            row["object_key"],
            row["bytes"],
            row["sha256"],
            row["init_bytes"],
            tuple(row["fragment_offset"]),
            shift_90k,
        )


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


MakeStream = Callable[["ByteRange"], AsyncIterator[bytes]]
"""What gives the bytes of a range."""


@dataclass(frozen=True)
class Content:
    """Bytes of known number that can be read from anywhere."""

    name: str
    """For the log."""
    bytes: int
    etag: str
    stream: MakeStream


async def media_response(
    objects: Objects,
    media: Media,
    request_headers: Mapping[str, str],
    *,
    is_head: bool,
    extra_headers: Mapping[str, str],
) -> Response:
    """Return the asked bytes of a recording; see `ranged_response`."""

    def stream(span: ByteRange) -> AsyncIterator[bytes]:
        if media.shift_90k:
            return _shifted(objects, media, span)
        return read_pieces(objects, media.key, span)

    content = Content(media.key, media.bytes, media.etag, stream)
    return await ranged_response(
        content, request_headers, is_head=is_head, extra_headers=extra_headers
    )


async def ranged_response(
    content: Content,
    request_headers: Mapping[str, str],
    *,
    is_head: bool,
    extra_headers: Mapping[str, str],
) -> Response:
    """Return the asked bytes: 200, 206, 304 or 416.

    The first piece is read before anything is sent, so that a missing object is an error and not
    a broken download. What goes wrong later breaks the connection. Raises Problem.
    """
    headers = {"Accept-Ranges": "bytes", "ETag": content.etag, **extra_headers}
    if request_headers.get("if-none-match") in {content.etag, "*"}:
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    # A changed object must be read anew from its start: If-Range, RFC 9110 section 13.1.5.
    is_same = request_headers.get("if-range", content.etag) == content.etag
    try:
        asked = parse_range(request_headers.get("range") if is_same else None, content.bytes)
    except Unsatisfiable:
        raise Problem(
            HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
            f"the recording has {content.bytes} bytes",
            headers={"Content-Range": f"bytes */{content.bytes}"},
        ) from None
    status, span = HTTPStatus.OK, ByteRange(0, content.bytes)
    if asked is not None:
        status, span = HTTPStatus.PARTIAL_CONTENT, asked
        last = span.offset + span.length - 1
        headers["Content-Range"] = f"bytes {span.offset}-{last}/{content.bytes}"
    headers["Content-Length"] = str(span.length)
    if is_head:
        return Response(status_code=status, headers=headers, media_type="video/mp4")
    stream = _counted(content.stream(span))
    first = await _first_piece(stream, content.name)
    return _Sending(
        _resumed(first, stream, content.name),
        status_code=status,
        headers=headers,
        media_type="video/mp4",
    )


async def _first_piece(stream: AsyncIterator[bytes], key: str) -> bytes:
    with store_trouble(key, NotPartsError, KeyError, event="media.lost"):
        return await anext(stream)


@contextlib.contextmanager
def store_trouble(
    key: str, *broken: type[Exception], event: str, thing: str = "recording", **about: object
) -> Iterator[None]:
    """Raise Problem 404 where an object or its bytes are not there, 503 where the store is away.

    `broken`: what else says that they are not what the catalog says. `event` and `about` are for
    the log.
    """
    lost: tuple[type[Exception], ...] = (ObjectNotFound, RangeNotSatisfiable, MediaCutShort)
    try:
        yield
    except lost + broken as error:
        log.error(event, object_key=key, reason=str(error), **about)
        raise not_found(
            f"the catalog knows this {thing}, but the object store does not have it (any more)"
        ) from error
    except StorageError as error:
        log.warning("media.unavailable", object_key=key, reason=str(error))
        raise unavailable(STORE_AWAY) from error


class _Sending(StreamingResponse):
    """Sends what is there; where it ends too soon the server breaks the connection.

    Whoever downloads must see that something is missing: an answer that ended in order would not
    tell.
    """

    async def stream_response(self, send: Send) -> None:
        with contextlib.suppress(_BrokenOff):
            await super().stream_response(send)


class _BrokenOff(Exception):
    """The rest cannot be read; it has been logged."""


async def _resumed(first: bytes, rest: AsyncIterator[bytes], key: str) -> AsyncIterator[bytes]:
    yield first
    try:
        async for piece in rest:
            yield piece
    except (StorageError, MediaCutShort, NotPartsError) as error:
        log.warning("media.broken_off", object_key=key, reason=str(error))
        raise _BrokenOff from error


async def _counted(stream: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    async for piece in stream:
        metrics.MEDIA_BYTES.inc(len(piece))
        yield piece


async def read_piece(objects: Objects, key: str, span: ByteRange) -> bytes:
    """Return the first piece of a range; raises MediaCutShort when the object is too small."""
    wanted = min(PIECE_BYTES, span.length)
    chunks = [chunk async for chunk in objects.get_range(key, span.offset, wanted)]
    piece = b"".join(chunks)
    if len(piece) != wanted:
        raise MediaCutShort(f"{key}: {len(piece)} of {wanted} bytes at {span.offset}")
    return piece


async def read_pieces(objects: Objects, key: str, span: ByteRange) -> AsyncIterator[bytes]:
    """Yield a range of an object in pieces; raises StorageError, MediaCutShort."""
    sent = 0
    while sent < span.length:
        piece = await read_piece(objects, key, ByteRange(span.offset + sent, span.length - sent))
        sent += len(piece)
        yield piece


async def _shifted(objects: Objects, media: Media, span: ByteRange) -> AsyncIterator[bytes]:
    """Read a range with its decode times moved: whole fragments are read, the range is cut out."""
    offsets = media.fragment_offsets
    position, end = span.offset, span.offset + span.length
    if position < offsets[0]:
        head = ByteRange(position, min(offsets[0], end) - position)
        async for piece in read_pieces(objects, media.key, head):
            yield piece
        position += head.length
    if position >= end:
        return
    begin = offsets[bisect_right(offsets, position) - 1]
    after = bisect_left(offsets, end)
    whole = ByteRange(begin, (offsets[after] if after < len(offsets) else media.bytes) - begin)
    init = await read_piece(objects, media.key, ByteRange(0, media.init_bytes))
    shifter = DecodeTimeShifter(media.shift_90k, timescales(init))
    stream = read_pieces(objects, media.key, whole)
    async for piece in cut_out(stream, shifter, position - begin, end - position):
        yield piece


async def cut_out(
    fragments: AsyncIterator[bytes], shifter: DecodeTimeShifter, skip: int, length: int
) -> AsyncIterator[bytes]:
    """Yield `length` bytes behind the first `skip` of whole fragments, rewritten on the way.

    Raises NotPartsError, also where the fragments do not end with a whole part.
    """
    async for piece in fragments:
        ready = shifter.feed(piece)
        wanted = ready[skip : skip + length]
        skip = max(0, skip - len(ready))
        length -= len(wanted)
        if wanted:
            yield wanted
    if not shifter.is_between_parts:
        raise NotPartsError("the last part is cut off")
