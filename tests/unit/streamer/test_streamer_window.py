import pytest

from services.streamer.window import LiveWindow
from tests.unit.streamer.streamer_samples import (
    INIT,
    OTHER_INIT,
    Producer,
    text_of,
    window_of,
)


def listed_msns(window: LiveWindow) -> list[int]:
    return [segment.msn for segment in window.listed()]


# What is taken


def test_an_empty_window_has_nothing():
    window = LiveWindow()

    assert window.listed() == ()
    assert (window.live_id, window.edge, window.next_position) == (None, None, None)
    assert window.newest_keyframe() is None
    assert window.bytes_held == 0


def test_a_part_is_there_with_its_media_and_its_init_apart():
    part, payload = Producer().segment()[0]
    window = LiveWindow()

    assert window.add(part, payload)

    held = window.part(10, 0)
    assert held is not None
    assert window.init(INIT) == payload[: part.init_bytes]
    assert held.data == payload[part.init_bytes :]
    assert window.edge == (10, 0)


def test_what_is_told_again_changes_nothing():
    told = Producer().segments(3)
    window = window_of(told)
    text, version = text_of(window), window.version

    assert not any(window.add(part, payload) for part, payload in told)

    assert text_of(window) == text
    assert window.version == version


def test_parts_of_a_lower_epoch_are_an_old_owners():
    producer = Producer()
    producer.segments(2)
    producer.take_over()
    producer.segment((18_000,) * 2, ends=False)
    window = window_of(producer.told)
    zombie = Producer(epoch=producer.epoch - 1, msn=12, discontinuity=1)

    told = [zombie.segment()[2], zombie.segment()[0]]

    assert not any(window.add(part, payload) for part, payload in told)
    assert window.edge == (12, 1)


def test_a_segment_is_not_begun_in_its_middle():
    told = Producer().segments(2)
    window = LiveWindow()

    for part, payload in told[2:5]:
        window.add(part, payload)
    assert window.newest is None
    assert window.listed() == ()

    window.add(*told[5])
    assert listed_msns(window) == [11]


def test_a_segment_is_not_begun_without_an_init_segment():
    part, payload = Producer().segment()[0]
    without = part.model_copy(update={"init_bytes": 0})
    window = LiveWindow()

    window.add(without, payload)

    assert window.newest is None


def test_an_init_segment_that_is_known_need_not_come_again():
    producer = Producer()
    window = window_of(producer.segment())
    part, payload = producer.segment()[0]

    window.add(part.model_copy(update={"init_bytes": 0}), payload[part.init_bytes :])

    assert window.edge == (11, 0)


@pytest.mark.parametrize("init_bytes", [1000, 10_000])
def test_an_init_segment_longer_than_its_payload_is_not_believed(init_bytes):
    part, payload = Producer().segment(part_bytes=1000 - len(f"<init {INIT}>"))[0]
    assert len(payload) == 1000
    window = LiveWindow()

    window.add(part.model_copy(update={"init_bytes": init_bytes}), payload)

    assert window.newest is None


# Holes


def test_parts_behind_a_hole_are_not_listed_and_the_hint_goes_to_the_next_segment():
    told = Producer().segments(3)
    window = window_of(told[:7])
    assert window.next_position == (11, 2)

    assert window.add(*told[8])

    assert window.edge == (11, 1)
    assert window.next_position == (12, 0)
    assert not window.add(*told[9])


def test_a_segment_with_a_hole_and_all_before_it_leave_the_playlist():
    told = Producer().segments(4)

    window = window_of([*told[:7], *told[8:]])

    assert listed_msns(window) == [12, 13]
    assert window.segment(11) is None
    assert window.segment(10) is not None  # somebody may be loading it


def test_a_lost_end_shows_in_the_decode_times():
    told = Producer().segments(2)

    window = window_of([*told[:4], *told[5:]])

    assert listed_msns(window) == [11]


def test_lost_segments_leave_a_hole_that_is_not_listed_over():
    told = Producer().segments(4)

    window = window_of([*told[:5], *told[10:]])

    assert listed_msns(window) == [12, 13]


def test_a_hole_that_is_told_later_is_mended():
    told = Producer().segments(3)

    window = window_of([*told[:7], *told[8:10], *told])

    assert listed_msns(window) == [10, 11, 12]
    assert text_of(window) == text_of(window_of(told))


def test_the_next_segment_completes_one_whose_recorder_died():
    producer = Producer()
    producer.segment()
    producer.segment((18_000,) * 3, ends=False)
    producer.take_over()
    producer.segment()

    window = window_of(producer.told)

    assert listed_msns(window) == [10, 11, 12]
    assert window.segment(11) is not None


def test_a_segment_with_a_hole_is_not_completed_when_its_recorder_died_too():
    producer = Producer()
    producer.segment()
    producer.segment((18_000,) * 4, ends=False)
    producer.take_over()
    producer.segment()

    window = window_of([*producer.told[:7], *producer.told[8:]])

    assert listed_msns(window) == [12]
    assert window.segment(11) is None


def test_a_segment_is_not_completed_by_one_that_does_not_follow():
    producer = Producer()
    producer.segment((18_000,) * 3, ends=False)
    producer.msn += 1
    producer.take_over()
    producer.segment()

    window = window_of(producer.told)

    assert listed_msns(window) == [12]
    assert window.segment(10) is None


def test_nothing_is_added_to_a_complete_segment():
    told = Producer().segment()
    extra = told[-1][0].model_copy(update={"part": 5})
    window = window_of(told)
    before = window.segment(10)

    window.add(extra, b"more")

    assert window.edge == (10, 4)
    assert window.segment(10) == before


# Another numbering


def test_a_new_live_id_begins_anew_even_with_a_lower_epoch():
    window = window_of(Producer().segments(3))
    anew = Producer(live_id="two", epoch=1, msn=0, target_seconds=4)

    assert window.add(*anew.segment()[0])

    assert window.live_id == "two"
    assert window.edge == (0, 0)
    assert window.part(10, 0) is None
    assert window.init(INIT) is not None


def test_a_new_live_id_counts_before_anything_of_it_can_be_played():
    window = window_of(Producer().segments(3))

    assert window.add(*Producer(live_id="two").segment()[3])

    assert window.live_id == "two"
    assert window.newest is None


def test_a_numbering_that_was_left_does_not_come_back_when_everything_is_told_again():
    old, new = Producer(), Producer(live_id="two", clock_ms=Producer().clock_ms + 60_000)
    told = [*old.segments(3), *new.segments(2)]
    window = window_of(told)

    assert not any(window.add(part, payload) for part, payload in told)

    assert window.live_id == "two"


def test_a_numbering_that_was_left_comes_back_with_an_owner_who_goes_on_with_it():
    owner = Producer(epoch=7)
    zombie = Producer(live_id="two", epoch=6, clock_ms=owner.clock_ms + 60_000)
    window = window_of([*owner.segments(2), *zombie.segments(2)])
    owner.reconnect(outage_ms=120_000)

    for part, payload in owner.segments(2):
        window.add(part, payload)

    assert window.live_id == "one"
    assert listed_msns(window) == [12, 13]


def test_an_old_owner_of_a_numbering_that_was_left_does_not_bring_it_back():
    zombie = Producer(epoch=6)
    owner = Producer(live_id="two", epoch=7)
    window = window_of([*zombie.segments(2), *owner.segments(2)])
    zombie.reconnect(outage_ms=120_000)

    assert not window.add(*zombie.segment()[0])

    assert window.live_id == "two"


# What players without a playlist need


def test_the_newest_keyframe_is_found_across_segments_without_one():
    producer = Producer()
    producer.segments(3)
    producer.segment(is_independent=False)
    producer.segment((18_000,) * 2, is_independent=False)
    window = window_of(producer.told)

    keyframe = window.newest_keyframe()

    assert keyframe is not None
    assert keyframe.position == (12, 0)


def test_a_keyframe_before_a_hole_is_of_no_use():
    producer = Producer()
    told = producer.segments(2)
    after = producer.segment(is_independent=False)

    window = window_of([*told[:7], *told[8:], *after])

    assert window.newest_keyframe() is None


# What is kept


def test_a_segment_is_given_as_the_parts_that_are_held_anyway():
    producer = Producer()
    window = window_of([*producer.segments(2), *producer.segment(ends=False)])

    chunks = window.segment(10)

    assert chunks is not None
    for at, chunk in enumerate(chunks):
        held = window.part(10, at)
        assert held is not None
        assert held.data is chunk
    assert len(chunks) == 5
    assert window.segment(12) is None  # not complete
    assert window.segment(9) is None


def test_bytes_stay_for_three_target_durations_after_they_left_the_playlist():
    producer = Producer(target_seconds=2)
    producer.segments(6)
    window = window_of(producer.told)
    left_after = kept_for = 0
    for number in range(1, 60):
        for part, payload in producer.segment():
            window.add(part, payload)
        if not left_after and 10 not in listed_msns(window):
            left_after = number
        if window.part(10, 0) is None:
            kept_for = number - left_after  # segments of a second
            break
    assert left_after == 1
    # as long as a segment and the longest playlist with it, which is more than 3 x 2 s
    assert 7 <= kept_for <= 9
    assert window.segment(10) is None


def test_parts_without_tags_are_still_there():
    window = window_of(Producer(target_seconds=1).segments(7))

    assert 12 in listed_msns(window)
    assert '"12.0.m4s"' not in text_of(window)
    assert window.part(12, 0) is not None


def test_an_init_segment_is_kept_as_long_as_a_segment_that_needs_it():
    producer = Producer()
    producer.segments(3)
    producer.reconnect(init_id=OTHER_INIT)
    window = window_of(producer.told)
    for _ in range(30):
        assert (window.init(INIT) is not None) == (window.part(12, 0) is not None)
        for part, payload in producer.segment():
            window.add(part, payload)
    assert window.init(INIT) is None


def test_a_segment_that_never_ends_is_cut_off_at_twice_the_target_duration():
    told = Producer(target_seconds=2).segment((18_000,) * 1000, ends=False)

    window = window_of(told)

    assert window.edge == (10, 19)
    assert window.next_position == (11, 0)


def test_ten_thousand_segments_with_all_that_happens_take_no_more_memory_than_a_hundred():
    producer = Producer()
    window = LiveWindow()
    most_bytes = [0, 0]
    most_segments = [0, 0]
    for number in range(10_000):
        if number % 7 == 3:
            producer.reconnect(init_id=f"{number:016x}")
        if number % 101 == 5:
            producer.live_id = f"live{number}"
        told = producer.segment((18_000,) * 5, ends=number % 13 != 2, part_bytes=1000)
        producer.told.clear()
        if number % 17 == 4:
            del told[2]
        for part, payload in told:
            window.add(part, payload)
        late = number >= 1000
        most_bytes[late] = max(most_bytes[late], window.bytes_held)
        most_segments[late] = max(most_segments[late], len(window._segments))
        assert len(window._inits) <= len(window._segments)
    assert most_segments[1] <= most_segments[0] <= 30
    assert most_bytes[1] <= most_bytes[0] + 200
    assert len(window._retired) <= 8
