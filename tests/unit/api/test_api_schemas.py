from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from services.api.catalog import Position
from services.api.schemas import ApiTime, CameraCreate, CameraPatch
from services.api.schemas_queries import CoverageQuery, decode_cursor, encode_cursor

TIME = TypeAdapter(ApiTime)


def test_plus_sign_that_a_query_string_turned_into_a_space_is_read_as_meant():
    assert TIME.validate_python("2026-11-20T23:00:00 01:00") == datetime(
        2026, 11, 20, 22, tzinfo=UTC
    )


@pytest.mark.parametrize(
    "text",
    ["2026-11-20T23:00:00", "2026-11-20", "1999-12-31T00:00:00Z", "2101-01-01T00:00:00Z", "x"],
)
def test_times_without_zone_or_outside_reason_are_refused(text):
    with pytest.raises(ValidationError):
        TIME.validate_python(text)


@given(
    st.datetimes(datetime(2000, 1, 1), datetime(2099, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    st.from_regex(r"\A[a-z0-9~/:.-]{1,80}\Z"),
)
def test_cursor_comes_back_as_it_was(moment, row_id):
    position = Position(moment - timedelta(microseconds=moment.microsecond % 1000), row_id)

    assert decode_cursor(encode_cursor(position)) == position


@given(st.text(max_size=40))
def test_strange_cursor_is_a_value_error_or_a_position(text):
    try:
        position = decode_cursor(text)
    except ValueError as error:
        told = str(error)
    else:
        told = "next_cursor" if position.started_at.tzinfo is UTC else "no zone"
    assert "next_cursor" in told


@pytest.mark.parametrize(
    "fields",
    [
        {"name": ""},
        {"name": " "},
        {"name": "a\nb"},
        {"name": "x" * 101},
        {"recording_seconds": 9},
        {"recording_seconds": 3601},
        {"transport": "http"},
        {"part_seconds": "nan"},
        {"audio": "loud"},
        {"frequency": 5},
        {"credentials": {"username": "a"}},
        {"credentials": {"username": "a\x00", "password": "b"}},
    ],
)
def test_new_camera_is_checked_strictly(fields):
    with pytest.raises(ValidationError):
        CameraCreate.model_validate({"name": "Door", "url": "rtsp://192.0.2.1/", **fields})


@pytest.mark.parametrize("fields", [{}, {"name": None}, {"record": True}])
def test_change_must_name_fields_that_can_be_changed(fields):
    with pytest.raises(ValidationError):
        CameraPatch.model_validate(fields)


def test_null_login_is_a_change():
    assert CameraPatch.model_validate({"credentials": None}).model_fields_set == {"credentials"}


@pytest.mark.parametrize("tz", ["Mars/Olympus", "../etc/passwd", "", "CEST+"])
def test_only_real_time_zones_are_taken(tz):
    with pytest.raises(ValidationError, match="IANA"):
        CoverageQuery.model_validate(
            {"from": "2026-11-20T00:00:00Z", "to": "2026-11-21T00:00:00Z", "tz": tz}
        )
