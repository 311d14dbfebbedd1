"""Annex B access units of H.264 and H.265: what they hold, and their length-prefixed form.

ISO/IEC 14496-10 annex B, 14496-15. MPEG-4 part 2 has no NAL units; only its header is split off.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

_START_CODE = b"\x00\x00\x01"
_search_start_code = re.compile(_START_CODE).search  # twice as fast as bytes.find
_MPEG4_VOP = 0xB6
_MPEG4_GROUP_OF_VOP = 0xB3


class AccessUnit(NamedTuple):
    """One video frame ready for mdat. `parameter_sets`: as they came, empty without any."""

    pieces: tuple[bytes | memoryview, ...]  # views of the frame: copied once, into their part
    size: int  # of all pieces
    is_random_access: bool  # an IDR (H.264), any IRAP (H.265) picture, or one after a VOL header
    parameter_sets: tuple[bytes, ...]


class _Syntax(NamedTuple):
    shift: int
    mask: int
    parameter_sets: frozenset[int]
    dropped: frozenset[int]  # access unit delimiters and filler besides: they tell a player nothing
    random_access: frozenset[int]


_H264 = _Syntax(0, 0x1F, frozenset({7, 8, 13}), frozenset({7, 8, 13, 9, 12}), frozenset({5}))
_HEVC = _Syntax(
    1, 0x3F, frozenset({32, 33, 34}), frozenset({32, 33, 34, 35, 38}), frozenset(range(16, 24))
)
_SYNTAX = {"h264": _H264, "hevc": _HEVC}


def convert(codec: str, data: bytes) -> AccessUnit:
    """Length-prefix an Annex B access unit, without parameter sets, delimiters and filler."""
    syntax = _SYNTAX.get(codec)
    if syntax is None:
        header = mpeg4_header(data)
        return AccessUnit((data,), len(data), bool(header), (header,) if header else ())
    view = memoryview(data)
    pieces: list[bytes | memoryview] = []
    sets: list[bytes] = []
    size = 0
    is_random_access = False
    for begin, end in _units(data):
        kind = (data[begin] >> syntax.shift) & syntax.mask
        if kind in syntax.parameter_sets:
            sets.append(data[begin:end])
        if kind not in syntax.dropped:
            is_random_access = is_random_access or kind in syntax.random_access
            pieces += ((end - begin).to_bytes(4, "big"), view[begin:end])
            size += 4 + end - begin
    return AccessUnit(tuple(pieces), size, is_random_access, tuple(sets))


def split_units(data: bytes) -> list[bytes]:
    """NAL units of an Annex B byte string, without start codes and trailing zeros."""
    return [data[begin:end] for begin, end in _units(data)]


def _units(data: bytes) -> Iterator[tuple[int, int]]:
    """Where each NAL unit begins and ends; what stands before the first start code is none."""
    found = _search_start_code(data)
    while found is not None:
        begin = found.end()
        found = _search_start_code(data, begin)
        end = len(data) if found is None else found.start()
        while end > begin and not data[end - 1]:
            end -= 1
        if end > begin:
            yield begin, end


def parameter_sets(codec: str, data: bytes) -> tuple[bytes, ...]:
    """Parameter sets found in a keyframe or in Annex B extradata, in their order."""
    syntax = _SYNTAX.get(codec)
    if syntax is None:
        header = mpeg4_header(data)
        return (header,) if header else ()
    return tuple(unit for unit in split_units(data) if _kind(syntax, unit) in syntax.parameter_sets)


def merge_parameter_sets(
    codec: str, known: tuple[bytes, ...], seen: tuple[bytes, ...]
) -> tuple[bytes, ...]:
    """What holds after `seen`: each kind of set that it repeats is replaced as a whole.

    Most cameras repeat all sets together, but some repeat one kind only.
    """
    syntax = _SYNTAX.get(codec)
    if syntax is None:
        return seen or known
    repeated = {_kind(syntax, unit) for unit in seen}
    kept = [unit for unit in known if _kind(syntax, unit) not in repeated]
    # a camera may send a set twice in one frame; once is enough
    return tuple(dict.fromkeys(sorted([*kept, *seen], key=lambda unit: _kind(syntax, unit))))


def to_annex_b(codec: str, units: tuple[bytes, ...]) -> bytes:
    """Units with four-byte start codes; MPEG-4 headers carry their own."""
    if codec not in _SYNTAX:
        return b"".join(units)
    return b"".join(b"\0\0\0\1" + unit for unit in units)


def mpeg4_header(data: bytes) -> bytes:
    """Bytes before the first VOP (VOS, VO and VOL headers); empty without a VOL among them."""
    position = data.find(_START_CODE)
    has_layer = False
    while 0 <= position < len(data) - 3:
        kind = data[position + 3]
        if kind in {_MPEG4_VOP, _MPEG4_GROUP_OF_VOP}:
            return data[:position] if has_layer else b""
        has_layer = has_layer or 0x20 <= kind <= 0x2F
        position = data.find(_START_CODE, position + 3)
    return data if has_layer else b""


def _kind(syntax: _Syntax, unit: bytes) -> int:
    return (unit[0] >> syntax.shift) & syntax.mask
