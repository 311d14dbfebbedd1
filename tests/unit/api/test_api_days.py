import itertools
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.api.days import local_days

ZONES = [
    "UTC", "Europe/Berlin", "America/New_York", "America/Havana", "America/Sao_Paulo",
    "Asia/Beirut", "Australia/Lord_Howe", "Pacific/Apia", "Asia/Kathmandu",
]  # fmt: skip


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/Berlin", date(2026, 3, 29), 23),
        ("Europe/Berlin", date(2026, 10, 25), 25),
        ("Europe/Berlin", date(2026, 6, 1), 24),
        # Clocks go back from 01:00 to 00:00: the day has two midnights and begins at the first.
        ("America/Havana", date(2026, 11, 1), 25),
        # Clocks go forward at midnight: the day begins at 01:00.
        ("America/Havana", date(2026, 3, 8), 23),
        ("Australia/Lord_Howe", date(2026, 4, 5), 24.5),
    ],
)
def test_days_around_a_clock_change_have_their_real_length(zone, day, hours):
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=ZoneInfo(zone))

    spans = local_days(noon - timedelta(days=3), noon + timedelta(days=3), ZoneInfo(zone))

    span = next(s for s in spans if s.day == day)
    assert span.end - span.start == timedelta(hours=hours)


@given(
    st.datetimes(datetime(2009, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    st.timedeltas(timedelta(milliseconds=1), timedelta(days=40)),
    st.sampled_from(ZONES),
)
def test_days_tile_the_range_and_each_lies_in_its_date(start, length, zone):
    end = start + length

    spans = local_days(start, end, ZoneInfo(zone))

    assert spans[0].start == start
    assert spans[-1].end == end
    assert all(a.end == b.start for a, b in itertools.pairwise(spans))
    for span in spans:
        middle = span.start + (span.end - span.start) / 2
        assert middle.astimezone(ZoneInfo(zone)).date() == span.day


def test_empty_range_has_no_days():
    now = datetime(2026, 1, 1, tzinfo=UTC)

    assert local_days(now, now, ZoneInfo("UTC")) == []
