"""Numbers that every streamer serves and that go on over restarts."""

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.contracts.live import LivePart
from libs.media.packets import VIDEO_TIMESCALE, Break
from services.recorder.live_buffer import BufferedPart
from services.recorder.live_numbering import LiveNumbering, state_of
from tests.unit.recorder.recorder_live import START, buffered, steady, stream


def number(
    numbering: LiveNumbering, items: list[BufferedPart], *, gop: float | None = 2.0
) -> list[LivePart]:
    placed = (
        numbering.place(item, is_hole=False, longest_gop=gop, published_ms=round(START * 1000))
        for item in items
    )
    return [part for part in placed if part is not None]


def fresh(epoch: int = 7) -> LiveNumbering:
    return LiveNumbering(stream(epoch), None)


def places(parts: list[LivePart]) -> list[tuple[int, int]]:
    return [(part.msn, part.part) for part in parts]


def test_segments_begin_at_keyframes_and_parts_count_from_zero():
    sent = number(fresh(), buffered(steady(25, gop=10)))

    assert places(sent) == [(n // 10, n % 10) for n in range(25)]
    assert [p.is_last for p in sent] == [n % 10 == 9 for n in range(25)]
    assert [p.is_independent for p in sent] == [n % 10 == 0 for n in range(25)]
    assert {p.live_id for p in sent} == {sent[0].live_id}
    assert {p.discontinuity for p in sent} == {0}


def test_only_the_first_part_of_a_segment_carries_the_init_segment():
    sent = number(fresh(), buffered(steady(25, gop=10)))

    assert [p.part for p in sent if p.init_bytes] == [0, 0, 0]


def test_nothing_is_sent_before_the_first_keyframe():
    sent = number(fresh(), buffered(steady(25, gop=10))[3:])

    assert places(sent)[0] == (0, 0)
    assert sent[0].is_independent
    assert sent[0].start_ms == round((START + 2.0) * 1000)


def test_keyframes_closer_than_a_second_share_a_segment():
    sent = number(fresh(), buffered(steady(20, gop=2)), gop=0.4)

    assert places(sent)[:7] == [(0, n) for n in range(6)] + [(1, 0)]
    assert [p.is_independent for p in sent[:6]] == [True, False] * 3


def test_a_long_gop_is_cut_at_the_declared_target():
    sent = number(fresh(), buffered(steady(200, gop=100)), gop=None)

    assert {p.target_seconds for p in sent} == {4}
    lengths: dict[int, int] = {}
    for part in sent:
        lengths[part.msn] = lengths.get(part.msn, 0) + part.duration_90k
    assert max(lengths.values()) <= 4 * VIDEO_TIMESCALE
    assert all(p.is_last == (after.part == 0) for p, after in pairwise(sent))


@pytest.mark.parametrize(("gop", "target"), [(None, 4), (0.5, 3), (2.0, 3), (4.0, 5), (20.0, 8)])
def test_the_target_duration_fits_the_distance_of_keyframes(gop, target):
    assert number(fresh(), buffered(steady(1)), gop=gop)[0].target_seconds == target


def test_a_reconnected_camera_goes_on_with_a_discontinuity():
    numbering = fresh()
    before = number(numbering, buffered(steady(13, gop=10)))
    after = number(numbering, buffered(steady(12, gop=10, begin=5.0)))

    assert places(after)[0] == (2, 0)
    assert places(before)[-1] == (1, 2)
    assert {p.discontinuity for p in after} == {1}
    assert after[0].live_id == before[0].live_id


def test_a_hole_is_a_discontinuity_and_waits_for_a_keyframe():
    numbering = fresh()
    items = buffered(steady(40, gop=10))
    number(numbering, items[:13])
    first = numbering.place(items[16], is_hole=True, longest_gop=2.0, published_ms=0)
    rest = number(numbering, items[17:])

    assert first is None
    assert places(rest)[0] == (2, 0)
    assert rest[0].start_ms == round((START + 4.0) * 1000)
    assert {p.discontinuity for p in rest} == {1}


def test_a_new_owner_goes_on_behind_the_last_part():
    before = number(fresh(epoch=7), buffered(steady(13, gop=10)))
    taken = fresh(epoch=9)
    taken.go_on_from(before[-1])
    after = number(taken, buffered(steady(12, gop=10, begin=4.0)))

    assert places(after)[0] == (before[-1].msn + 1, 0)
    assert {p.epoch for p in after} == {9}
    assert {p.discontinuity for p in after} == {1}
    assert after[0].live_id == before[0].live_id
    assert after[0].first_msn == before[0].first_msn


def test_a_saved_state_is_enough_to_go_on():
    before = number(fresh(), buffered(steady(13, gop=10)))
    after = number(LiveNumbering(stream(8), state_of(before[-1])), buffered(steady(3, begin=8.0)))

    assert after[0].live_id == before[0].live_id
    assert places(after)[0] == (before[-1].msn + 1, 0)


def test_what_was_sent_long_ago_is_not_listed_beside_what_comes_now():
    before = number(fresh(), buffered(steady(13, gop=10)))
    taken = fresh(epoch=8)
    taken.go_on_from(before[-1])
    after = number(taken, buffered(steady(3, begin=100.0)))

    assert after[0].first_msn == after[0].msn == before[-1].msn + 1


def test_declared_durations_never_change_under_one_address():
    numbering = fresh()
    before = number(numbering, buffered(steady(20, gop=10)))
    slower = steady(20, gop=10, seconds=0.5, begin=5.0)
    after = number(numbering, buffered(slower, target=0.525))

    assert after[0].live_id != before[0].live_id
    assert after[0].part_target_ms == 525
    assert after[0].first_msn == after[0].msn > before[-1].msn


def test_a_camera_that_sends_longer_parts_than_declared_gets_a_new_address_once():
    items = buffered(steady(80, gop=10, seconds=0.5))
    sent = number(fresh(), items, gop=5.0)

    assert len({p.live_id for p in sent}) == 2
    last = sent[-1]
    assert last.duration_90k / 90 <= last.part_target_ms


def test_one_late_frame_changes_nothing():
    parts = steady(40, gop=10)
    parts[14] = replace(parts[14], duration_90k=VIDEO_TIMESCALE)

    assert len({p.live_id for p in number(fresh(), buffered(parts))}) == 1


def test_a_part_that_could_not_be_sent_is_a_break():
    numbering = fresh()
    items = buffered(steady(30, gop=10))
    number(numbering, items[:13])
    numbering.interrupt()
    rest = number(numbering, items[13:])

    assert places(rest)[0] == (2, 0)
    assert rest[0].discontinuity == 1


@given(
    gops=st.lists(st.integers(1, 60), min_size=1, max_size=12),
    breaks=st.sets(st.integers(1, 12)),
    holes=st.sets(st.integers(0, 300)),
)
def test_numbers_are_contiguous_whatever_a_camera_does(gops, breaks, holes):
    numbering, sent, at = fresh(), [], 0.0
    for group, length in enumerate(gops):
        for index, part in enumerate(steady(length, gop=length, begin=at)):
            starts_after = None
            if index == 0 and (group == 0 or group in breaks):
                starts_after = Break.SESSION_START if group == 0 else Break.TIMESTAMP_JUMP
            item = buffered([replace(part, starts_after=starts_after)])[0]
            hole = int(at / 0.2) + index in holes
            sent.append(numbering.place(item, is_hole=hole, longest_gop=None, published_ms=0))
        at += length * 0.2
    numbered = [part for part in sent if part is not None]

    for before, after in pairwise(numbered):
        same = after.msn == before.msn
        assert after.msn - before.msn in {0, 1}
        assert after.part == (before.part + 1 if same else 0)
        assert after.discontinuity - before.discontinuity in {0, 1}
        assert not same or after.discontinuity == before.discontinuity
        assert not (same and before.is_last)
    assert numbered[0].is_independent
