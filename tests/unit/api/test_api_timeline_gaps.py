"""Gaps on the timeline against a look at every single moment."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.api.timeline_gaps import Gap, paint

T0 = datetime(2026, 11, 20, tzinfo=UTC)
LENGTH = 60


def gap(start: int, end: int, reason: str = "camera_offline", *, age: int = 0) -> Gap:
    return Gap(start, end, reason, f"{reason} {age}", T0 - timedelta(minutes=age))


def drawn(gaps: list[Gap]) -> list[tuple[int, int, str]]:
    return [(g.start_ms, g.end_ms, g.reason) for g in gaps]


def test_newest_report_counts_where_gaps_overlap():
    offline, down = gap(0, 50), gap(20, 30, "recorder_down", age=-1)

    assert drawn(paint([offline, down], [], step_ms=1)) == [
        (0, 20, "camera_offline"),
        (20, 30, "recorder_down"),
        (30, 50, "camera_offline"),
    ]


def test_recording_in_the_middle_of_a_gap_is_left_out_and_keeps_its_halves_apart():
    assert drawn(paint([gap(0, 50)], [[20, 30]], step_ms=100)) == [
        (0, 20, "camera_offline"),
        (30, 50, "camera_offline"),
    ]


def test_neighbours_of_one_reason_within_a_step_are_one_with_the_newest_detail():
    (one,) = paint([gap(0, 10, age=5), gap(13, 20, age=2)], [], step_ms=3)

    assert (one.start_ms, one.end_ms, one.detail) == (0, 20, "camera_offline 2")
    assert len(paint([gap(0, 10), gap(14, 20)], [], step_ms=3)) == 2


def spans(longest: int) -> st.SearchStrategy[tuple[int, int]]:
    return st.builds(
        lambda start, length: (start, min(start + length, LENGTH)),
        st.integers(0, LENGTH - 1),
        st.integers(1, longest),
    )


REASONS = st.sampled_from(["camera_offline", "stream_stalled", "spool_full"])


@given(
    st.lists(st.tuples(spans(30), REASONS), max_size=8),
    st.lists(spans(10), max_size=5),
)
def test_every_moment_has_the_reason_of_the_newest_gap_and_none_where_it_is_recorded(found, raw):
    gaps = [gap(span[0], span[1], reason, age=age) for age, (span, reason) in enumerate(found)]
    taken = {moment for start, end in raw for moment in range(start, end)}
    recorded = [[m, m + 1] for m in sorted(taken)]

    painted = paint(gaps, recorded, step_ms=0)

    expected: dict[int, str] = {}
    for each in reversed(gaps):
        expected |= dict.fromkeys(range(each.start_ms, each.end_ms), each.reason)
    shown = {m: g.reason for g in painted for m in range(g.start_ms, g.end_ms)}
    assert shown == {m: reason for m, reason in expected.items() if m not in taken}
    assert sum(g.end_ms - g.start_ms for g in painted) == len(shown)
    assert painted == sorted(painted, key=lambda g: g.start_ms)
