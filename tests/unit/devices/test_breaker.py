"""The circuit breaker of a device's login."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from libs.contracts.devices import FailureReason, LoginState
from libs.devices.breaker import Breaker, credentials_digest
from libs.devices.errors import DeviceError

NOW = datetime(2025, 3, 1, tzinfo=UTC)
REJECTED = DeviceError(FailureReason.UNAUTHORIZED, "wrong")


def locked_for(minutes: int) -> DeviceError:
    return DeviceError(FailureReason.LOCKED, locked_until=NOW + timedelta(minutes=minutes))


class Device:
    """Takes a login after a while, or does not; counts what was on its way at once."""

    def __init__(self, breaker: Breaker, error: DeviceError | None = None) -> None:
        self.breaker, self.error = breaker, error
        self.attempts = self.inside = self.most_inside = 0

    async def request(self) -> None:
        async with self.breaker.login():
            self.attempts += 1
            self.inside += 1
            self.most_inside = max(self.most_inside, self.inside)
            await asyncio.sleep(0)
            self.inside -= 1
            if self.error is not None:
                raise self.error


async def test_many_requests_with_a_wrong_password_send_it_once():
    device = Device(Breaker(lambda: NOW), REJECTED)

    errors = await asyncio.gather(*(device.request() for _ in range(10)), return_exceptions=True)

    assert device.attempts == 1
    assert [str(error) for error in errors] == ["wrong"] * 10


async def test_until_a_login_is_accepted_requests_take_turns_and_then_they_do_not():
    device = Device(Breaker(lambda: NOW))

    await asyncio.gather(*(device.request() for _ in range(3)))
    most_at_first, device.most_inside = device.most_inside, 0
    await asyncio.gather(*(device.request() for _ in range(3)))

    assert most_at_first == 1
    assert device.most_inside == 3


async def test_an_answer_that_needed_no_login_proves_nothing():
    breaker = Breaker(lambda: NOW)

    async with breaker.login() as use:
        use.was_sent = False

    assert not breaker.is_accepted


async def test_an_error_that_says_nothing_of_the_login_leaves_it_undecided():
    breaker = Breaker(lambda: NOW)
    device = Device(breaker, DeviceError(FailureReason.TIMEOUT))

    with pytest.raises(DeviceError):
        await device.request()

    assert not breaker.is_open
    assert not breaker.is_accepted


async def test_a_rejection_during_another_request_is_not_forgotten_by_its_success():
    breaker = Breaker(lambda: NOW)
    async with breaker.login():
        pass

    async with breaker.login():
        breaker.note(REJECTED)

    assert breaker.is_open
    assert not breaker.is_accepted


async def test_what_an_old_login_is_told_says_nothing_of_a_new_one():
    breaker = Breaker(lambda: NOW)

    async def rejected_too_late() -> None:
        async with breaker.login():
            breaker.use_login("new")
            raise REJECTED

    with pytest.raises(DeviceError):
        await rejected_too_late()
    was_open = breaker.is_open
    async with breaker.login():
        breaker.use_login("newer")

    assert not was_open
    assert not breaker.is_accepted


async def test_the_same_task_may_enter_twice():
    breaker = Breaker(lambda: NOW)

    async with asyncio.timeout(5), breaker.login(), breaker.login():
        pass

    assert breaker.is_accepted


async def test_a_cancelled_login_lets_the_next_one_through():
    breaker = Breaker(lambda: NOW)

    async def hang() -> None:
        async with breaker.login():
            await asyncio.Event().wait()

    task = asyncio.create_task(hang())
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])
    async with asyncio.timeout(5), breaker.login():
        pass

    assert breaker.is_accepted


async def test_a_lock_ends_when_the_device_said():
    now = NOW
    breaker = Breaker(lambda: now)
    breaker.note(locked_for(30))

    now = NOW + timedelta(minutes=29)
    was_open = breaker.is_open
    now = NOW + timedelta(minutes=30)

    assert was_open
    assert not breaker.is_open


def test_a_rejection_stays_until_another_login_is_used():
    states: list[LoginState] = []
    breaker = Breaker(lambda: NOW, on_change=states.append)
    breaker.use_login(credentials_digest("one"))
    breaker.note(REJECTED)

    breaker.use_login(credentials_digest("one"))
    was_open = breaker.is_open
    breaker.use_login(credentials_digest("other"))

    assert was_open
    assert breaker.reason is None
    assert [state.failure is not None for state in states] == [False, True, False]


def test_a_stored_rejection_holds_after_a_restart():
    first = Breaker(lambda: NOW)
    first.note(REJECTED)

    with pytest.raises(DeviceError) as raised:
        Breaker(lambda: NOW, state=first.state).check()

    assert raised.value.reason is FailureReason.UNAUTHORIZED


def test_the_operator_can_close_it():
    breaker = Breaker(lambda: NOW)
    breaker.note(REJECTED)

    breaker.close()

    breaker.check()
    assert breaker.state.failure is None


def test_a_digest_tells_logins_apart_and_is_empty_without_one():
    assert credentials_digest(None) == ""
    assert credentials_digest("a") != credentials_digest("b")
