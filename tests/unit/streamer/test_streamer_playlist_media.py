"""The bytes that a playlist names, box by box: ISO/IEC 14496-12 and RFC 8216bis 3.2."""

from collections.abc import Callable

import pytest

from libs.media.boxes import Run, find, runs, walk
from services.streamer.window import LiveWindow, Segment
from tests.unit.media.media_mux_samples import decode_file
from tests.unit.streamer.streamer_samples import Told, muxed, muxed_twice, window_of

SESSIONS: dict[str, Callable[[], list[Told]]] = {
    "video": muxed,
    "video and sound": lambda: muxed(sound=True),
    "long GOP": lambda: muxed(gop=250),
    "H.265": lambda: muxed("hevc", frames=200),
    "two sessions": muxed_twice,
}
ONE_FRAME_90K = 3600


@pytest.fixture(params=SESSIONS)
def window(request: pytest.FixtureRequest) -> LiveWindow:
    return window_of(SESSIONS[request.param]())


def part_runs(segment: Segment) -> list[list[Run]]:
    return [runs(held.data) for held in segment.parts]


def timescales(init: bytes) -> dict[int, int]:
    """Timescale of each track, from tkhd and mdhd of version 0."""
    scales = {}
    moov = find(init, b"moov")
    for trak in walk(init, moov.body, moov.end):
        if trak.kind == b"trak":
            tkhd = find(init, b"tkhd", start=trak.body, end=trak.end)
            mdhd = find(init, b"mdia", b"mdhd", start=trak.body, end=trak.end)
            assert init[tkhd.body] == init[mdhd.body] == 0
            track_id = int.from_bytes(init[tkhd.body + 12 : tkhd.body + 16])
            scales[track_id] = int.from_bytes(init[mdhd.body + 12 : mdhd.body + 16])
    return scales


def test_a_part_is_one_moof_and_one_mdat_and_nothing_else(window):
    for segment in window.listed():
        for held in segment.parts:
            boxes = list(walk(held.data))
            assert [box.kind for box in boxes] == [b"moof", b"mdat"]
            assert boxes[-1].end == len(held.data)


def test_an_init_segment_is_ftyp_and_moov_with_fragments_announced(window):
    for segment in window.listed():
        init = window.init(segment.first.init_id)
        assert init is not None
        assert [box.kind for box in walk(init)] == [b"ftyp", b"moov"]
        assert find(init, b"moov", b"mvex")


def test_a_segment_is_the_concatenation_of_its_parts(window):
    for segment in window.listed():
        if segment.is_complete:
            assert window.segment(segment.msn) == [held.data for held in segment.parts]


def test_each_decode_time_is_that_before_plus_its_durations_within_a_timeline(window):
    ends: dict[tuple[int, int], int] = {}
    checked = 0
    for segment in window.listed():
        for run in (run for part in part_runs(segment) for run in part):
            key = (segment.first.discontinuity, run.track_id)
            assert run.base_decode_time == ends.get(key, run.base_decode_time)
            checked += key in ends
            ends[key] = run.base_decode_time + run.duration
    assert checked > 30


def test_the_playlists_times_are_those_of_the_video_track(window):
    for segment in window.listed():
        for held, (video, *_) in zip(segment.parts, part_runs(segment), strict=True):
            assert video.base_decode_time == held.part.start_90k
            assert video.duration == held.part.duration_90k


def test_parts_called_independent_begin_with_a_sync_sample_and_no_other_sample_is_one(window):
    for segment in window.listed():
        for held, (video, *_) in zip(segment.parts, part_runs(segment), strict=True):
            assert video.is_sync[0] == held.part.is_independent
            assert not any(video.is_sync[1:])


def test_no_part_lasts_longer_than_the_part_target_and_every_sample_lasts(window):
    for segment in window.listed():
        for video, *_ in part_runs(segment):
            assert video.duration <= segment.first.part_target_ms * 90
            assert min(video.durations) > 0


def test_sound_stays_within_a_part_of_the_picture():
    window = window_of(muxed(sound=True))
    init = window.init(window.listed()[0].first.init_id)
    assert init is not None
    scales = timescales(init)
    assert len(scales) == 2
    with_sound = 0
    for segment in window.listed():
        for video, *sound in part_runs(segment):
            for run in sound:
                start = run.base_decode_time / scales[run.track_id]
                assert abs(start - video.base_decode_time / scales[video.track_id]) < 0.2
                with_sound += 1
    assert with_sound > 50


def test_samples_fill_the_mdat_exactly(window):
    for segment in window.listed():
        for held in segment.parts:
            mdat = find(held.data, b"mdat")
            sizes = sum(sum(run.sizes) for run in runs(held.data))
            assert sizes == mdat.end - mdat.body


def test_every_segment_that_begins_with_a_keyframe_decodes_by_itself(window):
    decoded = 0
    for segment in window.listed():
        init, media = window.init(segment.first.init_id), window.segment(segment.msn)
        if init is None or media is None or not segment.first.is_independent:
            continue
        pictures = decode_file(init + b"".join(media))
        assert len(pictures) == segment.duration_90k // ONE_FRAME_90K
        decoded += 1
    assert decoded >= 1
