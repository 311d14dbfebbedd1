"""What the api tells of itself: who follows it, and what of that which it needs answers."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Protocol

from libs.contracts.presence import Figure, ServiceState
from libs.runtime.version import VERSION
from libs.storage.errors import StorageError
from libs.storage.store import ObjectStore

STORE_CHECK_SECONDS = 10.0
STORE_TIMEOUT_SECONDS = 5.0


class Watched(Protocol):
    """Something the api needs, looked at from time to time."""

    @property
    def problem(self) -> str | None:
        """What is wrong; None when it answers."""
        ...


class StoreWatch:
    """Keeps an eye on the object store, which playback needs."""

    def __init__(self) -> None:
        self.problem: str | None = "not asked yet"

    async def run(self, store: ObjectStore) -> None:
        """Ask every few seconds until cancelled."""
        while True:
            try:
                async with asyncio.timeout(STORE_TIMEOUT_SECONDS):
                    await store.check()
                self.problem = None
            except (StorageError, TimeoutError) as error:
                self.problem = f"{type(error).__name__}: {error}"
            await asyncio.sleep(STORE_CHECK_SECONDS)


class OwnState:
    """This process, as it is shown among the services; also while the bus is away."""

    def __init__(
        self,
        instance: str,
        *,
        now: Callable[[], datetime],
        database: Watched,
        store: Watched,
        is_bus_up: Callable[[], bool],
        event_clients: Callable[[], int],
    ) -> None:
        self._instance = instance
        self._now = now
        self._database = database
        self._store = store
        self._is_bus_up = is_bus_up
        self._event_clients = event_clients
        self.started_at = datetime.now(UTC)

    async def figures(self) -> Sequence[Figure]:
        """Return the numbers of now; never waits."""
        return (
            Figure(name="event_clients", label="Open event streams", value=self._event_clients()),
            _answers("database", "Database answers", is_up=self._database.problem is None),
            _answers("object_store", "Object store answers", is_up=self._store.problem is None),
            _answers("bus", "Bus answers", is_up=self._is_bus_up()),
        )

    async def state(self) -> ServiceState:
        """Return the whole."""
        return ServiceState(
            service="api",
            instance=self._instance,
            version=VERSION,
            started_at=self.started_at,
            seen_at=self._now(),
            figures=tuple(await self.figures()),
        )


def _answers(name: str, label: str, *, is_up: bool) -> Figure:
    return Figure(name=name, label=label, value=float(is_up), unit="yes_no")
