"""Moves the decode times of parts while they pass by, so that recordings join on one timeline."""

import struct
from collections.abc import Mapping

from libs.media import boxes
from libs.media.packets import VIDEO_TIMESCALE

_HEADER_BYTES = 8
_LARGEST_MOOF = 1 << 20


class NotPartsError(ValueError):
    """The bytes are not a sequence of moof and mdat boxes."""


def timescales(init: bytes) -> dict[int, int]:
    """Return the timescale of each track id in an init segment. Raises KeyError for others."""
    moov = boxes.find(init, b"moov")
    found = {}
    for trak in boxes.walk(init, moov.body, moov.end):
        if trak.kind != b"trak":
            continue
        tkhd = boxes.find(init, b"tkhd", start=trak.body, end=trak.end)
        mdhd = boxes.find(init, b"mdia", b"mdhd", start=trak.body, end=trak.end)
        # version 1 has 64-bit creation and modification times before the field
        id_at = tkhd.body + (20 if init[tkhd.body] else 12)
        scale_at = mdhd.body + (20 if init[mdhd.body] else 12)
        (track_id,) = struct.unpack_from(">I", init, id_at)
        (found[track_id],) = struct.unpack_from(">I", init, scale_at)
    return found


class DecodeTimeShifter:
    """Adds `shift_90k` (1/90000 s, may be negative) to every tfdt of the parts fed to it.

    The first byte fed is the first of a moof. Sizes do not change; at most one moof is held back
    until it is whole.
    """

    def __init__(self, shift_90k: int, scales: Mapping[int, int]) -> None:
        self._shift_90k = shift_90k
        self._scales = scales
        self._rest = bytearray()
        self._passing = 0  # bytes of the present mdat still to come

    def feed(self, data: bytes) -> bytes:
        """Return what is ready. Raises NotPartsError."""
        self._rest += data
        ready = bytearray()
        while self._rest:
            if self._passing:
                taken = min(self._passing, len(self._rest))
                ready += self._rest[:taken]
                del self._rest[:taken]
                self._passing -= taken
                continue
            if not self._next_box(ready):
                break
        return bytes(ready)

    def _next_box(self, ready: bytearray) -> bool:
        """Take a whole moof, or the header of an mdat; False when more bytes are needed."""
        found = boxes.header(self._rest, 0)
        if found is None:
            if len(self._rest) < 2 * _HEADER_BYTES:
                return False
            raise NotPartsError("a box has an impossible size")
        kind, head, size = found
        if kind == b"mdat":
            self._passing = size
            return True
        if kind != b"moof" or size > _LARGEST_MOOF or head != _HEADER_BYTES:
            raise NotPartsError(f"expected a part, found {kind!r}")
        if len(self._rest) < size:
            return False
        ready += self._shifted(bytes(self._rest[:size]))
        del self._rest[:size]
        return True

    def _shifted(self, moof: bytes) -> bytes:
        shifts = [
            (
                run.tfdt_offset,
                run.base_decode_time
                + self._shift_90k
                * self._scales.get(run.track_id, VIDEO_TIMESCALE)
                // VIDEO_TIMESCALE,
            )
            for run in boxes.runs(moof)
        ]
        return bytes(boxes.shift_decode_times(moof, shifts))
