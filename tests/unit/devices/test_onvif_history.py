"""What a recording holds, worked out of events; and how it is cut into files."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from libs.devices.driver import Window
from libs.devices.onvif.footage import as_files, file_id
from libs.devices.onvif.history import Change, Interval, change_of, cut, intervals_of
from libs.devices.onvif.recordings import Recording

DAY = datetime(2025, 3, 1, tzinfo=UTC)
RECORDING = Recording(
    token="rec/1",
    track="v 1",
    sources=("source",),
    source_name="Gate",
    is_recording=True,
    data_from=DAY,
    data_to=None,
)


def at(minutes: float) -> datetime:
    return DAY + timedelta(minutes=minutes)


def change(minutes: float, has_data: bool, *, track: str = "v", start: bool = False) -> Change:
    return Change(at(minutes), has_data, track, start)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ([], []),
        ([change(0, True, start=True)], [(0, 100, True)]),
        ([change(0, False, start=True)], []),
        ([change(0, False, start=True), change(10, True), change(20, False)], [(10, 20, False)]),
        ([change(20, False), change(10, True)], [(10, 20, False)]),
        ([change(30, False)], [(0, 30, False)]),
        ([change(10, True), change(15, True), change(20, False), change(25, False)],
         [(10, 20, False)]),
        ([change(10, True), change(20, False), change(20, True)], [(10, 100, True)]),
        ([change(-5, True), change(200, False)], [(0, 100, False)]),
        ([change(0, False, start=True), change(0, True)], [(0, 100, True)]),
        ([change(10, True, track=""), change(20, False, track="")], [(10, 20, False)]),
        ([change(10, True, track=""), change(40, True), change(50, False)], [(40, 50, False)]),
        ([change(10, True, track="audio")], []),
    ],
)  # fmt: skip
def test_changes_become_stretches_with_data(changes, expected):
    found = intervals_of(changes, "v", at(0), at(100))

    assert found == [Interval(at(a), at(b), goes_on) for a, b, goes_on in expected]


def test_an_interval_is_cut_at_full_hours():
    pieces = list(cut(Interval(at(50), at(130), goes_on=True)))

    assert pieces == [
        Interval(at(50), at(60)),
        Interval(at(60), at(120)),
        Interval(at(120), at(130), goes_on=True),
    ]


@given(
    start=st.integers(0, 10_000_000),
    length=st.integers(1, 20_000_000),
)
def test_pieces_cover_an_interval_without_a_gap(start, length):
    begun = DAY + timedelta(milliseconds=start)
    interval = Interval(begun, begun + timedelta(milliseconds=length))

    pieces = list(cut(interval))

    assert pieces[0].start == interval.start
    assert pieces[-1].end == interval.end
    assert all(a.end == b.start for a, b in pairwise(pieces))
    assert all(piece.start < piece.end <= piece.start + timedelta(hours=1) for piece in pieces)


def test_files_are_those_that_overlap_the_window_and_are_not_overwritten():
    recording = Recording("rec/1", "v 1", (), "", True, at(70), None)
    pieces = [Interval(at(60 * n), at(60 * n + 60)) for n in range(5)]

    files = as_files(
        pieces,
        recording,
        channel="1",
        stream="main",
        window=Window(at(30), at(180)),
        now=at(300),
    )

    assert [file.started_at for file in files] == [at(60), at(120)]
    assert [file.is_open for file in files] == [False, False]


def test_only_a_piece_that_goes_on_until_now_is_open():
    window = Window(at(0), at(300))

    def is_open(piece: Interval) -> bool:
        files = as_files([piece], RECORDING, channel="1", stream="main", window=window, now=at(100))
        return files[0].is_open

    assert is_open(Interval(at(60), at(100), goes_on=True))
    assert not is_open(Interval(at(60), at(90), goes_on=True))
    assert not is_open(Interval(at(60), at(100)))


def test_a_file_is_named_by_recording_track_and_start():
    assert file_id(RECORDING, at(60)) == "rec%2F1/v%201/2025-03-01T01:00:00.000Z"


def _result(**changes: object) -> SimpleNamespace:
    message = etree.fromstring(
        '<tt:Message xmlns:tt="http://www.onvif.org/ver10/schema"><tt:Source>'
        '<tt:SimpleItem Name="Track" Value="v"/></tt:Source><tt:Data>'
        f'<tt:SimpleItem Name="{changes.pop("name", "IsDataPresent")}" '
        f'Value="{changes.pop("state", "true")}"/></tt:Data>'
        "</tt:Message>"
    )
    parts = {
        "Time": at(5),
        "RecordingToken": "r",
        "TrackToken": "v",
        "StartStateEvent": False,
        "Event": SimpleNamespace(Message=SimpleNamespace(_value_1=message)),
    }
    return SimpleNamespace(**(parts | changes))


def test_a_search_result_is_read_as_a_change():
    assert change_of(_result(), "r") == Change(at(5), True, "v", False)
    assert change_of(_result(state="0", StartStateEvent=True), "r") == Change(
        at(5), False, "v", True
    )
    assert change_of(_result(TrackToken=None), "r") == Change(at(5), True, "v", False)
    assert change_of(_result(name="IsRecording"), "r") == Change(at(5), True, "", False)


@pytest.mark.parametrize(
    "result",
    [
        None,
        SimpleNamespace(),
        _result(Time=None),
        _result(Time="soon"),
        _result(name="IsMotion"),
        _result(RecordingToken="other"),
        _result(state="maybe"),
        _result(Event=None),
    ],
    ids=range(8),
)
def test_other_results_are_passed_over(result):
    assert change_of(result, "r") is None
