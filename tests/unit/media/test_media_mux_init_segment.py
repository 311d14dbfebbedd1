from dataclasses import replace
from fractions import Fraction

import pytest

from libs.media import boxes, nal
from libs.media.init_segment import ParameterSetsMissingError, build_init
from libs.media.packets import VideoTrack
from tests.unit.media.media_mux_samples import HEIGHT, RATE, WIDTH, audio, video


@pytest.mark.parametrize(
    ("codec", "expected"),
    [("h264", "avc1.42C00A"), ("hevc", "hvc1.1.6.L30.90"), ("mpeg4", "mp4v.20.1")],
)
def test_a_keyframe_alone_is_enough_for_an_init_segment(codec: str, expected: str) -> None:
    stream = video(codec)

    init = build_init(stream.track, None, stream.packets[0].data)

    assert init.video_codec == expected
    assert (init.width, init.height, init.audio_codec) == (WIDTH, HEIGHT, None)
    assert [box.kind for box in boxes.walk(init.data)] == [b"ftyp", b"moov"]


def test_audio_keeps_the_configuration_and_rate_of_the_camera() -> None:
    stream, (sound, _) = video(), audio()

    init = build_init(stream.track, sound, stream.packets[0].data)

    assert init.audio_codec == "mp4a.40.2"
    assert init.audio_timescale == RATE
    assert b"\x05\x80\x80\x80" + bytes([len(sound.extradata)]) + sound.extradata in init.data


def test_parameter_sets_from_the_description_serve_when_the_keyframe_has_none() -> None:
    stream = video()
    whole = stream.packets[0].data
    sets = nal.parameter_sets("h264", whole)
    bare = b"".join(b"\0\0\0\1" + unit for unit in nal.split_units(whole) if unit not in sets)
    described = replace(stream.track, extradata=nal.to_annex_b("h264", sets))

    from_description = build_init(described, None, bare)

    assert from_description.sha256 == build_init(stream.track, None, whole).sha256


def test_without_any_picture_the_described_size_stands() -> None:
    stream = video()
    sets = nal.parameter_sets("h264", stream.packets[0].data)
    described = VideoTrack(
        "h264", Fraction(1, 90_000), WIDTH, HEIGHT, None, nal.to_annex_b("h264", sets)
    )

    init = build_init(described, None, None)

    assert init.sha256 == build_init(stream.track, None, stream.packets[0].data).sha256


def test_a_stream_without_parameter_sets_has_no_init_segment() -> None:
    with pytest.raises(ParameterSetsMissingError):
        build_init(video().track, None, b"\0\0\0\1\x65\x88")


def test_room_for_the_length_stands_first_in_mvex() -> None:
    stream = video()

    init = build_init(stream.track, None, stream.packets[0].data)

    mvex = boxes.find(init.data, b"moov", b"mvex")
    first = next(boxes.walk(init.data, mvex.body, mvex.end))
    assert (first.kind, first.end - first.start) == (b"free", 20)
    assert boxes.find(init.data, b"moov").end == len(init.data)


def test_the_video_timescale_is_90000() -> None:
    stream = video()

    init = build_init(stream.track, None, stream.packets[0].data).data

    mdhd = boxes.find(init, b"moov", b"trak", b"mdia", b"mdhd")
    assert int.from_bytes(init[mdhd.body + 12 : mdhd.body + 16], "big") == 90_000


def test_other_parameters_give_another_init_segment() -> None:
    small, large = video(), video(width=96)

    init = build_init(small.track, None, large.packets[0].data)

    assert init.width == 96
    assert init.sha256 != build_init(small.track, None, small.packets[0].data).sha256
