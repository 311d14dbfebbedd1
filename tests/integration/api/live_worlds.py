"""The API's live gateway on real sockets, in front of streamers that do as their test says."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace

import httpx
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from libs.web.server import HttpServer
from services.api.gateway import Gateway, GatewayLimits
from services.api.streamers import Streamers
from tests.integration.api.conftest import Api

DOOR = "/api/v1/cameras/front-door"
MASTER = f"{DOOR}/live/master.m3u8"
SOCKET = f"{DOOR}/live/ws"
WAIT_SECONDS = 20.0

Behaviour = Callable[[Scope, Receive, Send], Awaitable[None]]


@asynccontextmanager
async def served(app: ASGIApp, *, max_connections: int = 1000) -> AsyncIterator[HttpServer]:
    """An application on a port of its own."""
    server = HttpServer(
        app, host="127.0.0.1", port=0, max_connections=max_connections, grace_seconds=1
    )
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(server.run())
        try:
            yield server
        finally:
            server.stop()
            await running


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Tell what was asked."""
    told = {
        "method": scope["method"],
        "path": scope["path"],
        "query": scope["query_string"].decode(),
        "headers": [[name.decode(), value.decode()] for name, value in scope["headers"]],
    }
    await respond(send, json.dumps(told).encode())


async def respond(
    send: Send, body: bytes = b"", *, status: int = 200, headers: dict[str, str] | None = None
) -> None:
    await send(head(status, headers))
    await send({"type": "http.response.body", "body": body})


def head(status: int = 200, headers: dict[str, str] | None = None) -> Message:
    raw = [(name.encode(), value.encode()) for name, value in (headers or {}).items()]
    return {"type": "http.response.start", "status": status, "headers": raw}


def piece(body: bytes) -> Message:
    return {"type": "http.response.body", "body": body, "more_body": True}


@dataclass
class FakeStreamer:
    """Answers as told and remembers what it was asked."""

    behaviour: Behaviour = echo
    asked: list[Scope] = field(default_factory=list)
    url: str = ""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.asked.append(scope)
        await self.behaviour(scope, receive, send)


@dataclass
class World:
    """The API on a port, with streamers behind it."""

    api: Api
    url: str
    streamers: list[FakeStreamer]
    token: str
    stack: AsyncExitStack

    @property
    def streamer(self) -> FakeStreamer:
        return self.streamers[0]

    @property
    def socket_url(self) -> str:
        return self.url.replace("http://", "ws://") + SOCKET

    def client(self, **headers: str) -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url=self.url, headers=headers, timeout=WAIT_SECONDS)

    def viewer(self) -> httpx.AsyncClient:
        """A client with a live token as its cookie."""
        return self.client(Cookie=f"everframe_live={self.token}")

    def use_streamers(self, *urls: str, **limits: float) -> None:
        """Put another gateway in place; the one before is closed with the world."""
        values = {"max_requests": 100, "connect_seconds": 2.0, "stall_seconds": 15.0, **limits}
        gateway = Gateway(
            Streamers(urls),
            GatewayLimits(
                int(values["max_requests"]), values["connect_seconds"], values["stall_seconds"]
            ),
        )
        self.stack.push_async_callback(gateway.aclose)
        self.api.context = replace(self.api.context, gateway=gateway)
        self.api.app.state.context = self.api.context


@asynccontextmanager
async def live_world(api: Api, streamers: int = 1) -> AsyncIterator[World]:
    """A camera `front-door`, a token for it, the API and streamers, everything on sockets."""
    async with AsyncExitStack() as stack:
        fakes = [FakeStreamer() for _ in range(streamers)]
        for fake in fakes:
            server = await stack.enter_async_context(served(fake))
            fake.url = f"http://127.0.0.1:{server.port}"
        await api.add_camera()
        link = (await api.client.post(f"{DOOR}/live-links")).json()
        server = await stack.enter_async_context(served(api.app))
        token = link["hls"].partition("token=")[2]
        world = World(api, f"http://127.0.0.1:{server.port}", fakes, token, stack)
        ranked = Streamers(tuple(fake.url for fake in fakes)).in_order("front-door")
        by_url = {fake.url: fake for fake in fakes}
        world.streamers = [by_url[url] for url in ranked]
        world.use_streamers(*by_url)
        yield world
