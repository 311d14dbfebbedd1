"""How a service says that it runs: its state in the bucket `services`, renewed and taken away."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime

import structlog

from libs.bus.client import Bus
from libs.bus.errors import BusError
from libs.bus.topology import MARKER_TTL_SECONDS
from libs.contracts.presence import Figure, ServiceState
from libs.runtime.service import supervise
from libs.runtime.version import VERSION

log = structlog.get_logger()

REPORT_SECONDS = 10.0
KEPT_SECONDS = 86_400
"""How long the word of a process that ended without saying so is kept."""
LEAVE_SECONDS = 1.0

Figures = Callable[[], Awaitable[Sequence[Figure]]]
"""What a service tells of itself now; OSError when it cannot find out."""


class PresenceReport:
    """Reports one process for as long as `run` runs."""

    def __init__(
        self,
        bus: Bus,
        *,
        service: str,
        instance: str,
        figures: Figures,
        started_at: datetime | None = None,
    ) -> None:
        self._bucket = bus.kv(ServiceState)
        self._figures = figures
        self._state = ServiceState(
            service=service,
            instance=instance,
            version=VERSION,
            started_at=started_at or datetime.now(UTC),
            seen_at=datetime.now(UTC),
        )

    async def run(self) -> None:
        """Report every ten seconds until cancelled, then take the report away."""
        try:
            await supervise("presence", self._report_forever, max_delay_seconds=REPORT_SECONDS)
        finally:
            # Without a bus it stays, and the process is shown as silent until the next start.
            with contextlib.suppress(BusError, TimeoutError):
                async with asyncio.timeout(LEAVE_SECONDS):
                    await self._bucket.delete(
                        self._state.key, marker_ttl_seconds=MARKER_TTL_SECONDS
                    )

    async def _report_forever(self) -> None:
        while True:
            # While the bus is away its connection says so; the next report comes soon.
            with contextlib.suppress(BusError):
                await self._report()
            await asyncio.sleep(REPORT_SECONDS)

    async def _report(self) -> None:
        try:
            figures = tuple(await self._figures())
        except OSError as error:
            log.warning("presence.figures_missing", reason=str(error))
            figures = ()
        state = self._state.model_copy(update={"seen_at": datetime.now(UTC), "figures": figures})
        await self._bucket.put(state.key, state, ttl_seconds=KEPT_SECONDS)
