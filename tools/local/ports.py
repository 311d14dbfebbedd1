"""Ports of the local servers: fixed ones that are checked first, or free ones for tests."""

import asyncio
import errno
import random
import socket
import time
from dataclasses import dataclass

LOOPBACK = "127.0.0.1"
# Below the range from which the kernel takes ports for outgoing connections, so that no client
# can sit on a port between its choice and its use.
FREE_RANGE = range(20_000, 30_000)
_handed_out: set[int] = set()


class PortBusy(Exception):
    """Something else listens on a port that a server needs."""

    def __init__(self, port: int, *, wanted_by: str, setting: str) -> None:
        super().__init__(
            f"port {port} on {LOOPBACK} is in use, but {wanted_by} needs it; "
            f"stop the other program or choose another port with {setting}"
        )
        self.port = port


@dataclass(frozen=True)
class Ports:
    """Where the servers listen, all on loopback."""

    nats: int = 14222
    postgres: int = 15432
    s3: int = 19000
    s3_metrics: int = 19567


def free_ports() -> Ports:
    """Four ports that nobody listens on now."""
    return Ports(nats=free_port(), postgres=free_port(), s3=free_port(), s3_metrics=free_port())


def free_port() -> int:
    """A port that nobody listens on now and that this process did not hand out before."""
    for _ in range(1000):
        port = random.choice(FREE_RANGE)
        if port not in _handed_out and is_free(port):
            _handed_out.add(port)
            return port
    raise OSError(errno.EADDRINUSE, "found no free port in 1000 attempts")


def is_free(port: int) -> bool:
    """Whether nobody listens; raises PermissionError where this account may not."""
    with socket.socket() as probe:
        # Connections of an earlier run that linger in TIME_WAIT do not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return False
            raise
        return True


async def ensure_free(port: int, *, wanted_by: str, setting: str, patience: float = 3.0) -> None:
    """Raise PortBusy when the port stays taken, PermissionError when only root may have it.

    Waits `patience` seconds first: the servers of a killed launcher need a moment to end.
    """
    deadline = time.monotonic() + patience
    try:
        while not is_free(port):
            if time.monotonic() > deadline:
                raise PortBusy(port, wanted_by=wanted_by, setting=setting)
            await asyncio.sleep(0.05)
    except PermissionError as error:
        raise PermissionError(
            f"this account may not listen on port {port}, which {wanted_by} needs; "
            f"choose another port with {setting}"
        ) from error
