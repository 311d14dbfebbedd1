"""What the leading instance does: devices, camera health, stored footage, and its own asks."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing
from typing import Protocol

from libs.bus.asks import AskHandler
from libs.bus.client import Bus
from libs.bus.keyvalue import ChangeKind
from libs.contracts.asks import Accepted, RetryLogin, SyncFootage
from libs.contracts.cameras import CameraConfig
from libs.contracts.devices import FailureReason
from libs.devices.errors import DeviceError
from libs.runtime.service import supervise
from services.discovery.announcements import Announcements
from services.discovery.devices import DeviceRegistry
from services.discovery.health import HealthWatch
from services.discovery.listing import FootageLister


class CameraListener(Protocol):
    """Hears of the cameras of the site."""

    def camera_changed(self, camera: CameraConfig) -> None: ...

    def camera_removed(self, key: str) -> None: ...

    def cameras_complete(self) -> None: ...


class SiteWatch:
    """Built anew each time that this instance begins to lead."""

    def __init__(
        self,
        bus: Bus,
        *,
        site: str,
        registry: DeviceRegistry,
        health: HealthWatch,
        lister: FootageLister,
        announcements: Announcements,
    ) -> None:
        self._bus = bus
        self._site = site
        self._configs = bus.kv(CameraConfig)
        self.registry = registry
        self.health = health
        self._lister = lister
        self._announcements = announcements
        self._listeners: Sequence[CameraListener] = (health, lister)
        registry.subscribe(lister)

    async def run(self) -> None:
        """Watch until cancelled."""
        await self.health.load()
        jobs: dict[str, Callable[[], Awaitable[None]]] = {
            "devices": self.registry.run,
            "health": self.health.run,
            "footage": self._lister.run,
            "announcements": self._announcements.run,
            "cameras": self._follow_cameras,
            "leader-asks": lambda: supervise("leader-asks", self._answer),
        }
        async with asyncio.TaskGroup() as group:
            for name, job in jobs.items():
                group.create_task(_run(job), name=name)

    async def _answer(self) -> None:
        """Only the leader takes these, so that they reach the instance that can act on them."""
        handlers: dict[type, AskHandler] = {
            SyncFootage: self.sync_footage,
            RetryLogin: self.retry_login,
        }
        await self._bus.answer(handlers, site=self._site)

    async def sync_footage(self, ask: SyncFootage) -> Accepted:
        """List a device's footage now."""
        failure = self._unknown(ask)
        if failure is None and not self._lister.request(ask.device_id, ask.camera_id):
            failure = DeviceError(
                FailureReason.NOT_FOUND, "no camera of this device lists stored footage"
            )
        return Accepted(failure=failure.failure if failure else None)

    async def retry_login(self, ask: RetryLogin) -> Accepted:
        """Close a device's circuit breaker, and look at the device at once."""
        failure = self._unknown(ask)
        if failure is not None:
            return Accepted(failure=failure.failure)
        handle = self.registry.find(ask.device_id)
        assert handle is not None
        handle.retry_login()
        self._lister.device_changed(ask.device_id)
        return Accepted()

    def _unknown(self, ask: SyncFootage | RetryLogin) -> DeviceError | None:
        if ask.site == self._site and self.registry.find(ask.device_id) is not None:
            return None
        return DeviceError(FailureReason.NOT_FOUND, f"device {ask.device_id} is not registered")

    async def _follow_cameras(self) -> None:
        async with aclosing(self._configs.watch()) as changes:
            async for change in changes:
                if change.kind is ChangeKind.SNAPSHOT_DONE:
                    for listener in self._listeners:
                        listener.cameras_complete()
                elif change.value is not None:
                    if change.value.site == self._site:
                        for listener in self._listeners:
                            listener.camera_changed(change.value)
                elif change.kind is ChangeKind.DELETED:
                    for listener in self._listeners:
                        listener.camera_removed(change.key)


async def _run(job: Callable[[], Awaitable[None]]) -> None:
    await job()
