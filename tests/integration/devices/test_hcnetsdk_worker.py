"""The worker process: crashes and hangs of the library stay in it."""

import asyncio
import contextlib
import os
import shutil
import signal
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from libs.contracts.devices import FailureReason
from libs.devices.breaker import Breaker
from libs.devices.driver import Window
from libs.devices.errors import DeviceError
from libs.devices.hcnetsdk.client import MAX_CALLS, SdkWorker
from libs.devices.hcnetsdk.process import WorkerProcess
from tests.integration.devices.hcnetsdk_stage import CAMERA, RECORDER, Stage, library, now
from tests.waiting import eventually
from tools.camera_sim.hcnetsdk.build import SCRIPT_NAME, write_script

DAY = Window(datetime(2025, 3, 1, tzinfo=UTC), datetime(2025, 3, 2, tzinfo=UTC))
PORTS = range(8000, 8004)


@pytest.fixture
def stage(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Stage:
    return Stage(tmp_path, library(tmp_path_factory))


async def failure_of(work: Any) -> DeviceError:
    with pytest.raises(DeviceError) as caught:
        await work
    return caught.value


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


class Clock:
    """A monotonic clock that the test moves."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


# ---- crashes ----------------------------------------------------------------


@pytest.mark.parametrize("fault", [{"crash": "FindNextFile"}, {"exit": "FindNextFile 0"}])
async def test_a_crash_of_the_library_costs_one_call(stage: Stage, fault: dict[str, str]) -> None:
    stage.set(**RECORDER, files="33 0 20250301000000 3 60")

    async with stage.worker() as worker, stage.driver(worker) as driver:
        await driver.clock()
        first = worker.pid
        stage.set(**fault)
        error = await failure_of(driver.list_footage("33", "main", DAY))
        stage.drop(*fault)
        files = await driver.list_footage("33", "main", DAY)
        second = worker.pid

    assert error.reason is FailureReason.INTERNAL
    assert len(files) == 3
    assert first != second
    assert stage.count("Login") == 2


async def test_a_worker_killed_from_outside_is_started_again(stage: Stage) -> None:
    stage.set(**CAMERA)

    async with stage.worker() as worker, stage.driver(worker) as driver:
        await driver.clock()
        assert worker.pid is not None
        os.kill(worker.pid, signal.SIGKILL)
        await eventually(lambda: worker.pid is None)
        clock = await driver.clock()

    assert clock.measured_at <= now()


async def test_a_library_that_crashes_again_and_again_is_left_alone_for_a_while(
    stage: Stage,
) -> None:
    stage.set(**CAMERA, crash="Login")
    clock = Clock()

    async with stage.worker(monotonic=clock) as worker, stage.driver(worker) as driver:
        crashes = [await failure_of(driver.identify()) for _ in range(3)]
        started = stage.count("Init")
        stage.drop("crash")
        clock.seconds += 120
        await driver.identify()

    assert started == 2  # once, and once again at once; the third call had to wait
    assert "not tried again yet" in crashes[2].detail
    assert {error.reason for error in crashes} == {FailureReason.INTERNAL}


async def test_one_crash_under_several_calls_counts_once(stage: Stage) -> None:
    for port in PORTS:
        stage.set(port, **RECORDER, waits=10_000)

    async with stage.worker() as worker, contextlib.AsyncExitStack() as drivers:
        listings = [
            asyncio.create_task(failure_of(driver.list_footage("33", "main", DAY)))
            for driver in [
                await drivers.enter_async_context(stage.driver(worker, port=port)) for port in PORTS
            ]
        ]
        await eventually(lambda: stage.count("FindFile") == len(PORTS))
        assert worker.pid is not None
        os.kill(worker.pid, signal.SIGKILL)
        errors = await asyncio.gather(*listings)
        async with stage.driver(worker) as driver:
            identity = await driver.identify()

    assert {error.reason for error in errors} == {FailureReason.INTERNAL}
    assert identity.kind == "recorder"  # started again at once: it had failed only once


async def test_a_crash_during_a_login_is_no_rejection(stage: Stage) -> None:
    stage.set(**CAMERA, crash="Login")
    breaker = Breaker(now)

    async with stage.worker() as worker, stage.driver(worker, breaker=breaker) as driver:
        await failure_of(driver.identify())

    assert not breaker.is_open


# ---- hangs ------------------------------------------------------------------


async def test_a_hanging_library_is_killed_and_the_next_call_works(stage: Stage) -> None:
    stage.set(**CAMERA)

    async with stage.worker() as worker, stage.driver(worker, timeout_seconds=1.0) as driver:
        await driver.identify()
        first = worker.pid
        assert first is not None
        stage.set(hang="GetTime")
        error = await failure_of(driver.clock())
        stage.drop("hang")
        assert not is_alive(first)
        await driver.clock()

    assert error.reason is FailureReason.TIMEOUT


async def test_another_device_whose_call_was_under_way_learns_of_it(stage: Stage) -> None:
    stage.set(8000, **CAMERA, hang="GetTime")
    stage.set(8001, **CAMERA, hang="Login")

    async with (
        stage.worker() as worker,
        stage.driver(worker, port=8000, timeout_seconds=1.0) as hanging,
        stage.driver(worker, port=8001, timeout_seconds=60.0) as other,
    ):
        waiting = asyncio.create_task(failure_of(other.identify()))
        first = await failure_of(hanging.identify())
        second = await waiting

    assert first.reason is FailureReason.TIMEOUT
    assert second.reason is FailureReason.INTERNAL


async def test_a_hanging_library_does_not_outlive_who_asked(stage: Stage) -> None:
    stage.set(**CAMERA, hang="Login")

    async with stage.worker() as worker, stage.driver(worker, timeout_seconds=60.0) as driver:
        asking = asyncio.create_task(driver.identify())
        await eventually(lambda: worker.pid is not None)
        pid = worker.pid
        assert pid is not None
        await worker.aclose()
        error = await failure_of(asking)

    assert error.reason is FailureReason.INTERNAL
    assert not is_alive(pid)


async def test_the_worker_ends_with_the_process_that_started_it(stage: Stage) -> None:
    stage.set(**CAMERA)
    process = await WorkerProcess.start(
        stage.library, environment=stage.environment, timeout_seconds=20.0
    )

    # What the kernel does to the pipe when that process is killed.
    process._input.close()
    await eventually(lambda: process.is_over)
    await process.kill()

    assert not is_alive(process.pid)
    assert stage.count("Cleanup") == 1


async def test_a_library_that_hangs_in_the_middle_of_a_search_is_killed(stage: Stage) -> None:
    stage.set(**RECORDER, hang="FindNextFile")

    async with (
        stage.worker() as worker,
        stage.driver(worker, timeout_seconds=1.0, search_seconds=0.2) as driver,
    ):
        await driver.clock()
        hanging = worker.pid
        assert hanging is not None
        error = await failure_of(driver.list_footage("33", "main", DAY))

    assert error.reason is FailureReason.TIMEOUT
    assert not is_alive(hanging)


# ---- starting ---------------------------------------------------------------


@pytest.mark.parametrize("name", ["missing.so", "text.so", "other.so"])
async def test_a_file_that_is_not_the_library_is_told(
    stage: Stage, tmp_path: Path, name: str
) -> None:
    (tmp_path / "text.so").write_text("no library")
    (tmp_path / "other.so").symlink_to(_some_other_library())
    worker = SdkWorker(tmp_path / name)

    error = await failure_of(worker.call("time", device="d", timeout_seconds=5, session="s"))
    await worker.aclose()

    assert error.reason is FailureReason.UNSUPPORTED
    assert "EVERFRAME_DISCOVERY_HCNETSDK_LIBRARY" in error.detail


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ({"crash": "Init"}, FailureReason.INTERNAL),
        ({"hang": "Init"}, FailureReason.INTERNAL),
        ({"fail": "Init 41"}, FailureReason.UNSUPPORTED),
    ],
)
async def test_a_library_that_fails_at_its_start_leaves_no_process(
    stage: Stage, fault: dict[str, str], reason: FailureReason
) -> None:
    stage.set(**CAMERA)
    stage.set(0, **fault)

    async with stage.worker(start_seconds=2.0) as worker, stage.driver(worker) as driver:
        error = await failure_of(driver.identify())
        pid = worker.pid

    assert error.reason is reason
    assert pid is None
    assert stage.count("Login") == 0


async def test_the_script_beside_the_library_is_played_where_no_variable_names_one(
    stage: Stage, tmp_path: Path
) -> None:
    own = tmp_path / "libhcnetsdk.so"
    shutil.copy(stage.library, own)
    write_script(tmp_path / SCRIPT_NAME, {8000: CAMERA})
    worker = SdkWorker(own)

    async with stage.driver(worker) as driver:
        identity = await driver.identify()
    await worker.aclose()

    assert identity.serial.startswith("DS-2CD2T47G2")


def _some_other_library() -> Path:
    import _ctypes

    return Path(_ctypes.__file__)


async def test_the_library_is_told_to_convert_no_times_and_never_to_log_in_by_itself(
    stage: Stage,
) -> None:
    stage.set(**CAMERA)

    async with stage.worker() as worker, stage.driver(worker) as driver:
        await driver.identify()

    assert "SetReconnect 0" in stage.calls
    assert "UtcTime 0" in stage.calls


async def test_the_process_starts_with_the_first_call_and_not_before(stage: Stage) -> None:
    stage.set(**CAMERA)

    async with stage.worker() as worker:
        before = worker.pid
        async with stage.driver(worker) as driver:
            await driver.identify()
            during = worker.pid

    assert before is None
    assert during is not None


async def test_after_closing_nothing_is_started(stage: Stage) -> None:
    stage.set(**CAMERA)
    async with stage.worker() as worker, stage.driver(worker) as driver:
        await worker.aclose()

        error = await failure_of(driver.identify())

    assert error.reason is FailureReason.INTERNAL
    assert stage.calls == []


# ---- what it gets to see ----------------------------------------------------


async def test_passwords_are_neither_in_the_arguments_nor_in_the_environment(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EVERFRAME_DISCOVERY_SECRET_KEYS", "a-secret-of-the-service")
    stage.set(**CAMERA)

    async with stage.worker() as worker, stage.driver(worker) as driver:
        await driver.identify()
        process = Path(f"/proc/{worker.pid}")
        seen = (process / "cmdline").read_bytes() + (process / "environ").read_bytes()

    assert b"right-1" not in seen
    assert b"a-secret-of-the-service" not in seen
    assert str(stage.library).encode() in seen


async def test_a_library_that_prints_does_not_disturb(stage: Stage) -> None:
    stage.set(**CAMERA, prints=1)

    async with stage.worker() as worker, stage.driver(worker) as driver:
        identity = await driver.identify()

    assert identity.serial.startswith("DS-2CD2T47G2")


# ---- several devices --------------------------------------------------------


async def test_one_device_is_asked_one_thing_at_a_time_and_several_at_once(stage: Stage) -> None:
    for port in PORTS:
        stage.set(port, **RECORDER, files="33 0 20250301000000 200 60")

    async with stage.worker() as worker:
        drivers = [stage.driver(worker, port=port) for port in PORTS]
        async with drivers[0] as a, drivers[1] as b, drivers[2] as c, drivers[3] as d:
            listings = await asyncio.gather(
                *(each.list_footage("33", "main", DAY) for each in (a, b, c, d) for _ in range(2))
            )

    assert [len(files) for files in listings] == [200] * 8
    assert stage.count("Login") == stage.count("Logout") == len(PORTS)
    assert stage.count("FindFile") == stage.count("FindClose")


async def test_searches_of_one_device_do_not_overlap(stage: Stage) -> None:
    stage.set(**RECORDER, files="33 0 20250301000000 3 60", waits=5)

    async with stage.worker() as worker, stage.driver(worker) as driver:
        await asyncio.gather(*(driver.list_footage("33", "main", DAY) for _ in range(3)))

    assert_no_overlap(stage)


async def test_a_search_whose_asker_left_is_finished_before_the_next_begins(stage: Stage) -> None:
    stage.set(**RECORDER, files="33 0 20250301000000 3 60", waits=20)

    async with stage.worker() as worker, stage.driver(worker) as driver:
        asking = asyncio.create_task(driver.list_footage("33", "main", DAY))
        await eventually(lambda: stage.count("FindFile") == 1)
        asking.cancel()
        await asyncio.wait([asking])
        files = await driver.list_footage("33", "main", DAY)

    assert asking.cancelled()
    assert len(files) == 3
    assert_no_overlap(stage)


def assert_no_overlap(stage: Stage) -> None:
    searches = [call.split()[0] for call in stage.calls if call.startswith("Find")]
    assert len(searches) >= 4
    assert searches == ["FindFile", "FindClose"] * (len(searches) // 2)


async def test_a_hanging_device_does_not_hold_up_the_others(stage: Stage) -> None:
    stage.set(8000, **CAMERA, hang="Login")
    stage.set(8001, **CAMERA)

    async with (
        stage.worker() as worker,
        stage.driver(worker, port=8000, timeout_seconds=60.0) as hanging,
        stage.driver(worker, port=8001) as other,
    ):
        stuck = asyncio.create_task(failure_of(hanging.identify()))
        identity = await other.identify()
        was_stuck = not stuck.done()
        await worker.aclose()
        await stuck

    assert identity.kind == "camera"
    assert was_stuck


async def test_more_devices_than_places_wait_for_their_turn(stage: Stage) -> None:
    ports = range(8000, 8000 + MAX_CALLS + 4)
    for port in ports:
        stage.set(port, **CAMERA)

    async with stage.worker() as worker, asyncio.TaskGroup() as group:

        async def look(port: int) -> str:
            async with stage.driver(worker, port=port) as driver:
                return (await driver.identify()).kind

        looks = [group.create_task(look(port)) for port in ports]
        await asyncio.wait(looks)

    assert [each.result() for each in looks] == ["camera"] * len(ports)


async def test_a_login_whose_asker_left_is_kept_for_the_next(stage: Stage) -> None:
    stage.set(**CAMERA)

    async with stage.worker() as worker, stage.driver(worker) as driver:
        asking = asyncio.create_task(driver.identify())
        await eventually(lambda: stage.count("Login") == 1 or asking.done())
        asking.cancel()
        await asyncio.wait([asking])
        await driver.identify()

    assert stage.count("Login") == stage.count("Logout") == 1


async def test_a_rejection_whose_asker_left_still_opens_the_breaker(stage: Stage) -> None:
    stage.set(**CAMERA)
    breaker = Breaker(now)

    async with (
        stage.worker() as worker,
        stage.driver(worker, password="wrong-1", breaker=breaker) as driver,
    ):
        asking = asyncio.create_task(driver.identify())
        await eventually(lambda: driver._logging_in is not None)
        asking.cancel()
        await asyncio.wait([asking])
        await eventually(lambda: breaker.is_open)

    assert stage.count("Login") == 1
