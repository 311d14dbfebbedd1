"""Says on the bus that a rendition is watched, for as long as it is."""

import asyncio
import contextlib

import structlog

from libs.bus.client import Bus
from libs.bus.errors import BusError, BusUnavailable, LeaseLost
from libs.contracts.live import Demand

log = structlog.get_logger()

RETRY_SECONDS = 0.5
RELEASE_SECONDS = 2.0


async def hold_demand(bus: Bus, demand: Demand, *, ttl_seconds: float) -> None:
    """Hold the demand until cancelled, over any outage of the bus; then give it up at once."""
    # leases of its own: a follower of the same key must not be taken for this one
    leases = bus.leases(Demand, ttl_seconds=int(ttl_seconds))
    revision: int | None = None
    try:
        while True:
            try:
                if revision is None:
                    revision = await leases.acquire(demand.key, demand)
                else:
                    revision = await leases.renew(demand.key, demand, revision)
            except LeaseLost:
                revision = None
            except BusUnavailable as error:
                log.warning("demand.not_renewed", key=demand.key, reason=str(error))
                await asyncio.sleep(RETRY_SECONDS)
                continue
            await asyncio.sleep(RETRY_SECONDS if revision is None else ttl_seconds / 3)
    finally:
        if revision is not None:
            with contextlib.suppress(TimeoutError, BusError):
                async with asyncio.timeout(RELEASE_SECONDS):
                    await leases.release(demand.key, revision)
