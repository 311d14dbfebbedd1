"""What devices tell through the vendor's library, played by the stand-in."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from libs.contracts.devices import Capability, FailureReason
from libs.devices.breaker import Breaker
from libs.devices.driver import Address, Window
from libs.devices.errors import DeviceError
from libs.devices.hcnetsdk.driver import HcNetSdkDriver
from libs.devices.hcnetsdk.fingerprint import speaks
from tests.integration.devices.device_details import details_of
from tests.integration.devices.hcnetsdk_stage import CAMERA, RECORDER, Stage, library, now

DAY = Window(datetime(2025, 3, 1, tzinfo=UTC), datetime(2025, 3, 2, tzinfo=UTC))
CHINA = {"utc_offset_minutes": 480}
FILE = "33 0 20250301080000 20250301083110 78266368"


@pytest.fixture
def stage(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Stage:
    return Stage(tmp_path, library(tmp_path_factory))


async def failure_of(work: Any) -> DeviceError:
    with pytest.raises(DeviceError) as caught:
        await work
    return caught.value


# ---- who it is --------------------------------------------------------------


async def test_a_recorder_tells_itself_and_its_channels_from_33(stage: Stage) -> None:
    stage.set(**RECORDER, **CHINA)

    async with stage.worker() as worker, stage.driver(worker) as driver:
        details = await details_of(driver)

    assert details.identity.kind == "recorder"
    assert details.identity.serial == "DS-7604NI-K1"
    assert [channel.channel for channel in details.channels] == ["33", "34", "35", "36"]
    assert details.clock is not None
    assert details.clock.zone == "<+0800>-8:00"
    assert abs(details.clock.offset_seconds) < 60


async def test_a_camera_is_its_own_channel_1(stage: Stage) -> None:
    stage.set(**CAMERA)

    async with stage.worker() as worker, stage.driver(worker) as driver:
        identity, channels = await driver.identify(), await driver.streams()

    assert identity.kind == "camera"
    assert [channel.channel for channel in channels] == ["1"]


async def test_more_than_255_channels_are_counted(stage: Stage) -> None:
    stage.set(**{**RECORDER, "ip_start": 1, "ip_count": 300})

    async with stage.worker() as worker, stage.driver(worker) as driver:
        channels = await driver.streams()

    assert len(channels) == 300


async def test_a_device_without_channels_has_no_video(stage: Stage) -> None:
    stage.set(**{**RECORDER, "ip_count": 0})

    async with stage.worker() as worker, stage.driver(worker) as driver:
        error = await failure_of(driver.streams())

    assert error.reason is FailureReason.NO_VIDEO


async def test_one_login_serves_all_questions_and_is_logged_out(stage: Stage) -> None:
    stage.set(**CAMERA)

    async with stage.worker() as worker, stage.driver(worker) as driver:
        await driver.identify()
        await driver.streams()
        await driver.clock()

    assert (stage.count("Login"), stage.count("Logout"), stage.count("Cleanup")) == (1, 1, 1)


async def test_a_device_without_a_clock_command_declares_no_footage(stage: Stage) -> None:
    stage.set(**CAMERA, fail="GetTime 11")

    async with stage.worker() as worker, stage.driver(worker) as driver:
        details = await details_of(driver)

    assert set(details.capabilities) == {Capability.IDENTIFY, Capability.STREAMS}
    assert details.clock is None


async def test_what_the_driver_cannot_do_says_so(stage: Stage) -> None:
    stage.set(**CAMERA)

    async with stage.worker() as worker, stage.driver(worker) as driver:
        snapshot = await failure_of(driver.snapshot("1"))
        storage = await driver.storage()

    assert snapshot.reason is FailureReason.UNSUPPORTED
    assert storage is None
    assert Capability.DOWNLOAD not in driver.capabilities


async def test_nothing_is_recognised_without_a_login() -> None:
    assert await speaks(Address("127.0.0.1", 8000), timeout_seconds=1) is False


# ---- logins -----------------------------------------------------------------


async def test_a_wrong_password_is_tried_once(stage: Stage) -> None:
    stage.set(**CAMERA, lock_tries=5, lock_seconds=1800)
    breaker = Breaker(now)

    async with (
        stage.worker() as worker,
        stage.driver(worker, password="wrong-1", breaker=breaker) as driver,
    ):
        first = await failure_of(driver.identify())
        second = await failure_of(driver.streams())

    assert first.reason is second.reason is FailureReason.UNAUTHORIZED
    assert "4 tries" in first.detail
    assert "wrong-1" not in f"{first!r}{first.failure!r}"
    assert stage.count("Login") == 1
    assert breaker.is_open


async def test_a_locked_account_opens_the_breaker_until_the_lock_ends(stage: Stage) -> None:
    stage.set(**CAMERA, lock_tries=1, lock_seconds=1800)

    async with (
        stage.worker() as worker,
        stage.driver(worker, password="wrong-1") as driver,
    ):
        error = await failure_of(driver.identify())

    assert error.reason is FailureReason.LOCKED
    assert error.locked_until is not None
    assert timedelta(minutes=29) < error.locked_until - now() <= timedelta(minutes=30)


async def test_a_lock_without_an_end_stays_until_the_operator_acts(stage: Stage) -> None:
    stage.set(**CAMERA, fail="Login 153", tells_lock=0)

    async with stage.worker() as worker, stage.driver(worker) as driver:
        error = await failure_of(driver.identify())

    assert (error.reason, error.locked_until) == (FailureReason.LOCKED, None)


async def test_a_password_that_the_library_cannot_hold_is_never_sent(stage: Stage) -> None:
    stage.set(**CAMERA)

    async with (
        stage.worker() as worker,
        stage.driver(worker, password="secret" * 11) as driver,
    ):
        error = await failure_of(driver.identify())

    assert error.reason is FailureReason.UNAUTHORIZED
    assert "secret" not in error.detail
    assert stage.count("Login") == 0


async def test_without_a_login_nothing_is_asked(stage: Stage) -> None:
    stage.set(**CAMERA)

    async with stage.worker() as worker:
        driver = HcNetSdkDriver(
            Address("127.0.0.1", 8000), None, Breaker(now), now=now, worker=worker
        )
        error = await failure_of(driver.identify())
        await driver.aclose()

    assert error.reason is FailureReason.UNAUTHORIZED
    assert stage.calls == []


async def test_a_host_where_nothing_answers_is_unreachable(stage: Stage) -> None:
    stage.set(**CAMERA)

    async with stage.worker() as worker, stage.driver(worker, port=8001) as driver:
        error = await failure_of(driver.identify())

    assert error.reason is FailureReason.UNREACHABLE


@pytest.mark.parametrize("code", [47, 102])
async def test_a_session_that_the_device_ended_is_made_anew_once(stage: Stage, code: int) -> None:
    stage.set(**CAMERA)

    async with stage.worker() as worker, stage.driver(worker) as driver:
        await driver.identify()
        stage.set(fail=f"GetTime {code}")
        error = await failure_of(driver.clock())
        stage.drop("fail")
        clock = await driver.clock()

    assert error.reason is FailureReason.BUSY
    assert clock.measured_at <= now()
    assert stage.count("Login") == 3  # at first, again after it was lost, and for the last clock


async def test_a_broken_connection_is_told_and_logged_in_anew(stage: Stage) -> None:
    stage.set(**CAMERA)

    async with stage.worker() as worker, stage.driver(worker) as driver:
        await driver.identify()
        stage.set(fail="GetTime 9")
        error = await failure_of(driver.clock())
        stage.drop("fail")
        await driver.clock()

    assert error.reason is FailureReason.UNREACHABLE
    assert stage.count("Login") == 2


# ---- footage ----------------------------------------------------------------


async def test_footage_is_listed_in_utc(stage: Stage) -> None:
    stage.set(**RECORDER, **CHINA, file=f"{FILE} {b'ch01_0001'.hex()}")

    async with stage.worker() as worker, stage.driver(worker) as driver:
        (file,) = await driver.list_footage("33", "main", DAY)

    assert file.started_at == datetime(2025, 3, 1, 0, 0, tzinfo=UTC)
    assert file.ended_at == datetime(2025, 3, 1, 0, 31, 10, tzinfo=UTC)
    assert (file.channel, file.file_id, file.bytes) == ("33", "ch01_0001", 78266368)


async def test_a_cap_of_4000_files_loses_none(stage: Stage) -> None:
    stage.set(**RECORDER, files="33 0 20250301000000 9000 9", waits=3)

    async with stage.worker() as worker, stage.driver(worker) as driver:
        files = await driver.list_footage("33", "main", DAY)

    assert [file.file_id for file in files] == [f"ch33_{number:08}" for number in range(9000)]
    assert stage.count("FindFile") == stage.count("FindClose") >= 4


async def test_a_day_without_footage_is_empty(stage: Stage) -> None:
    stage.set(**RECORDER)

    async with stage.worker() as worker, stage.driver(worker) as driver:
        files = await driver.list_footage("33", "main", DAY)

    assert files == ()


@pytest.mark.parametrize("tells", [0, 1])
async def test_a_device_that_records_the_main_stream_has_no_sub_footage(
    stage: Stage, tells: int
) -> None:
    stage.set(**RECORDER, file=f"{FILE} {b'f'.hex()}", tells_stream=tells)

    async with stage.worker() as worker, stage.driver(worker) as driver:
        main = await driver.list_footage("33", "main", DAY)
        sub = await driver.list_footage("33", "sub", DAY)

    assert (len(main), sub) == (1, ())


async def test_gbk_names_are_read(stage: Stage) -> None:
    stage.set(**RECORDER, file=f"{FILE} {'大门_01'.encode('gbk').hex()}")

    async with stage.worker() as worker, stage.driver(worker) as driver:
        (file,) = await driver.list_footage("33", "main", DAY)

    assert file.file_id == "大门_01"


async def test_a_name_that_fills_its_field_has_no_end_and_is_read(stage: Stage) -> None:
    stage.set(**RECORDER, file=f"{FILE} {(b'x' * 100).hex()}")

    async with stage.worker() as worker, stage.driver(worker) as driver:
        (file,) = await driver.list_footage("33", "main", DAY)

    assert file.file_id == "x" * 100


async def test_a_wrong_channel_is_not_found(stage: Stage) -> None:
    stage.set(**RECORDER)

    async with stage.worker() as worker, stage.driver(worker) as driver:
        unknown = await failure_of(driver.list_footage("1", "main", DAY))
        no_number = await failure_of(driver.list_footage("Profile_1", "main", DAY))

    assert unknown.reason is no_number.reason is FailureReason.NOT_FOUND


@pytest.mark.parametrize(
    ("faults", "reason"),
    [
        ({"state_after": 1, "state": 1004}, FailureReason.PROTOCOL),
        ({"state_after": 1, "state": 4711}, FailureReason.PROTOCOL),
        ({"garbage_times": 1}, FailureReason.PROTOCOL),
        ({"fail": "FindFile 19"}, FailureReason.NO_STORAGE),
        ({"fail": "FindNextFile 10"}, FailureReason.TIMEOUT),
        ({"fail": "FindNextFile 5"}, FailureReason.BUSY),
    ],
)
async def test_a_search_that_fails_is_an_error_and_never_a_part(
    stage: Stage, faults: dict[str, Any], reason: FailureReason
) -> None:
    stage.set(**RECORDER, files="33 0 20250301000000 3 60")

    async with stage.worker() as worker, stage.driver(worker) as driver:
        await driver.clock()
        stage.set(**faults)
        error = await failure_of(driver.list_footage("33", "main", DAY))

    assert error.reason is reason
    assert stage.count("FindFile") == stage.count("FindClose")


async def test_a_search_that_never_gets_anywhere_is_given_up(stage: Stage) -> None:
    stage.set(**RECORDER, state_after=0, state=1002)

    async with (
        stage.worker() as worker,
        stage.driver(worker, timeout_seconds=2.0, search_seconds=0.1) as driver,
    ):
        error = await failure_of(driver.list_footage("33", "main", DAY))
        pid = worker.pid

    assert error.reason is FailureReason.TIMEOUT
    assert pid is not None  # it was the search that was given up, not the library
    assert stage.count("FindFile") == stage.count("FindClose") == 1


@pytest.mark.parametrize("faults", [{"garbage_times": 1}, {"setting_bytes": 8}])
async def test_a_clock_that_makes_no_sense_is_an_error(
    stage: Stage, faults: dict[str, Any]
) -> None:
    stage.set(**CAMERA, **faults)

    async with stage.worker() as worker, stage.driver(worker) as driver:
        error = await failure_of(driver.clock())

    assert error.reason is FailureReason.PROTOCOL


async def test_summer_and_winter_footage_keep_their_times(stage: Stage) -> None:
    stage.set(
        **RECORDER,
        clock="20250701140000",
        daylight="60 2 4 0 2 0 9 4 0 3 0",
        file=[
            f"33 0 20250115120000 20250115130000 1 {b'winter'.hex()}",
            f"33 0 20250615120000 20250615130000 1 {b'summer'.hex()}",
        ],
    )
    summer = datetime(2025, 7, 1, 12, 0, tzinfo=UTC)
    window = Window(datetime(2025, 1, 15, tzinfo=UTC), datetime(2025, 1, 16, tzinfo=UTC))
    other = Window(datetime(2025, 6, 15, tzinfo=UTC), datetime(2025, 6, 16, tzinfo=UTC))

    async with stage.worker() as worker, stage.driver(worker, clock=lambda: summer) as driver:
        (first,) = await driver.list_footage("33", "main", window)
        (second,) = await driver.list_footage("33", "main", other)

    assert (first.started_at.hour, second.started_at.hour) == (11, 10)
