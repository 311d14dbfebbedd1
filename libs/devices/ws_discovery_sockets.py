"""UDP for WS-Discovery: one socket for each interface, and a bounded queue of what they receive."""

import asyncio
import contextlib
import socket
import struct
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Self

from libs.contracts.devices import FailureReason
from libs.devices.errors import DeviceError

GROUP: Final = "239.255.255.250"
PORT: Final = 3702

_MULTICAST_ALL = 49
"""Linux' IP_MULTICAST_ALL: with 0 a socket gets only what its own interface received."""
_MAX_WAITING = 1000


@dataclass(frozen=True, slots=True)
class Datagram:
    """A datagram and the address that it came from."""

    content: bytes
    from_host: str


class Mailbox(asyncio.DatagramProtocol):
    """What has been received and not been read; the newest are dropped when it is full."""

    def __init__(self, on_dropped: Callable[[], None]) -> None:
        self._waiting: deque[Datagram] = deque()
        self._arrived = asyncio.Event()
        self._on_dropped = on_dropped

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if len(self._waiting) >= _MAX_WAITING:
            self._on_dropped()
            return
        self._waiting.append(Datagram(data, addr[0]))
        self._arrived.set()

    async def next(self, *, until: float | None = None) -> Datagram | None:
        """Return the next datagram; None at the time `until` of the event loop's clock."""
        while not self._waiting:
            self._arrived.clear()
            try:
                async with asyncio.timeout_at(until):
                    await self._arrived.wait()
            except TimeoutError:
                return None
        # whoever floods us must not keep everything else from running
        await asyncio.sleep(0)
        return self._waiting.popleft()


class Sockets:
    """The open sockets; an async context manager that closes them."""

    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox
        self._transports: list[asyncio.DatagramTransport] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        for transport in self._transports:
            transport.close()
        # the transports close their sockets in the next turn of the loop
        await asyncio.sleep(0)

    async def open_all(
        self, interfaces: Sequence[str], make: Callable[[str], socket.socket]
    ) -> None:
        """Open one socket for each interface that can be used.

        Raises DeviceError(UNREACHABLE) when none can: an interface may be down for a while.
        """
        for interface in interfaces:
            with contextlib.suppress(OSError):
                await self._open(make(interface))
        if not self._transports:
            raise DeviceError(FailureReason.UNREACHABLE, "no network interface can be used")

    def send(self, content: bytes, host: str, port: int) -> None:
        """Send from every socket; what the network refuses is lost, as datagrams are."""
        for transport in self._transports:
            if not transport.is_closing():
                transport.sendto(content, (host, port))

    async def _open(self, opened: socket.socket) -> None:
        with contextlib.ExitStack() as stack:
            stack.callback(opened.close)
            transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
                lambda: self._mailbox, sock=opened
            )
            stack.pop_all()
        self._transports.append(transport)


def probing_socket(interface: str) -> socket.socket:
    """Send to the group by this interface, and receive the answers on a port of its own."""
    opened = _udp_socket()
    with _closed_on_error(opened):
        opened.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(interface))
        opened.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 1)
        opened.bind((interface, 0))
    return opened


def asking_socket(_: str) -> socket.socket:
    """Send to one host, by whatever way leads there."""
    opened = _udp_socket()
    with _closed_on_error(opened):
        opened.bind(("", 0))
    return opened


def listening_socket(interface: str, port: int) -> socket.socket:
    """Receive what is sent to the group on this interface, beside others on this machine."""
    opened = _udp_socket()
    with _closed_on_error(opened):
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        opened.setsockopt(socket.IPPROTO_IP, _MULTICAST_ALL, 0)
        opened.bind((GROUP, port))
        membership = struct.pack("4s4s", socket.inet_aton(GROUP), socket.inet_aton(interface))
        opened.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, membership)
    return opened


def _udp_socket() -> socket.socket:
    opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    opened.setblocking(False)
    return opened


@contextlib.contextmanager
def _closed_on_error(opened: socket.socket) -> Iterator[None]:
    try:
        yield
    except BaseException:
        opened.close()
        raise
