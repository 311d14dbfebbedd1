"""What tells a file's length before its parts: mehd and sidx (ISO/IEC 14496-12, 8.8.2, 8.16.3)."""

import struct
from collections.abc import Sequence
from typing import NamedTuple

from libs.media import boxes
from libs.media.packets import VIDEO_TIMESCALE

MEHD_BYTES = 20
"""Of version 1. Init segments keep room for it: a `free`, first in moov/mvex."""
SIDX_BYTES = 40
REFERENCE_BYTES = 12
MOST_REFERENCES = 0xFFFF
_LARGEST_REFERENCE = 0x7FFF_FFFF
_STARTS_WITH_SAP_1 = 0x9000_0000
_MVHD_TIMESCALE = 1000


class Reference(NamedTuple):
    """Parts side by side, the first of which starts with a keyframe."""

    bytes: int
    duration_90k: int


def build_sidx(references: Sequence[Reference], *, first_presentation: int = 0) -> bytes:
    """Return the sidx that ends where the first part begins; at most MOST_REFERENCES."""
    size = SIDX_BYTES + REFERENCE_BYTES * len(references)
    sidx = struct.pack(
        ">I4sIIIQQHH",
        size,
        b"sidx",
        1 << 24,
        1,  # reference_ID: the video track
        VIDEO_TIMESCALE,
        max(0, first_presentation),
        0,  # first_offset: the first moof follows at once
        0,
        len(references),
    )
    rows = [
        value
        for reference in references
        for value in (
            min(reference.bytes, _LARGEST_REFERENCE),
            reference.duration_90k,
            _STARTS_WITH_SAP_1,
        )
    ]
    return sidx + struct.pack(f">{len(rows)}I", *rows)


def merge_references(references: Sequence[Reference], most: int) -> list[Reference]:
    """Return at most `most` references for the same bytes, neighbours merged evenly."""
    group = -(-len(references) // most)
    if group <= 1:
        return list(references)
    return [
        Reference(
            sum(reference.bytes for reference in merged),
            sum(reference.duration_90k for reference in merged),
        )
        for merged in (references[at : at + group] for at in range(0, len(references), group))
    ]


def build_mehd(duration_90k: int) -> bytes:
    """Return the box that tells how long all parts are together."""
    milliseconds = round(duration_90k * _MVHD_TIMESCALE / VIDEO_TIMESCALE)
    return struct.pack(">I4sIQ", MEHD_BYTES, b"mehd", 1 << 24, milliseconds)


def length_box(init: bytes) -> int:
    """Where mehd, or the `free` that keeps its place, begins in an init segment of ours."""
    return boxes.find(init, b"moov", b"mvex").body


def with_length(init: bytes, duration_90k: int) -> bytes:
    """Return the init segment of a file that is this long (1/90000 s).

    One that keeps no place for the length stays as it is: sidx tells it too. Raises KeyError for
    what is no init segment.
    """
    at = length_box(init)
    found = boxes.header(init, at)
    if found is None or found[0] not in {b"free", b"mehd"} or found[2] != MEHD_BYTES:
        return init
    return init[:at] + build_mehd(duration_90k) + init[at + MEHD_BYTES :]
