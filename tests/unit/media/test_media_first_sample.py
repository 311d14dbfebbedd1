"""Keyframes taken out of recordings as parts of their own."""

from pathlib import Path

import pytest

from libs.media import boxes
from libs.media.first_sample import (
    NoPictureError,
    find_first_sample,
    moof_bytes,
    part_of_one,
    video_only,
)
from libs.media.moof import Samples, build_moof
from tests.unit.media.media_mux_samples import decode_annex_b, decode_file, luma, video
from tests.unit.media.test_media_mux_recording_file import parts_of, write


def keyframe(data: bytes, offset: int, *, shift_90k: int = 0, duration_90k: int = 9000) -> bytes:
    moof = data[offset : offset + moof_bytes(data[offset:])]
    sample = find_first_sample(moof)
    picture = data[offset + sample.offset : offset + sample.end]
    return part_of_one(sample, picture, sequence=1, shift_90k=shift_90k, duration_90k=duration_90k)


@pytest.mark.parametrize(("codec", "b_frames"), [("h264", 0), ("h264", 2), ("hevc", 0)])
@pytest.mark.parametrize("with_audio", [True, False])
def test_every_keyframe_decodes_alone(
    tmp_path: Path, codec: str, b_frames: int, *, with_audio: bool
) -> None:
    stream = video(codec, b_frames=b_frames)
    index = write(tmp_path / "a.mp4", parts_of(stream, with_audio=with_audio))
    data = (tmp_path / "a.mp4").read_bytes()
    init = video_only(data[: index.init_bytes])

    found = [decode_file(init + keyframe(data, f.offset)) for f in index.fragments]

    assert [len(pictures) for pictures in found] == [1] * 5
    source = decode_annex_b(stream)
    assert [luma(pictures[0]) for pictures in found] == source[::10]


def test_a_keyframe_has_the_time_and_length_that_it_is_given(tmp_path: Path) -> None:
    index = write(tmp_path / "a.mp4", parts_of(video()))
    data = (tmp_path / "a.mp4").read_bytes()

    part = keyframe(data, index.fragments[2].offset, shift_90k=90_000, duration_90k=36_000)

    (run,) = boxes.runs(part)
    assert (run.base_decode_time, run.durations) == (2 * 36_000 + 90_000, (36_000,))
    assert run.is_sync == (True,)
    assert [box.kind for box in boxes.walk(part)] == [b"moof", b"mdat"]


def test_an_init_segment_without_sound_describes_the_video_only(tmp_path: Path) -> None:
    index = write(tmp_path / "a.mp4", parts_of(video()))
    init = (tmp_path / "a.mp4").read_bytes()[: index.init_bytes]

    alone = video_only(init)

    moov = boxes.find(alone, b"moov")
    assert moov.end == len(alone)
    assert [box.kind for box in boxes.walk(alone, moov.body, moov.end)].count(b"trak") == 1
    mvex = boxes.find(alone, b"moov", b"mvex")
    kinds = [box.kind for box in boxes.walk(alone, mvex.body, mvex.end)]
    assert kinds.count(b"trex") == 1
    assert video_only(alone) == alone


def test_a_picture_before_the_beginning_is_refused(tmp_path: Path) -> None:
    index = write(tmp_path / "a.mp4", parts_of(video()))
    data = (tmp_path / "a.mp4").read_bytes()

    with pytest.raises(NoPictureError, match="before the beginning"):
        keyframe(data, index.fragments[0].offset, shift_90k=-1)


def moof(*, sizes: list[int], is_sync: bool = True) -> bytes:
    track = Samples(1, 0, [1] * len(sizes), sizes, None, is_sync, others_are_sync=is_sync)
    return build_moof(1, [track])[0][:-8]


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "no part"),
        (b"\0\0\0\x10ftypisom\0\0\0\0", "no part"),
        (b"\x7f\xff\xff\xffmoof", "no part"),
        (b"\0\0\0\x08moof", "no sample"),
        (moof(sizes=[100], is_sync=False), "keyframe"),
        (moof(sizes=[1 << 31]), "where none can be"),
        (moof(sizes=[0]), "where none can be"),
    ],
)
def test_what_holds_no_keyframe_is_refused(data: bytes, why: str) -> None:
    with pytest.raises(NoPictureError, match=why):
        find_first_sample(data[: moof_bytes(data)])
