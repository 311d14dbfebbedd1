"""One recording: an MP4 of parts, readable at every moment, finalised in place.

Layout: ftyp, moov (its mvex begins with a `free` of mehd's size), a reserve, then the parts with
decode times that begin at 0. Closing turns the `free` into `mehd` and the reserve into `free` and
`sidx`, the sidx ending at the first moof: Chromium and libavformat ignore it anywhere else.
"""

import hashlib
import os
import struct
from pathlib import Path
from typing import NamedTuple

from libs.media import boxes
from libs.media.length_boxes import (
    MEHD_BYTES,
    REFERENCE_BYTES,
    SIDX_BYTES,
    Reference,
    build_mehd,
    build_sidx,
    length_box,
    merge_references,
)
from libs.media.packets import VIDEO_TIMESCALE, Fragment, InitSegment, Part, RecordingIndex

_SPARE_REFERENCES = 8
_FREE_BYTES = 8
_LONGEST_HEADER = 1 << 20  # bytes of ftyp, moov and reserve that are looked at
_MOOF_READ = 4096
_LONGEST_PART_90K = 1 << 31  # hours; more is no length but bytes that the disk spoilt


class WrongInitSegmentError(ValueError):
    """The part belongs to other parameters than the file."""


class RecordingWriter:
    """Writes one recording. Not thread-safe; the caller closes it.

    After an OSError from `append` the file ends with the last whole part and may still be closed.
    """

    def __init__(self, path: Path, init: InitSegment, *, expected_fragments: int) -> None:
        self.duration_90k = 0
        self._init = init
        self._fragments: list[Fragment] = []
        self._first_offset_90k = 0
        self._base_90k: int | None = None
        references = max(1, expected_fragments) + _SPARE_REFERENCES
        reserve = _FREE_BYTES + SIDX_BYTES + REFERENCE_BYTES * references
        self._path = path
        self._media_start = len(init.data) + reserve
        self.bytes = self._media_start
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o640)
        try:
            _write_all(self._fd, (init.data, _free(reserve)), 0)
        except OSError:
            os.close(self._fd)
            raise

    def append(self, part: Part) -> None:
        """Write one part behind the others, without fsync.

        Raises OSError when the disk refuses, WrongInitSegmentError for a part of other parameters.
        """
        if part.init is not self._init and part.init.sha256 != self._init.sha256:
            raise WrongInitSegmentError(part.init.video_codec)
        base = part.start_90k if self._base_90k is None else self._base_90k
        shifts = [
            (run.tfdt_offset, run.base_decode_time - base * run.timescale // VIDEO_TIMESCALE)
            for run in part.runs
        ]
        head_size = max(offset for offset, _ in shifts) + boxes.TFDT_BYTES
        head = boxes.shift_decode_times(part.data[:head_size], shifts)
        media = memoryview(part.data)[head_size:]
        try:
            _write_all(self._fd, (head, media), self.bytes)
        except OSError:
            os.ftruncate(self._fd, self.bytes)
            raise
        self._base_90k = base
        if part.is_keyframe_start or not self._fragments:
            self._fragments.append(Fragment(self.bytes, len(part.data), part.duration_90k))
        else:
            last = self._fragments[-1]
            self._fragments[-1] = Fragment(
                last.offset, last.bytes + len(part.data), last.duration_90k + part.duration_90k
            )
        self.bytes += len(part.data)
        self.duration_90k += part.duration_90k

    def close(self) -> RecordingIndex:
        """Finalise, fsync and close. Raises OSError; the file is closed in any case."""
        index = RecordingIndex(
            init_bytes=len(self._init.data),
            init_sha256=self._init.sha256,
            bytes=self.bytes,
            duration_90k=self.duration_90k,
            fragments=tuple(self._fragments),
        )
        try:
            _finalise(self._fd, index, self._media_start, self._first_presentation())
        finally:
            os.close(self._fd)
        _sync_folder(self._path)
        return index

    def abandon(self) -> None:
        """Close the file as it is; `recover` can finish it later."""
        os.close(self._fd)

    def _first_presentation(self) -> int:
        if not self._fragments:
            return 0
        return _first_composition_offset(os.pread(self._fd, _MOOF_READ, self._media_start))


def recover(path: Path) -> RecordingIndex | None:
    """Finish a recording that was cut off at any byte; the same again for one that was finished.

    Cuts off what follows the last whole part. None when there is no whole part; the file is then
    left as it is. Raises OSError.
    """
    fd = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    try:
        found = _scan(fd)
        if found is None:
            return None
        _finalise(fd, found.recording, found.media_start, found.first_presentation)
    finally:
        os.close(fd)
    _sync_folder(path)
    return found.recording


def read_index(path: Path) -> RecordingIndex | None:
    """The index of a recording's whole parts, without changing the file. None without any."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        found = _scan(fd)
        return found.recording if found else None
    finally:
        os.close(fd)


class _Found(NamedTuple):
    recording: RecordingIndex
    media_start: int
    first_presentation: int


def _scan(fd: int) -> _Found | None:
    head = os.pread(fd, _LONGEST_HEADER, 0)
    init_end = _init_end(head)
    if init_end is None:
        return None
    media_start = _media_start(head, init_end)
    size = os.fstat(fd).st_size
    position = media_start
    first_presentation = 0
    fragments: list[Fragment] = []
    while (pair := _read_part(fd, position, size)) is not None:
        run, length = pair
        if not fragments:
            first_presentation = run.composition_offsets[0]
        if run.is_sync[0] or not fragments:
            fragments.append(Fragment(position, length, run.duration))
        else:
            last = fragments[-1]
            fragments[-1] = Fragment(
                last.offset, last.bytes + length, last.duration_90k + run.duration
            )
        position += length
    if not fragments:
        return None
    index = RecordingIndex(
        init_bytes=init_end,
        init_sha256=hashlib.sha256(_live_init(head[:init_end])).hexdigest(),
        bytes=position,
        duration_90k=sum(fragment.duration_90k for fragment in fragments),
        fragments=tuple(fragments),
    )
    return _Found(index, media_start, first_presentation)


def _init_end(head: bytes) -> int | None:
    """End of moov, None when it is cut off or the file is no recording of ours."""
    try:
        moov = boxes.find(head, b"moov")
        mvex = boxes.find(head, b"moov", b"mvex")
    except KeyError:
        return None
    length_box = next(boxes.walk(head, mvex.body, mvex.end), None)
    if length_box is None or length_box.end - length_box.start != MEHD_BYTES:
        return None
    return moov.end if length_box.kind in {b"free", b"mehd"} else None


def _media_start(head: bytes, init_end: int) -> int:
    position = init_end
    for box in boxes.walk(head, init_end):
        if box.kind not in {b"free", b"sidx"}:
            break
        position = box.end
    if head[position + 4 : position + 8] in {b"moof", b""}:
        return position
    # The reserve itself was torn by a power cut; the first part is still where it was.
    return max(head.find(b"moof", init_end) - 4, init_end)


def _read_part(fd: int, position: int, size: int) -> tuple[boxes.Run, int] | None:
    """The video run and length of the whole part at `position`; None when it is not whole."""
    data = os.pread(fd, _MOOF_READ, position)
    found = boxes.header(data, position=0)
    if found is None or found[0] != b"moof" or position + found[2] + 8 > size:
        return None
    moof_size = found[2]
    if moof_size + 16 > len(data):
        data = os.pread(fd, moof_size + 16, position)
    mdat = boxes.header(data, moof_size)
    if mdat is None or mdat[0] != b"mdat" or position + moof_size + mdat[2] > size:
        return None
    try:
        found_runs = boxes.runs(data, end=moof_size)
    except (KeyError, struct.error):
        return None
    if not found_runs or not 0 < found_runs[0].duration < _LONGEST_PART_90K:
        return None
    if sum(sum(run.sizes) for run in found_runs) + mdat[1] != mdat[2]:
        return None
    return found_runs[0], moof_size + mdat[2]


def _first_composition_offset(data: bytes) -> int:
    """Of the first sample; 0 when the moof is larger than `data`, which means no harm."""
    try:
        return boxes.runs(data)[0].composition_offsets[0]
    except KeyError:
        return 0


def _finalise(fd: int, index: RecordingIndex, media_start: int, first_presentation: int) -> None:
    """Cut off what is not indexed, write reserve and length; repeating it changes nothing."""
    os.ftruncate(fd, index.bytes)
    if index.fragments:
        reserve = _reserve(index, media_start, first_presentation)
        _write_all(fd, (reserve,), index.init_bytes)
        head = os.pread(fd, index.init_bytes, 0)
        _write_all(fd, (build_mehd(index.duration_90k),), length_box(head))
    os.fsync(fd)


def _reserve(index: RecordingIndex, media_start: int, first_presentation: int) -> bytes:
    """A `free`, then the sidx that ends at `media_start`; what does not fit is merged."""
    size = media_start - index.init_bytes
    room = (size - _FREE_BYTES - SIDX_BYTES) // REFERENCE_BYTES
    if room < 1:
        return _free(size) if size >= _FREE_BYTES else b""
    whole = [Reference(each.bytes, each.duration_90k) for each in index.fragments]
    sidx = build_sidx(merge_references(whole, room), first_presentation=first_presentation)
    return _free(size - len(sidx)) + sidx


def _live_init(init: bytes) -> bytes:
    """The init segment as live viewers got it: mehd is a `free` again."""
    at = length_box(init)
    return init[:at] + _free(MEHD_BYTES) + init[at + MEHD_BYTES :]


def _free(size: int) -> bytes:
    return struct.pack(">I4s", size, b"free") + bytes(size - 8)


def _write_all(fd: int, pieces: tuple[bytes | bytearray | memoryview, ...], position: int) -> None:
    """One write where the system takes all at once, as it does on a disk with room."""
    written = os.pwritev(fd, pieces, position)
    if written < sum(len(piece) for piece in pieces):
        data = b"".join(pieces)
        while written < len(data):
            written += os.pwrite(fd, memoryview(data)[written:], position + written)


def _sync_folder(path: Path) -> None:
    """Make the file's name as durable as its content."""
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
