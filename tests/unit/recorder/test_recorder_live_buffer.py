"""What is kept of a stream for its first viewer."""

from dataclasses import replace

from libs.media.packets import Part
from services.recorder.live_buffer import LiveBuffer
from tests.unit.recorder.recorder_live import START, begun_at, fill, steady


def starts(buffer: LiveBuffer) -> list[float]:
    """When the kept parts start, from the first that a viewer can begin with."""
    first = buffer.first()
    found = []
    serial = first.serial - 1 if first else 10**9
    while (item := buffer.after(serial)[0]) is not None:
        found.append(round(item.start_unix - begun_at(buffer), 3))
        serial = item.serial
    return found


def big(parts: list[Part], size: int) -> list[Part]:
    return [replace(part, data=bytes(size)) for part in parts]


def test_an_empty_buffer_has_nothing_to_begin_with():
    buffer = LiveBuffer(1000)

    assert buffer.first() is None
    assert buffer.after(0) == (None, True)
    assert buffer.longest_gop_seconds() is None


def test_the_last_complete_gop_and_the_one_under_way_are_kept():
    buffer = LiveBuffer(10**6)

    fill(buffer, steady(34, gop=10))

    assert starts(buffer)[0] == 4.0
    assert starts(buffer)[-1] == 6.6
    assert buffer.longest_gop_seconds() == 2.0


def test_a_first_gop_under_way_is_enough_to_begin_with():
    buffer = LiveBuffer(10**6)

    fill(buffer, steady(4, gop=10))

    assert starts(buffer) == [0.0, 0.2, 0.4, 0.6]


def test_memory_stays_bounded_where_keyframes_are_far_apart():
    buffer = LiveBuffer(5_000)

    fill(buffer, big(steady(400, gop=400), 100))

    assert buffer.first() is None, "its keyframe is gone"
    assert buffer._bytes <= 5_000
    assert buffer.after(399)[0] is not None, "who follows already still gets every part"


def test_after_a_long_gop_the_next_keyframe_is_a_beginning_again():
    buffer = LiveBuffer(5_000)

    fill(buffer, big(steady(405, gop=400), 100))

    assert starts(buffer)[0] == 80.0


def test_a_reader_that_fell_behind_is_told_that_parts_are_gone():
    buffer = LiveBuffer(10**6)
    fill(buffer, steady(40, gop=10))

    assert buffer.after(3) == (None, False)
    following, is_there = buffer.after(39)
    assert following is not None
    assert (following.serial, is_there) == (40, True)
    assert buffer.after(40) == (None, True)


def test_the_reader_is_woken_for_every_part_while_it_is_attached():
    buffer = LiveBuffer(10**6)
    woken: list[int] = []
    buffer.attach(lambda: woken.append(1))
    fill(buffer, steady(5))
    buffer.attach(None)
    fill(buffer, steady(5, first=5))

    assert len(woken) == 5


def test_a_part_larger_than_the_limit_is_still_sent_on():
    buffer = LiveBuffer(50)

    fill(buffer, big(steady(3, gop=1), 100))

    assert starts(buffer) == [0.4]


def test_a_session_that_was_left_adds_nothing_to_the_next_one():
    buffer = LiveBuffer(10**6)
    old = buffer.open()
    old.put(steady(1)[0], START)
    new = buffer.open()
    old.put(steady(1)[0], START)

    assert buffer.first() is None
    new.put(steady(1)[0], START)
    assert buffer.first() is not None
    buffer.close()
    new.put(steady(1)[0], START)
    assert buffer.first() is None


def test_a_reader_goes_on_behind_what_was_forgotten():
    buffer = LiveBuffer(10**6)
    tap = buffer.open()
    for part in steady(5):
        tap.put(part, START + part.captured_monotonic)
    buffer.open()

    assert buffer.after(5) == (None, True)
    assert buffer.after(3) == (None, False)
