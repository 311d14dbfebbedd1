from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tools.camera_sim.devices.faults import DeviceFaults
from tools.camera_sim.devices.timeline import Timeline
from tools.camera_sim.devices.wall_clock import WallClock, zone_rules


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("UTC0", "UTC"),
        ("CST-8:00:00", "Asia/Shanghai"),
        ("<+0545>-5:45", "Asia/Kathmandu"),
        ("CET-1CEST,M3.5.0,M10.5.0/3", "Europe/Berlin"),
        ("CST-1:00:00DST01:00:00,M3.5.0/02:00:00,M10.5.0/03:00:00", "Europe/Berlin"),
        ("EST5EDT,M3.2.0,M11.1.0", "America/New_York"),
        ("EST5EDT", "America/New_York"),
        ("AEST-10AEDT,M10.1.0,M4.1.0/3", "Australia/Sydney"),
        ("CST-10:30:00DST00:30:00,M10.1.0/02:00:00,M4.1.0/02:00:00", "Australia/Lord_Howe"),
        ("NST3:30NDT,M3.2.0,M11.1.0", "America/St_Johns"),
    ],
)
def test_offsets_of_two_years_are_those_of_the_place(text: str, name: str) -> None:
    rules, zone = zone_rules(text), ZoneInfo(name)
    start = datetime(2024, 1, 1, tzinfo=UTC)
    moments = [start + timedelta(minutes=30 * n) for n in range(48 * 731)]

    wrong = [at for at in moments if rules.offset(at) != at.astimezone(zone).utcoffset()]

    assert wrong == []


@pytest.mark.parametrize("text", ["", "Europe/Berlin", "CST", "CST-8:0", "UTC0,M3.5.0"])
def test_what_is_no_posix_zone_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a POSIX time zone"):
        zone_rules(text)


def test_a_clock_has_an_error_and_a_zone() -> None:
    noon = datetime(2025, 7, 1, 12, tzinfo=UTC)
    faults = DeviceFaults(clock_offset_seconds=-90, zone="CET-1CEST,M3.5.0,M10.5.0/3")
    clock = WallClock(Timeline([], lambda: noon), faults)

    assert clock.now() == datetime(2025, 7, 1, 11, 58, 30, tzinfo=UTC)
    assert clock.naive(clock.now()) == datetime(2025, 7, 1, 13, 58, 30)  # noqa: DTZ001 - wall clock
