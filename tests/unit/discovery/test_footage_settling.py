"""When a file on a device counts as finished."""

from datetime import UTC, datetime, timedelta

from libs.contracts.footage import FootageFile
from services.discovery.settling import Settling

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
SETTLE = timedelta(minutes=2)


def file(start_minutes: float, end_minutes: float, **changes: object) -> FootageFile:
    """A file from so many minutes before NOW to so many."""
    values: dict[str, object] = {
        "channel": "1",
        "file_id": f"f{start_minutes}",
        "started_at": NOW - timedelta(minutes=start_minutes),
        "ended_at": NOW - timedelta(minutes=end_minutes),
        "bytes": 1000,
    }
    return FootageFile.model_validate(values | changes)


def finished(settling: Settling, *files: FootageFile, later: float = 0) -> list[FootageFile]:
    now = NOW + timedelta(minutes=later)
    return settling.finished(files, device_now=now, reaches_now=True)


def test_a_file_with_another_one_behind_it_is_finished() -> None:
    assert finished(Settling(SETTLE), file(30, 15), file(15, 5)) == [file(30, 15)]


def test_the_newest_file_is_finished_when_it_was_the_same_a_while_ago() -> None:
    settling = Settling(SETTLE)

    assert finished(settling, file(15, 5)) == []
    assert finished(settling, file(15, 5), later=1) == []
    assert finished(settling, file(15, 5), later=2) == [file(15, 5)]


def test_older_files_in_the_same_listing_do_not_hold_the_newest_back_longer() -> None:
    # The newest was compared with the file before it, not with itself, and always looked new.
    settling = Settling(SETTLE)
    finished(settling, file(30, 15), file(15, 5))

    assert finished(settling, file(30, 15), file(15, 5), later=2) == [file(30, 15), file(15, 5)]


def test_a_file_that_grows_behind_others_is_not_finished_by_the_age_of_its_end() -> None:
    # For the same reason it was forgotten that it grew: it was announced while it was written.
    settling = Settling(SETTLE)
    finished(settling, file(300, 200), file(200, 199, bytes=1000))

    grown = [file(300, 200), file(200, 199, bytes=9000)]
    assert finished(settling, *grown, later=1) == [file(300, 200)]


def test_a_file_that_grows_is_never_finished() -> None:
    settling = Settling(SETTLE)

    for minute in range(20):
        grown = file(15, 5 - minute)
        assert finished(settling, grown, later=minute) == []


def test_a_file_whose_size_still_changes_is_held_back_though_its_end_stands_still() -> None:
    settling = Settling(SETTLE)

    finished(settling, file(15, 5, bytes=1000))
    assert finished(settling, file(15, 5, bytes=2000), later=3) == []
    assert finished(settling, file(15, 5, bytes=2000), later=6) == [file(15, 5, bytes=2000)]


def test_a_file_that_ends_now_or_in_the_future_or_says_that_it_is_open_is_held_back() -> None:
    settling = Settling(SETTLE)
    files = [file(50, 40), file(40, 1), file(41, -30), file(30, 10, is_open=True)]

    assert finished(settling, *files) == [file(50, 40)]


def test_the_newest_file_of_a_camera_that_stopped_long_ago_is_finished_at_once() -> None:
    assert finished(Settling(SETTLE), file(90, 60)) == [file(90, 60)]


def test_each_stream_has_its_own_newest_file() -> None:
    main, sub = file(30, 15), file(30, 15, stream="sub", file_id="s")
    later_main = file(15, 5, file_id="m2")

    assert finished(Settling(SETTLE), main, later_main, sub) == [main]


def test_a_long_file_that_is_seen_again_in_the_day_before_is_still_held_back() -> None:
    settling = Settling(SETTLE)
    growing = file(60 * 20, 10)
    settling.finished([growing], device_now=NOW, reaches_now=True)

    assert settling.finished([growing], device_now=NOW, reaches_now=False) == []


def test_a_device_clock_that_was_set_back_does_not_hold_a_file_for_ever() -> None:
    settling = Settling(SETTLE)
    finished(settling, file(95, 80), later=-60)
    back = timedelta(minutes=-70)

    def at(minutes: float) -> list[FootageFile]:
        now = NOW + back + timedelta(minutes=minutes)
        return settling.finished([file(95, 80)], device_now=now, reaches_now=True)

    assert at(0) == []
    assert at(3) == [file(95, 80)]


def test_a_file_that_was_seen_growing_is_not_finished_by_the_age_of_its_end_alone() -> None:
    settling = Settling(SETTLE)
    finished(settling, file(200, 199, bytes=1000))

    assert finished(settling, file(200, 199, bytes=9000), later=10) == []
    assert finished(settling, file(200, 199, bytes=9000), later=12) == [file(200, 199, bytes=9000)]
