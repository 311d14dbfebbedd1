"""Two viewers of a simulated camera: libavformat, and one that sees each packet."""

import asyncio
import re
import struct
from array import array
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Self
from urllib.parse import unquote, urlsplit

import av

from tools.camera_sim.auth import digest_response
from tools.camera_sim.clip_clock import read_clock

DEADLINE_SECONDS = 30


@dataclass
class Watched:
    clocks_ms: list[int | None] = field(default_factory=list)
    pts: list[int | None] = field(default_factory=list)
    sizes: set[tuple[int, int]] = field(default_factory=set)
    audio_samples: int = 0
    audio_peak: float = 0.0
    video_codec: str = ""

    def clock_steps(self, loop_ms: int) -> set[int]:
        assert None not in self.clocks_ms
        clocks = [clock for clock in self.clocks_ms if clock is not None]
        return {(b - a) % loop_ms for a, b in pairwise(clocks)}


def watch(url: str, *, pictures: int, transport: str = "tcp") -> Watched:
    """Decodes that many pictures and the sound between them."""
    options = {
        "rtsp_transport": transport,
        "timeout": "8000000",
        "analyzeduration": "300000",
        "probesize": "200000",
    }
    seen = Watched()
    with av.open(url, options=options) as container:
        seen.video_codec = container.streams.video[0].codec.canonical_name
        for packet in container.demux():
            for frame in packet.decode():
                if isinstance(frame, av.VideoFrame):
                    seen.clocks_ms.append(read_clock(frame))
                    seen.pts.append(frame.pts)
                    seen.sizes.add((frame.width, frame.height))
                elif isinstance(frame, av.AudioFrame):
                    seen.audio_samples += frame.samples
                    seen.audio_peak = max(seen.audio_peak, peak(frame))
            if len(seen.clocks_ms) >= pictures:
                break
    return seen


def peak(frame: av.AudioFrame) -> float:
    """The loudest sample, 1 is full scale."""
    is_float = frame.format.name.startswith("flt")
    samples = array("f" if is_float else "h", bytes(frame.planes[0]))[: frame.samples]
    return max(map(abs, samples)) / (1 if is_float else 32768)


@dataclass(frozen=True)
class RtpPacket:
    track: int
    marker: bool
    payload_type: int
    sequence: int
    timestamp: int
    ssrc: int
    payload: bytes

    @property
    def h264_type(self) -> int:
        kind = self.payload[0] & 0x1F
        return self.payload[1] & 0x1F if kind == 28 else kind


@dataclass(frozen=True)
class SenderReport:
    track: int
    unix_time: float
    timestamp: int


class RtspFailure(Exception):
    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class PacketViewer:
    """Interleaved RTSP, one request at a time."""

    def __init__(self, url: str) -> None:
        self._parts = urlsplit(url)
        self.url = f"rtsp://127.0.0.1:{self._parts.port}{self._parts.path}"
        self.sdp = ""
        self.headers: dict[str, str] = {}
        self._challenge: tuple[str, str] | None = None
        self._cseq = 0
        self._session = ""
        self._kept: list[RtpPacket | SenderReport] = []

    async def __aenter__(self) -> Self:
        port = self._parts.port
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", port)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._writer.close()

    async def play(self) -> Self:
        self.sdp = await self.request("DESCRIBE", self.url)
        for number in range(self.sdp.count("m=")):
            channels = f"interleaved={2 * number}-{2 * number + 1}"
            await self.request(
                "SETUP", f"{self.url}/trackID={number}", Transport=f"RTP/AVP/TCP;unicast;{channels}"
            )
        await self.request("PLAY", self.url)
        return self

    async def request(self, method: str, url: str, **headers: str) -> str:
        """The answer's body. Raises RtspFailure."""
        status, body = await self._exchange(method, url, headers)
        if status == 401 and self._challenge is None and self._parts.username:
            challenge = self.headers["www-authenticate"]
            found = re.search(r'realm="(.*?)", nonce="(.*?)"', challenge)
            assert found
            self._challenge = found[1], found[2]
            status, body = await self._exchange(method, url, headers)
        if status != 200:
            raise RtspFailure(status)
        self._session = self.headers.get("session", self._session).partition(";")[0]
        return body

    async def next(self) -> RtpPacket | SenderReport:
        """Raises ConnectionError at the end."""
        if self._kept:
            return self._kept.pop(0)
        try:
            async with asyncio.timeout(DEADLINE_SECONDS):
                return await self._read_interleaved(await self._reader.readexactly(1))
        except asyncio.IncompleteReadError as error:
            raise ConnectionError("closed") from error

    async def packets(self, count: int, track: int = 0) -> list[RtpPacket]:
        """The next RTP packets of a track."""
        found: list[RtpPacket] = []
        async with asyncio.timeout(DEADLINE_SECONDS):
            while len(found) < count:
                packet = await self.next()
                if isinstance(packet, RtpPacket) and packet.track == track:
                    found.append(packet)
        return found

    async def packet(self, wanted: Callable[[RtpPacket], bool]) -> RtpPacket:
        """The next RTP packet that is wanted."""
        async with asyncio.timeout(DEADLINE_SECONDS):
            while True:
                packet = await self.next()
                if isinstance(packet, RtpPacket) and wanted(packet):
                    return packet

    async def report(self, track: int = 0) -> SenderReport:
        """The next sender report of a track."""
        async with asyncio.timeout(DEADLINE_SECONDS):
            while True:
                report = await self.next()
                if isinstance(report, SenderReport) and report.track == track:
                    return report

    async def silence(self, seconds: float) -> bool:
        """Whether nothing more comes for a while, after what was on its way."""
        async with asyncio.timeout(DEADLINE_SECONDS):
            while True:
                try:
                    async with asyncio.timeout(seconds):
                        await self.next()
                except TimeoutError:
                    return True
                except ConnectionError:
                    return False

    async def _exchange(self, method: str, url: str, headers: dict[str, str]) -> tuple[int, str]:
        self._cseq += 1
        lines = [f"{method} {url} RTSP/1.0", f"CSeq: {self._cseq}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        if self._session:
            lines.append(f"Session: {self._session}")
        if self._challenge:
            lines.append(f"Authorization: {self._digest(method, url)}")
        self._writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
        async with asyncio.timeout(DEADLINE_SECONDS):
            while (first := await self._reader.readexactly(1)) == b"$":
                self._kept.append(await self._read_interleaved(first))
            return await self._read_answer(first)

    async def _read_answer(self, first: bytes) -> tuple[int, str]:
        head = (first + await self._reader.readuntil(b"\r\n\r\n")).decode()
        status, *rest = head.strip().split("\r\n")
        pairs = (line.partition(":") for line in rest)
        self.headers = {name.lower(): value.strip() for name, _, value in pairs}
        body = await self._reader.readexactly(int(self.headers.get("content-length", 0)))
        return int(status.split(" ")[1]), body.decode()

    def _digest(self, method: str, url: str) -> str:
        assert self._challenge
        realm, nonce = self._challenge
        user = unquote(self._parts.username or "")
        response = digest_response(
            username=user,
            password=unquote(self._parts.password or ""),
            realm=realm,
            nonce=nonce,
            method=method,
            uri=url,
        )
        return (
            f'Digest username="{user}", realm="{realm}", nonce="{nonce}", uri="{url}", '
            f'response="{response}"'
        )

    async def _read_interleaved(self, first: bytes) -> RtpPacket | SenderReport:
        assert first == b"$"
        channel, length = struct.unpack(">BH", await self._reader.readexactly(3))
        content = await self._reader.readexactly(length)
        if channel % 2:
            seconds, fraction, timestamp = struct.unpack(">III", content[8:20])
            unix_time = seconds - 2_208_988_800 + fraction / 2**32
            return SenderReport(channel // 2, unix_time, timestamp)
        kind, sequence, timestamp, ssrc = struct.unpack(">xBHII", content[:12])
        return RtpPacket(
            channel // 2, kind > 127, kind & 0x7F, sequence, timestamp, ssrc, content[12:]
        )
