"""Playlists of recorded footage: HLS version 7, one byte range per fragment. No I/O.

A playlist is one timeline. Decode times in a recording start at 0, so every media address says by
how much they are to be shifted when they are served; recordings of an unbroken session then join
without a seam (libavformat loses the first part behind a timestamp that goes back). A gap is
EXT-X-DISCONTINUITY and a new wall time: EXT-X-GAP segments stall hls.js over long gaps. RFC
8216bis, sections 4.4.4.3 and 4.4.4.5.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby, takewhile

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
    init_sha256: str
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


@dataclass(frozen=True)
class Stretch:
    """Clips side by side in one recording, and their place on the timeline of all."""

    clips: tuple[Clip, ...]
    shift_90k: int
    """Added to the recording's decode times."""
    is_seamless: bool
    """Goes on where the stretch before ended."""
    has_new_init: bool

    @property
    def recording(self) -> Playable:
        return self.clips[0].recording


def stretches_of(clips: Iterable[Clip]) -> list[Stretch]:
    """Put clips on one timeline; it begins at the first clip's decode time in its recording."""
    found: list[Stretch] = []
    position_90k: int | None = None
    for _, group in groupby(clips, key=lambda c: c.recording.recording_id):
        run = tuple(group)
        before = found[-1].clips[-1] if found else None
        first_90k = file_time_90k(run[0])
        position_90k = first_90k if position_90k is None else position_90k
        found.append(
            Stretch(
                run,
                position_90k - first_90k,
                is_seamless=before is not None and _is_seamless(before, run[0]),
                has_new_init=before is None or not _is_same_init(before, run[0]),
            )
        )
        position_90k += sum(clip.fragment.duration_90k for clip in run)
    return found


MediaUri = Callable[[str, int], str]
"""The address of a recording's media, with decode times shifted by 1/90000 s."""


def render(clips: Sequence[Clip], *, media_uri: MediaUri, is_final: bool) -> str:
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
    for number, stretch in enumerate(stretches_of(clips)):
        if number and not stretch.is_seamless:
            lines.append("#EXT-X-DISCONTINUITY")
        lines += _recording_lines(stretch, media_uri)
    if is_final:
        lines.append("#EXT-X-ENDLIST")
    return "\n".join(lines) + "\n"


def file_time_90k(clip: Clip) -> int:
    """Return the decode time at which a clip starts in its file."""
    before = takewhile(lambda f: f.offset < clip.fragment.offset, clip.recording.fragments)
    return sum(fragment.duration_90k for fragment in before)


def _is_seamless(last: Clip, first: Clip) -> bool:
    """Whether the media goes on from one recording's end to the other's start."""
    return (
        _is_same_init(last, first)
        and last.fragment == last.recording.fragments[-1]
        and first.fragment == first.recording.fragments[0]
        and last.recording.ended_at == first.recording.started_at
    )


def _is_same_init(last: Clip, first: Clip) -> bool:
    return last.recording.init_sha256 == first.recording.init_sha256


def _recording_lines(stretch: Stretch, media_uri: MediaUri) -> list[str]:
    recording = stretch.recording
    uri = media_uri(recording.recording_id, stretch.shift_90k)
    lines = [f"#EXT-X-PROGRAM-DATE-TIME:{isoformat_z(stretch.clips[0].start)}"]
    if stretch.has_new_init:
        init = media_uri(recording.recording_id, 0)
        lines.insert(0, f'#EXT-X-MAP:URI="{init}",BYTERANGE="{recording.init_bytes}@0"')
    for clip in stretch.clips:
        fragment = clip.fragment
        lines += [
            f"#EXTINF:{fragment.duration_90k / 90_000:.6f},",
            f"#EXT-X-BYTERANGE:{fragment.bytes}@{fragment.offset}",
            uri,
        ]
    return lines
