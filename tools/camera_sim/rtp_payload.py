"""Splits access units into RTP payloads: RFC 6184, RFC 7798, RFC 6416, RFC 3640, RFC 3551."""

import struct
from collections.abc import Iterator
from typing import Final

MAX_PAYLOAD: Final = 1400
"""Bytes; what fits an Ethernet frame with room for tunnels."""


def payloads_of(codec: str, unit: bytes, limit: int = MAX_PAYLOAD) -> list[bytes]:
    """The payloads of one access unit in order; none is longer than `limit`."""
    if codec == "h264":
        return [payload for nal in split_annexb(unit) for payload in _h264(nal, limit)]
    if codec == "hevc":
        return [payload for nal in split_annexb(unit) for payload in _hevc(nal, limit)]
    if codec == "aac":
        return list(_aac(unit, limit))
    # MPEG-4 part 2 is cut anywhere, G.711 is short enough
    return [unit[start : start + limit] for start in range(0, len(unit), limit)]


def split_annexb(unit: bytes) -> list[bytes]:
    """The NAL units between start codes of three or four bytes."""
    nals = []
    start = unit.find(b"\0\0\1")
    while start >= 0:
        following = unit.find(b"\0\0\1", start + 3)
        nal = unit[start + 3 : following if following >= 0 else len(unit)]
        # a zero before the next start code belongs to that, a NAL never ends in one
        nals.append(nal.rstrip(b"\0"))
        start = following
    return [nal for nal in nals if nal]


def _h264(nal: bytes, limit: int) -> Iterator[bytes]:
    """A single NAL unit packet, or fragments of type A (RFC 6184 5.6, 5.8)."""
    if len(nal) <= limit:
        yield nal
        return
    indicator = (nal[0] & 0xE0) | 28
    for chunk, flags in _fragments(nal[1:], limit - 2):
        yield bytes([indicator, flags | (nal[0] & 0x1F)]) + chunk


def _hevc(nal: bytes, limit: int) -> Iterator[bytes]:
    """A single NAL unit packet, or fragmentation units (RFC 7798 4.4.1, 4.4.3)."""
    if len(nal) <= limit:
        yield nal
        return
    header = bytes([(nal[0] & 0x81) | (49 << 1), nal[1]])
    for chunk, flags in _fragments(nal[2:], limit - 3):
        yield header + bytes([flags | (nal[0] >> 1 & 0x3F)]) + chunk


def _fragments(body: bytes, size: int) -> Iterator[tuple[bytes, int]]:
    """Chunks with their start (0x80) and end (0x40) flags."""
    for start in range(0, len(body), size):
        first = 0x80 if start == 0 else 0
        last = 0x40 if start + size >= len(body) else 0
        yield body[start : start + size], first | last


def _aac(unit: bytes, limit: int) -> Iterator[bytes]:
    """One AU header of 13 bits size and 3 bits index in each packet (RFC 3640 3.3.6)."""
    header = struct.pack(">HH", 16, len(unit) << 3)
    for start in range(0, len(unit), limit - 4):
        yield header + unit[start : start + limit - 4]
