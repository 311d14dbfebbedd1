"""Recordings that are joined by shifting decode times while their bytes pass by."""

from pathlib import Path

import pytest

from libs.media import boxes
from libs.media.shift import DecodeTimeShifter, NotPartsError, timescales
from tests.unit.media.media_mux_samples import RATE, video
from tests.unit.media.test_media_mux_recording_file import parts_of, write

SHIFT_90K = 900_000


def decode_times(data: bytes, start: int) -> list[tuple[int, int]]:
    return [
        (run.track_id, run.base_decode_time)
        for box in boxes.walk(data, start)
        if box.kind == b"moof"
        for run in boxes.runs(data, box.start)
    ]


@pytest.mark.parametrize("piece", [1, 7, 1000, 1 << 20])
def test_every_track_moves_by_the_same_time_however_the_bytes_come(
    tmp_path: Path, piece: int
) -> None:
    path = tmp_path / "recording.mp4"
    index = write(path, parts_of(video("h264")))
    data = path.read_bytes()
    start = index.fragments[0].offset
    shifter = DecodeTimeShifter(SHIFT_90K, timescales(data[: index.init_bytes]))

    moved = b"".join(shifter.feed(data[at : at + piece]) for at in range(start, len(data), piece))

    assert len(moved) == len(data) - start
    by_track = {1: SHIFT_90K, 2: SHIFT_90K * RATE // 90_000}
    expected = [(track, at + by_track[track]) for track, at in decode_times(data, start)]
    assert decode_times(moved, 0) == expected
    assert moved.count(b"mdat") == data[start:].count(b"mdat")


def test_bytes_that_are_no_parts_are_refused() -> None:
    shifter = DecodeTimeShifter(SHIFT_90K, {1: 90_000})

    with pytest.raises(NotPartsError):
        shifter.feed(b"\0\0\0\x10ftypisom\0\0\0\0")
