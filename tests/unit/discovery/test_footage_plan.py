"""Which stretches of a device's storage are looked at next."""

from datetime import UTC, datetime, timedelta

import pytest

from libs.contracts.footage import FootageCheck
from services.discovery.footage_plan import AHEAD, OVERLAP, Plan, listed_until, plan

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
LOOKBACK = timedelta(days=30)


def check(**changes: object) -> FootageCheck:
    values: dict[str, object] = {
        "camera_id": "front-door",
        "device_id": "nvr",
        "checked_at": NOW - timedelta(minutes=10),
        "full_at": NOW - timedelta(hours=5),
        "listed_until": NOW - timedelta(minutes=10),
    }
    return FootageCheck.model_validate(values | changes)


def planned(check: FootageCheck | None, *, offset: timedelta = timedelta()) -> Plan:
    return plan(check, device_now=NOW + offset, now=NOW, lookback=LOOKBACK)


def assert_seamless(found: Plan) -> None:
    for newer, older in zip(found.windows, found.windows[1:], strict=False):
        assert newer.start == older.end
    assert all(window.end - window.start <= timedelta(days=1) for window in found.windows)


def test_at_first_everything_is_listed_day_by_day_newest_first() -> None:
    found = planned(None)

    assert found.is_full
    assert found.windows[0].end == NOW + AHEAD
    assert found.windows[-1].start == NOW - LOOKBACK
    assert len(found.windows) == 31
    assert_seamless(found)


def test_later_only_what_is_new_is_listed_with_an_overlap() -> None:
    found = planned(check())

    assert not found.is_full
    assert found.windows[-1].start == NOW - timedelta(minutes=10) - OVERLAP
    assert len(found.windows) == 1


def test_a_device_that_was_away_for_days_is_listed_from_where_it_was_left() -> None:
    left = NOW - timedelta(days=3)
    found = planned(check(listed_until=left, full_at=NOW - timedelta(hours=20)))

    assert not found.is_full
    assert found.windows[-1].start == left - OVERLAP
    assert_seamless(found)


@pytest.mark.parametrize(
    "changes",
    [
        {"full_at": NOW - timedelta(days=1)},
        {"full_at": None},
        {"listed_until": None},
        {"full_at": NOW + timedelta(days=400)},
        {"listed_until": NOW + timedelta(days=1)},
    ],
    ids=["a day ago", "never", "not finished", "our clock went back", "its clock went back"],
)
def test_everything_is_listed_again(changes: dict[str, object]) -> None:
    assert planned(check(**changes)).is_full


def test_windows_follow_the_clock_of_the_device() -> None:
    found = planned(check(listed_until=NOW + timedelta(hours=7)), offset=timedelta(hours=8))

    assert found.windows[0].end == NOW + timedelta(hours=8) + AHEAD
    assert found.windows[-1].start == NOW + timedelta(hours=7) - OVERLAP


@pytest.mark.parametrize(("held", "reaches"), [(5, 7), (240, 26)])
def test_what_was_held_back_is_listed_again_for_a_day(held: int, reaches: int) -> None:
    found = planned(check(listed_until=listed_until(NOW, NOW - timedelta(hours=held))))

    assert found.windows[-1].start == NOW - timedelta(hours=reaches)
