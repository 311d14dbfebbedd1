"""A range of footage as MP4 files: what belongs into each, and where every byte comes from. No I/O.

A file is one timeline: gaps collapse. It begins at the keyframe at or before `from` and ends with
the fragment that holds `to`. Where the init segment changes (another resolution, sound switched
on) another file begins, because one MP4 of ours describes its samples once.
"""

import hashlib
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby

from libs.contracts.times import to_milliseconds
from libs.media.concatenation import head_bytes
from libs.media.length_boxes import Reference
from libs.media.shift import LARGEST_JOINED_BYTES
from services.api.playlist import Clip, file_time_90k, stretches_of
from services.api.selection import Limits

CLIP_LIMITS = Limits("a download", timedelta(hours=24), recordings=20_000, fragments=90_000)
LARGEST_BYTES = LARGEST_JOINED_BYTES


@dataclass(frozen=True)
class ClipFile:
    """Clips with equal init segments, in order."""

    clips: tuple[Clip, ...]

    @property
    def start(self) -> datetime:
        return to_milliseconds(self.clips[0].start)

    @property
    def end(self) -> datetime:
        return to_milliseconds(self.clips[-1].end)

    @property
    def duration_90k(self) -> int:
        return sum(clip.fragment.duration_90k for clip in self.clips)

    @property
    def bytes(self) -> int:
        head = head_bytes(self.clips[0].recording.init_bytes, len(self.clips))
        return head + sum(clip.fragment.bytes for clip in self.clips)


@dataclass(frozen=True)
class ClipPlan:
    """The files of a range; usually one."""

    files: tuple[ClipFile, ...]
    missing_seconds: float
    """Of the range as it was asked for, without what is still to come."""


def plan_clip(clips: Sequence[Clip], start: datetime, end: datetime) -> ClipPlan:
    """Divide the clips of a range into files; `end` is not in the future."""
    groups = groupby(clips, lambda clip: clip.recording.init_sha256)
    files = tuple(ClipFile(tuple(group)) for _, group in groups)
    return ClipPlan(files, _missing_seconds(clips, start, end))


def file_name(camera_id: str, stream: str, start: datetime, end: datetime) -> str:
    """Return `front-door_2026-11-20_23-18-05Z_to_23-20-05Z.mp4`; the day again where it differs."""
    start, end = start.astimezone(UTC), end.astimezone(UTC)
    until = f"{end:%H-%M-%S}" if start.date() == end.date() else f"{end:%Y-%m-%d_%H-%M-%S}"
    camera = camera_id if stream == "main" else f"{camera_id}-{stream}"
    return f"{camera}_{start:%Y-%m-%d_%H-%M-%S}Z_to_{until}Z.mp4"


@dataclass(frozen=True)
class Piece:
    """Fragments side by side in one recording, and where they stand in the file."""

    recording_id: str
    position: int
    shift_90k: int
    offsets: tuple[int, ...]
    """Of each fragment in the recording."""
    end: int
    """Behind the last fragment in the recording."""

    @property
    def bytes(self) -> int:
        return self.end - self.offsets[0]


@dataclass(frozen=True)
class Cut:
    """What to read of a recording for a range of the file: whole fragments, then a part of that."""

    begin: int
    end: int
    """In the recording."""
    skip: int
    length: int
    """Of the bytes from `begin`."""
    position: int
    """Of `begin` in the file."""


@dataclass(frozen=True)
class ClipLayout:
    """A file before its bytes: a head of `head_bytes`, then the pieces."""

    init_recording_id: str
    init_bytes: int
    references: tuple[Reference, ...]
    head_bytes: int
    pieces: tuple[Piece, ...]

    @property
    def bytes(self) -> int:
        return self.pieces[-1].position + self.pieces[-1].bytes

    def etag(self, sha256: Mapping[str, str]) -> str:
        """Return the tag of exactly these bytes, from the checksums of the recordings."""
        digest = hashlib.sha256()
        for piece in self.pieces:
            told = (piece.position, piece.shift_90k, piece.offsets[0], piece.end)
            digest.update(f"{sha256[piece.recording_id]} {told}\n".encode())
        return f'"{digest.hexdigest()}"'

    def cuts(self, begin: int, end: int) -> Iterator[tuple[Piece, Cut]]:
        """Yield what to read of which piece for bytes `begin` to `end` of the file."""
        starts = [piece.position for piece in self.pieces]
        first = max(bisect_right(starts, begin) - 1, 0)
        for piece in self.pieces[first : bisect_left(starts, end)]:
            yield piece, _cut(piece, max(begin, piece.position), end)


def lay_out(file: ClipFile) -> ClipLayout:
    """Return where the bytes of a file come from."""
    begin = file_time_90k(file.clips[0])
    recording = file.clips[0].recording
    head = head_bytes(recording.init_bytes, len(file.clips))
    position, pieces = head, []
    for stretch in stretches_of(file.clips):
        for run in _side_by_side(stretch.clips):
            last = run[-1].fragment
            offsets = tuple(clip.fragment.offset for clip in run)
            shift_90k = stretch.shift_90k - begin
            recording_id = stretch.recording.recording_id
            piece = Piece(recording_id, position, shift_90k, offsets, last.offset + last.bytes)
            pieces.append(piece)
            position += piece.bytes
    references = tuple(Reference(c.fragment.bytes, c.fragment.duration_90k) for c in file.clips)
    return ClipLayout(recording.recording_id, recording.init_bytes, references, head, tuple(pieces))


def _cut(piece: Piece, begin: int, end: int) -> Cut:
    """Whole fragments, because parts are rewritten whole."""
    moved = piece.offsets[0] - piece.position
    first, last = begin + moved, min(end + moved, piece.end)
    start = piece.offsets[bisect_right(piece.offsets, first) - 1]
    after = bisect_left(piece.offsets, last)
    stop = piece.offsets[after] if after < len(piece.offsets) else piece.end
    return Cut(start, stop, first - start, last - first, start - moved)


def _side_by_side(clips: Sequence[Clip]) -> list[list[Clip]]:
    """Split where something lies between two fragments of a recording."""
    runs = [[clips[0]]]
    for clip in clips[1:]:
        before = runs[-1][-1].fragment
        if before.offset + before.bytes == clip.fragment.offset:
            runs[-1].append(clip)
        else:
            runs.append([clip])
    return runs


def _missing_seconds(clips: Sequence[Clip], start: datetime, end: datetime) -> float:
    missing, covered = timedelta(), start
    for clip in clips:
        missing += max(clip.start - covered, timedelta())
        covered = max(covered, clip.end)
    return (missing + max(end - covered, timedelta())) / timedelta(seconds=1)
