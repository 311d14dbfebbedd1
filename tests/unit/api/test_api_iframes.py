"""Playlists of keyframes beside the playlists of the same footage."""

import itertools

import m3u8
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.api.iframes import Variant, choose_pictures, render_master, render_pictures
from services.api.playlist import render, select_clips
from tests.unit.api.test_api_playlist import at, playable, ranges, recordings, uri

thinning = st.sampled_from([None, 0.5, 3, 20])


def rendered(pictures, *, is_final: bool = True, every_seconds: float | None = None) -> str:
    return render_pictures(
        pictures,
        picture_uri=lambda p: f"{p.recording_id}/{p.number}{p.shift_90k:+}/{p.duration_90k}",
        init_uri=lambda recording_id: f"{recording_id}/init",
        is_final=is_final,
        every_seconds=every_seconds,
    )


@given(recordings, ranges, thinning)
def test_pictures_tile_the_time_of_the_footage(found, span, every):
    clips = select_clips(found, *span)

    pictures = choose_pictures(clips, every)

    footage = m3u8.loads(render(clips, media_uri=uri, is_final=True))
    parsed = m3u8.loads(rendered(pictures))
    length = sum(segment.duration for segment in footage.segments)
    assert sum(s.duration for s in parsed.segments) == pytest.approx(length, abs=1e-5 * len(clips))
    assert all(round(s.duration) <= parsed.target_duration for s in parsed.segments)
    assert parsed.is_i_frames_only


@given(recordings, ranges, thinning)
def test_pictures_stand_where_the_footage_stands(found, span, every):
    clips = select_clips(found, *span)
    by_id = {recording.recording_id: recording for recording in found}

    pictures = choose_pictures(clips, every)

    expected = None
    for picture in pictures:
        fragments = by_id[picture.recording_id].fragments
        before = sum(f.duration_90k for f in fragments[: picture.number])
        decode_time = before + picture.shift_90k
        assert expected is None or decode_time == expected
        expected = decode_time + picture.duration_90k


@given(recordings, ranges)
def test_every_keyframe_is_a_picture_and_seams_are_those_of_the_footage(found, span):
    clips = select_clips(found, *span)

    parsed = m3u8.loads(rendered(choose_pictures(clips)))

    footage = m3u8.loads(render(clips, media_uri=uri, is_final=True))
    assert [s.discontinuity for s in parsed.segments] == [s.discontinuity for s in footage.segments]
    assert [s.program_date_time for s in parsed.segments] == [
        s.program_date_time for s in footage.segments
    ]
    for segment, clip in zip(parsed.segments, clips, strict=True):
        by_uri = segment.init_section.uri.removesuffix("/init")
        init = next(r for r in found if r.recording_id == by_uri)
        assert init.init_sha256 == clip.recording.init_sha256


@given(recordings, ranges, st.sampled_from([0.5, 3, 20]))
def test_thinned_pictures_are_far_enough_apart_within_unbroken_footage(found, span, every):
    pictures = choose_pictures(select_clips(found, *span), every)

    for before, after in itertools.pairwise(pictures):
        if after.is_seamless:
            assert (after.start - before.start).total_seconds() >= every


def test_pictures_of_two_recordings_and_a_gap():
    found = [playable(0, [2, 2]), playable(4, [2]), playable(60, [2])]

    text = rendered(choose_pictures(select_clips(found, at(1), at(100)), 3))

    assert text.partition("I-FRAMES-ONLY\n")[2] == (
        '#EXT-X-MAP:URI="cam~0.000~1/init"\n'
        "#EXT-X-PROGRAM-DATE-TIME:2026-11-20T22:00:00.000Z\n"
        "#EXTINF:4.000000,\ncam~0.000~1/0+0/360000\n"
        "#EXT-X-PROGRAM-DATE-TIME:2026-11-20T22:00:04.000Z\n"
        "#EXTINF:2.000000,\ncam~4.000~1/0+360000/180000\n"
        "#EXT-X-DISCONTINUITY\n"
        "#EXT-X-PROGRAM-DATE-TIME:2026-11-20T22:01:00.000Z\n"
        "#EXTINF:2.000000,\ncam~60.000~1/0+540000/180000\n"
        "#EXT-X-ENDLIST\n"
    )


@pytest.mark.parametrize("every", [None, 5])
def test_playlist_that_grows_begins_as_it_began(every):
    first, second = playable(0, [2, 2, 2]), playable(6, [2, 2, 9])
    kept = None if every is None else -1

    def text(*found) -> str:
        chosen = choose_pictures(select_clips(found, at(0), at(100)), every)[:kept]
        return rendered(chosen, is_final=False, every_seconds=every)

    assert "#EXT-X-PLAYLIST-TYPE:EVENT\n" in text(first)
    assert "#EXT-X-ENDLIST" not in text(first)
    assert text(first, second).startswith(text(first))
    assert text(first, second) != text(first)


def test_master_playlist_names_footage_and_pictures():
    variant = Variant(
        ("avc1.640028", "mp4a.40.2"), ("avc1.640028",), 1920, 1080, 5_000_000, 4_000_000
    )

    text = render_master(variant, playback_uri="play?from=a", pictures_uri="pictures?from=a")

    parsed = m3u8.loads(text)
    (footage,), (pictures,) = parsed.playlists, parsed.iframe_playlists
    assert footage.uri == "play?from=a"
    assert footage.stream_info.codecs == "avc1.640028,mp4a.40.2"
    assert footage.stream_info.resolution == (1920, 1080)
    assert footage.stream_info.bandwidth == 5_000_000
    assert footage.stream_info.average_bandwidth == 4_000_000
    assert pictures.uri == "pictures?from=a"
    assert pictures.iframe_stream_info.codecs == "avc1.640028"
    assert pictures.iframe_stream_info.resolution == (1920, 1080)
