"""Playlists of recorded footage: HLS version 7, one byte range per fragment. No I/O.

Every recording is its own timeline (its decode times start at 0), so each begins with
EXT-X-DISCONTINUITY, its own EXT-X-MAP and the wall time. A gap is such a discontinuity too:
EXT-X-GAP segments stall hls.js over long gaps. RFC 8216bis.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from libs.contracts.times import isoformat_z

EVENT_TARGET_SECONDS = 10
"""A playlist that still grows must not change its target duration, so it starts no lower."""


@dataclass(frozen=True)
class Fragment:
    """A byte range that starts at a keyframe."""

    offset: int
    bytes: int
    duration_90k: int


@dataclass(frozen=True)
class Playable:
    """A recording as playback sees it; `fragments` is not empty."""

    recording_id: str
    started_at: datetime
    ended_at: datetime
    init_bytes: int
    fragments: tuple[Fragment, ...]


@dataclass(frozen=True)
class Clip:
    """One fragment on the wall clock."""

    recording: Playable
    fragment: Fragment
    start: datetime
    end: datetime


def clips_of(recording: Playable) -> list[Clip]:
    """Place a recording's fragments on the wall clock.

    The camera's clock drifts against ours; the difference is spread over the recording, so that
    fragments neither overlap the next recording nor leave a hole before it.
    """
    span = recording.ended_at - recording.started_at
    total = sum(fragment.duration_90k for fragment in recording.fragments)
    clips, before = [], 0
    for fragment in recording.fragments:
        after = before + fragment.duration_90k
        start = recording.started_at + span * before // total
        clips.append(Clip(recording, fragment, start, recording.started_at + span * after // total))
        before = after
    return clips


def select_clips(recordings: Iterable[Playable], start: datetime, end: datetime) -> list[Clip]:
    """Return what to play of a range: every recorded moment, in order of strictly rising starts.

    Recordings may overlap (two recorders for a moment). A fragment that is covered already is
    left out; where the change from one recording to the other falls inside fragments, less than
    one fragment plays twice, because a repeated second is better than a missing one.
    """
    chosen: list[Clip] = []
    covered = start
    for recording in sorted(recordings, key=lambda r: (r.started_at, r.recording_id)):
        fresh = [c for c in clips_of(recording) if c.start < end and c.end > covered]
        if not fresh:
            continue
        while chosen and chosen[-1].start >= fresh[0].start:
            chosen.pop()  # lies inside the fragment that comes now
        chosen += fresh
        covered = fresh[-1].end
    return chosen


def render(clips: Sequence[Clip], *, media_uri: Callable[[str], str], is_final: bool) -> str:
    """Return the playlist; one that is not final is of type EVENT and without ENDLIST."""
    longest = max((clip.fragment.duration_90k for clip in clips), default=0)
    target = max(math.ceil(longest / 90_000), 1 if is_final else EVENT_TARGET_SECONDS)
    lines = [
        "#EXTM3U",
        "#EXT-X-VERSION:7",
        f"#EXT-X-TARGETDURATION:{target}",
        "#EXT-X-MEDIA-SEQUENCE:0",
        f"#EXT-X-PLAYLIST-TYPE:{'VOD' if is_final else 'EVENT'}",
        "#EXT-X-INDEPENDENT-SEGMENTS",
    ]
    for number, (_, group) in enumerate(groupby(clips, key=lambda c: c.recording.recording_id)):
        if number:
            lines.append("#EXT-X-DISCONTINUITY")
        lines += _recording_lines(list(group), media_uri)
    if is_final:
        lines.append("#EXT-X-ENDLIST")
    return "\n".join(lines) + "\n"


def _recording_lines(clips: Sequence[Clip], media_uri: Callable[[str], str]) -> list[str]:
    recording = clips[0].recording
    uri = media_uri(recording.recording_id)
    lines = [
        f'#EXT-X-MAP:URI="{uri}",BYTERANGE="{recording.init_bytes}@0"',
        f"#EXT-X-PROGRAM-DATE-TIME:{isoformat_z(clips[0].start)}",
    ]
    for clip in clips:
        fragment = clip.fragment
        lines += [
            f"#EXTINF:{fragment.duration_90k / 90_000:.6f},",
            f"#EXT-X-BYTERANGE:{fragment.bytes}@{fragment.offset}",
            uri,
        ]
    return lines
