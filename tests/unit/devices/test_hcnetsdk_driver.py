from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import SecretStr

from libs.contracts.devices import FailureReason
from libs.devices.breaker import Breaker
from libs.devices.driver import Address, Login
from libs.devices.errors import DeviceError
from libs.devices.hcnetsdk.client import SdkWorker, SessionLost
from libs.devices.hcnetsdk.driver import HcNetSdkDriver

TOLD = {
    "serial": b"DS-1".hex(),
    "type": 1,
    "analogue_start": 1,
    "analogue_channels": 1,
    "ip_start": 0,
    "ip_channels": 0,
    "disks": 0,
    "text_encoding": 0,
}
START = datetime(2025, 7, 1, 12, 0, tzinfo=UTC)


class Played(SdkWorker):
    """Answers by a table; a call may take time on the test's clock."""

    def __init__(self, answers: Mapping[str, Any], *, call_seconds: float = 0.0) -> None:
        super().__init__(None)
        self.time = START
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self._answers, self._call_seconds = answers, call_seconds

    def now(self) -> datetime:
        return self.time

    async def call(self, op: str, *, device: str, timeout_seconds: float, **arguments: Any) -> Any:
        self.calls.append((op, arguments))
        self.time += timedelta(seconds=self._call_seconds)
        answer = self._answers.get(op)
        if isinstance(answer, Exception):
            raise answer
        return answer


def driver_of(worker: Played, *, use_tls: bool = False) -> HcNetSdkDriver:
    return HcNetSdkDriver(
        Address("127.0.0.1", 8000, use_tls=use_tls),
        Login("admin", "a-password"),
        Breaker(worker.now),
        now=worker.now,
        worker=worker,
    )


async def test_waiting_for_a_turn_does_not_blur_the_clock() -> None:
    # login, daylight saving and the clock: each waits a minute, the question itself takes 0.2 s
    shown = [2025, 7, 1, 20, 3, 0]
    worker = Played({"login": TOLD, "time": [shown, 0.2]}, call_seconds=60.0)

    clock = await driver_of(worker).clock()

    assert clock.uncertainty_seconds == 0.6
    assert clock.offset_seconds == 0.6
    assert clock.zone == "<+0800>-8:00"


async def test_a_password_travels_wrapped_so_that_no_traceback_shows_it() -> None:
    worker = Played({"login": TOLD})

    await driver_of(worker).streams()

    ((op, arguments),) = worker.calls
    assert op == "login"
    assert isinstance(arguments["password"], SecretStr)
    assert "a-password" not in repr(arguments)


async def test_tls_is_refused_rather_than_left_out() -> None:
    worker = Played({"login": TOLD})

    with pytest.raises(DeviceError) as caught:
        await driver_of(worker, use_tls=True).identify()

    assert caught.value.reason is FailureReason.UNSUPPORTED
    assert worker.calls == []


async def test_a_device_that_ends_every_session_is_not_logged_in_to_for_ever() -> None:
    worker = Played({"login": TOLD, "daylight_saving": None, "time": SessionLost()})

    with pytest.raises(DeviceError) as caught:
        await driver_of(worker).clock()

    assert caught.value.reason is FailureReason.BUSY
    assert [op for op, _ in worker.calls] == ["login", "daylight_saving", "time", "login", "time"]


async def test_a_clock_that_is_corrected_keeps_the_rule_for_summer_time() -> None:
    last_sundays = {"week": 4, "weekday": 0, "minute": 0}
    rule = {
        "bias_minutes": 60,
        "begin": {**last_sundays, "month": 2, "hour": 2},
        "end": {**last_sundays, "month": 9, "hour": 3},
    }
    answers = {"login": TOLD, "daylight_saving": rule, "time": [[1970, 1, 1, 0, 0, 0], 0.0]}
    worker = Played(answers)
    driver = driver_of(worker)

    never_set = await driver.clock()
    answers["time"] = [[2025, 7, 1, 14, 0, 0], 0.0]
    corrected = await driver.clock()

    assert never_set.zone == ""
    assert corrected.zone == "<+0100>-1:00<+0200>-2:00,M3.5.0/02:00,M10.5.0/03:00"


async def test_a_rule_that_was_switched_off_is_noticed() -> None:
    rule: dict[str, Any] = {
        "bias_minutes": 60,
        "begin": {"month": 2, "week": 4, "weekday": 0, "hour": 2, "minute": 0},
        "end": {"month": 9, "week": 4, "weekday": 0, "hour": 3, "minute": 0},
    }
    answers: dict[str, Any] = {
        "login": TOLD,
        "daylight_saving": rule,
        "time": [[2025, 7, 1, 14, 0, 0], 0.0],
    }
    driver = driver_of(Played(answers))

    await driver.clock()
    answers["daylight_saving"] = None
    clock = await driver.clock()

    assert clock.zone == "<+0200>-2:00"
