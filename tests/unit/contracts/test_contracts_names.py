"""Ids, keys and moments: readable, sortable, the same both ways."""

import re
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from libs.contracts.ids import CAMERA_ID_PATTERN, CameraId, camera_id_from_name, recording_id
from libs.contracts.keys import recording_day_prefix, recording_key
from libs.contracts.times import (
    UtcTime,
    from_unix_seconds,
    isoformat_z,
    seconds_between,
    to_milliseconds,
)

MOMENTS = st.integers(0, 7_000_000_000_000_000).map(
    lambda us: datetime.fromtimestamp(0, UTC) + timedelta(microseconds=us)
)
ZONES = st.integers(-23, 23).map(lambda h: timezone(timedelta(hours=h)))
SLUGS = st.from_regex(re.compile(CAMERA_ID_PATTERN), fullmatch=True).filter(str.isascii)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Front door", "front-door"),
        ("  Front -- door!  ", "front-door"),
        ("Übergang Süd", "ubergang-sud"),
        ("Caméra n°2", "camera-n2"),
        ("前門", "camera"),
        ("", "camera"),
        ("---", "camera"),
        ("42", "42"),
        ("a/b.c*d>e", "a-b-c-d-e"),
        ("x" * 100, "x" * 40),
        ("x" * 39 + " y", "x" * 39),
        ("../../etc/passwd", "etc-passwd"),
        ("\N{PILE OF POO}\x00\n", "camera"),
    ],
)
def test_a_name_gives_a_readable_id(name: str, expected: str):
    assert camera_id_from_name(name) == expected


@given(name=st.text(max_size=120), taken=st.sets(SLUGS, max_size=5))
def test_any_name_gives_a_valid_free_id(name: str, taken: set[str]):
    first = camera_id_from_name(name, taken=frozenset(taken))
    second = camera_id_from_name(name, taken=frozenset({*taken, first}))

    for made in (first, second):
        assert TypeAdapter(CameraId).validate_python(made) == made
    assert first not in taken
    assert second not in {*taken, first}


def test_taken_ids_are_numbered():
    taken = frozenset({"yard", "yard-2"})

    assert camera_id_from_name("Yard", taken=taken) == "yard-3"
    assert camera_id_from_name("x" * 60, taken=frozenset({"x" * 40})) == "x" * 38 + "-2"


@pytest.mark.parametrize("bad", ["", "-a", "A", "a b", "a.b", "a/b", "a\n", "a" * 41, "ä", "a*"])
def test_other_strings_are_no_camera_ids(bad: str):
    with pytest.raises(ValidationError):
        TypeAdapter(CameraId).validate_python(bad)


def test_a_person_can_read_a_key():
    moment = datetime(2026, 11, 20, 23, 18, 5, 123_999, tzinfo=UTC)

    assert recording_key("yard", moment, 12) == "recordings/yard/2026/11/20/23-18-05.123Z-12.mp4"
    assert recording_day_prefix("yard", moment) == "recordings/yard/2026/11/20/"
    assert recording_id("yard", moment, 12) == "yard/2026-11-20T23:18:05.123Z/12"


@given(a=MOMENTS, b=MOMENTS, zone=ZONES, epoch=st.integers(0, 10**9))
def test_keys_sort_by_time_and_know_only_utc(a: datetime, b: datetime, zone: timezone, epoch: int):
    first, second = (recording_key("yard", moment, epoch) for moment in (a, b))

    assert (first < second) == (to_milliseconds(a) < to_milliseconds(b)) or first == second
    assert (first == second) == (to_milliseconds(a) == to_milliseconds(b))
    assert recording_key("yard", a.astimezone(zone), epoch) == first
    assert first.startswith(recording_day_prefix("yard", a))


@given(moment=MOMENTS, zone=ZONES)
def test_a_moment_survives_text_to_the_millisecond(moment: datetime, zone: timezone):
    adapter = TypeAdapter(UtcTime)

    text = adapter.dump_json(adapter.validate_python(moment.astimezone(zone)))
    back = adapter.validate_json(text)

    assert back == to_milliseconds(moment)
    assert back.tzinfo is UTC or back.utcoffset() == timedelta(0)
    assert text.decode() == f'"{isoformat_z(moment)}"'
    assert re.fullmatch(r'"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"', text.decode())


@pytest.mark.parametrize(
    "naive",
    [datetime(2026, 1, 1), "2026-01-01T00:00:00", "2026-01-01"],  # noqa: DTZ001 - the point
)
def test_a_moment_without_a_zone_is_refused(naive: object):
    with pytest.raises(ValidationError):
        TypeAdapter(UtcTime).validate_python(naive)


@given(seconds=st.floats(0, 4e9))
def test_unix_seconds_are_cut_never_rounded_up(seconds: float):
    moment = from_unix_seconds(seconds)

    assert moment.microsecond % 1000 == 0
    assert -1e-6 <= seconds - moment.timestamp() < 0.001_001


def test_the_difference_has_a_sign():
    start = datetime(2026, 1, 1, tzinfo=UTC)

    assert seconds_between(start, start + timedelta(milliseconds=1500)) == 1.5
    assert seconds_between(start, start - timedelta(seconds=2)) == -2.0
