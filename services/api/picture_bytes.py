"""Keyframes out of recordings, read with as little as possible from the object store."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from libs.media.first_sample import (
    FirstSample,
    NoPictureError,
    find_first_sample,
    moof_bytes,
    part_of_one,
    video_only,
)
from services.api.context import Objects
from services.api.media import ByteRange, MediaCutShort, read_pieces, store_trouble

if TYPE_CHECKING:
    import asyncpg

FIRST_READ_BYTES = 128 * 1024
"""Usually holds the header and all of the picture; the rest of a larger one is read after it."""
LARGEST_INIT = 1 << 20


@dataclass(frozen=True)
class Showing:
    """When a picture is shown and for how long, in 1/90000 s."""

    shift_90k: int
    duration_90k: int


async def read_picture(
    objects: Objects, row: "asyncpg.Record", number: int, showing: Showing
) -> bytes:
    """Return the part that holds a fragment's first picture alone; raises Problem: 404 or 503."""
    fragment = ByteRange(row["fragment_offset"][number], row["fragment_bytes"][number])
    key = row["object_key"]
    with store_trouble(key, NoPictureError, event="picture.lost", thing="picture", fragment=number):
        sample, data = await _first_picture(objects, key, fragment)
        return part_of_one(
            sample,
            data,
            sequence=number + 1,
            shift_90k=showing.shift_90k,
            duration_90k=showing.duration_90k,
        )


async def read_video_init(objects: Objects, row: "asyncpg.Record") -> bytes:
    """Return a recording's init segment without its sound; raises Problem: 404 or 503."""
    key = row["object_key"]
    with store_trouble(key, KeyError, IndexError, event="picture.lost"):
        if row["init_bytes"] > LARGEST_INIT:
            raise MediaCutShort(f"an init segment of {row['init_bytes']} bytes")
        return video_only(await _read(objects, key, ByteRange(0, row["init_bytes"])))


async def _first_picture(
    objects: Objects, key: str, fragment: ByteRange
) -> tuple[FirstSample, bytes]:
    async def up_to(data: bytes, end: int) -> bytes:
        if end > fragment.length:
            raise NoPictureError("the first part is larger than its fragment")
        if end <= len(data):
            return data
        more = ByteRange(fragment.offset + len(data), end - len(data))
        return data + await _read(objects, key, more)

    data = await up_to(b"", min(FIRST_READ_BYTES, fragment.length))
    data = await up_to(data, moof_end := moof_bytes(data))
    sample = find_first_sample(data[:moof_end])
    data = await up_to(data, sample.end)
    return sample, data[sample.offset : sample.end]


async def _read(objects: Objects, key: str, span: ByteRange) -> bytes:
    return b"".join([piece async for piece in read_pieces(objects, key, span)])
