"""Downloads of random recordings that overlap, leave holes, drift and change."""

import itertools
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from services.api.clips import file_name, lay_out, plan_clip
from services.api.playlist import Fragment, clips_of, select_clips
from tests.unit.api.test_api_playlist import at, clipped, playable, ranges, recordings


@given(recordings, ranges)
def test_files_hold_the_clips_in_order_and_each_has_one_init_segment(found, span):
    clips = select_clips(found, *span)

    plan = plan_clip(clips, *span)

    assert [clip for file in plan.files for clip in file.clips] == clips
    for file in plan.files:
        assert len({clip.recording.init_sha256 for clip in file.clips}) == 1
    inits = [file.clips[0].recording.init_sha256 for file in plan.files]
    assert all(before != after for before, after in itertools.pairwise(inits))


@given(recordings, ranges)
def test_missing_is_what_no_recording_covers(found, span):
    start, end = span

    plan = plan_clip(select_clips(found, start, end), start, end)

    everything = clipped([(c.start, c.end) for r in found for c in clips_of(r)], start, end)
    covered = sum((b - a).total_seconds() for a, b in everything)
    assert plan.missing_seconds == pytest.approx((end - start).total_seconds() - covered)


@given(recordings, ranges)
def test_pieces_lie_side_by_side_and_the_timeline_has_no_seam(found, span):
    for file in plan_clip(select_clips(found, *span), *span).files:
        layout = lay_out(file)

        position, time_90k, numbered = layout.head_bytes, 0, 0
        by_id = {recording.recording_id: recording for recording in found}
        for piece in layout.pieces:
            assert piece.position == position
            position += piece.bytes
            fragments = by_id[piece.recording_id].fragments
            for offset in piece.offsets:
                before = [f for f in fragments if f.offset < offset]
                assert sum(f.duration_90k for f in before) + piece.shift_90k == time_90k
                time_90k += fragments[len(before)].duration_90k
                numbered += 1
        assert position == layout.bytes == file.bytes
        assert time_90k == file.duration_90k
        assert numbered == len(file.clips)


@given(recordings, ranges, st.data())
def test_any_range_of_bytes_is_cut_out_of_whole_fragments(found, span, data):
    plan = plan_clip(select_clips(found, *span), *span)
    assume(plan.files)
    layout = lay_out(plan.files[0])
    begin = data.draw(st.integers(0, layout.bytes - 1))
    end = data.draw(st.integers(begin + 1, layout.bytes))

    position = max(begin, layout.head_bytes)
    for piece, cut in layout.cuts(begin, end):
        assert cut.begin in piece.offsets
        assert cut.end in {*piece.offsets, piece.end}
        assert cut.position + cut.skip == position
        assert cut.begin - piece.offsets[0] == cut.position - piece.position
        assert 0 <= cut.skip < cut.skip + cut.length <= cut.end - cut.begin
        position += cut.length
    assert position == max(end, layout.head_bytes)


def test_fragments_with_something_between_them_are_pieces_of_their_own():
    recording = playable(0, [2, 2])
    apart = replace(recording, fragments=(recording.fragments[0], Fragment(5000, 10, 2 * 90_000)))

    layout = lay_out(plan_clip(clips_of(apart), at(0), at(4)).files[0])

    assert [piece.offsets for piece in layout.pieces] == [(700,), (5000,)]
    assert layout.bytes == layout.head_bytes + 1010


def test_a_tag_changes_with_the_recordings_and_with_the_range():
    found = [playable(0, [2, 2])]
    whole = lay_out(plan_clip(clips_of(found[0]), at(0), at(4)).files[0])
    half = lay_out(plan_clip(select_clips(found, at(0), at(1)), at(0), at(1)).files[0])
    (name,) = {piece.recording_id for piece in whole.pieces}

    tags = {whole.etag({name: "a"}), whole.etag({name: "b"}), half.etag({name: "a"})}

    assert len(tags) == 3
    assert whole.etag({name: "a"}) in tags


@pytest.mark.parametrize(
    ("stream", "hours", "expected"),
    [
        ("main", 1, "front-door_2026-11-20_22-00-00Z_to_23-00-00Z.mp4"),
        ("sub", 3, "front-door-sub_2026-11-20_22-00-00Z_to_2026-11-21_01-00-00Z.mp4"),
    ],
)
def test_file_name_tells_camera_and_range(stream, hours, expected):
    assert file_name("front-door", stream, at(0), at(0) + timedelta(hours=hours)) == expected
