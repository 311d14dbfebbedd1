"""Time zones as devices tell them."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from libs.contracts.devices import FailureReason
from libs.devices.errors import DeviceError
from libs.devices.posix_tz import to_utc, zone_of

WINTER = datetime.fromisoformat("2025-01-15T12:00")
SUMMER = datetime.fromisoformat("2025-07-15T12:00")
HIKVISION_BERLIN = "CST-1:00:00DST01:00:00,M3.5.0/02:00:00,M10.5.0/03:00:00"


def offsets(text: str) -> tuple[float, float]:
    """Hours ahead of UTC in January and in July."""
    zone = zone_of(text)
    return tuple(  # type: ignore[return-value]  # two of them
        moment.replace(tzinfo=zone).utcoffset() / timedelta(hours=1)  # type: ignore[operator]  # set
        for moment in (WINTER, SUMMER)
    )


@pytest.mark.parametrize(
    ("text", "winter", "summer"),
    [
        ("CST-8:00:00", 8, 8),
        ("CST-8", 8, 8),
        ("UTC0", 0, 0),
        ("UTC", 0, 0),
        ("GMT+5:30", -5.5, -5.5),
        ("<+03>-3", 3, 3),
        ("CET-1CEST,M3.5.0,M10.5.0/3", 1, 2),
        ("EST5EDT,M3.2.0,M11.1.0", -5, -4),
        (HIKVISION_BERLIN, 1, 2),
        ("BRT3:00:00DST01:00:00,M3.5.0/02:00:00,M10.5.0/03:00:00", -3, -2),
        ("LHST-10:30DST00:30:00,M10.1.0/2:00:00,M4.1.0/2:00:00", 11, 10.5),
        ("<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", 11, 10.5),
        ("IST-1GMT0,M10.5.0,M3.5.0/1", 0, 1),
        ("EST5EDT", -5, -4),
        ("XYZ5ABC", -5, -5),
        ("Europe/Berlin", 1, 2),
        ("Asia/Kolkata", 5.5, 5.5),
        (" CST-8:00:00\n", 8, 8),
    ],
)
def test_a_zone_has_its_offsets(text, winter, summer):
    assert offsets(text) == (winter, summer)


def test_the_clocks_change_when_the_string_says_so():
    zone = zone_of(HIKVISION_BERLIN)

    before, after = datetime(2025, 3, 30, 0, 59, tzinfo=UTC), datetime(2025, 3, 30, 1, tzinfo=UTC)

    assert before.astimezone(zone).hour == 1
    assert after.astimezone(zone).hour == 3


@pytest.mark.parametrize(
    "text",
    [
        "",
        "CST",
        "CST-99",
        "CST24",
        "CST-24",
        "CST24CDT",
        "CST-23:30DST01:00:00,M3.5.0,M10.5.0",
        "CST-8:00:00:00",
        "CET-1CEST,M13.5.0,M10.5.0",
        "CET-1CEST,M3.5.0",
        "../../etc/passwd",
        "/etc/localtime",
        "Europe",
        "a\0b",
        "\ud800",
        "x" * 5000,
        "CST-8DST" + "9" * 500,
    ],
)
def test_what_is_no_zone_is_a_protocol_error(text):
    with pytest.raises(DeviceError) as raised:
        zone_of(text)

    assert raised.value.reason is FailureReason.PROTOCOL


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="CSTDM-+<>0123456789:,./J \0é", max_size=60))
def test_garbage_is_a_zone_or_a_device_error(text):
    try:
        zone = zone_of(text)
    except DeviceError:
        return
    assert WINTER.replace(tzinfo=zone).utcoffset() is not None


@given(
    offset=st.from_regex(r"[+-]?\d{1,2}(:\d\d)?", fullmatch=True),
    dst=st.just("") | st.from_regex(r"(DST|CDT)([+-]?\d{1,2}(:\d\d)?)?", fullmatch=True),
    rules=st.just("")
    | st.from_regex(r"(,(M1?\d\.[1-5]\.[0-6]|J\d{1,3})(/-?\d{1,3})?){2}", fullmatch=True),
    moment=st.datetimes(),
)
def test_every_zone_that_is_taken_can_be_computed_with(offset, dst, rules, moment):
    try:
        zone = zone_of(f"CST{offset}{dst}{rules}")
        utc = to_utc(moment, zone)
    except DeviceError:
        return
    assert abs(utc.replace(tzinfo=None) - moment) < timedelta(days=1)


def test_the_repeated_hour_is_the_first_moment_not_before_another():
    zone = zone_of(HIKVISION_BERLIN)
    local = datetime.fromisoformat("2025-10-26T02:30")
    first = datetime(2025, 10, 26, 0, 30, tzinfo=UTC)
    second = first + timedelta(hours=1)

    assert to_utc(local, zone) == first
    assert to_utc(local, zone, not_before=first) == first
    assert to_utc(local, zone, not_before=first + timedelta(minutes=1)) == second
    assert to_utc(local, zone, not_before=second + timedelta(hours=5)) == second


def test_a_skipped_time_counts_as_not_yet_put_forward():
    zone = zone_of(HIKVISION_BERLIN)

    local = datetime.fromisoformat("2025-03-30T02:30")

    moment = to_utc(local, zone, not_before=datetime(2025, 4, 1, tzinfo=UTC))

    assert moment == datetime(2025, 3, 30, 1, 30, tzinfo=UTC)


def test_an_ordinary_time_does_not_care_what_it_is_not_before():
    zone = zone_of("CST-8:00:00")

    local = datetime.fromisoformat("2025-03-01T08:00")

    moment = to_utc(local, zone, not_before=datetime(2026, 1, 1, tzinfo=UTC))

    assert moment == datetime(2025, 3, 1, tzinfo=UTC)


@pytest.mark.parametrize("text", ["0001-01-01T00:00", "9999-12-31T23:59"])
def test_a_time_at_the_edge_of_the_calendar_is_a_protocol_error(text):
    zones = [zone_of("CST-8"), zone_of("CST8")]

    reasons = []
    for zone in zones:
        try:
            to_utc(datetime.fromisoformat(text), zone)
        except DeviceError as error:
            reasons.append(error.reason)

    assert reasons == [FailureReason.PROTOCOL]
