"""The WebSocket over ASGI: what a client that takes nothing costs."""

import asyncio
import json
from typing import Any

import pytest

from libs.contracts.live import Rendition
from services.streamer import socket
from services.streamer.socket import LiveSocket
from tests.unit.streamer.streamer_live import CAMERA, Stand, stand, token
from tests.unit.streamer.streamer_samples import Producer
from tests.waiting import eventually


class Client:
    """One end of a WebSocket that reads as much as a test lets it."""

    def __init__(
        self, live: Stand, stalled_seconds: float = 60, *, query: str | None = None
    ) -> None:
        self.got: list[dict[str, Any]] = []
        self.takes = asyncio.Event()
        self.takes.set()
        self.said: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.said.put_nowait({"type": "websocket.connect"})
        (route,) = LiveSocket(live.context, stalled_seconds=stalled_seconds).routes()
        path = "/api/v1/cameras/front-door/live/ws"
        scope: dict[str, Any] = {
            "type": "websocket",
            "path": path,
            "raw_path": path.encode(),
            "root_path": "",
            "query_string": (f"token={token()}" if query is None else query).encode(),
            "headers": [],
            "subprotocols": [],
            "extensions": {"websocket.http.response": {}},
        }
        _, child = route.matches(scope)
        self.task = asyncio.create_task(route.handle({**scope, **child}, self.said.get, self._send))

    async def _send(self, message: Any) -> None:
        await self.takes.wait()
        self.got.append(dict(message))

    @property
    def parts(self) -> list[tuple[int, int]]:
        headers = [_header(each["bytes"]) for each in self.got if "bytes" in each]
        return [(each["msn"], each["part"]) for each in headers if each["type"] == "part"]

    @property
    def texts(self) -> list[dict[str, Any]]:
        return [json.loads(each["text"]) for each in self.got if "text" in each]

    @property
    def types(self) -> list[str]:
        return [each["type"].removeprefix("websocket.") for each in self.got]


def _header(message: bytes) -> dict[str, Any]:
    length = int.from_bytes(message[:4], "big")
    found: dict[str, Any] = json.loads(message[4 : 4 + length])
    return found


async def test_client_that_is_far_behind_jumps_to_the_newest_keyframe() -> None:
    producer = Producer()
    async with stand() as live:
        await live.show(producer.segments(2))
        client = Client(live, stalled_seconds=60)
        await eventually(lambda: len(client.parts) == 5)

        client.takes.clear()
        await live.show(producer.segments(8))
        client.takes.set()
        await eventually(lambda: bool(client.parts) and client.parts[-1] == (19, 4))
        client.said.put_nowait({"type": "websocket.disconnect", "code": 1000})
        await client.task

    # what was being sent when it stopped taking arrives, then the newest group of pictures
    assert client.parts[:6] == [(11, at) for at in range(5)] + [(12, 0)]
    assert client.parts[6:] == [(19, at) for at in range(5)]
    assert client.texts == [{"type": "skipped", "parts": 34}]


async def test_client_that_is_a_little_behind_misses_nothing() -> None:
    producer = Producer()
    async with stand() as live:
        await live.show(producer.segments(2))
        client = Client(live, stalled_seconds=60)
        await eventually(lambda: len(client.parts) == 5)

        client.takes.clear()
        await live.show(producer.segments(2))
        client.takes.set()
        await eventually(lambda: client.parts[-1] == (13, 4))
        client.said.put_nowait({"type": "websocket.disconnect", "code": 1000})
        await client.task

    assert len(client.parts) == 15
    assert not client.texts


async def test_client_that_takes_nothing_is_given_up() -> None:
    producer = Producer()
    async with stand() as live:
        await live.show(producer.segments(2))
        client = Client(live, stalled_seconds=0.05)
        await eventually(lambda: len(client.parts) == 5)

        client.takes.clear()
        await live.show(producer.segments(1))
        async with asyncio.timeout(20):
            await client.task

        assert len(live.context.viewers) == 0
    assert socket.STALLED_SECONDS == 10


async def test_client_that_only_talks_is_served_all_the_same() -> None:
    producer = Producer()
    async with stand() as live:
        await live.show(producer.segments(2))
        client = Client(live, stalled_seconds=60)
        for _ in range(50):
            client.said.put_nowait({"type": "websocket.receive", "text": "x" * 1000})
        await eventually(lambda: client.said.empty() and len(client.parts) == 5)
        client.said.put_nowait({"type": "websocket.disconnect", "code": 1000})
        await client.task

    assert client.got[0]["type"] == "websocket.accept"


@pytest.mark.parametrize(
    "query", ["", "token=nonsense", f"token={token(key='x' * 40)}", f"token={token(camera_id='x')}"]
)
async def test_stranger_never_holds_a_socket(query: str) -> None:
    async with stand() as live:
        client = Client(live, query=query)
        await client.task

    assert client.types == ["http.response.start", "http.response.body"]
    assert client.got[0]["status"] == 401
    assert "live address" in json.loads(client.got[1]["body"])["detail"]


@pytest.mark.parametrize(
    ("query", "code", "said"),
    [
        (f"token={token(seconds=0)}", 4401, "has expired"),
        (f"token={token(renditions=[Rendition.MAIN])}&rendition=sub", 4404, "sub_url"),
        (f"token={token()}&rendition=huge", 4400, "use main or sub"),
    ],
)
async def test_browser_is_told_what_it_could_not_see_in_a_failed_handshake(
    query: str, code: int, said: str
) -> None:
    async with stand() as live:
        client = Client(live, query=query)
        await client.task

        assert len(live.context.channels) == len(live.context.viewers) == 0
    assert client.types == ["accept", "close"]
    assert client.got[-1]["code"] == code
    assert said in client.got[-1]["reason"]


async def test_socket_of_a_deleted_camera_is_closed() -> None:
    async with stand() as live:
        await live.show(Producer().segments(2))
        client = Client(live)
        await eventually(lambda: len(client.parts) == 5)
        live.context.remove(f"main.{CAMERA}")
        async with asyncio.timeout(20):
            await client.task

        assert len(live.context.viewers) == 0
    assert client.got[-1]["code"] == 4404
    assert client.got[-1]["reason"] == "this camera was deleted"
