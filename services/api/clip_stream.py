"""The bytes of a clip, from the object store, in bounded memory."""

import asyncio
import struct
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from libs.media.concatenation import build_head
from libs.media.shift import DecodeTimeShifter, NotPartsError, timescales
from libs.storage.errors import ObjectNotFound, RangeNotSatisfiable, StorageError
from libs.web.problems import Problem, not_found, unavailable
from services.api.clips import ClipLayout
from services.api.context import Objects
from services.api.media import (
    STORE_AWAY,
    ByteRange,
    Content,
    MediaCutShort,
    cut_out,
    read_piece,
    read_pieces,
)

if TYPE_CHECKING:
    from services.api.database import Connection

log = structlog.get_logger()

LOOKS_AT_ONCE = 8
LOOK_SECONDS = 10.0
"""How long a download may wait for the look whether everything is there; then it begins."""
LARGEST_INIT = 1 << 20

SOURCES = "select recording_id, object_key, sha256 from recordings where recording_id = any($1)"


@dataclass(frozen=True)
class Source:
    """Where a recording's bytes are."""

    key: str
    sha256: str


async def read_sources(db: "Connection", layouts: Sequence[ClipLayout]) -> dict[str, Source]:
    """Return where the recordings of some files are; raises Problem 404 when one is gone."""
    wanted = {piece.recording_id for layout in layouts for piece in layout.pieces}
    rows = await db.fetch(SOURCES, list(wanted))
    found = {row["recording_id"]: Source(row["object_key"], row["sha256"]) for row in rows}
    if gone := wanted - found.keys():
        raise _lost(gone)
    return found


def content_of(objects: Objects, layout: ClipLayout, sources: Mapping[str, Source]) -> Content:
    """Return a file as something that can be sent."""

    def stream(span: ByteRange) -> AsyncIterator[bytes]:
        return _stream(objects, layout, sources, span)

    etag = layout.etag({name: source.sha256 for name, source in sources.items()})
    return Content(layout.init_recording_id, layout.bytes, etag, stream)


def ends_of(layout: ClipLayout, *, begin: int = 0) -> dict[str, int]:
    """Return up to where each recording is needed for a file from byte `begin` on."""
    ends: dict[str, int] = {}
    for piece, cut in layout.cuts(begin, layout.bytes):
        ends[piece.recording_id] = max(cut.end, ends.get(piece.recording_id, 0))
    return ends


async def check_stored(
    objects: Objects, sources: Mapping[str, Source], ends: Mapping[str, int]
) -> None:
    """Look whether the store has recordings up to where they are needed.

    A download that is told so before it begins is better than one that breaks off. Gives up after
    LOOK_SECONDS, because waiting longer helps nobody. Raises Problem: 404 or 503.
    """
    lost, failures = set[str](), list[StorageError]()
    waiting = iter(ends.items())

    async def look() -> None:
        for recording_id, end in waiting:
            try:
                is_stored = await _is_stored(objects, sources[recording_id].key, end)
            except StorageError as error:
                failures.append(error)
                return
            if not is_stored:
                lost.add(recording_id)

    try:
        async with asyncio.timeout(LOOK_SECONDS), asyncio.TaskGroup() as tasks:
            for _ in range(min(LOOKS_AT_ONCE, len(ends))):
                tasks.create_task(look(), name="look-for-recordings")
    except TimeoutError:
        log.warning("clip.not_all_looked_for", recordings=len(ends))
    if lost:
        raise _lost(lost)
    if failures:
        log.warning("media.unavailable", reason=str(failures[0]))
        raise unavailable(STORE_AWAY) from failures[0]


async def _is_stored(objects: Objects, key: str, end: int) -> bool:
    try:
        await read_piece(objects, key, ByteRange(end - 1, 1))
    except (ObjectNotFound, RangeNotSatisfiable, MediaCutShort):
        return False
    return True


async def _stream(
    objects: Objects, layout: ClipLayout, sources: Mapping[str, Source], span: ByteRange
) -> AsyncIterator[bytes]:
    init = await _read_init(objects, layout, sources)
    try:
        head, scales = build_head(init, layout.references), timescales(init)
    except (KeyError, IndexError, struct.error) as error:
        raise NotPartsError("the recording does not begin with an init segment") from error
    if len(head) != layout.head_bytes:
        raise NotPartsError(f"the head has {len(head)} bytes instead of {layout.head_bytes}")
    end = span.offset + span.length
    if span.offset < len(head):
        yield head[span.offset : end]
    for piece, cut in layout.cuts(span.offset, end):
        shifter = DecodeTimeShifter(piece.shift_90k, scales, position=cut.position)
        whole = ByteRange(cut.begin, cut.end - cut.begin)
        fragments = read_pieces(objects, sources[piece.recording_id].key, whole)
        async for ready in cut_out(fragments, shifter, cut.skip, cut.length):
            yield ready


async def _read_init(objects: Objects, layout: ClipLayout, sources: Mapping[str, Source]) -> bytes:
    if layout.init_bytes > LARGEST_INIT:
        raise MediaCutShort(f"an init segment of {layout.init_bytes} bytes")
    key = sources[layout.init_recording_id].key
    return await read_piece(objects, key, ByteRange(0, layout.init_bytes))


def _lost(recording_ids: Iterable[str]) -> Problem:
    named = sorted(recording_ids)
    log.error("clip.recordings_lost", recordings=named[:10], count=len(named))
    more = f" and {len(named) - 1} more" if len(named) > 1 else ""
    return not_found(
        f"the catalog knows the recording {named[0]}{more}, but the object store does not have it "
        "(any more); choose a range without it"
    )
