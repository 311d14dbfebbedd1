"""What a player must know of a range before it plays it, from the catalog."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from services.api.iframes import Variant
from services.api.playlist import Clip

if TYPE_CHECKING:
    from services.api.database import Connection

# What some recordings are encoded as, the most common first.
ENCODINGS = """
select video_codec, audio_codec, width, height
from recordings where recording_id = any($1)
group by video_codec, audio_codec, width, height
order by sum(duration_90k) desc
"""


async def read_variant(db: "Connection", clips: Sequence[Clip]) -> Variant:
    """Return what the clips need of a player: every codec, the largest picture, the rates."""
    ids = list({clip.recording.recording_id for clip in clips})
    rows = await db.fetch(ENCODINGS, ids)
    videos = tuple(dict.fromkeys(row["video_codec"] for row in rows))
    sounds = dict.fromkeys(row["audio_codec"] for row in rows if row["audio_codec"])
    width, height = max(
        ((row["width"], row["height"]) for row in rows), key=math.prod, default=(0, 0)
    )
    sizes = [(clip.fragment.bytes, clip.fragment.duration_90k) for clip in clips]
    seconds = sum(duration for _, duration in sizes) / 90_000
    return Variant(
        codecs=(*videos, *sounds),
        video_codecs=videos,
        width=width,
        height=height,
        peak_bits_per_second=math.ceil(max(8 * 90_000 * size / long for size, long in sizes)),
        mean_bits_per_second=math.ceil(8 * sum(size for size, _ in sizes) / seconds),
    )
