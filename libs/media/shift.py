"""Moves the decode times of parts while they pass by, so that recordings join on one timeline."""

import struct
from collections.abc import Mapping

from libs.media import boxes
from libs.media.packets import VIDEO_TIMESCALE

_HEADER_BYTES = 8
_LARGEST_MOOF = 1 << 20
SMALLEST_PART_BYTES = 64
"""Less than any moof and mdat. A part's sequence number in a joined file is its position divided
by this, so that numbers rise and do not depend on where a download goes on."""
LARGEST_JOINED_BYTES = SMALLEST_PART_BYTES << 32
"""Beyond it sequence numbers would begin anew."""


class NotPartsError(ValueError):
    """The bytes are not a sequence of moof and mdat boxes."""


def timescales(init: bytes) -> dict[int, int]:
    """Return the timescale of each track id in an init segment. Raises KeyError for others."""
    moov = boxes.find(init, b"moov")
    found = {}
    for trak in boxes.walk(init, moov.body, moov.end):
        if trak.kind != b"trak":
            continue
        mdhd = boxes.find(init, b"mdia", b"mdhd", start=trak.body, end=trak.end)
        # version 1 has 64-bit times before the field
        scale_at = mdhd.body + (20 if init[mdhd.body] else 12)
        (found[boxes.track_id(init, trak)],) = struct.unpack_from(">I", init, scale_at)
    return found


class DecodeTimeShifter:
    """Adds `shift_90k` (1/90000 s, may be negative) to every tfdt of the parts fed to it.

    The first byte fed is the first of a moof. Sizes do not change; at most one moof is held back
    until it is whole. With `position`, where that first byte stands in a file, parts get
    sequence numbers that rise over the whole file, wherever reading it begins.
    """

    def __init__(
        self, shift_90k: int, scales: Mapping[int, int], *, position: int | None = None
    ) -> None:
        self._shift_90k = shift_90k
        self._scales = scales
        self._position = position
        self._rest = bytearray()
        self._passing = 0  # bytes of the present mdat still to come

    @property
    def is_between_parts(self) -> bool:
        """Whether all that was fed is whole parts."""
        return not self._rest and not self._passing

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
            self._advance(size)
            return True
        if kind != b"moof" or size > _LARGEST_MOOF or head != _HEADER_BYTES:
            raise NotPartsError(f"expected a part, found {kind!r}")
        if len(self._rest) < size:
            return False
        try:
            ready += self._shifted(bytes(self._rest[:size]))
        except (KeyError, struct.error) as error:
            raise NotPartsError("a moof lacks what it must have") from error
        del self._rest[:size]
        self._advance(size)
        return True

    def _advance(self, size: int) -> None:
        if self._position is not None:
            self._position += size

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
        moved = boxes.shift_decode_times(moof, shifts)
        if self._position is not None:
            number_at = boxes.find(moof, b"moof", b"mfhd").body + 4
            struct.pack_into(">I", moved, number_at, self._position // SMALLEST_PART_BYTES)
        return bytes(moved)
