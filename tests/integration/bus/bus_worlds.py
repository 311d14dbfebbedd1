"""The bus on a real server and in memory, behind one face."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol, TypeVar

from nats.aio.client import Client

from libs.bus.client import Bus, BusConfig
from libs.bus.declare import declare
from libs.bus.leases import Leases
from libs.bus.testing import FakeBroker
from libs.bus.topology import bucket_name
from libs.bus.wiring import Wiring
from libs.contracts.cameras import CameraConfig, CameraStatusChanged
from libs.contracts.gaps import GapDetected, GapReason
from libs.contracts.live import Demand, LivePart, LiveState
from libs.contracts.messages import Message
from libs.contracts.ownership import Lease, Presence, RecordingProgress
from libs.contracts.recordings import RecordingCompleted
from tools.local.nats_server import NatsServer

T = TypeVar("T")

EVENTS = (RecordingCompleted, GapDetected, CameraStatusChanged)
RECORDER = Wiring(
    service="recorder",
    publishes=EVENTS,
    watches=(CameraConfig, Demand, Lease, Presence, RecordingProgress),
    writes=(Lease, LiveState, Presence, RecordingProgress),
    sends_live=True,
)
API = Wiring(
    service="api", consumes=EVENTS, watches=(RecordingProgress, Lease), writes=(CameraConfig,)
)
STREAMER = Wiring(
    service="streamer", watches=(RecordingProgress,), writes=(Demand,), follows_live=True
)
START = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)


def gap(number: int, camera: str = "front-door") -> GapDetected:
    return GapDetected(
        camera_id=camera,
        started_at=START + timedelta(seconds=number),
        reason=GapReason.CAMERA_OFFLINE,
        recorder="recorder-1",
    )


def camera(name: str, camera_id: str = "front-door") -> CameraConfig:
    return CameraConfig(camera_id=camera_id, name=name, url="rtsp://127.0.0.1:8554/x")


def live_part(number: int, camera: str = "front-door", **changes: Any) -> LivePart:
    """The part of that number: five in a segment, a fifth of a second each."""
    values: dict[str, Any] = {
        "camera_id": camera,
        "live_id": "a1",
        "epoch": 1,
        "msn": number // 5,
        "part": number % 5,
        "discontinuity": 0,
        "first_msn": 0,
        "init_id": "0123456789abcdef",
        "is_independent": number % 5 == 0,
        "is_last": number % 5 == 4,
        "start_ms": 1_800_000_000_000 + 200 * number,
        "start_90k": 18_000 * number,
        "duration_90k": 18_000,
        "published_ms": 1_800_000_000_200 + 200 * number,
        "part_target_ms": 200,
        "target_seconds": 2,
        "codecs": "avc1.640028,mp4a.40.2",
    }
    return LivePart(**(values | changes))


async def collect(source: AsyncIterator[T], into: list[T]) -> None:
    """Append what comes until cancelled."""
    async for item in source:
        into.append(item)  # noqa: PERF401 - a comprehension would show nothing before its end


async def held(leases: Leases[Lease]) -> dict[str, Lease]:
    """Who holds what at this moment, as watchers of the leases are told."""
    found: dict[str, Lease] = {}
    async with aclosing(leases.watch()) as changes:
        async for change in changes:
            if change.is_snapshot_done:
                break
            if change.holder is not None:
                found[change.key] = change.holder
    return found


class World(Protocol):
    """What the shared suite needs to know about the other side."""

    is_fake: bool

    async def bus(self, wiring: Wiring, **options: Any) -> Bus: ...
    async def inject(self, subject: str, payload: bytes) -> None: ...
    async def inject_value(self, model: type[Message], key: str, payload: bytes) -> None: ...
    async def dead_letters(self) -> list[tuple[str, str, bytes]]: ...
    async def inject_live(self, subject: str, payload: bytes, headers: dict[str, str]) -> None: ...


@dataclass
class FakeWorld:
    broker: FakeBroker = field(default_factory=FakeBroker)
    is_fake: bool = True
    injected: int = 0

    async def bus(self, wiring: Wiring, **options: Any) -> Bus:
        return self.broker.bus(wiring)

    async def inject(self, subject: str, payload: bytes) -> None:
        self.injected += 1
        self.broker.store(subject, payload, f"injected-{self.injected}")

    async def inject_value(self, model: type[Message], key: str, payload: bytes) -> None:
        await self.broker.bucket(bucket_name(model)).write(key, payload)

    async def dead_letters(self) -> list[tuple[str, str, bytes]]:
        return [(d.consumer, d.reason, d.payload) for d in self.broker.dead_letters]

    async def inject_live(self, subject: str, payload: bytes, headers: dict[str, str]) -> None:
        self.broker.live.store(subject, payload, headers)


@dataclass
class ServerWorld:
    server: NatsServer
    is_fake: bool = False
    buses: list[Bus] = field(default_factory=list)

    async def declare(self) -> list[str]:
        return await declare(self.admin_config, [RECORDER, API])

    @property
    def admin_config(self) -> BusConfig:
        return BusConfig(url=self.server.users.admin)

    def config(self, wiring: Wiring, **options: Any) -> BusConfig:
        url = getattr(self.server.users, wiring.service, self.server.users.admin)
        return BusConfig(url=url, name="test", **options)

    async def bus(self, wiring: Wiring, **options: Any) -> Bus:
        bus = await Bus.connect(self.config(wiring, **options), wiring, wait_seconds=10)
        self.buses.append(bus)
        return bus

    @contextlib.asynccontextmanager
    async def admin(self) -> AsyncIterator[Client]:
        client = Client()
        await client.connect(self.server.users.admin)
        try:
            yield client
        finally:
            await client.close()

    async def inject(self, subject: str, payload: bytes) -> None:
        async with self.admin() as client:
            await client.jetstream().publish(subject, payload)

    async def inject_value(self, model: type[Message], key: str, payload: bytes) -> None:
        await self.inject(f"$KV.{bucket_name(model)}.{key}", payload)

    async def dead_letters(self) -> list[tuple[str, str, bytes]]:
        found = []
        async with self.admin() as client:
            js = client.jetstream()
            state = (await js.stream_info("DLQ")).state
            for seq in range(max(1, state.first_seq), state.last_seq + 1):
                message = await js.get_msg("DLQ", seq=seq)
                headers = message.headers or {}
                name = (message.subject or "").rsplit(".", 1)[-1]
                found.append((name, headers["Everframe-Reason"], message.data or b""))
        return found

    async def inject_live(self, subject: str, payload: bytes, headers: dict[str, str]) -> None:
        async with self.admin() as client:
            await client.jetstream().publish(subject, payload, headers=dict(headers))

    async def close(self) -> None:
        await asyncio.gather(*(bus.drain(0.5) for bus in self.buses))
