"""Which ports of which addresses accept a TCP connection."""

import asyncio
import errno
import socket
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
        """Return the ports of this IP address that accept a connection, in order; raises nothing.

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
                return await self._connects(host, port)
            except OSError as error:
                if error.errno not in _OUT_OF_SOCKETS:
                    return False
                metrics.OUT_OF_SOCKETS.inc()
                await asyncio.sleep(0.2 * (attempt + 1))
        log.warning("scan.sockets_exhausted", host=host, port=port)
        return False

    async def _connects(self, host: str, port: int) -> bool:
        """Whether the port accepts in time; OSError when it refuses or there is no socket."""
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST
        )[0]
        with socket.socket(family, kind, protocol) as connection:
            connection.setblocking(False)
            try:
                async with asyncio.timeout(self._connect_seconds):
                    await asyncio.get_running_loop().sock_connect(connection, address)
            except TimeoutError:
                # a busy machine may not have let us see what the kernel has long known
                return _is_connected(connection)
        return True


def _is_connected(connection: socket.socket) -> bool:
    try:
        connection.getpeername()
    except OSError:
        return False
    return True
