"""moof headers written by hand (ISO/IEC 14496-12 §8.8): only so a part is cut when we say."""

import struct
from typing import NamedTuple

_SYNC = 0x0200_0000  # depends on nothing
_NON_SYNC = 0x0101_0000
_TFHD_DURATION = 0x8
_TFHD_FLAGS = 0x20
_TFHD_BASE_IS_MOOF = 0x02_0000
_TRUN_DATA_OFFSET = 0x1
_TRUN_FIRST_FLAGS = 0x4
_TRUN_DURATION = 0x100
_TRUN_SIZE = 0x200
_TRUN_COMPOSITION = 0x800


class Samples(NamedTuple):
    """One track's samples of a part, times in the track's timescale, data in the same order."""

    track_id: int
    base_decode_time: int
    durations: list[int]
    sizes: list[int]
    composition_offsets: list[int] | None  # signed; None when all are 0
    first_is_sync: bool
    others_are_sync: bool


def build_moof(sequence: int, tracks: list[Samples]) -> tuple[bytes, list[int]]:
    """The moof and mdat headers of a part, and where each track's 64-bit tfdt value stands.

    The mdat holds the tracks' samples one track after the other.
    """
    shapes = [_shape(track) for track in tracks]
    moof_size = 24 + sum(size for size, _ in shapes)
    mdat_size = 8
    pieces = [struct.pack(">I4sI4sII", moof_size, b"moof", 16, b"mfhd", 0, sequence)]
    position = 24
    tfdt_offsets = []
    for track, (traf_size, has_one_duration) in zip(tracks, shapes, strict=True):
        pieces.append(_traf(track, traf_size, has_one_duration, moof_size + mdat_size))
        # behind the traf and tfhd headers, and the tfdt's own header and version
        tfdt_offsets.append(position + 8 + _tfhd_size(has_one_duration) + 12)
        position += traf_size
        mdat_size += sum(track.sizes)
    pieces.append(struct.pack(">I4s", mdat_size, b"mdat"))
    return b"".join(pieces), tfdt_offsets


def _shape(track: Samples) -> tuple[int, bool]:
    """Size of the traf, and whether one default duration holds for all samples."""
    durations = track.durations
    has_one_duration = durations.count(durations[0]) == len(durations)
    columns = 2 - has_one_duration + (track.composition_offsets is not None)
    has_first_flags = track.first_is_sync != track.others_are_sync
    trun = 20 + 4 * has_first_flags + 4 * columns * len(durations)
    return 8 + _tfhd_size(has_one_duration) + 20 + trun, has_one_duration


def _tfhd_size(has_one_duration: bool) -> int:
    return 24 if has_one_duration else 20


def _traf(track: Samples, size: int, has_one_duration: bool, data_offset: int) -> bytes:
    count = len(track.durations)
    default_flags = _SYNC if track.others_are_sync else _NON_SYNC
    trun_flags = _TRUN_DATA_OFFSET | _TRUN_SIZE
    columns = [track.sizes]
    if has_one_duration:
        tfhd = struct.pack(
            ">I4sIIII",
            24,
            b"tfhd",
            _TFHD_BASE_IS_MOOF | _TFHD_DURATION | _TFHD_FLAGS,
            track.track_id,
            track.durations[0],
            default_flags,
        )
    else:
        tfhd = struct.pack(
            ">I4sIII",
            20,
            b"tfhd",
            _TFHD_BASE_IS_MOOF | _TFHD_FLAGS,
            track.track_id,
            default_flags,
        )
        trun_flags |= _TRUN_DURATION
        columns.insert(0, track.durations)
    if track.composition_offsets is not None:
        trun_flags |= _TRUN_COMPOSITION
        columns.append([offset & 0xFFFF_FFFF for offset in track.composition_offsets])
    head = [1 << 24 | trun_flags, count, data_offset]
    if track.first_is_sync != track.others_are_sync:
        head[0] |= _TRUN_FIRST_FLAGS
        head.append(_SYNC if track.first_is_sync else _NON_SYNC)
    width = len(columns)
    table = [0] * (count * width)
    for at, column in enumerate(columns):
        table[at::width] = column
    trun_size = size - 8 - len(tfhd) - 20
    return b"".join(
        (
            struct.pack(">I4s", size, b"traf"),
            tfhd,
            struct.pack(">I4sIQ", 20, b"tfdt", 1 << 24, track.base_decode_time),
            struct.pack(">I4s", trun_size, b"trun"),
            struct.pack(f">{len(head)}I", *head),
            struct.pack(f">{len(table)}I", *table),
        )
    )
