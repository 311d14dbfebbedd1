"""Playlists of keyframes for scrubbing: HLS I-frame playlists over recordings. No I/O.

They stand on the same timeline as the playback playlist of the same range, so that a player can
show a picture for any of its times. Each picture is shown until the next one (RFC 8216, section
4.3.3.6), also where pictures between them are left out.
"""

import math
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from libs.contracts.times import isoformat_z
from services.api.playlist import EVENT_TARGET_SECONDS, Clip, Stretch, stretches_of


@dataclass(frozen=True)
class Picture:
    """The keyframe at the start of a fragment."""

    recording_id: str
    number: int
    """Of the fragment in its recording, from 0."""
    start: datetime
    shift_90k: int
    """Added to its decode time."""
    duration_90k: int
    own_90k: int
    """Length of its fragment."""
    is_seamless: bool
    """Goes on where the picture before ended."""
    has_new_init: bool
    has_new_recording: bool


@dataclass
class _Chosen:
    stretch: Stretch
    number: int
    clip: Clip
    is_break: bool
    duration_90k: int


def choose_pictures(clips: Sequence[Clip], every_seconds: float | None = None) -> list[Picture]:
    """Return the pictures of clips, or at most one in `every_seconds` of unbroken footage."""
    least = timedelta(seconds=every_seconds or 0)
    chosen: list[_Chosen] = []
    for stretch in stretches_of(clips):
        fragments = stretch.recording.fragments
        first = bisect_left(fragments, stretch.clips[0].fragment.offset, key=lambda f: f.offset)
        for number, clip in enumerate(stretch.clips):
            is_break = number == 0 and not stretch.is_seamless
            if is_break or clip.start - chosen[-1].clip.start >= least:
                chosen.append(_Chosen(stretch, first + number, clip, is_break, 0))
            chosen[-1].duration_90k += clip.fragment.duration_90k
    return [
        _picture(each, chosen[at - 1].stretch if at else None) for at, each in enumerate(chosen)
    ]


def _picture(chosen: _Chosen, before: Stretch | None) -> Picture:
    recording = chosen.stretch.recording
    return Picture(
        recording_id=recording.recording_id,
        number=chosen.number,
        start=chosen.clip.start,
        shift_90k=chosen.stretch.shift_90k,
        duration_90k=chosen.duration_90k,
        own_90k=chosen.clip.fragment.duration_90k,
        is_seamless=not chosen.is_break,
        has_new_init=before is None or before.recording.init_sha256 != recording.init_sha256,
        has_new_recording=before is None or before.recording is not recording,
    )


PictureUri = Callable[[Picture], str]
InitUri = Callable[[str], str]
"""The address of a recording's init segment without sound."""


def render_pictures(
    pictures: Sequence[Picture],
    *,
    picture_uri: PictureUri,
    init_uri: InitUri,
    is_final: bool,
    every_seconds: float | None = None,
) -> str:
    """Return the playlist; one that is not final grows and keeps its target duration."""
    longest = max((picture.duration_90k for picture in pictures), default=0)
    least = 1 if is_final else EVENT_TARGET_SECONDS + math.ceil(every_seconds or 0)
    lines = [
        "#EXTM3U",
        "#EXT-X-VERSION:7",
        f"#EXT-X-TARGETDURATION:{max(math.ceil(longest / 90_000), least)}",
        "#EXT-X-MEDIA-SEQUENCE:0",
        f"#EXT-X-PLAYLIST-TYPE:{'VOD' if is_final else 'EVENT'}",
        "#EXT-X-I-FRAMES-ONLY",
    ]
    for number, picture in enumerate(pictures):
        if number and not picture.is_seamless:
            lines.append("#EXT-X-DISCONTINUITY")
        if picture.has_new_init:
            lines.append(f'#EXT-X-MAP:URI="{init_uri(picture.recording_id)}"')
        if picture.has_new_recording:
            lines.append(f"#EXT-X-PROGRAM-DATE-TIME:{isoformat_z(picture.start)}")
        lines += [f"#EXTINF:{picture.duration_90k / 90_000:.6f},", picture_uri(picture)]
    if is_final:
        lines.append("#EXT-X-ENDLIST")
    return "\n".join(lines) + "\n"


@dataclass(frozen=True)
class Variant:
    """What a player must know before it asks for a range."""

    codecs: tuple[str, ...]
    """RFC 6381, video before sound."""
    video_codecs: tuple[str, ...]
    width: int
    height: int
    peak_bits_per_second: int
    mean_bits_per_second: int


def render_master(variant: Variant, *, playback_uri: str, pictures_uri: str) -> str:
    """Return the playlist that names the footage and its pictures (RFC 8216, section 4.3.4)."""
    rates = (
        f"BANDWIDTH={variant.peak_bits_per_second},AVERAGE-BANDWIDTH={variant.mean_bits_per_second}"
    )
    size = f",RESOLUTION={variant.width}x{variant.height}" if variant.width else ""
    # no keyframe needs more than the fragment that it begins
    return (
        "#EXTM3U\n"
        "#EXT-X-VERSION:7\n"
        "#EXT-X-INDEPENDENT-SEGMENTS\n"
        f'#EXT-X-STREAM-INF:{rates},CODECS="{",".join(variant.codecs)}"{size}\n'
        f"{playback_uri}\n"
        f"#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH={variant.peak_bits_per_second},"
        f'CODECS="{",".join(variant.video_codecs)}"{size},URI="{pictures_uri}"\n'
    )
