"""The registered devices of a site: in step with what is wanted, looked at from time to time."""

import asyncio
import random
from collections.abc import Callable, Mapping
from contextlib import aclosing
from datetime import datetime
from typing import Final, Protocol

import structlog

from libs.bus.client import Bus
from libs.bus.keyvalue import ChangeKind
from libs.contracts.cameras import CameraConfig
from libs.contracts.devices import (
    DeviceConfig,
    DeviceState,
    Failure,
    FailureReason,
)
from libs.contracts.times import seconds_between
from libs.devices.breaker import Breaker
from libs.devices.driver import Driver
from libs.devices.errors import LOGIN_REASONS, DeviceError
from libs.runtime.backoff import Backoff
from libs.runtime.service import supervise
from services.discovery import metrics
from services.discovery.device_handle import DeviceHandle, DeviceTools
from services.discovery.latest import LatestValues
from services.discovery.looking import internal_failure, look_at

log = structlog.get_logger()

LOOK_SECONDS: Final = 3600.0
"""How often details and clock are read again."""
ANNOUNCED_AGAIN_SECONDS: Final = 10.0
"""A device that announces itself all the time is not looked at more often for it."""
_FIRST_RETRY_SECONDS: Final = 30.0
_LAST_RETRY_SECONDS: Final = 900.0
_SPREAD_SECONDS: Final = 10.0
_MOST_AT_ONCE: Final = 16

_DROPPED: Final = frozenset(
    {
        FailureReason.UNREACHABLE,
        FailureReason.REFUSED,
        FailureReason.TIMEOUT,
        FailureReason.NAME_UNKNOWN,
    }
)
"""The device may have moved: its name is looked up again."""


class DeviceListener(Protocol):
    """Hears of devices."""

    def device_changed(self, device_id: str) -> None:
        """The device is new, or is reached differently; `find` has it."""
        ...


class DeviceRegistry:
    """One handle for each registered device; run by the leading instance only."""

    def __init__(self, bus: Bus, site: str, tools: DeviceTools) -> None:
        self._configs = bus.kv(DeviceConfig)
        self._stored = bus.kv(DeviceState)
        self._site = site
        self._tools = tools
        self._states = LatestValues(self._stored, bucket=DeviceState.bucket)
        self._handles: dict[str, DeviceHandle] = {}
        self._keepers: dict[str, asyncio.Task[None]] = {}
        self._listeners: list[DeviceListener] = []
        self._before: dict[str, DeviceState] = {}
        self._turns = asyncio.Semaphore(_MOST_AT_ONCE)

    @property
    def handles(self) -> Mapping[str, DeviceHandle]:
        """All devices by id."""
        return self._handles

    def find(self, device_id: str) -> DeviceHandle | None:
        """Return the registered device of an id, None while there is none."""
        return self._handles.get(device_id)

    def subscribe(self, listener: DeviceListener) -> None:
        """Tell of devices from now on."""
        self._listeners.append(listener)

    def breaker_for(self, camera: CameraConfig) -> Breaker | None:
        """Return the breaker that a camera shares with its device: it has the same login."""
        handle = self.find(camera.device_id or "")
        if handle is None:
            return None
        same = self._tools.logins.are_same(camera.credentials, handle.config.credentials)
        return handle.breaker if same else None

    def recorder_was_rejected(self, camera: CameraConfig, since: datetime, detail: str) -> None:
        """A recorder's use of a camera's login was rejected; its device's login is the same."""
        handle = self.find(camera.device_id or "")
        if handle is not None and self.breaker_for(camera) is not None:
            handle.rejected_elsewhere(since, f"the recorder was refused: {detail}"[:500])

    def announced(self, endpoint_id: str) -> None:
        """A device said that it comes or goes: one of ours is looked at soon.

        Anybody can say so, so nobody is looked at for it more often than now and then.
        """
        for handle in self._handles.values():
            if not endpoint_id or handle.config.endpoint_id != endpoint_id:
                continue
            checked_at = handle.state.checked_at
            age = None if checked_at is None else seconds_between(checked_at, self._tools.now())
            if age is None or not 0 <= age < ANNOUNCED_AGAIN_SECONDS:
                handle.wanted.set()

    async def run(self) -> None:
        """Keep in step until cancelled; every driver is closed then."""
        stored = await self._stored.all()
        self._before = {key: entry.value for key, entry in stored.items()}
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(
                    supervise("device-states", self._states.run), name="device-states"
                )
                await supervise("device-watch", lambda: self._watch(tasks))
        finally:
            metrics.DEVICES.clear()  # the next leader counts them
            await asyncio.gather(*(handle.close() for handle in self._handles.values()))

    async def _watch(self, tasks: asyncio.TaskGroup) -> None:
        async with aclosing(self._configs.watch()) as changes:
            async for change in changes:
                if change.kind is ChangeKind.SNAPSHOT_DONE:
                    self._drop_orphans()
                elif change.value is not None:
                    if change.value.site == self._site:
                        self._want(change.value, tasks)
                elif change.kind is ChangeKind.DELETED:
                    self._remove(change.key, tasks)

    def _want(self, config: DeviceConfig, tasks: asyncio.TaskGroup) -> None:
        known = self._handles.get(config.device_id)
        if known is None:
            self._add(config, tasks)
        elif config.version >= known.config.version:
            old = known.change(config)
            if old is not None:
                tasks.create_task(old.close(), name=f"close {config.device_id}")
                self._tell(lambda listener: listener.device_changed(config.device_id))

    def _add(self, config: DeviceConfig, tasks: asyncio.TaskGroup) -> None:
        before = self._before.pop(config.key, None)
        handle = DeviceHandle(
            config, before, self._tools, on_state=lambda state: self._states.put(config.key, state)
        )
        self._handles[config.device_id] = handle
        if before is None or before != handle.state:
            self._states.put(config.key, handle.state)
        keeper = tasks.create_task(self._keep(handle), name=f"device {config.device_id}")
        self._keepers[config.device_id] = keeper
        log.info("device.added", device_id=config.device_id, driver=config.driver)
        self._tell(lambda listener: listener.device_changed(config.device_id))

    def _remove(self, key: str, tasks: asyncio.TaskGroup) -> None:
        device_id = key.rpartition(".")[2]
        handle = self._handles.get(device_id)
        if handle is None or handle.config.key != key:
            return
        del self._handles[device_id]
        self._keepers.pop(device_id).cancel()
        handle.retire()
        self._states.delete(key)
        tasks.create_task(handle.close(), name=f"close {device_id}")
        log.info("device.removed", device_id=device_id)
        self._count()

    def _drop_orphans(self) -> None:
        """Forget the states of devices that were deleted while nobody watched."""
        for key, state in self._before.items():
            if state.site == self._site:
                self._states.delete(key)
        self._before = {}

    def _tell(self, tell: Callable[[DeviceListener], None]) -> None:
        for listener in self._listeners:
            tell(listener)

    # looking at one device

    async def _keep(self, handle: DeviceHandle) -> None:
        backoff = Backoff(first_seconds=_FIRST_RETRY_SECONDS, max_seconds=_LAST_RETRY_SECONDS)
        wait = self._first_wait(handle)
        while True:
            await _until(handle.wanted, wait)
            handle.wanted.clear()
            async with self._turns:
                failure = await self._look(handle)
            metrics.DEVICE_LOOKS.labels(failure.reason if failure else "ok").inc()
            self._count()
            wait = self._next_wait(failure, backoff)

    def _first_wait(self, handle: DeviceHandle) -> float:
        """Return when to look first: at once where it is new, else when its hour is over."""
        seen_at = handle.state.details_at
        if handle.state.checked_at is None:
            return 0.0
        spread = random.uniform(0, _SPREAD_SECONDS)  # noqa: S311 - spreading load, not a secret
        if seen_at is None or handle.state.failure is not None:
            return spread
        age = seconds_between(seen_at, self._tools.now())
        return spread + (LOOK_SECONDS - age if 0 <= age < LOOK_SECONDS else 0.0)

    def _next_wait(self, failure: Failure | None, backoff: Backoff) -> float:
        if failure is None:
            backoff.reset()
            return LOOK_SECONDS * random.uniform(0.9, 1.0)  # noqa: S311 - same
        if failure.reason in LOGIN_REASONS:
            if failure.locked_until is None:
                return LOOK_SECONDS
            left = seconds_between(self._tools.now(), failure.locked_until)
            return min(LOOK_SECONDS, max(1.0, left + 1.0))
        return backoff.next_seconds()

    async def _look(self, handle: DeviceHandle) -> Failure | None:
        """Look once and note what was seen; raises nothing but cancellation."""
        try:
            async with handle.use(needs_clock=False) as driver:
                failure = await self._see(handle, driver)
        except DeviceError as error:
            failure = error.failure
        except Exception as error:  # noqa: BLE001 - one device's fault must not end the others
            failure = internal_failure("device.look_failed", error)
        handle.update_state(failure=failure, checked_at=self._tools.now())
        if failure is not None:
            log.warning("device.not_seen", device_id=handle.config.device_id, reason=failure.reason)
            if failure.reason in _DROPPED:
                await handle.forget_connection()
        return failure

    async def _see(self, handle: DeviceHandle, driver: Driver) -> Failure | None:
        details, failure = await look_at(driver)
        if details is not None:
            now = self._tools.now()
            clock = details.clock or handle.state.clock
            handle.update_state(details=details, details_at=now, clock=clock)
        return failure

    def _count(self) -> None:
        failed = sum(handle.state.failure is not None for handle in self._handles.values())
        metrics.DEVICES.labels("failed").set(failed)
        metrics.DEVICES.labels("ok").set(len(self._handles) - failed)


async def _until(event: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return
