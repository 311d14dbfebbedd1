"""Blocking reload and preload hints: RFC 8216bis draft 22, sections 6.2.5.2 and 6.2.6."""

import pytest

from services.streamer.reload import (
    BadDirective,
    BadRequest,
    Directives,
    Found,
    Gone,
    Ready,
    Wait,
    advance_part_limit,
    decide,
    decide_part,
    parse_directives,
)
from services.streamer.window import LiveWindow
from tests.unit.streamer.streamer_samples import Producer, window_of

LIVE_ID = "one"


@pytest.fixture
def producer() -> Producer:
    """Segments 10 to 12 are complete; of 13 there are parts 0 and 1."""
    made = Producer()
    made.segments(3)
    return made


@pytest.fixture
def window(producer: Producer) -> LiveWindow:
    return window_of([*producer.told, *producer.segment()[:2]])


def reload(window: LiveWindow, msn: int | None, part: int | None = None) -> type:
    return type(decide(window, Directives(msn, part), live_id=LIVE_ID))


# Directives


def test_a_request_without_directives_says_nothing():
    assert parse_directives({"token": "abc"}) == Directives(None, None)


def test_directives_are_read():
    assert parse_directives({"_HLS_msn": "12", "_HLS_part": "007"}) == Directives(12, 7)


def test_a_part_without_a_segment_is_a_bad_request():
    with pytest.raises(BadDirective, match="_HLS_part needs _HLS_msn"):
        parse_directives({"_HLS_part": "1"})


@pytest.mark.parametrize(
    "value",
    ["", "-1", "+1", " 1", "1 ", "1.0", "1e3", "0x1", "one", "\u0663", "1\n", "9" * 19, "9" * 5000],
)
@pytest.mark.parametrize("name", ["_HLS_msn", "_HLS_part"])
def test_what_is_no_plain_number_is_a_bad_request(name, value):
    with pytest.raises(BadDirective, match="is not a number"):
        parse_directives({"_HLS_msn": "1", name: value})


def test_skip_is_ignored_as_it_is_not_offered():
    assert parse_directives({"_HLS_skip": "YES", "_HLS_msn": "3"}) == Directives(3, None)


def test_a_huge_number_is_too_far_ahead(window):
    assert reload(window, 10**18 - 1) is BadRequest
    assert reload(window, 13, 10**18 - 1) is BadRequest


# Without directives


def test_a_plain_request_is_answered_at_once(window):
    assert reload(window, None) is Ready


def test_before_the_first_part_every_request_waits():
    window = LiveWindow()
    window.add(*Producer().segment()[2])  # the middle of a segment cannot be played

    assert reload(window, None) is Wait
    assert reload(window, 10, 3) is Wait


def test_another_live_id_is_gone(window):
    assert decide(window, Directives(), live_id="zero") == Gone()
    assert decide_part(window, 13, 0, live_id="zero") == Gone()
    assert decide(LiveWindow(), Directives(), live_id="zero") == Gone()


# A segment


def test_a_segment_alone_is_held_until_it_is_complete(producer, window):
    assert reload(window, 13) is Wait

    for part, payload in producer.told[17:19]:
        window.add(part, payload)
        assert reload(window, 13) is Wait
    window.add(*producer.told[19])

    assert reload(window, 13) is Ready


def test_a_segment_that_was_cut_short_is_answered_when_the_next_begins(producer, window):
    producer.take_over()

    window.add(*producer.segment()[0])

    assert reload(window, 13) is Ready


def test_two_segments_ahead_waits_and_three_are_refused_at_once(window):
    assert reload(window, 14) is Wait
    assert reload(window, 15) is BadRequest


def test_segments_are_counted_from_the_last_complete_one(producer, window):
    for told in producer.told[17:]:
        window.add(*told)

    assert reload(window, 15) is Wait
    assert reload(window, 16) is BadRequest


@pytest.mark.parametrize("part", [None, 0, 4, 5, 1000])
def test_a_segment_that_has_passed_is_answered_at_once_even_if_not_listed_any_more(part):
    producer = Producer()
    window = window_of(producer.segments(40))

    assert window.listed()[0].msn > 12
    for msn in (0, 10, 12, 45, 48):
        assert reload(window, msn, part) is Ready


# A part


def test_a_part_that_is_there_is_answered_at_once(window):
    assert reload(window, 13, 0) is Ready
    assert reload(window, 13, 1) is Ready


def test_a_part_is_held_until_it_is_there(producer, window):
    assert reload(window, 13, 2) is Wait

    window.add(*producer.told[17])

    assert reload(window, 13, 2) is Ready


def test_a_part_is_held_until_anything_later_is_there(producer, window):
    assert reload(window, 13, 3) is Wait
    producer.take_over()

    window.add(*producer.segment()[0])

    assert reload(window, 13, 3) is Ready


def test_part_0_of_the_next_segment_is_held(producer, window):
    for told in producer.told[17:]:
        window.add(*told)
    assert reload(window, 14, 0) is Wait

    window.add(*producer.segment()[0])

    assert reload(window, 14, 0) is Ready


def test_a_part_behind_the_last_of_its_segment_means_part_0_of_the_next(producer, window):
    for told in producer.told[17:]:
        window.add(*told)
    assert reload(window, 13, 4) is Ready
    assert reload(window, 13, 5) is Wait
    assert reload(window, 13, 7) is Wait

    window.add(*producer.segment()[0])

    assert reload(window, 13, 5) is Ready
    assert reload(window, 13, 7) is Ready


def test_a_part_beyond_the_advance_part_limit_is_refused_at_once(window):
    assert reload(window, 13, 1 + 15) is Wait
    assert reload(window, 13, 1 + 16) is BadRequest
    assert reload(window, 14, 14) is Wait
    assert reload(window, 14, 15) is BadRequest


@pytest.mark.parametrize(
    ("part_target_ms", "limit"), [(100, 30), (200, 15), (333, 10), (999, 4), (1000, 3), (2000, 3)]
)
def test_the_advance_part_limit_is_three_seconds_of_parts_or_three(part_target_ms, limit):
    assert advance_part_limit(part_target_ms) == limit


def test_holding_ends_after_three_target_durations(window):
    assert decide(window, Directives(13, 2), live_id=LIVE_ID) == Wait(6.0)
    assert decide_part(window, 13, 2, live_id=LIVE_ID) == Wait(6.0)


def test_a_hole_is_waited_over(producer, window):
    window.add(*producer.told[18])
    assert reload(window, 13, 2) is Wait

    window.add(*producer.segment()[0])

    assert reload(window, 13, 2) is Ready
    assert reload(window, 13) is Ready


# Hinted parts


def test_a_part_that_is_there_is_found_with_its_bytes(producer, window):
    part, payload = producer.told[16]

    found = decide_part(window, 13, 1, live_id=LIVE_ID)

    assert isinstance(found, Found)
    assert found.held.part == part
    assert found.held.data == payload


def test_the_hinted_part_is_held_until_it_is_whole(producer, window):
    assert window.next_position == (13, 2)
    assert isinstance(decide_part(window, 13, 2, live_id=LIVE_ID), Wait)

    window.add(*producer.told[17])

    assert isinstance(decide_part(window, 13, 2, live_id=LIVE_ID), Found)


@pytest.mark.parametrize(
    ("msn", "part"), [(13, 3), (14, 0), (14, 1), (99, 0), (9, 0), (12, 5), (13, -1), (-1, 0)]
)
def test_a_part_that_is_neither_there_nor_hinted_is_not_found(window, msn, part):
    assert decide_part(window, msn, part, live_id=LIVE_ID) == Gone()


def test_a_hint_that_is_abandoned_is_not_found(producer, window):
    assert isinstance(decide_part(window, 13, 2, live_id=LIVE_ID), Wait)
    producer.take_over()

    window.add(*producer.segment()[0])

    assert decide_part(window, 13, 2, live_id=LIVE_ID) == Gone()


def test_a_hint_is_abandoned_when_a_later_part_shows_that_it_was_lost(producer, window):
    assert window.add(*producer.told[18])

    assert decide_part(window, 13, 2, live_id=LIVE_ID) == Gone()
    assert isinstance(decide_part(window, 14, 0, live_id=LIVE_ID), Wait)


def test_parts_that_left_long_ago_are_not_found():
    window = window_of(Producer().segments(40))

    assert decide_part(window, 10, 0, live_id=LIVE_ID) == Gone()
    assert window.segment(10) is None
