"""One discovery instance of a site leads: it alone watches the registered devices and cameras."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from libs.bus.client import Bus
from libs.bus.errors import BusError, LeaseLost
from libs.contracts.devices import DiscoveryLeader
from services.discovery import metrics

log = structlog.get_logger()

_RELEASE_SECONDS = 1.0


class Leadership:
    """Holds the lease while the work runs, and ends the work when the lease is lost."""

    def __init__(self, bus: Bus, *, site: str, instance: str, ttl_seconds: int) -> None:
        self._leases = bus.leases(DiscoveryLeader, ttl_seconds=ttl_seconds)
        self._site = site
        self._me = DiscoveryLeader(instance=instance)
        self._pause_seconds = ttl_seconds / 3

    async def run(self, work: Callable[[], Awaitable[None]]) -> None:
        """Lead whenever nobody else does, until cancelled; `work` runs while this leads."""
        while True:
            revision = await self._acquire()
            if revision is not None:
                await self._lead(revision, work)
            await asyncio.sleep(self._pause_seconds)

    async def _acquire(self) -> int | None:
        try:
            return await self._leases.acquire(self._site, self._me)
        except BusError as error:
            log.warning("leader.not_known", reason=str(error))
            return None

    async def _lead(self, revision: int, work: Callable[[], Awaitable[None]]) -> None:
        log.info("leader.elected", instance=self._me.instance)
        metrics.LEADS.set(1)
        lease = _Lease(revision)
        try:
            async with asyncio.TaskGroup() as group:
                holding = group.create_task(self._hold(lease), name="leader-lease")
                working = group.create_task(_carry(work), name="leader-work")
                await asyncio.wait({holding, working}, return_when=asyncio.FIRST_COMPLETED)
                holding.cancel()
                working.cancel()
        finally:
            metrics.LEADS.set(0)
            log.info("leader.stepped_down", instance=self._me.instance)
            if lease.is_held:
                await self._release(lease)

    async def _hold(self, lease: "_Lease") -> None:
        """Renew until somebody else has it; while the bus is away nobody knows: work goes on."""
        while True:
            await asyncio.sleep(self._pause_seconds)
            try:
                lease.revision = await self._leases.renew(self._site, self._me, lease.revision)
            except LeaseLost:
                lease.is_held = False
                return
            except BusError as error:
                log.warning("leader.not_renewed", reason=str(error))

    async def _release(self, lease: "_Lease") -> None:
        """Let another instance take over at once; it would come by itself after the TTL."""
        try:
            async with asyncio.timeout(_RELEASE_SECONDS):
                await self._leases.release(self._site, lease.revision)
        except (BusError, TimeoutError) as error:
            log.warning("leader.not_released", reason=str(error))


class _Lease:
    def __init__(self, revision: int) -> None:
        self.revision = revision
        self.is_held = True


async def _carry(work: Callable[[], Awaitable[None]]) -> None:
    """Work; what goes wrong there is begun anew, here or at another instance."""
    try:
        await work()
    except Exception as error:
        log.exception("leader.work_failed", error=type(error).__name__)
