import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from libs.devices.dahua.spans import LocalSpan, Spans, local_range
from libs.devices.driver import Window
from libs.devices.posix_tz import zone_of

BERLIN = zone_of("CET-1CEST,M3.5.0/2,M10.5.0/3")
NIGHT = datetime(2025, 10, 25, 21, tzinfo=UTC)
CHANGE = datetime(2025, 10, 26, 1, tzinfo=UTC)
NIGHT_OF_SPRING = datetime(2025, 3, 29, 23, tzinfo=UTC)
WHOLE = Window(NIGHT - timedelta(days=1), NIGHT + timedelta(days=1))


def _local(moment: datetime) -> datetime:
    return moment.astimezone(BERLIN).replace(tzinfo=None)


def _told(true: Window, *, with_duration: bool = True) -> LocalSpan:
    start, end = _local(true.start), _local(true.end)
    duration = true.end - true.start if with_duration else None
    return LocalSpan((start, end), start, end, duration)


def _steady(start: datetime, minutes: int, count: int) -> list[Window]:
    step = timedelta(minutes=minutes)
    return [Window(start + step * index, start + step * (index + 1)) for index in range(count)]


@pytest.mark.parametrize("minutes", [7, 10, 30, 60, 45])
@pytest.mark.parametrize("with_duration", [True, False])
def test_a_night_in_which_clocks_go_back_is_resolved(minutes: int, with_duration: bool):
    true = _steady(NIGHT, minutes, 480 // minutes)
    told = [_told(span, with_duration=with_duration) for span in true]

    resolved = Spans(BERLIN).resolve(told, WHOLE)

    assert sorted(resolved, key=lambda span: span.start) == true


@settings(deadline=None)
@given(st.integers(1, 90), st.integers(0, 3599), st.randoms(use_true_random=False))
def test_the_order_of_results_does_not_matter(
    minutes: int, shift_seconds: int, random_order: random.Random
):
    true = _steady(NIGHT + timedelta(seconds=shift_seconds), minutes, 480 // minutes)
    told = [_told(span) for span in true]
    random_order.shuffle(told)

    resolved = Spans(BERLIN).resolve(told, WHOLE)

    assert sorted(resolved, key=lambda span: span.start) == true


@settings(deadline=None)
@given(st.integers(1, 90), st.integers(0, 3599))
def test_a_night_in_which_clocks_go_forward_is_resolved(minutes: int, shift_seconds: int):
    true = _steady(NIGHT_OF_SPRING + timedelta(seconds=shift_seconds), minutes, 480 // minutes)

    assert Spans(BERLIN).resolve([_told(span) for span in true], WHOLE) == true


@pytest.mark.parametrize("begins", [-2, 0])
def test_footage_that_ends_or_begins_with_the_change_stays_on_its_side(begins: int):
    true = _steady(CHANGE + timedelta(hours=begins), 30, 4)

    assert Spans(BERLIN).resolve([_told(span) for span in true], WHOLE) == true


def test_a_file_of_one_hour_alone_keeps_its_time_when_it_is_searched_for_again():
    true = Window(CHANGE - timedelta(minutes=30), CHANGE)
    spans = Spans(BERLIN)
    spans.resolve([_told(true)], WHOLE)

    again = spans.resolve([_told(true)], Window(CHANGE + timedelta(minutes=1), WHOLE.end))

    assert again == [true]


def test_the_searched_window_decides_where_nothing_else_does():
    true = Window(CHANGE + timedelta(minutes=10), CHANGE + timedelta(minutes=20))
    window = Window(CHANGE, CHANGE + timedelta(minutes=30))

    assert Spans(BERLIN).resolve([_told(true)], window) == [true]


def test_an_end_that_is_not_told_comes_from_the_duration_or_is_missing():
    start = datetime(2025, 3, 1, 8)  # noqa: DTZ001 - wall clock
    spans = Spans(BERLIN)
    (timed,) = spans.resolve([LocalSpan("a", start, None, timedelta(minutes=5))], WHOLE)
    (bare,) = spans.resolve([LocalSpan("b", start, start)], WHOLE)

    utc = datetime(2025, 3, 1, 7, tzinfo=UTC)
    assert timed == Window(utc, utc + timedelta(minutes=5))
    assert bare.start == bare.end


@settings(deadline=None)
@given(st.integers(0, 365 * 24 * 60), st.integers(1, 3 * 24 * 60), st.integers(0, 3 * 24 * 60))
def test_the_searched_wall_clock_holds_every_moment_of_the_window(
    start_minute: int, minutes: int, inside: int
):
    start = datetime(2025, 1, 1, tzinfo=UTC) + timedelta(minutes=start_minute)
    window = Window(start, start + timedelta(minutes=minutes))
    moment = start + timedelta(minutes=min(inside, minutes))

    first, last = local_range(window, BERLIN)

    assert first <= _local(moment) < last
