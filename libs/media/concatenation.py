"""One MP4 out of fragments of recordings with equal init segments: only headers change.

The file is init segment, sidx and the fragments as they are; decode times and sequence numbers
of the parts are rewritten while they pass by (`shift.DecodeTimeShifter`). Its size is known
beforehand, and any range of it can be made without what stands before.
"""

from collections.abc import Sequence

from libs.media.length_boxes import (
    MOST_REFERENCES,
    REFERENCE_BYTES,
    SIDX_BYTES,
    Reference,
    build_sidx,
    merge_references,
    with_length,
)


def head_bytes(init_bytes: int, fragments: int) -> int:
    """Return how long what stands before the first of so many fragments is."""
    group = max(1, -(-fragments // MOST_REFERENCES))
    return init_bytes + SIDX_BYTES + REFERENCE_BYTES * -(-fragments // group)


def build_head(init: bytes, fragments: Sequence[Reference]) -> bytes:
    """Return what stands before the first fragment: it tells the length, and where to seek.

    Raises KeyError for what is no init segment.
    """
    duration_90k = sum(fragment.duration_90k for fragment in fragments)
    references = merge_references(fragments, MOST_REFERENCES)
    return with_length(init, duration_90k) + build_sidx(references)
