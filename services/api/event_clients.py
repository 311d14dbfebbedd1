"""Who follows live events: a bounded queue for each, and how many there may be."""

import asyncio
import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus

from libs.web.problems import Problem, unavailable
from services.api import metrics
from services.api.access import Permission, Principal

MOST_AT_ONCE = 500
MOST_PER_PRINCIPAL = 20
MOST_WAITING = 4096
"""Events that a client may leave waiting; all clients share their bytes."""
RETRY_SECONDS = 15


@dataclass(frozen=True)
class Told:
    """One event, ready to be sent."""

    text: bytes
    cameras: frozenset[str]
    """Ids of the cameras that it is about: who sees none of them is not told."""
    needs: Permission
    """What whoever is told must be allowed."""


class Client:
    """One connection that follows events. Where it takes them too slowly, it is cut."""

    def __init__(self, principal: Principal) -> None:
        self.principal = principal
        """Who follows; replaced when rights changed."""
        self.is_over = False
        """Whether nothing will come any more."""
        self._waiting: list[bytes] = []
        self._something = asyncio.Event()

    def offer(self, told: Told) -> None:
        """Queue an event if it may be known; a client that lets too many wait is cut."""
        if self.is_over or not self._may_know(told):
            return
        if len(self._waiting) >= MOST_WAITING:
            metrics.EVENT_CLIENTS_CUT.inc()
            self.end()
            return
        self._waiting.append(told.text)
        self._something.set()

    def end(self) -> None:
        """Tell nothing more."""
        self.is_over = True
        self._waiting.clear()
        self._something.set()

    def _may_know(self, told: Told) -> bool:
        return self.principal.may(told.needs) and bool(self.principal.visible(told.cameras))

    async def take(self, wait_seconds: float) -> bytes:
        """Return everything that waits as soon as there is something; empty when the time is over.

        Empty, too, when the client is to leave.
        """
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(wait_seconds):
                await self._something.wait()
        if not self.is_over:
            self._something.clear()
        taken, self._waiting = b"".join(self._waiting), []
        return taken


class Clients:
    """Everybody who follows events at this instance."""

    def __init__(self) -> None:
        self._clients: set[Client] = set()
        self._is_closed = False

    def __len__(self) -> int:
        return len(self._clients)

    @contextlib.contextmanager
    def one(self, principal: Principal) -> Iterator[Client]:
        """Let somebody follow; raises Problem 503 or 429 where there is no place."""
        self._check_room(principal)
        client = Client(principal)
        self._clients.add(client)
        metrics.EVENT_CLIENTS.set(len(self._clients))
        try:
            yield client
        finally:
            client.end()
            self._clients.discard(client)
            metrics.EVENT_CLIENTS.set(len(self._clients))

    def tell(self, told: Told) -> None:
        """Tell everybody who may know it."""
        for client in tuple(self._clients):
            client.offer(told)
            if client.is_over:
                # It may hang in a connection that takes nothing; its place is free at once.
                self._clients.discard(client)

    def close(self) -> None:
        """Send everybody away, take nobody new."""
        self._is_closed = True
        for client in self._clients:
            client.end()

    def _check_room(self, principal: Principal) -> None:
        if self._is_closed:
            raise unavailable("the server stops; come again in a moment")
        if len(self._clients) >= MOST_AT_ONCE:
            raise unavailable(
                "too many clients follow events; try again later, or ask for the status itself",
                retry_after_seconds=RETRY_SECONDS,
            )
        who = (principal.kind, principal.id)
        own = sum((each.principal.kind, each.principal.id) == who for each in self._clients)
        if own >= MOST_PER_PRINCIPAL:
            raise Problem(
                HTTPStatus.TOO_MANY_REQUESTS,
                f"you follow events {own} times already; close one, or other tabs",
                headers={"Retry-After": str(RETRY_SECONDS)},
            )
