"""A small reader of ISO BMFF boxes (ISO/IEC 14496-12), enough for files made of our own parts."""

import struct
from collections.abc import Iterator
from typing import NamedTuple

_DURATION = 0x100
_SIZE = 0x200
_FLAGS = 0x400
_OFFSET = 0x800
TFDT_BYTES = 8
"""Of a 64-bit baseMediaDecodeTime."""
_NON_SYNC = 0x0001_0000


class Box(NamedTuple):
    """A box by position: `start` of its header, `body` behind the header, `end`."""

    kind: bytes
    start: int
    body: int
    end: int


class Run(NamedTuple):
    """One trun with what its tfhd and tfdt say. Times in the track's timescale."""

    track_id: int
    base_decode_time: int
    tfdt_offset: int  # of the 64-bit baseMediaDecodeTime
    durations: tuple[int, ...]
    sizes: tuple[int, ...]
    is_sync: tuple[bool, ...]
    composition_offsets: tuple[int, ...]
    data_offset: int  # from the moof's first byte

    @property
    def duration(self) -> int:
        return sum(self.durations)


def header(data: bytes | bytearray | memoryview, position: int) -> tuple[bytes, int, int] | None:
    """Kind, header size and box size at `position`; None when these bytes cannot be a box."""
    if len(data) - position < 8:
        return None
    size, kind = struct.unpack_from(">I4s", data, position)
    head = 8
    if size == 1:
        if len(data) - position < 16:
            return None
        (size,) = struct.unpack_from(">Q", data, position + 8)
        head = 16
    return (kind, head, size) if size >= head else None


def walk(data: bytes | memoryview, start: int = 0, end: int | None = None) -> Iterator[Box]:
    """Boxes side by side from `start`; stops before one that is cut off."""
    end = len(data) if end is None else end
    while (found := header(data, start)) is not None:
        kind, head, size = found
        if start + size > end:
            return
        yield Box(kind, start, start + head, start + size)
        start += size


def find(data: bytes | memoryview, *path: bytes, start: int = 0, end: int | None = None) -> Box:
    """The first box at `path`. Raises KeyError when there is none."""
    box = None
    for kind in path:
        box = next((each for each in walk(data, start, end) if each.kind == kind), None)
        if box is None:
            raise KeyError(kind.decode("latin1"))
        start, end = box.body, box.end
    assert box is not None
    return box


def track_id(init: bytes, trak: Box) -> int:
    """The id of a track by its trak box. Raises KeyError."""
    tkhd = find(init, b"tkhd", start=trak.body, end=trak.end)
    # version 1 has 64-bit creation and modification times before the field
    at = tkhd.body + (20 if init[tkhd.body] else 12)
    return int.from_bytes(init[at : at + 4], "big")


def runs(moof: bytes | memoryview, start: int = 0, end: int | None = None) -> list[Run]:
    """The runs of the first moof at or behind `start`; sample defaults come from its tfhd."""
    fragment = find(moof, b"moof", start=start, end=end)
    return [
        _run(moof, traf) for traf in walk(moof, fragment.body, fragment.end) if traf.kind == b"traf"
    ]


def shift_decode_times(part: bytes, shifts: list[tuple[int, int]]) -> bytearray:
    """A copy of `part` with each (tfdt_offset, new baseMediaDecodeTime) put in place."""
    copy = bytearray(part)
    for offset, base in shifts:
        struct.pack_into(">Q", copy, offset, base)
    return copy


def _run(data: bytes | memoryview, traf: Box) -> Run:
    tfhd = find(data, b"tfhd", start=traf.body, end=traf.end)
    tfdt = find(data, b"tfdt", start=traf.body, end=traf.end)
    trun = find(data, b"trun", start=traf.body, end=traf.end)
    track_id, duration, size, flags = _defaults(data, tfhd)
    wide = data[tfdt.body] == 1
    (base,) = struct.unpack_from(">Q" if wide else ">I", data, tfdt.body + 4)
    version_flags, count = struct.unpack_from(">II", data, trun.body)
    present = version_flags & 0xFFFFFF
    position = trun.body + 8
    data_offset = 0
    first_flags = None
    if present & 0x1:
        (data_offset,) = struct.unpack_from(">i", data, position)
        position += 4
    if present & 0x4:
        (first_flags,) = struct.unpack_from(">I", data, position)
        position += 4
    fields = [bit for bit in (_DURATION, _SIZE, _FLAGS, _OFFSET) if present & bit]
    values = struct.unpack_from(f">{count * len(fields)}I", data, position)
    column = {bit: values[at :: len(fields)] for at, bit in enumerate(fields)}
    sample_flags = list(column.get(_FLAGS, (flags,) * count))
    if first_flags is not None and sample_flags:
        sample_flags[0] = first_flags
    offsets = column.get(_OFFSET, (0,) * count)
    if version_flags >> 24:  # version 1: signed
        offsets = tuple(value - (1 << 32) if value >> 31 else value for value in offsets)
    return Run(
        track_id=track_id,
        base_decode_time=base,
        tfdt_offset=tfdt.body + 4,
        durations=column.get(_DURATION, (duration,) * count),
        sizes=column.get(_SIZE, (size,) * count),
        is_sync=tuple(not value & _NON_SYNC for value in sample_flags),
        composition_offsets=offsets,
        data_offset=data_offset,
    )


def _defaults(data: bytes | memoryview, tfhd: Box) -> tuple[int, int, int, int]:
    """Track id, default duration, size and flags of a tfhd."""
    version_flags, track_id = struct.unpack_from(">II", data, tfhd.body)
    position = tfhd.body + 8
    position += 8 * bool(version_flags & 0x1) + 4 * bool(version_flags & 0x2)
    defaults = []
    for bit in (0x8, 0x10, 0x20):
        value = 0
        if version_flags & bit:
            (value,) = struct.unpack_from(">I", data, position)
            position += 4
        defaults.append(value)
    return track_id, defaults[0], defaults[1], defaults[2]
