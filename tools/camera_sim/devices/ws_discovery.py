"""Simulated devices answer WS-Discovery (the edition of 2005/04 that ONVIF Core 7 uses)."""

import asyncio
import contextlib
import random
import socket
import struct
from collections.abc import Collection
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Protocol, Self

from tools.camera_sim.devices.faults import DeviceFaults
from tools.camera_sim.devices.spec import DeviceSpec
from tools.camera_sim.devices.ws_discovery_messages import (
    Announced,
    Query,
    announcement,
    matches,
    read_query,
)

GROUP: Final = "239.255.255.250"
PORT: Final = 3702
_IP_MULTICAST_ALL: Final = 49
"""Linux: 0 keeps out what arrives at interfaces that other sockets have joined."""
_MAX_PENDING: Final = 1000

_GARBAGE: Final = (
    b"\x00\xff\xfe not XML",
    b"<?xml version='1.0'?><Envelope><Body>",
    b"<!DOCTYPE a [<!ENTITY b 'bbbbbbbb'><!ENTITY c '&b;&b;&b;&b;'>]><a>&c;&c;&c;</a>",
    b"<" * 60_000,
)

Address = tuple[str, int]


class DiscoverableDevice(Protocol):
    """What WS-Discovery tells of a device."""

    @property
    def spec(self) -> DeviceSpec: ...
    @property
    def faults(self) -> DeviceFaults: ...
    @property
    def port(self) -> int: ...


@dataclass(slots=True)
class DiscoveryFaults:
    """What is wrong with the answers; each may change while the responder runs."""

    max_delay_seconds: float = 0.5
    """An answer is put off by a random time up to this (ONVIF Core 7.3: 500 ms)."""
    copies: int = 1
    """How often each answer is sent."""
    wrong_relates_to: bool = False
    """Answers name a message that nobody sent."""
    strips_urn: bool = False
    """RelatesTo loses the `urn:` of the message's name, as some devices do."""
    garbage: bool = False
    """Datagrams that make no sense come before each answer."""
    is_silent: bool = False
    """Asked or not, nothing is sent, Hello and Bye included."""
    extra_addresses: tuple[str, ...] = ()
    """More XAddrs behind the right one; nobody answers there."""


class DiscoveryResponder:
    """Several devices on one UDP port: multicast on one interface, and unicast at its address.

    An async context manager: Hello at the start, Bye at the end. Never sends beyond `interface`.
    """

    def __init__(
        self,
        devices: Collection[DiscoverableDevice],
        interface: str = "127.0.0.1",
        *,
        port: int = PORT,
        faults: DiscoveryFaults | None = None,
    ) -> None:
        self.devices = list(devices)
        self.faults = faults or DiscoveryFaults()
        self.port = port
        self.queries: list[Query] = []
        """The last messages that made sense, in order."""
        self.ignored = 0
        """Datagrams that did not."""
        self._interface = interface
        self._transports: list[asyncio.DatagramTransport] = []
        self._pending: set[asyncio.Task[None]] = set()
        self._sequence = 0

    async def __aenter__(self) -> Self:
        await self.listen()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    async def listen(self) -> None:
        """Open the port and say Hello."""
        with contextlib.ExitStack() as stack:
            unicast = stack.enter_context(_unicast_socket(self._interface, self.port))
            self.port = unicast.getsockname()[1]
            multicast = stack.enter_context(_multicast_socket(self._interface, self.port))
            loop = asyncio.get_running_loop()
            for opened in (unicast, multicast):
                transport, _ = await loop.create_datagram_endpoint(
                    lambda: _Protocol(self), sock=opened
                )
                self._transports.append(transport)
            stack.pop_all()
        self._announce("Hello")

    async def close(self) -> None:
        """Say Bye and close the port; answers on their way are lost."""
        for task in self._pending:
            task.cancel()
        if self._pending:
            await asyncio.wait(self._pending)
        self._announce("Bye")
        for transport in self._transports:
            transport.close()
        self._transports.clear()
        await asyncio.sleep(0)  # the transports close their sockets in the next turn

    def received(self, data: bytes, sender: Address) -> None:
        """Answer a Probe or Resolve from every device that it is meant for."""
        if sender == (self._interface, self.port):
            return  # its own Hello comes back
        query = read_query(data)
        if query is None:
            self.ignored += 1
            return
        self.queries = [*self.queries[-999:], query]
        if self.faults.is_silent or len(self._pending) > _MAX_PENDING:
            return
        for device in self.devices:
            announced = self._announced(device)
            if query.asks_for(announced):
                task = asyncio.create_task(self._answer(query, announced, sender))
                self._pending.add(task)
                task.add_done_callback(self._pending.discard)

    async def _answer(self, query: Query, announced: Announced, sender: Address) -> None:
        await asyncio.sleep(random.uniform(0, self.faults.max_delay_seconds))
        self._sequence += 1
        relates_to = query.message_id
        if self.faults.wrong_relates_to:
            relates_to = "urn:uuid:00000000-dead-4000-8000-000000000000"
        elif self.faults.strips_urn:
            relates_to = relates_to.removeprefix("urn:")
        answer = matches(query, announced, relates_to, self._sequence)
        for datagram in _GARBAGE if self.faults.garbage else ():
            self._send(datagram, sender)
        for _ in range(self.faults.copies):
            self._send(answer, sender)

    def _announce(self, action: str) -> None:
        if self.faults.is_silent:
            return
        for device in self.devices:
            self._sequence += 1
            message = announcement(action, self._announced(device), self._sequence)
            self._send(message, (GROUP, self.port))

    def _send(self, data: bytes, to: Address) -> None:
        if self._transports and not self._transports[0].is_closing():
            self._transports[0].sendto(data, to)

    def _announced(self, device: DiscoverableDevice) -> Announced:
        host = device.faults.nat_host or "127.0.0.1"
        return Announced.of(
            device.spec,
            (f"http://{host}:{device.port}/onvif/device_service", *self.faults.extra_addresses),
            device.faults.missing_services,
        )


class _Protocol(asyncio.DatagramProtocol):
    def __init__(self, responder: DiscoveryResponder) -> None:
        self._responder = responder

    def datagram_received(self, data: bytes, addr: Address) -> None:
        self._responder.received(data, addr)


def _unicast_socket(interface: str, port: int) -> socket.socket:
    """Receive what is sent to the interface's own address; all sending goes out here."""
    opened = _udp_socket()
    opened.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(interface))
    opened.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 1)
    opened.bind((interface, port))
    return opened


def _multicast_socket(interface: str, port: int) -> socket.socket:
    """Receive what is sent to the group on that interface, and nothing else."""
    opened = _udp_socket()
    opened.setsockopt(socket.IPPROTO_IP, _IP_MULTICAST_ALL, 0)
    opened.bind((GROUP, port))
    membership = struct.pack("4s4s", socket.inet_aton(GROUP), socket.inet_aton(interface))
    opened.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, membership)
    return opened


def _udp_socket() -> socket.socket:
    opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    opened.setblocking(False)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    return opened
