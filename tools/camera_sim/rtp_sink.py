"""The two ways of RTP to a client: inside its RTSP connection, or as datagrams."""

import asyncio
from collections import deque
from typing import Final, Protocol

from tools.camera_sim.rtp_track import FRAMING

_MAX_BACKLOG_BYTES: Final = 4 << 20
_MAX_BACKLOG_DATAGRAMS: Final = 3000
# a keyframe sent at once would overrun the receive buffer that the kernel gives a client
_DATAGRAMS_AT_ONCE: Final = 24
_PAUSE_SECONDS: Final = 0.001

Address = tuple[str, int]


class RtpSink(Protocol):
    """Where one track of one session goes."""

    channel: int

    def is_blocked(self) -> bool:
        """Whether the client reads too slowly for another picture."""

    def send_packets(self, packets: bytearray, offsets: tuple[int, ...]) -> None:
        """Takes stamped, framed packets."""

    def send_report(self, report: bytes) -> None:
        """Takes one compound RTCP packet."""

    def close(self) -> None:
        """Forgets what is not sent yet."""


class TcpSink:
    """Interleaved with the RTSP answers (RFC 2326 10.12)."""

    def __init__(self, transport: asyncio.WriteTransport, channel: int) -> None:
        self.channel = channel
        self._transport = transport

    def is_blocked(self) -> bool:
        return self._transport.get_write_buffer_size() > _MAX_BACKLOG_BYTES

    def send_packets(self, packets: bytearray, offsets: tuple[int, ...]) -> None:  # noqa: ARG002 - already framed
        self._transport.write(packets)

    def send_report(self, report: bytes) -> None:
        head = b"$" + bytes([self.channel + 1]) + len(report).to_bytes(2, "big")
        self._transport.write(head + report)

    def close(self) -> None:
        pass


class UdpSink:
    """Datagrams from the camera's shared pair of ports."""

    def __init__(self, ports: "UdpPorts", rtp: Address, rtcp: Address) -> None:
        self.channel = 0
        self.rtcp = rtcp
        self._ports, self._rtp = ports, rtp
        self._waiting: deque[bytes] = deque()
        self._timer: asyncio.TimerHandle | None = None

    def is_blocked(self) -> bool:
        return len(self._waiting) > _MAX_BACKLOG_DATAGRAMS

    def send_packets(self, packets: bytearray, offsets: tuple[int, ...]) -> None:
        ends = (*offsets[1:], len(packets))
        self._waiting.extend(
            bytes(packets[start + FRAMING : end]) for start, end in zip(offsets, ends, strict=True)
        )
        if self._timer is None:
            self._send_some()

    def send_report(self, report: bytes) -> None:
        self._ports.rtcp.sendto(report, self.rtcp)

    def close(self) -> None:
        self._waiting.clear()
        if self._timer:
            self._timer.cancel()
            self._timer = None

    def _send_some(self) -> None:
        for _ in range(min(_DATAGRAMS_AT_ONCE, len(self._waiting))):
            self._ports.rtp.sendto(self._waiting.popleft(), self._rtp)
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(_PAUSE_SECONDS, self._send_some) if self._waiting else None


class UdpPorts(asyncio.DatagramProtocol):
    """An RTP port and an RTCP port, shared by all sessions of a camera."""

    rtp: asyncio.DatagramTransport
    rtcp: asyncio.DatagramTransport

    def __init__(self) -> None:
        self.heard: dict[Address, float] = {}
        """When each client's RTCP address last sent something, on the loop's clock."""

    @classmethod
    async def open(cls) -> "UdpPorts":
        """Binds two free ports on loopback."""
        ports = cls()
        loop = asyncio.get_running_loop()
        ports.rtp, _ = await loop.create_datagram_endpoint(
            asyncio.DatagramProtocol, local_addr=("127.0.0.1", 0)
        )
        ports.rtcp, _ = await loop.create_datagram_endpoint(
            lambda: ports, local_addr=("127.0.0.1", 0)
        )
        return ports

    @property
    def server_port(self) -> str:
        """The value for the Transport header."""
        return f"{self.rtp.get_extra_info('sockname')[1]}-{self.rtcp.get_extra_info('sockname')[1]}"

    def datagram_received(self, data: bytes, addr: Address) -> None:  # noqa: ARG002 - any report is a sign of life
        self.heard[addr] = asyncio.get_running_loop().time()

    def close(self) -> None:
        """Frees both ports."""
        self.rtp.close()
        self.rtcp.close()
