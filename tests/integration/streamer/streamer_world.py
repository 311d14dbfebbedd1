"""A bus, streamers on it, and a camera that sends when a test says so."""

import asyncio
import contextlib
import json
import struct
import time
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx
from pydantic import SecretStr
from websockets.asyncio.client import ClientConnection, connect

from libs.bus.client import Bus, BusConfig
from libs.bus.declare import declare
from libs.contracts.cameras import CameraState, camera_key
from libs.contracts.live import Demand, LivePart, Rendition
from libs.contracts.ownership import RecordingProgress
from libs.web.live_tokens import LiveTokens
from services.recorder.wiring import WIRING as RECORDER
from services.streamer.app import Readiness, Streamer
from services.streamer.channel import Channel, ChannelKey
from services.streamer.settings import StreamerSettings
from services.streamer.wiring import WIRING
from tests.unit.streamer.streamer_samples import muxed
from tests.waiting import eventually, eventually_async
from tools.local.nats_server import NatsServer

KEY = "k" * 40
CAMERA = "front-door"
SEGMENT_PARTS = 10
"""What the muxed sample has: two seconds of 0.2 s."""


@dataclass
class Camera:
    """Sends real parts, one after the other, as a recorder does."""

    bus: Bus
    camera_id: str = CAMERA
    rendition: Rendition = Rendition.MAIN
    live_id: str = "a1"
    epoch: int = 1
    padding: int = 0
    """Bytes that every part is made larger by: a box that decoders pass over."""
    is_garbled: bool = False
    """Parts hold no media that anybody could decode."""
    sent: list[tuple[LivePart, bytes]] = field(default_factory=list)
    _at: int = 0
    _msn: int = 0
    _discontinuity: int = 0
    _seq: int = 0

    async def send(self, count: int = 1, *, late_ms: int = 0) -> None:
        """Publish the next parts; `late_ms`: they were kept for a while."""
        for _ in range(count):
            part, payload = self._next(late_ms)
            self._seq = await self.bus.publish_live(part, payload, expected_seq=self._seq)
            self.sent.append((part, payload))

    async def send_segments(self, count: int = 1, *, late_ms: int = 0) -> None:
        await self.send(count * SEGMENT_PARTS, late_ms=late_ms)

    def begin_anew(self, live_id: str) -> None:
        """Numbering cannot go on."""
        self.live_id, self._at, self._msn = live_id, 0, 0

    async def finish_segment(self) -> None:
        """Publish the rest of the segment."""
        while not self.newest.is_last:
            await self.send(1)

    async def report(self) -> None:
        """Write what a recorder says of a camera that it has."""
        moment = datetime.now(UTC)
        progress = RecordingProgress(
            camera_id=self.camera_id,
            recorder="recorder-1",
            epoch=self.epoch,
            seen_at=moment,
            accounted_until=moment,
            state=CameraState.RECORDING,
            state_since=moment,
        )
        await self.bus.kv(RecordingProgress).put(camera_key("main", self.camera_id), progress)

    async def delete(self) -> None:
        """Do what a recorder does when its camera was deleted."""
        await self.bus.kv(RecordingProgress).delete(camera_key("main", self.camera_id))

    def forget_sequence(self) -> None:
        """The bus lost the stream."""
        self._seq = 0

    @property
    def newest(self) -> LivePart:
        return self.sent[-1][0]

    async def is_wanted(self) -> bool:
        holders = await self.bus.kv(Demand).all()
        return any(d.value.camera_id == self.camera_id for d in holders.values())

    async def until_wanted(self) -> None:
        await eventually_async(self.is_wanted)

    async def until_unwanted(self) -> None:
        async def is_unwanted() -> bool:
            return not await self.is_wanted()

        await eventually_async(is_unwanted)

    def _next(self, late_ms: int) -> tuple[LivePart, bytes]:
        told = muxed()
        rounds, index = divmod(self._at, len(told))
        part, payload = told[index]
        now = time.time_ns() // 1_000_000
        self._at += 1
        numbered = part.model_copy(
            update={
                "camera_id": self.camera_id,
                "rendition": self.rendition,
                "live_id": self.live_id,
                "epoch": self.epoch,
                "msn": self._msn + part.msn + rounds * 10,
                "discontinuity": rounds,
                "start_ms": now - late_ms - part.duration_90k // 90,
                "published_ms": now,
            }
        )
        if self.is_garbled:
            payload = payload[: part.init_bytes] + bytes(100)
        box = struct.pack(">I4s", self.padding, b"free").ljust(self.padding, b"\0")
        return numbered, payload + box[: self.padding]


@dataclass
class Running:
    """A streamer in this process."""

    streamer: Streamer
    stop: asyncio.Event
    task: asyncio.Task[None]

    @property
    def base(self) -> str:
        return f"127.0.0.1:{self.streamer.port}"

    def path(self, name: str, camera_id: str = CAMERA) -> str:
        return f"http://{self.base}/api/v1/cameras/{camera_id}/{name}"

    def channel(self, rendition: Rendition = Rendition.MAIN) -> Channel:
        """The running channel; opens it as a viewer would."""
        return self.streamer.context.channels.open(ChannelKey("main", CAMERA, rendition))

    @property
    def channels(self) -> int:
        return len(self.streamer.context.channels)

    @property
    def viewers(self) -> int:
        return len(self.streamer.context.viewers)

    async def end(self) -> None:
        self.stop.set()
        await self.task


@dataclass
class World:
    """Everything around the streamers."""

    server: NatsServer
    client: httpx.AsyncClient
    tokens: LiveTokens = field(default_factory=lambda: LiveTokens(KEY))
    buses: list[Bus] = field(default_factory=list)
    running: list[Running] = field(default_factory=list)

    async def declare(self) -> None:
        await declare(BusConfig(url=self.server.users.admin), [RECORDER, WIRING])

    async def bus(self, service: str) -> Bus:
        wiring = {"recorder": RECORDER, "streamer": WIRING}[service]
        config = BusConfig(url=getattr(self.server.users, service), name=f"test-{service}")
        bus = await Bus.connect(config, wiring, wait_seconds=10)
        self.buses.append(bus)
        return bus

    async def camera(self, camera_id: str = CAMERA, **options: Any) -> Camera:
        return Camera(await self.bus("recorder"), camera_id, **options)

    async def streamer(self, instance: str = "1", **changes: Any) -> Running:
        values: dict[str, Any] = {
            "instance": instance,
            "port": 0,
            "live_key": SecretStr(KEY),
            "linger_seconds": 0.5,
            "viewer_idle_seconds": 0.5,
            "first_part_seconds": 5.0,
            "http_grace_seconds": 1,
        }
        bus = await self.bus("streamer")
        streamer, stop = (
            Streamer(StreamerSettings(**values | changes), bus, Readiness()),
            asyncio.Event(),
        )
        running = Running(streamer, stop, asyncio.create_task(streamer.run(stop)))
        self.running.append(running)
        await eventually(lambda: streamer.port is not None)
        return running

    def token(
        self,
        viewer_id: str = "v1",
        camera_id: str = CAMERA,
        seconds: float = 600,
        renditions: Iterable[Rendition] = tuple(Rendition),
    ) -> str:
        token, _ = self.tokens.issue(
            camera_id=camera_id,
            site="main",
            viewer="test",
            now=time.time(),
            valid_seconds=seconds,
            renditions=renditions,
            viewer_id=viewer_id,
        )
        return token

    async def get(
        self, running: Running, name: str, *, token: str | None = None, **options: Any
    ) -> httpx.Response:
        """GET with a token in a cookie, as a browser sends it."""
        cookie = {"Cookie": f"everframe_live={token or self.token()}"}
        headers = {**cookie, **options.pop("headers", {})}
        return await self.client.get(running.path(name), headers=headers, **options)

    def media(self, camera: Camera, query: str = "") -> str:
        return f"live/{camera.rendition}/{camera.live_id}/media.m3u8{query}"

    def file(self, camera: Camera, name: str) -> str:
        return f"live/{camera.rendition}/{camera.live_id}/{name}"

    async def watched(self, running: Running, camera: Camera, segments: int = 2) -> None:
        """Bring a camera to where viewers see it."""
        asked = asyncio.create_task(self.get(running, "live/master.m3u8"))
        await camera.until_wanted()
        await eventually(lambda: running.channel().is_told)
        await camera.send_segments(segments)
        await camera.send(1)
        answer = await asked
        assert answer.status_code == 200, answer.text
        await self.caught_up(running, camera)

    async def caught_up(self, running: Running, camera: Camera) -> None:
        newest = camera.newest
        channel = running.channel(camera.rendition)
        await eventually(lambda: channel.window.edge == (newest.msn, newest.part))

    @contextlib.asynccontextmanager
    async def socket(
        self, running: Running, *, token: str | None = None, query: str = "", **options: Any
    ) -> AsyncIterator[ClientConnection]:
        address = f"ws://{running.base}/api/v1/cameras/{CAMERA}/live/ws"
        token = token or self.token()
        async with connect(
            f"{address}?token={token}{query}", proxy=None, compression=None, **options
        ) as client:
            yield client

    async def close(self) -> None:
        for running in self.running:
            running.stop.set()
        await asyncio.gather(*(running.task for running in self.running))
        await asyncio.gather(*(bus.drain(0.5) for bus in self.buses))


@dataclass(frozen=True)
class Message:
    """What a player reads from the WebSocket."""

    header: dict[str, Any]
    media: bytes = b""

    @property
    def type(self) -> str:
        return str(self.header["type"])

    @property
    def position(self) -> tuple[int, int]:
        return self.header["msn"], self.header["part"]


async def receive(client: ClientConnection) -> Message:
    async with asyncio.timeout(20):
        data = await client.recv()
    if isinstance(data, str):
        return Message(json.loads(data))
    (length,) = struct.unpack(">I", data[:4])
    return Message(json.loads(data[4 : 4 + length]), data[4 + length :])


async def receive_parts(client: ClientConnection, count: int) -> list[Message]:
    """The next parts, what is said between them left out."""
    found: list[Message] = []
    while len(found) < count:
        message = await receive(client)
        if message.type == "part":
            found.append(message)
    return found
