"""The picture at the start of a fragment, alone: an MP4 part of one sample, without decoding.

Such parts are what the segments of an I-frame playlist are (RFC 8216, section 4.3.3.6).
"""

import struct
from dataclasses import dataclass

from libs.media import boxes
from libs.media.moof import Samples, build_moof

LARGEST_MOOF = 1 << 20
LARGEST_SAMPLE = 32 << 20
"""Far beyond any keyframe; a header that claims more lies."""
_MDAT_HEADER = 8


class NoPictureError(ValueError):
    """The bytes do not begin with a part whose first sample is a keyframe."""


@dataclass(frozen=True)
class FirstSample:
    """Where a part's first video sample is, and what is to be said of it."""

    track_id: int
    decode_time: int
    composition_offset: int
    offset: int
    """From the part's first byte."""
    bytes: int

    @property
    def end(self) -> int:
        return self.offset + self.bytes


def moof_bytes(data: bytes) -> int:
    """Return how long the moof at the start of some bytes is, all of which need not be there.

    Raises NoPictureError.
    """
    found = boxes.header(data, 0)
    if found is None or found[0] != b"moof" or found[2] > LARGEST_MOOF:
        raise NoPictureError("there is no part")
    return found[2]


def find_first_sample(moof: bytes) -> FirstSample:
    """Return the first video sample of a part by its whole moof; the video track comes first.

    Raises NoPictureError.
    """
    try:
        run = boxes.runs(moof)[0]
        sample = FirstSample(
            run.track_id,
            run.base_decode_time,
            run.composition_offsets[0],
            run.data_offset,
            run.sizes[0],
        )
        is_keyframe = run.is_sync[0]
    except (KeyError, IndexError, struct.error) as error:
        raise NoPictureError("the part has no sample") from error
    if not is_keyframe:
        raise NoPictureError("the part does not start with a keyframe")
    if sample.offset < moof_bytes(moof) + _MDAT_HEADER or not 0 < sample.bytes <= LARGEST_SAMPLE:
        raise NoPictureError("the part's first sample lies where none can be")
    return sample


def part_of_one(
    sample: FirstSample, data: bytes, *, sequence: int, shift_90k: int, duration_90k: int
) -> bytes:
    """Return a part with this sample only, moved and as long as told (1/90000 s).

    Raises NoPictureError when it would begin before 0.
    """
    decode_time = sample.decode_time + shift_90k
    if decode_time < 0:
        raise NoPictureError("the picture would be shown before the beginning")
    only = Samples(
        track_id=sample.track_id,
        base_decode_time=decode_time,
        durations=[duration_90k],
        sizes=[len(data)],
        composition_offsets=[sample.composition_offset] if sample.composition_offset else None,
        first_is_sync=True,
        others_are_sync=True,
    )
    header, _ = build_moof(sequence, [only])
    return header + data


def video_only(init: bytes) -> bytes:
    """Return an init segment without its other tracks: a player would wait for their samples.

    Raises KeyError for what is no init segment.
    """
    moov = boxes.find(init, b"moov")
    parts = list(boxes.walk(init, moov.body, moov.end))
    dropped = {box for box in parts if box.kind == b"trak" and not _is_video(init, box)}
    others = {boxes.track_id(init, trak) for trak in dropped}
    kept = [
        _without_defaults(init, box, others) if box.kind == b"mvex" else init[box.start : box.end]
        for box in parts
        if box not in dropped
    ]
    return init[: moov.start] + _box(b"moov", b"".join(kept))


def _is_video(init: bytes, trak: boxes.Box) -> bool:
    handler = boxes.find(init, b"mdia", b"hdlr", start=trak.body, end=trak.end)
    return init[handler.body + 8 : handler.body + 12] == b"vide"


def _without_defaults(init: bytes, mvex: boxes.Box, tracks: set[int]) -> bytes:
    """Return an mvex without the trex of some tracks."""
    kept = [
        init[box.start : box.end]
        for box in boxes.walk(init, mvex.body, mvex.end)
        if box.kind != b"trex"
        or int.from_bytes(init[box.body + 4 : box.body + 8], "big") not in tracks
    ]
    return _box(b"mvex", b"".join(kept))


def _box(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(body), kind) + body
