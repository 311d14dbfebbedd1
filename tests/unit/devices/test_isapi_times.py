"""ISAPI's times: what a device's clock says, and what the Z of its searches means."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.contracts.devices import ClockMode, FailureReason
from libs.devices.driver import Window
from libs.devices.errors import DeviceError
from libs.devices.isapi.clock import (
    SearchTimes,
    calibrate,
    device_time_of,
    written_time,
)
from libs.devices.posix_tz import zone_of
from libs.devices.xml import parse_xml

NOW = datetime(2025, 3, 5, 12, tzinfo=UTC)
CHINA = zone_of("CST-8:00:00")
NEW_YORK = zone_of("EST5EDT,M3.2.0,M11.1.0")
BERLIN = zone_of("CST-1:00:00DST01:00:00,M3.5.0/02:00:00,M10.5.0/03:00:00")
LONDON = zone_of("GMT0BST,M3.5.0/1,M10.5.0")


def time_document(local_time: str, zone: str) -> bytes:
    return f"<Time><localTime>{local_time}</localTime><timeZone>{zone}</timeZone></Time>".encode()


@pytest.mark.parametrize(
    ("local_time", "zone"),
    [
        ("2025-03-05T20:00:00+08:00", "CST-8:00:00"),
        ("2025-03-05T20:00:00+0800", "garbage"),
        ("2025-03-05T20:00:00+08:00", ""),
        ("2025-03-05T20:00:00", "CST-8:00:00"),
        ("2025-03-05T20:00:00Z", "CST-8:00:00"),
        ("2025-03-05T12:00:00Z", "CST-8:00:00"),
        ("2025-03-05T12:00:00.500z", ""),
        ("2025-03-05T12:00:00", ""),
    ],
)
def test_the_clock_is_read_however_it_is_written(local_time, zone):
    told = device_time_of(parse_xml(time_document(local_time, zone)), NOW)

    assert told.moment == NOW
    assert told.zone_text == zone


@pytest.mark.parametrize(
    "local_time",
    [
        "",
        "yesterday",
        "2025-02-30T00:00:00Z",
        "2025-03-05T24:30:00",
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59-14:00",
        "2025-03-05T12:00:00+99:00",
        "\u0662025-03-05T12:00:00Z",
    ],
)
def test_what_is_no_time_is_a_protocol_error(local_time):
    with pytest.raises(DeviceError) as raised:
        device_time_of(parse_xml(time_document(local_time, "CST-8")), NOW)

    assert raised.value.reason is FailureReason.PROTOCOL


def test_a_query_is_written_as_the_device_means_its_times():
    window = Window(NOW, NOW + timedelta(hours=1))

    assert SearchTimes(CHINA, ClockMode.UTC).write(window) == (
        "2025-03-05T12:00:00Z",
        "2025-03-05T13:00:00Z",
    )
    assert SearchTimes(CHINA, ClockMode.DEVICE_LOCAL).write(window) == (
        "2025-03-05T20:00:00Z",
        "2025-03-05T21:00:00Z",
    )
    assert SearchTimes(CHINA, ClockMode.UTC, writes_offsets=True).write(window) == (
        "2025-03-05T20:00:00+08:00",
        "2025-03-05T21:00:00+08:00",
    )
    assert SearchTimes(CHINA).write(window) == ("2025-03-05T12:00:00Z", "2025-03-05T21:00:00Z")


def test_real_offsets_are_believed_in_every_mode():
    for mode in ClockMode:
        moment = SearchTimes(CHINA, mode).read("2025-03-05T09:00:00-03:00")
        assert moment == NOW


def test_a_time_that_could_be_two_is_not_guessed_at():
    with pytest.raises(DeviceError) as raised:
        SearchTimes(CHINA).read("2025-03-05T12:00:00Z")

    assert raised.value.reason is FailureReason.PROTOCOL
    assert SearchTimes(LONDON).read("2025-03-05T12:00:00Z") == NOW


@given(st.datetimes(datetime.fromisoformat("2025-10-25"), datetime.fromisoformat("2025-10-28")))
def test_a_query_around_the_repeated_hour_misses_nothing(start):
    window = Window(start.replace(tzinfo=UTC), start.replace(tzinfo=UTC) + timedelta(minutes=20))

    first, last = SearchTimes(BERLIN, ClockMode.DEVICE_LOCAL).write(window)

    for minutes in range(20):
        wall = (window.start + timedelta(minutes=minutes)).astimezone(BERLIN).replace(tzinfo=None)
        second = timedelta(seconds=1)
        assert written_time(first).wall <= wall <= written_time(last).wall + second


class Recorder:
    """Searches its files by wall clock or by UTC, both written with a Z."""

    def __init__(self, files: Iterable[tuple[datetime, datetime]], shift: timedelta) -> None:
        self.files = [
            (start.replace(tzinfo=None) + shift, end.replace(tzinfo=None) + shift)
            for start, end in files
        ]
        self.asked = 0

    async def search(self, start: str, end: str) -> list[tuple[str, str]]:
        self.asked += 1
        first, last = written_time(start).wall, written_time(end).wall
        return [
            (f"{a.isoformat(timespec='seconds')}Z", f"{b.isoformat(timespec='seconds')}Z")
            for a, b in self.files
            if a < last and b > first
        ]


def recorded(until: datetime, *, minutes: int = 30) -> list[tuple[datetime, datetime]]:
    """Two days without a break."""
    length = timedelta(minutes=minutes)
    return [(until - (n + 1) * length, until - n * length) for n in range(2880 // minutes)]


@pytest.mark.parametrize("zone", [CHINA, NEW_YORK, BERLIN])
@pytest.mark.parametrize("minutes", [1, 30, 60])
@pytest.mark.parametrize("age_share", [0, 0.9])
@pytest.mark.parametrize("mode", [ClockMode.UTC, ClockMode.DEVICE_LOCAL])
async def test_a_recording_device_shows_what_its_z_means(zone, minutes, age_share, mode):
    until = NOW - age_share * timedelta(minutes=minutes)
    shift = NOW.astimezone(zone).utcoffset() or timedelta(0)
    files = recorded(until, minutes=minutes)
    recorder = Recorder(files, shift if mode is ClockMode.DEVICE_LOCAL else timedelta(0))

    times = await calibrate(SearchTimes(zone), NOW, recorder.search)

    assert times.mode is mode


async def test_a_device_that_stopped_long_ago_stays_unknown():
    recorder = Recorder(recorded(NOW - timedelta(days=1)), timedelta(hours=8))

    times = await calibrate(SearchTimes(CHINA), NOW, recorder.search)

    assert times.mode is ClockMode.UNKNOWN


@pytest.mark.parametrize(("zone", "mode"), [("UTC0", ClockMode.UTC), ("", ClockMode.UNKNOWN)])
async def test_where_local_time_is_utc_nothing_needs_to_be_asked(zone, mode):
    recorder = Recorder(recorded(NOW), timedelta(0))

    times = await calibrate(SearchTimes(zone_of(zone) if zone else LONDON), NOW, recorder.search)

    assert times.mode is mode
    assert recorder.asked == 0


async def test_written_offsets_are_noticed_and_used():
    async def search(start: str, end: str) -> list[tuple[str, str]]:
        return [("2025-03-05T19:30:00+08:00", "2025-03-05T20:00:00+08:00")]

    times = await calibrate(SearchTimes(CHINA), NOW, search)

    assert times.mode is ClockMode.UTC
    assert times.writes_offsets


@given(st.text(max_size=30) | st.from_regex(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)?"))
def test_any_text_is_a_time_or_a_protocol_error(text):
    try:
        moment = SearchTimes(BERLIN, ClockMode.DEVICE_LOCAL).read(text)
    except DeviceError:
        return
    assert moment.tzinfo is UTC
