"""Files joined from fragments of recordings: one timeline, every picture, exact length."""

import io
import itertools
from pathlib import Path

import av
import pytest

from libs.media import boxes
from libs.media.concatenation import build_head, head_bytes
from libs.media.length_boxes import MOST_REFERENCES, Reference, build_sidx, merge_references
from libs.media.packets import RecordingIndex
from libs.media.shift import DecodeTimeShifter, NotPartsError, timescales
from tests.unit.media.media_mux_samples import decode_annex_b, decode_file, luma, video
from tests.unit.media.test_media_mux_recording_file import parts_of, references, write


def joined(*paths: Path, indexes: list[RecordingIndex], piece: int = 997) -> bytes:
    """Whole recordings one after the other."""
    datas = [path.read_bytes() for path in paths]
    fragments = [Reference(f.bytes, f.duration_90k) for index in indexes for f in index.fragments]
    out = build_head(datas[0][: indexes[0].init_bytes], fragments)
    scales, at_90k = timescales(out), 0
    for data, index in zip(datas, indexes, strict=True):
        shifter = DecodeTimeShifter(at_90k, scales, position=len(out))
        start = index.fragments[0].offset
        out += b"".join(
            shifter.feed(data[at : at + piece]) for at in range(start, len(data), piece)
        )
        assert shifter.is_between_parts
        at_90k += index.duration_90k
    return out


@pytest.mark.parametrize(("codec", "b_frames"), [("h264", 2), ("hevc", 0)])
def test_joined_recordings_are_one_file_with_every_picture_and_the_whole_length(
    tmp_path: Path, codec: str, b_frames: int
) -> None:
    stream = video(codec, b_frames=b_frames)
    paths = [tmp_path / f"{number}.mp4" for number in range(3)]
    indexes = [write(path, parts_of(stream)) for path in paths]

    data = joined(*paths, indexes=indexes)

    pictures = decode_file(data)
    assert [luma(picture) for picture in pictures] == 3 * decode_annex_b(stream)
    times = [picture.pts for picture in pictures if picture.pts is not None]
    assert [at - times[0] for at in times] == [3600 * number for number in range(150)]
    with av.open(io.BytesIO(data), "r") as container:
        assert container.duration == pytest.approx(6_000_000, abs=64_000)
        sound = [packet.dts for packet in container.demux(audio=0) if packet.dts is not None]
    assert all(before < after for before, after in itertools.pairwise(sound))


def test_a_joined_file_seeks_to_a_keyframe_of_a_later_recording(tmp_path: Path) -> None:
    stream = video()
    paths = [tmp_path / f"{number}.mp4" for number in range(2)]
    indexes = [write(path, parts_of(stream)) for path in paths]

    with av.open(io.BytesIO(joined(*paths, indexes=indexes)), "r") as container:
        container.seek(3_300_000)  # 3.3 s; keyframes are 0.4 s apart, files 2 s long
        picture = next(container.decode(video=0))

    assert picture.pts == 80 * 3600
    assert luma(picture) == decode_annex_b(stream)[30]


def test_sequence_numbers_rise_over_the_whole_file_wherever_the_bytes_were_cut(
    tmp_path: Path,
) -> None:
    paths = [tmp_path / f"{number}.mp4" for number in range(2)]
    indexes = [write(path, parts_of(video())) for path in paths]

    data = joined(*paths, indexes=indexes)

    numbers = [
        int.from_bytes(data[mfhd.body + 4 : mfhd.body + 8], "big")
        for moof in boxes.walk(data)
        if moof.kind == b"moof"
        for mfhd in boxes.walk(data, moof.body, moof.end)
        if mfhd.kind == b"mfhd"
    ]
    assert len(numbers) == 20
    assert all(before < after for before, after in itertools.pairwise(numbers))
    assert data == joined(*paths, indexes=indexes, piece=1 << 20)


def test_head_tells_length_and_index_and_is_as_long_as_was_said(tmp_path: Path) -> None:
    index = write(tmp_path / "a.mp4", parts_of(video()))
    init = (tmp_path / "a.mp4").read_bytes()[: index.init_bytes]
    fragments = [Reference(f.bytes, f.duration_90k) for f in index.fragments] * 2

    head = build_head(init, fragments)

    assert len(head) == head_bytes(index.init_bytes, len(fragments))
    mehd = boxes.find(head, b"moov", b"mvex", b"mehd")
    assert int.from_bytes(head[mehd.body + 4 : mehd.end], "big") == 4000
    assert [(size, duration) for size, duration, _ in references(head)] == fragments


@pytest.mark.parametrize(
    "count", [1, 2, MOST_REFERENCES, MOST_REFERENCES + 1, 2 * MOST_REFERENCES + 1]
)
def test_any_number_of_fragments_fits_the_index(count: int) -> None:
    fragments = [Reference(3, 7)] * count

    merged = merge_references(fragments, MOST_REFERENCES)

    assert head_bytes(0, count) == len(build_sidx(merged))
    assert sum(reference.bytes for reference in merged) == 3 * count
    assert sum(reference.duration_90k for reference in merged) == 7 * count


def test_parts_without_what_a_part_must_have_are_refused() -> None:
    shifter = DecodeTimeShifter(1, {1: 90_000}, position=1000)
    empty_traf = b"\0\0\0\x18moof\0\0\0\x10traf\0\0\0\x08tfhd"

    with pytest.raises(NotPartsError):
        shifter.feed(empty_traf)


def test_a_part_that_is_cut_off_is_seen(tmp_path: Path) -> None:
    index = write(tmp_path / "a.mp4", parts_of(video()))
    data = (tmp_path / "a.mp4").read_bytes()
    shifter = DecodeTimeShifter(0, timescales(data))

    shifter.feed(data[index.fragments[0].offset : -1])

    assert not shifter.is_between_parts
