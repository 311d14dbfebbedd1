from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from libs.contracts.devices import ClockMode, FailureReason
from libs.devices.driver import Window
from libs.devices.errors import DeviceError
from libs.devices.hcnetsdk.channels import channel_numbers, name_of, text_of
from libs.devices.hcnetsdk.clock import (
    OFFSETS_MINUTES,
    UNKNOWN_ZONE,
    Measured,
    Zone,
    measure,
    naive,
)
from libs.devices.hcnetsdk.errors import device_error
from libs.devices.hcnetsdk.footage import footage_files, local_window
from libs.devices.posix_tz import zone_of

NOW = datetime(2025, 7, 1, 12, 0, 0, 500_000, tzinfo=UTC)
GERMAN: dict[str, Any] = {
    "bias_minutes": 60,
    "begin": {"month": 2, "week": 4, "weekday": 0, "hour": 2, "minute": 0},
    "end": {"month": 9, "week": 4, "weekday": 0, "hour": 3, "minute": 0},
}


def sdk(code: int, **more: int | None) -> dict[str, Any]:
    return {"kind": "sdk", "function": "Login_V40", "code": code, **more}


def wall(text: str) -> datetime:
    """What a device's clock shows: a time without a zone."""
    return datetime.fromisoformat(text)


def told(**more: int) -> dict[str, int]:
    nothing = {"analogue_start": 0, "analogue_channels": 0, "ip_start": 0, "ip_channels": 0}
    return {**nothing, **more}


def seen(shown: datetime, **more: Any) -> Measured:
    moment = more.pop("at", NOW)
    return measure(
        shown,
        asked_at=moment,
        answered_at=moment,
        **{"daylight_saving": None, "earlier": None, **more},
    )


# ---- errors -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (1, FailureReason.UNAUTHORIZED),
        (152, FailureReason.UNAUTHORIZED),
        (250, FailureReason.UNAUTHORIZED),
        (153, FailureReason.LOCKED),
        (13, FailureReason.NO_PERMISSION),
        (4, FailureReason.NOT_FOUND),
        (7, FailureReason.UNREACHABLE),
        (10, FailureReason.TIMEOUT),
        (11, FailureReason.UNSUPPORTED),
        (23, FailureReason.UNSUPPORTED),
        (19, FailureReason.NO_STORAGE),
        (52, FailureReason.BUSY),
        (110, FailureReason.UNSUPPORTED),
        (149, FailureReason.UNSUPPORTED),
        (99_999, FailureReason.PROTOCOL),
    ],
)
def test_an_error_number_has_a_reason(code: int, reason: FailureReason) -> None:
    error = device_error(sdk(code), NOW)

    assert error.reason is reason
    assert f"error {code}" in error.detail
    assert error.locked_until is None


def test_a_locked_account_says_until_when() -> None:
    error = device_error(sdk(153, tries_left=0, locked_seconds=1800), NOW)

    assert error.locked_until == NOW + timedelta(minutes=30)


def test_a_wrong_password_without_tries_left_is_a_lock() -> None:
    error = device_error(sdk(1, tries_left=0, locked_seconds=600), NOW)

    assert (error.reason, error.locked_until) == (
        FailureReason.LOCKED,
        NOW + timedelta(minutes=10),
    )


def test_a_wrong_password_tells_how_many_tries_are_left() -> None:
    error = device_error(sdk(1, tries_left=3, locked_seconds=None), NOW)

    assert error.reason is FailureReason.UNAUTHORIZED
    assert "3 tries" in error.detail


def test_no_device_locks_for_a_century() -> None:
    error = device_error(sdk(153, tries_left=0, locked_seconds=0xFFFFFFFF), NOW)

    assert error.locked_until == NOW + timedelta(days=1)


# ---- channels and names -----------------------------------------------------


@pytest.mark.parametrize(
    ("device", "numbers"),
    [
        (told(analogue_start=1, analogue_channels=1), (1,)),
        (told(analogue_start=1, ip_start=33, ip_channels=4), (33, 34, 35, 36)),
        (
            told(analogue_start=1, analogue_channels=2, ip_start=33, ip_channels=2),
            (1, 2, 33, 34),
        ),
        (told(analogue_start=1, analogue_channels=3, ip_start=2, ip_channels=3), (1, 2, 3, 4)),
        (told(), ()),
    ],
    ids=["camera", "recorder", "hybrid", "overlapping", "nothing"],
)
def test_channels_are_analogue_ones_and_then_ip_ones(
    device: dict[str, int], numbers: tuple[int, ...]
) -> None:
    assert channel_numbers(device) == numbers


def test_a_device_does_not_get_more_channels_than_any_has() -> None:
    assert len(channel_numbers(told(ip_start=1, ip_channels=0xFFFF))) == 1024


def test_a_serial_of_odd_bytes_is_still_text() -> None:
    assert text_of(b"DS-1\x01\xff\x1b[2J".hex()) == "DS-1�[2J"


@pytest.mark.parametrize(
    ("raw", "encoding", "name"),
    [
        (b"ch01_00000000012000813", 0, "ch01_00000000012000813"),
        ("前门".encode("gbk"), 0, "前门"),
        ("前门".encode("gbk"), 2, "前门"),
        ("前门".encode(), 6, "前门"),
        (b"a\xff\xff", 0, "hex:61ffff"),
        (b"a\nb", 0, "hex:610a62"),
        (b"hex:00", 0, "hex:6865783a3030"),
    ],
)
def test_a_file_name_can_be_turned_back_into_its_bytes(
    raw: bytes, encoding: int, name: str
) -> None:
    assert name_of(raw, encoding) == name


# ---- the clock --------------------------------------------------------------


@pytest.mark.parametrize("minutes", OFFSETS_MINUTES)
def test_the_zone_is_the_nearest_and_the_rest_is_the_clocks_error(minutes: int) -> None:
    shown = wall("2025-07-01T12:03:00") + timedelta(minutes=minutes)

    measured = seen(shown)

    assert measured.clock.mode is ClockMode.DEVICE_LOCAL
    assert measured.clock.offset_seconds == 180.0
    assert NOW.astimezone(measured.zone.rules).utcoffset() == timedelta(minutes=minutes)
    assert NOW.astimezone(zone_of(measured.clock.zone)).utcoffset() == timedelta(minutes=minutes)


def test_half_of_the_round_trip_and_of_a_second_is_uncertain() -> None:
    measured = measure(
        wall("2025-07-01T12:00:01"),
        asked_at=NOW,
        answered_at=NOW + timedelta(seconds=2),
        daylight_saving=None,
        earlier=None,
    )

    assert measured.clock.uncertainty_seconds == 1.5
    assert measured.clock.offset_seconds == 0.0


def test_summer_time_is_known_where_the_device_tells_its_rule() -> None:
    measured = seen(wall("2025-07-01T14:00:00"), daylight_saving=GERMAN)

    winter = datetime(2025, 1, 1, tzinfo=UTC).astimezone(measured.zone.rules)
    assert measured.clock.offset_seconds == 0.0
    assert winter.utcoffset() == timedelta(hours=1)
    assert measured.clock.zone == "<+0100>-1:00<+0200>-2:00,M3.5.0/02:00,M10.5.0/03:00"


def test_winter_time_is_known_where_the_device_tells_its_rule() -> None:
    winter = datetime(2025, 1, 1, 12, 0, 0, 500_000, tzinfo=UTC)

    measured = seen(wall("2025-01-01T13:00:00"), daylight_saving=GERMAN, at=winter)

    assert NOW.astimezone(measured.zone.rules).utcoffset() == timedelta(hours=2)
    assert winter.astimezone(measured.zone.rules).utcoffset() == timedelta(hours=1)


@pytest.mark.parametrize("bias", [30, 90, 120])
def test_unusual_amounts_of_summer_time_are_understood(bias: int) -> None:
    shown = wall("2025-07-01T22:00:00")
    if bias % 60:
        shown += timedelta(minutes=30)

    measured = seen(shown, daylight_saving={**GERMAN, "bias_minutes": bias})

    summer = NOW.astimezone(measured.zone.rules).utcoffset()
    winter = datetime(2025, 1, 1, tzinfo=UTC).astimezone(measured.zone.rules).utcoffset()
    assert summer is not None
    assert winter is not None
    assert summer - winter == timedelta(minutes=bias)
    assert measured.clock.offset_seconds == 0.0


@pytest.mark.parametrize(
    "broken", [{"bias_minutes": 0}, {"begin": {**GERMAN["begin"], "month": 12}}]
)
def test_a_rule_that_makes_no_sense_is_left_out(broken: dict[str, Any]) -> None:
    measured = seen(wall("2025-07-01T14:00:00"), daylight_saving={**GERMAN, **broken})

    assert measured.clock.zone == "<+0200>-2:00"


def test_a_drifting_clock_does_not_change_the_zone() -> None:
    first = seen(wall("2025-07-01T14:00:00"))

    later = seen(wall("2025-07-01T14:18:00"), earlier=first.zone)

    assert later.zone == first.zone
    assert later.clock.offset_seconds == 1080.0


def test_a_clock_that_jumped_gets_another_zone() -> None:
    first = seen(wall("2025-07-01T14:00:00"))

    later = seen(wall("2025-07-01T13:00:00"), earlier=first.zone)

    assert later.clock.zone == "<+0100>-1:00"
    assert later.clock.offset_seconds == 0.0


def test_a_clock_that_was_never_set_has_no_zone_but_an_error() -> None:
    measured = seen(wall("1970-01-01T00:00:00"))

    assert measured.zone == UNKNOWN_ZONE
    assert measured.clock.zone == ""
    assert (
        measured.clock.offset_seconds
        == (datetime(1970, 1, 1, tzinfo=UTC) - NOW.replace(microsecond=0)).total_seconds()
    )


@pytest.mark.parametrize(
    "parts",
    [[2025, 13, 1, 0, 0, 0], [0, 0, 0, 0, 0, 0], [2025, 1, 1, 25, 0, 0], [2025, 1, 1], [2025] * 6],
)
def test_an_impossible_time_is_the_devices_fault(parts: list[int]) -> None:
    with pytest.raises(DeviceError) as caught:
        naive(parts)

    assert caught.value.reason is FailureReason.PROTOCOL


def test_the_end_of_a_day_is_the_start_of_the_next() -> None:
    assert naive([2025, 12, 31, 24, 0, 0]) == wall("2026-01-01T00:00:00")


# ---- footage ----------------------------------------------------------------

CHINA = Zone("<+0800>-8:00", zone_of("<+0800>-8:00"))
BERLIN = Zone("Europe/Berlin", zone_of("CET-1CEST,M3.5.0/02:00,M10.5.0/03:00"))


def entry(start: list[int], stop: list[int], **more: Any) -> dict[str, Any]:
    return {"name": b"f1".hex(), "start": start, "stop": stop, "size": 10, "stream": 0, **more}


def files_of(*entries: dict[str, Any], **more: Any) -> Any:
    wide = Window(datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC))
    options: dict[str, Any] = {
        "channel": "33",
        "stream": "main",
        "zone": CHINA,
        "window": wide,
        "encoding": 0,
        **more,
    }
    return footage_files(entries, **options)


def test_times_of_files_become_utc() -> None:
    (file,) = files_of(entry([2025, 3, 1, 8, 0, 0], [2025, 3, 1, 8, 31, 10]))

    assert file.started_at == datetime(2025, 3, 1, 0, 0, tzinfo=UTC)
    assert file.ended_at == datetime(2025, 3, 1, 0, 31, 10, tzinfo=UTC)
    assert (file.file_id, file.bytes, file.is_open) == ("f1", 10, False)


def test_the_hour_that_comes_twice_goes_on_after_the_file_before() -> None:
    files = files_of(
        entry([2025, 10, 26, 2, 30, 0], [2025, 10, 26, 2, 10, 0]),
        entry([2025, 10, 26, 2, 10, 0], [2025, 10, 26, 2, 50, 0]),
        zone=BERLIN,
    )

    assert [(file.started_at.hour, file.started_at.minute) for file in files] == [(0, 30), (1, 10)]
    assert [(file.ended_at.hour, file.ended_at.minute) for file in files] == [(1, 10), (1, 50)]


def test_a_window_around_the_change_of_the_clock_is_wide_enough() -> None:
    night = Window(
        datetime(2025, 10, 26, 0, 30, tzinfo=UTC), datetime(2025, 10, 26, 1, 30, tzinfo=UTC)
    )

    start, stop = local_window(night, BERLIN)

    assert start == [2025, 10, 26, 1, 30, 0]
    assert stop == [2025, 10, 26, 3, 30, 1]


def test_a_window_is_the_devices_time_in_whole_seconds() -> None:
    window = Window(
        datetime(2025, 3, 1, 0, 0, 0, 900_000, tzinfo=UTC),
        datetime(2025, 3, 1, 1, 0, 0, 100_000, tzinfo=UTC),
    )

    assert local_window(window, CHINA) == ([2025, 3, 1, 8, 0, 0], [2025, 3, 1, 9, 0, 1])


def test_files_of_the_other_stream_are_left_out() -> None:
    main = entry([2025, 3, 1, 8, 0, 0], [2025, 3, 1, 9, 0, 0])
    sub = {**main, "name": b"f2".hex(), "stream": 1}

    assert [file.file_id for file in files_of(main, sub)] == ["f1"]
    assert [file.file_id for file in files_of(main, sub, stream="sub")] == ["f2"]


def test_files_outside_the_window_are_left_out() -> None:
    window = Window(datetime(2025, 3, 1, 1, tzinfo=UTC), datetime(2025, 3, 1, 2, tzinfo=UTC))
    before = entry([2025, 3, 1, 8, 0, 0], [2025, 3, 1, 9, 0, 0])
    within = entry([2025, 3, 1, 9, 0, 0], [2025, 3, 1, 9, 30, 0])
    after = entry([2025, 3, 1, 10, 0, 0], [2025, 3, 1, 11, 0, 0])

    files = files_of(before, within, after, window=window)

    assert [file.started_at.hour for file in files] == [1]


def test_a_file_within_one_second_has_a_length() -> None:
    (file,) = files_of(entry([2025, 3, 1, 8, 0, 0], [2025, 3, 1, 8, 0, 0]))

    assert file.ended_at - file.started_at == timedelta(seconds=1)


def test_a_file_without_name_or_size_is_known_by_its_time() -> None:
    (file,) = files_of(entry([2025, 3, 1, 8, 0, 0], [2025, 3, 1, 9, 0, 0], name="", size=0))

    assert (file.file_id, file.bytes) == ("time:20250301T000000Z", None)


def test_a_file_that_ends_before_it_starts_is_an_error() -> None:
    with pytest.raises(DeviceError) as caught:
        files_of(entry([2025, 3, 1, 9, 0, 0], [2025, 3, 1, 8, 0, 0]))

    assert caught.value.reason is FailureReason.PROTOCOL
