"""One look at a device: everything that it tells, and why the rest is missing."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

import structlog

from libs.contracts.devices import (
    Capability,
    Channel,
    DeviceClock,
    DeviceDetails,
    DeviceIdentity,
    DeviceStorage,
    Failure,
    FailureReason,
)
from libs.devices.driver import Driver
from libs.devices.errors import LOGIN_REASONS, DeviceError

log = structlog.get_logger()
T = TypeVar("T")

LOOK_SECONDS = 30.0
"""A device that answers each question slowly is not asked for longer than this."""


async def look_at(driver: Driver) -> tuple[DeviceDetails | None, Failure | None]:
    """Return what a device tells; with a failure some or all of it is missing. Raises nothing.

    What comes after the identity may fail alone: a user without the right to see the disk still
    finds his channels.
    """
    found = _Look()
    try:
        async with asyncio.timeout(LOOK_SECONDS):
            await found.run(driver)
    except DeviceError as error:
        found.failure = error.failure
    except TimeoutError:
        found.failure = DeviceError(
            FailureReason.TIMEOUT, f"it did not tell everything within {LOOK_SECONDS:.0f} s"
        ).failure
    except Exception as error:  # noqa: BLE001 - a driver's fault must not end the others' work
        found.failure = internal_failure("device.look_failed", error)
    return found.details(driver), found.failure


def internal_failure(event: str, error: Exception) -> Failure:
    """Log an exception that should not have come, and return what others are told of it.

    Its text may hold anything, so only its kind is passed on.
    """
    log.error(event, error=type(error).__name__)
    return DeviceError(FailureReason.INTERNAL, f"it failed inside: {type(error).__name__}").failure


class _Look:
    """What has been told so far."""

    def __init__(self) -> None:
        self.failure: Failure | None = None
        self._identity: DeviceIdentity | None = None
        self._clock: DeviceClock | None = None
        self._channels: tuple[Channel, ...] = ()
        self._storage: DeviceStorage | None = None

    async def run(self, driver: Driver) -> None:
        self._identity = await driver.identify()
        can = driver.capabilities
        # the clock first: footage is listed by it, and channels can be many
        if Capability.CLOCK in can:
            self._clock = await self._part(driver.clock())
        if Capability.STREAMS in can:
            self._channels = await self._part(driver.streams()) or ()
        self._storage = await self._part(driver.storage())

    async def _part(self, question: Awaitable[T]) -> T | None:
        try:
            return await question
        except DeviceError as error:
            if error.reason in LOGIN_REASONS:
                raise
            self.failure = self.failure or error.failure
            return None

    def details(self, driver: Driver) -> DeviceDetails | None:
        if self._identity is None:
            return None
        return DeviceDetails(
            identity=self._identity,
            channels=self._channels,
            storage=self._storage,
            clock=self._clock,
            capabilities=tuple(sorted(driver.capabilities)),
        )
