from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tools.camera_sim.devices.faults import DeviceFaults
from tools.camera_sim.devices.results import as_it_is_now, found
from tools.camera_sim.devices.timeline import Timeline, steady_timeline, stored_file

NOON = datetime(2025, 7, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def minutes(timeline: Timeline) -> list[tuple[int, int]]:
    """Files as minutes from noon."""
    return [
        tuple(int((at - NOON).total_seconds() // 60) for at in (file.started_at, file.ended_at))  # type: ignore[misc] # two of them
        for file in timeline.files()
    ]


def test_a_steady_timeline_has_no_break_but_its_holes() -> None:
    hole = (NOON + timedelta(minutes=25), NOON + timedelta(minutes=40))

    timeline = steady_timeline(1, NOON, NOON + HOUR, file_seconds=600, holes=[hole])

    assert minutes(timeline) == [(0, 10), (10, 20), (20, 25), (40, 50), (50, 60)]


def test_holes_may_touch_the_ends_and_each_other() -> None:
    holes = [
        (NOON - HOUR, NOON + timedelta(minutes=10)),
        (NOON + timedelta(minutes=5), NOON + timedelta(minutes=20)),
        (NOON + timedelta(minutes=50), NOON + 2 * HOUR),
    ]

    timeline = steady_timeline(1, NOON, NOON + HOUR, file_seconds=1800, holes=holes)

    assert minutes(timeline) == [(20, 50)]


def test_every_channel_and_stream_has_its_own_files() -> None:
    timeline = steady_timeline([2, 5], NOON, NOON + HOUR, streams=("main", "sub"))

    assert len(timeline.files()) == 8
    assert len({file.name for file in timeline.files()}) == 8
    assert {file.channel for file in timeline.files(stream="sub")} == {2, 5}


def test_a_window_brings_what_overlaps_and_not_what_touches() -> None:
    timeline = steady_timeline(1, NOON, NOON + HOUR, file_seconds=600)

    window = timeline.files(start=NOON + timedelta(minutes=10), end=NOON + timedelta(minutes=21))

    assert [file.started_at.minute for file in window] == [10, 20]


def test_the_last_file_grows_and_a_new_one_begins_when_it_is_full() -> None:
    at = [NOON]
    timeline = steady_timeline(1, NOON - HOUR, None, file_seconds=2400, now=lambda: at[0])
    before = timeline.files()
    at[0] += timedelta(minutes=5)
    grown = timeline.files()
    at[0] += timedelta(minutes=30)
    rolled = timeline.files()

    assert [file.is_open for file in before] == [False, True]
    assert (grown[-1].name, grown[-1].ended_at) == (before[-1].name, NOON + timedelta(minutes=5))
    assert grown[-1].bytes > before[-1].bytes
    assert [file.is_open for file in rolled] == [False, False, True]
    assert rolled[1].ended_at == rolled[2].started_at
    assert rolled[1].name == before[-1].name


def test_files_can_be_added_and_deleted_while_a_device_runs() -> None:
    timeline = steady_timeline(1, NOON, NOON + HOUR)
    oldest = timeline.files()[0]

    timeline.add(stored_file(1, "main", NOON - HOUR, NOON))
    timeline.remove(oldest.name)

    assert timeline.files()[0].started_at == NOON - HOUR
    assert timeline.named(oldest.name) is None


def test_a_file_that_was_deleted_stays_in_a_search_that_found_it() -> None:
    at = [NOON]
    timeline = steady_timeline(1, NOON - HOUR, None, now=lambda: at[0])
    open_file = timeline.files()[-1]

    timeline.remove(open_file.name)

    assert as_it_is_now(open_file, timeline) == open_file


@settings(max_examples=60, deadline=None)
@given(
    count=st.integers(0, 60),
    page=st.integers(2, 20),
    cap=st.none() | st.integers(1, 50),
    doubles=st.booleans(),
    scrambles=st.booleans(),
)
def test_lies_never_invent_a_file_and_hide_only_what_the_cap_cuts_off(
    count: int, page: int, cap: int | None, *, doubles: bool, scrambles: bool
) -> None:
    files = [stored_file(1, "main", NOON + n * HOUR, NOON + (n + 1) * HOUR) for n in range(count)]
    faults = DeviceFaults(result_cap=cap, duplicate_at_seams=doubles, scrambles_results=scrambles)

    told = found(files, faults, page)

    assert set(told) == set(files[:cap])
    assert doubles or len(told) == len(set(told))


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("colour", "red", "no such fault"),
        ("clock_mode", "sideways", "Input should be"),
        ("result_cap", "many", "valid integer"),
        ("change", 1, "no such fault"),
        ("zone", "Europe/Berlin", "not a POSIX time zone"),
    ],
)
def test_switches_take_only_values_that_they_know(name: str, value: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        DeviceFaults().change(name, value)


def test_switches_take_json_and_go_back_to_a_healthy_device() -> None:
    faults = DeviceFaults()

    faults.change("missing_services", ["search", "replay"])
    faults.change("result_cap", 5)
    changed = (faults.missing_services, faults.result_cap)
    faults.clear()

    assert changed == (frozenset({"search", "replay"}), 5)
    assert faults == DeviceFaults()
