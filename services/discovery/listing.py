"""Lists the footage that devices hold and announces every finished file once.

Cameras take turns: each has its own interval, a device answers one listing at a time, and what
was asked for by an operator goes first. A listing goes day by day, newest first; a day's files
are announced and noted before the next day is asked for, so that a stop loses one day's work.
"""

import asyncio
import math
import random
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from libs.bus.client import Bus
from libs.bus.errors import BusError, InvalidPayload
from libs.contracts.cameras import CameraConfig, camera_key
from libs.contracts.devices import Capability, DeviceClock, DeviceConfig, FailureReason
from libs.contracts.footage import FootageCheck, FootageDay, FootageFile, StoredFootageFound
from libs.contracts.times import seconds_between
from libs.devices.driver import Driver, Window
from libs.devices.errors import DeviceError
from services.discovery import footage_metrics as metrics
from services.discovery.footage_ledger import FootageLedger
from services.discovery.footage_plan import listed_until, plan
from services.discovery.looking import internal_failure
from services.discovery.settling import Settling

log = structlog.get_logger()

AT_ONCE = 16
"""Devices that are listed at the same time; a new one must not wait until slow ones are done."""
SOON_SECONDS = 60.0
"""When a listing that failed for a passing reason is tried again, at the latest."""
PASSING = frozenset(
    {
        FailureReason.BUSY,
        FailureReason.TIMEOUT,
        FailureReason.UNREACHABLE,
        FailureReason.REFUSED,
        FailureReason.INTERNAL,
    }
)


class ListedDevice(Protocol):
    """A registered device, as far as listing its footage needs it."""

    @property
    def config(self) -> DeviceConfig: ...

    @property
    def clock(self) -> DeviceClock | None:
        """As last measured."""
        ...

    def use(self) -> AbstractAsyncContextManager[Driver]:
        """Have the device for oneself; the driver's clock has been measured."""
        ...

    async def forget_connection(self) -> None:
        """Connect anew at the next use."""
        ...


@dataclass(eq=False)
class _Turn:
    """One camera whose footage is listed."""

    camera: CameraConfig
    due: float
    """Monotonic seconds."""
    settling: Settling
    check: FootageCheck | None = None
    task: asyncio.Task[None] | None = None
    """The listing that runs."""
    is_wanted: bool = False
    """An operator asked for it."""

    @property
    def key(self) -> str:
        return camera_key(self.camera.site, self.camera.camera_id)

    @property
    def source(self) -> tuple[str | None, str | None]:
        return self.camera.device_id, self.camera.channel

    @property
    def is_running(self) -> bool:
        return self.task is not None

    def cancel(self) -> None:
        """End a listing that nobody wants any more: what it goes on to find is not the camera's."""
        if self.task is not None:
            self.task.cancel()


class FootageLister:
    """Keeps the listings of all cameras going; only the leading instance runs one."""

    def __init__(
        self,
        bus: Bus,
        *,
        site: str,
        find_device: Callable[[str], ListedDevice | None],
        now: Callable[[], datetime],
        lookback: timedelta,
        settle: timedelta,
    ) -> None:
        """`find_device` returns the registered device of an id, None while there is none."""
        self._bus = bus
        self._site = site
        self._find_device = find_device
        self._now = now
        self._lookback = lookback
        self._settle = settle
        self._checks = bus.kv(FootageCheck)
        self._ledger = FootageLedger(bus.kv(FootageDay), lookback=lookback)
        self._turns: dict[str, _Turn] = {}
        self._busy_devices: set[str] = set()
        self._forgotten: set[str] = set()
        self._has_orphans = False
        self._changed = asyncio.Event()

    # What is to be listed

    def camera_changed(self, camera: CameraConfig) -> None:
        """Take a camera over; one that is new or has another source is listed at once."""
        key = camera_key(camera.site, camera.camera_id)
        if not camera.device_id or not camera.channel or not camera.footage_check_seconds:
            self.camera_removed(key)
            return
        self._forgotten.discard(key)
        turn = self._turns.get(key)
        if turn is None or turn.source != (camera.device_id, camera.channel):
            if turn is not None:
                turn.cancel()
            turn = _Turn(camera, _monotonic(), Settling(self._settle))
            self._turns[key] = turn
        turn.camera = camera
        turn.due = min(turn.due, _monotonic() + camera.footage_check_seconds)
        self._changed.set()

    def camera_removed(self, key: str) -> None:
        """Forget a camera; `key` is its bucket key. What was announced stays announced."""
        turn = self._turns.pop(key, None)
        if turn is not None:
            turn.cancel()
            self._forgotten.add(key)
            self._changed.set()

    def cameras_complete(self) -> None:
        """All cameras that there are have been told: other checks that are stored go."""
        self._has_orphans = True
        self._changed.set()

    def device_changed(self, device_id: str) -> None:
        """A device is there or is reached differently: its cameras are listed at once."""
        for turn in self._turns_of(device_id):
            turn.due = min(turn.due, _monotonic())
        self._changed.set()

    def request(self, device_id: str, camera_id: str | None = None) -> int:
        """List now what an operator asks for; return how many cameras that concerns."""
        turns = [
            turn
            for turn in self._turns_of(device_id)
            if camera_id is None or turn.camera.camera_id == camera_id
        ]
        for turn in turns:
            turn.due = _monotonic()
            turn.is_wanted = True
        self._changed.set()
        return len(turns)

    def _turns_of(self, device_id: str) -> list[_Turn]:
        return [turn for turn in self._turns.values() if turn.camera.device_id == device_id]

    # Whose turn it is

    async def run(self) -> None:
        """List until cancelled."""
        async with asyncio.TaskGroup() as running:
            while True:
                self._changed.clear()
                await self._forget()
                while (turn := self._next()) is not None:
                    self._begin(turn, running)
                await self._until_due()

    def _begin(self, turn: _Turn, running: asyncio.TaskGroup) -> None:
        device_id = turn.camera.device_id or ""

        def ended(_: asyncio.Task[None]) -> None:
            # not in the task itself: one that is cancelled before its first step does nothing
            turn.task = None
            self._busy_devices.discard(device_id)
            self._changed.set()

        self._busy_devices.add(device_id)
        turn.task = running.create_task(self._take(turn), name=f"footage {turn.key}")
        turn.task.add_done_callback(ended)

    def _next(self) -> _Turn | None:
        if len(self._busy_devices) >= AT_ONCE:
            return None
        now = _monotonic()
        ready = [
            turn
            for turn in self._turns.values()
            if turn.due <= now
            and not turn.is_running
            and turn.camera.device_id not in self._busy_devices
            and self._find_device(turn.camera.device_id or "") is not None
        ]
        return min(ready, key=lambda turn: (not turn.is_wanted, turn.due), default=None)

    async def _until_due(self) -> None:
        waiting = [turn.due for turn in self._turns.values() if not turn.is_running]
        seconds = min((due - _monotonic() for due in waiting), default=60.0)
        try:
            # not less than a moment: a due camera may wait for its device, which wakes us
            async with asyncio.timeout(max(1.0, min(seconds, 60.0))):
                await self._changed.wait()
        except TimeoutError:
            return

    async def _forget(self) -> None:
        try:
            if self._has_orphans:
                stored = await self._checks.all()
                mine = {key for key, entry in stored.items() if entry.value.site == self._site}
                self._forgotten |= mine - set(self._turns)
                self._has_orphans = False
            for key in list(self._forgotten):
                await self._checks.delete(key)
                self._forgotten.discard(key)
        except BusError as error:
            log.warning("footage.bus_away", reason=str(error))

    async def _take(self, turn: _Turn) -> None:
        """One turn; whatever happens, the camera gets its next one."""
        is_wanted = turn.is_wanted
        # who wants another listing while this one runs sets them anew
        turn.is_wanted, turn.due = False, math.inf
        wait = float(turn.camera.footage_check_seconds)
        try:
            turn.check = turn.check or await self._stored_check(turn.camera)
            rest = 0.0 if is_wanted else self._seconds_left(turn)
            failure = None if rest else await self._listing(turn)
            if failure in PASSING:
                wait = min(wait, SOON_SECONDS)
            wait = rest or wait
        except BusError as error:
            # nothing is lost: what was not noted is listed again
            log.warning("footage.bus_away", camera_id=turn.camera.camera_id, reason=str(error))
            wait = min(wait, SOON_SECONDS)
        finally:
            later = _monotonic() + wait * random.uniform(0.9, 1.0)  # noqa: S311 - spreading
            turn.due = min(turn.due, later)

    def _seconds_left(self, turn: _Turn) -> float:
        """Return how long the last listing, perhaps another instance's, is still good for."""
        check = turn.check
        if check is None or check.is_running or check.failure or check.checked_at is None:
            return 0.0
        age = seconds_between(check.checked_at, self._now())
        wait = turn.camera.footage_check_seconds
        # not all of it: turns come a little early, so that cameras do not stay in step
        return wait - age if 0 <= age < 0.85 * wait else 0.0

    # One listing

    async def _listing(self, turn: _Turn) -> FailureReason | None:
        camera = turn.camera
        device = self._find_device(camera.device_id or "")
        if device is None:
            return None
        outcome: FailureReason | None = None
        try:
            with metrics.LISTING_SECONDS.time():
                await self._list(turn, device)
        except DeviceError as error:
            outcome = error.reason
            log.warning("footage.not_listed", camera_id=camera.camera_id, reason=error.reason)
            if error.reason in PASSING:
                await device.forget_connection()
            await self._tell(turn, is_running=False, failure=error.failure)
        except BusError:
            raise
        except Exception as error:  # noqa: BLE001 - one camera's fault must not end the others
            outcome = FailureReason.INTERNAL
            failure = internal_failure("footage.listing_failed", error)
            await self._tell(turn, is_running=False, failure=failure)
        metrics.LISTINGS.labels(outcome or "complete").inc()
        return outcome

    async def _list(self, turn: _Turn, device: ListedDevice) -> None:
        device_now = await self._device_now(device)
        work = plan(turn.check, device_now=device_now, now=self._now(), lookback=self._lookback)
        total = len(work.windows)
        await self._tell(turn, is_running=True, days_done=0, days_total=total, announced=0)
        announced = held_back = 0
        for number, window in enumerate(work.windows):
            files = await self._files(turn.camera, device, window)
            done = turn.settling.finished(files, device_now=device_now, reaches_now=number == 0)
            held_back += len(files) - len(done)
            announced += await self._announce(turn.camera, device, done)
            await self._tell(turn, days_done=number + 1, announced=announced, held_back=held_back)
        now = self._now()
        assert turn.check is not None
        await self._tell(
            turn,
            is_running=False,
            checked_at=now,
            full_at=now if work.is_full else turn.check.full_at,
            listed_until=listed_until(device_now, turn.settling.held_from),
            failure=None,
        )

    async def _device_now(self, device: ListedDevice) -> datetime:
        async with device.use() as driver:
            if Capability.LIST_FOOTAGE not in driver.capabilities:
                raise DeviceError(FailureReason.UNSUPPORTED, "it does not list stored footage")
        return self._now() + timedelta(seconds=_offset(device))

    async def _files(
        self, camera: CameraConfig, device: ListedDevice, window: Window
    ) -> tuple[FootageFile, ...]:
        """Return what the device holds in the window: its main stream, or else its small one."""
        assert camera.channel is not None
        async with device.use() as driver:
            files = await driver.list_footage(camera.channel, "main", window)
            if not files:
                files = await driver.list_footage(camera.channel, "sub", window)
        return files

    async def _announce(
        self, camera: CameraConfig, device: ListedDevice, files: list[FootageFile]
    ) -> int:
        fresh = await self._ledger.unknown(camera, files)
        for day, found in fresh.items():
            for file in found:
                event = StoredFootageFound.of(
                    file,
                    camera_id=camera.camera_id,
                    site=camera.site,
                    device_id=device.config.device_id,
                    clock_offset_seconds=_offset(device),
                    found_at=self._now(),
                )
                await self._bus.publish(event)
                metrics.FOOTAGE_FOUND.inc()
            await self._ledger.note(camera, day, found)
        count = sum(len(found) for found in fresh.values())
        if count:
            log.info("footage.found", camera_id=camera.camera_id, files=count)
        return count

    # What is told of it

    async def _stored_check(self, camera: CameraConfig) -> FootageCheck | None:
        try:
            entry = await self._checks.get(camera_key(camera.site, camera.camera_id))
        except InvalidPayload:
            return None
        if entry is None or entry.value.device_id != camera.device_id:
            return None
        return entry.value

    async def _tell(self, turn: _Turn, **changes: object) -> None:
        camera = turn.camera
        assert camera.device_id is not None
        check = turn.check or FootageCheck(
            camera_id=camera.camera_id, site=camera.site, device_id=camera.device_id
        )
        turn.check = check.model_copy(update=changes)
        await self._checks.put(turn.key, turn.check)


def _offset(device: ListedDevice) -> float:
    return device.clock.offset_seconds if device.clock else 0.0


def _monotonic() -> float:
    return asyncio.get_running_loop().time()
