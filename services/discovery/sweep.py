"""Which ports of which addresses accept a TCP connection."""

import asyncio
import contextlib
import errno
from collections.abc import Callable, Sequence

import structlog

from services.discovery import metrics

log = structlog.get_logger()

_OUT_OF_SOCKETS = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.EADDRNOTAVAIL})
_TRIES_WITHOUT_SOCKETS = 3


class Sweeper:
    """Connects and closes again; all scans of this instance share its limit of sockets."""

    def __init__(self, *, concurrency: int, connect_seconds: float) -> None:
        self._slots = asyncio.Semaphore(concurrency)
        self._connect_seconds = connect_seconds
        self.concurrency = concurrency

    async def open_ports(
        self, host: str, ports: Sequence[int], on_checked: Callable[[], None]
    ) -> tuple[int, ...]:
        """Return the ports that accept a connection, in the given order; raises nothing.

        Takes about `connect_seconds`, besides waiting for free sockets.
        """

        async def check(port: int) -> bool:
            async with self._slots:
                is_open = await self._is_open(host, port)
            on_checked()
            return is_open

        found = await asyncio.gather(*(check(port) for port in ports))
        return tuple(port for port, is_open in zip(ports, found, strict=True) if is_open)

    async def _is_open(self, host: str, port: int) -> bool:
        for attempt in range(_TRIES_WITHOUT_SOCKETS):
            try:
                async with asyncio.timeout(self._connect_seconds):
                    _, writer = await asyncio.open_connection(host, port)
            except OSError as error:  # a TimeoutError too
                if error.errno not in _OUT_OF_SOCKETS:
                    return False
                metrics.OUT_OF_SOCKETS.inc()
                await asyncio.sleep(0.2 * (attempt + 1))
                continue
            # no goodbye is awaited: a peer that never closes must not hold a slot
            writer.transport.abort()
            with contextlib.suppress(OSError):
                await writer.wait_closed()
            return True
        log.warning("scan.sockets_exhausted", host=host, port=port)
        return False
