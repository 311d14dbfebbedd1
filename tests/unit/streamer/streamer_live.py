"""A streamer's parts over a bus in memory."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from typing import Any

import httpx
from fastapi import FastAPI
from pydantic import SecretStr

from libs.bus.testing import FakeBroker, FakeBus
from libs.contracts.live import Demand, LivePart, Rendition, ViewingStarted, ViewingStopped
from libs.web.live_tokens import LiveAccess, LiveTokens
from services.recorder.wiring import WIRING as RECORDER
from services.streamer.access import Gate
from services.streamer.camera_states import CameraStates
from services.streamer.channel import Channel, ChannelKey
from services.streamer.channels import Channels
from services.streamer.context import Context
from services.streamer.http import build_http
from services.streamer.removals import Removals
from services.streamer.settings import StreamerSettings
from services.streamer.viewers import Viewers
from services.streamer.wiring import WIRING
from tests.unit.streamer.streamer_samples import Told
from tests.waiting import eventually

KEY = "k" * 40
NOW = 1_795_000_000.0
CAMERA = "front-door"


@dataclass
class StoppedClock:
    """Stands until a test moves it."""

    at: float = NOW

    def monotonic(self) -> float:
        return self.at - NOW + 1000.0

    def unix(self) -> float:
        return self.at


def settings(**changes: Any) -> StreamerSettings:
    return StreamerSettings(**{"live_key": SecretStr(KEY), **changes})


def access(viewer_id: str = "v1", camera_id: str = CAMERA, seconds: int = 600) -> LiveAccess:
    return LiveAccess(
        camera_id, "main", viewer_id, "somebody", int(NOW) + seconds, frozenset(Rendition)
    )


def token(
    viewer_id: str = "v1",
    camera_id: str = CAMERA,
    seconds: float = 600,
    key: str = KEY,
    renditions: Iterable[Rendition] = tuple(Rendition),
) -> str:
    return LiveTokens(key).issue(
        camera_id=camera_id,
        site="main",
        viewer="somebody",
        now=NOW,
        valid_seconds=seconds,
        renditions=renditions,
        viewer_id=viewer_id,
    )[0]


@dataclass
class Stand:
    """Everything of a streamer but its HTTP server."""

    broker: FakeBroker
    bus: FakeBus
    recorder: FakeBus
    context: Context
    events: list[ViewingStarted | ViewingStopped]
    clock: StoppedClock
    app: FastAPI
    client: httpx.AsyncClient
    _seq: dict[str, int] = field(default_factory=dict)

    def channel(self, rendition: Rendition = Rendition.MAIN) -> Channel:
        return self.context.channels.open(ChannelKey("main", CAMERA, rendition))

    async def publish(self, told: list[Told]) -> None:
        for part, payload in told:
            last = self._seq.get(part.subject, 0)
            self._seq[part.subject] = await self.recorder.publish_live(
                part, payload, expected_seq=last
            )

    async def show(self, told: list[Told]) -> None:
        """Publish and wait until the channel has it."""
        channel = self.channel()
        await eventually(lambda: channel.is_told)
        await self.publish(told)
        newest: LivePart = told[-1][0]
        await eventually(lambda: channel.window.edge == (newest.msn, newest.part))

    async def demands(self) -> dict[str, Demand]:
        return {key: entry.value for key, entry in (await self.recorder.kv(Demand).all()).items()}

    async def get(self, name: str, **options: Any) -> httpx.Response:
        cookie = options.pop("token", None) or token()
        headers = {"Cookie": f"everframe_live={cookie}", **options.pop("headers", {})}
        url = f"/api/v1/cameras/{CAMERA}/{name}"
        return await self.client.get(url, headers=headers, **options)


@contextlib.asynccontextmanager
async def stand(**changes: Any) -> AsyncIterator[Stand]:
    broker, clock = FakeBroker(), StoppedClock()
    events: list[ViewingStarted | ViewingStopped] = []
    bus, chosen = broker.bus(WIRING), settings(**changes)
    async with asyncio.TaskGroup() as tasks:
        context = Context(
            settings=chosen,
            gate=Gate(LiveTokens(KEY), now=clock.unix, allowed_origins=frozenset()),
            viewers=Viewers(chosen, streamer="streamer-1", publish=events.append, clock=clock),
            channels=Channels(chosen, bus, tasks, streamer="streamer-1", clock=clock),
            states=CameraStates(bus),
            removals=Removals(bus),
            clock=clock,
        )
        following = tasks.create_task(context.removals.follow(context.remove))
        app = build_http(context)
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://streamer") as client:
            yield Stand(broker, bus, broker.bus(RECORDER), context, events, clock, app, client)
        following.cancel()
        await context.channels.close()
