"""An hour of media while viewers come and go: what a streamer holds does not grow."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect

from tests.integration.streamer.streamer_memory import Held, StreamerProcess
from tests.integration.streamer.streamer_world import Camera, World, receive_parts
from tests.waiting import eventually, eventually_async, running

CAMERAS = ("front-door", "garage")
PERIODS = 6
PERIOD_PARTS = 3000
"""Ten minutes of 0.2 s."""
PART_BYTES = 12_000
VISITS = 16
"""Of each kind, to each camera, in each period."""
SLOW_VISITS = 4
SLOW_PARTS = 600
"""That a slow viewer misses: more than the buffers of a connection take."""
MEGABYTE = 1_000_000

Visit = Callable[[Camera], Awaitable[None]]


@dataclass
class Hour:
    """Two cameras that send much faster than they would, and their viewers."""

    world: World
    process: StreamerProcess
    cameras: list[Camera]
    sent: dict[str, int] = field(init=False)
    """How many parts of each camera."""
    sent_bytes: int = 0
    played_bytes: int = 0
    viewers: int = 0

    def __post_init__(self) -> None:
        self.sent = {camera.camera_id: 0 for camera in self.cameras}

    # Ten minutes

    async def period(self) -> None:
        await asyncio.gather(*(self._period_of(camera) for camera in self.cameras))

    async def _period_of(self, camera: Camera) -> None:
        visits = asyncio.gather(
            self._repeat(self._watches_in_order, camera, VISITS),
            self._repeat(self._breaks_off, camera, VISITS),
            self._repeat(self._reads_nothing, camera, SLOW_VISITS),
            self._repeat(self._plays_ll_hls, camera, VISITS),
            self._repeat(self._goes_while_held, camera, VISITS),
        )
        left = PERIOD_PARTS
        while left > 0 or not visits.done():
            await self.send(camera, 1)
            left -= 1
        await visits

    async def send(self, camera: Camera, count: int) -> None:
        await camera.send(count)
        self.sent_bytes += sum(len(payload) for _, payload in camera.sent[-count:])
        del camera.sent[:-1]
        self.sent[camera.camera_id] += count

    async def _repeat(self, visit: Visit, camera: Camera, times: int) -> None:
        for _ in range(times):
            await visit(camera)

    # By WebSocket

    @asynccontextmanager
    async def socket(self, camera: Camera) -> AsyncIterator[ClientConnection]:
        address = f"ws{self._base(camera)}/live/ws?token={self._token(camera)}"
        # with a bounded queue this client would not see the answer to its own close
        async with connect(address, proxy=None, compression=None, max_queue=None) as client:
            yield client

    async def _watches_in_order(self, camera: Camera) -> None:
        async with self.socket(camera) as client:
            for _ in range(4):
                parts = await receive_parts(client, 15)
                self.played_bytes += sum(len(part.media) for part in parts)

    async def _breaks_off(self, camera: Camera) -> None:
        async with self.socket(camera) as client:
            await receive_parts(client, 2)
            client.transport.abort()

    async def _reads_nothing(self, camera: Camera) -> None:
        async with self.socket(camera) as client:
            await receive_parts(client, 1)
            client.transport.pause_reading()
            until = self.sent[camera.camera_id] + SLOW_PARTS
            await eventually(lambda: self.sent[camera.camera_id] >= until)
            client.transport.abort()

    # By LL-HLS

    async def _plays_ll_hls(self, camera: Camera) -> None:
        token = self._token(camera)
        master = await self._get(camera, "master.m3u8", token)
        assert master.status_code == 200, master.text
        playlist = f"main/{camera.live_id}/media.m3u8"
        msn, part = _hint((await self._get(camera, playlist, token)).text)
        ask = f"{playlist}?_HLS_msn={msn}&_HLS_part={part}"
        text = (await self._get(camera, ask, token)).text
        inits = re.findall(r'EXT-X-MAP:URI="([^"]+)"', text)
        segments = re.findall(r"^\d+\.m4s", text, re.MULTILINE)
        hinted = "{}.{}.m4s".format(*_hint(text))
        for name in (*inits[-1:], *segments[-1:], hinted):
            # so fast a stream may have gone on for longer than a part is kept
            answer = await self._get(camera, f"main/{camera.live_id}/{name}", token)
            assert answer.status_code in {200, 404}, answer.text
            self.played_bytes += len(answer.content) if answer.status_code == 200 else 0

    async def _goes_while_held(self, camera: Camera) -> None:
        token = self._token(camera)
        text = (await self._get(camera, f"main/{camera.live_id}/media.m3u8", token)).text
        msn, _ = _hint(text)
        path = f"{self._path(camera)}/live/main/{camera.live_id}/media.m3u8"
        _, writer = await asyncio.open_connection("127.0.0.1", self.process.port)
        request = f"GET {path}?_HLS_msn={msn + 1}&token={token} HTTP/1.1\r\nHost: localhost\r\n\r\n"
        writer.write(request.encode())
        await writer.drain()
        writer.transport.abort()

    async def _get(self, camera: Camera, name: str, token: str) -> httpx.Response:
        headers = {"Cookie": f"everframe_live={token}", "Connection": "close"}
        url = f"http{self._base(camera)}/live/{name}"
        return await self.world.client.get(url, headers=headers)

    # What all have in common

    def _token(self, camera: Camera) -> str:
        self.viewers += 1
        return self.world.token(f"v{self.viewers}", camera.camera_id)

    def _base(self, camera: Camera) -> str:
        return f"://127.0.0.1:{self.process.port}{self._path(camera)}"

    def _path(self, camera: Camera) -> str:
        return f"/api/v1/cameras/{camera.camera_id}"


def _hint(text: str) -> tuple[int, int]:
    """The part that comes next."""
    found = re.search(r'EXT-X-PRELOAD-HINT:TYPE=PART,URI="(\d+)\.(\d+)\.m4s', text)
    assert found is not None, text
    return int(found[1]), int(found[2])


@pytest.fixture
async def hour(world: World) -> AsyncIterator[Hour]:
    cameras = [await world.camera(name, padding=PART_BYTES) for name in CAMERAS]
    process = await StreamerProcess.start(world.server.users.streamer)
    try:
        yield Hour(world, process, cameras)
    finally:
        assert await process.end() == 0


async def left(process: StreamerProcess, *, viewers: int) -> Held:
    """What is held when all but so many, each of another camera, are gone."""
    held = [await process.held()]

    async def is_left() -> bool:
        held.append(await process.held())
        now = held[-1]
        watched = {now.viewers, now.channels, now.objects["Channel"]}
        return watched == {viewers} and not now.waiting_events

    await eventually_async(is_left)
    return held[-1]


async def _read(client: ClientConnection) -> None:
    async for _ in client:
        pass


async def test_an_hour_of_viewers_coming_and_going_leaves_nothing_behind(hour: Hour) -> None:
    front_door, samples = hour.cameras[0], []

    async with hour.socket(front_door) as stays, running(_read(stays)):
        for _ in range(PERIODS):
            await hour.period()
            samples.append(await left(hour.process, viewers=1))
    nobody = await left(hour.process, viewers=0)
    for camera in hour.cameras:
        await hour.send(camera, 500)
    unwatched = await hour.process.held()

    first, last = samples[0], samples[-1]
    assert min(hour.sent.values()) >= PERIODS * PERIOD_PARTS
    assert hour.sent_bytes > 300 * MEGABYTE
    assert hour.played_bytes > 50 * MEGABYTE
    assert last.skipped_parts > 0
    assert last.rss_bytes - first.rss_bytes < 15 * MEGABYTE
    assert last.tasks <= first.tasks + 2
    for each in samples:
        one = ("Channel", "LiveWindow", "Viewer", "_Push")
        assert {name: each.objects[name] for name in one} == dict.fromkeys(one, 1)
        assert each.objects["StreamReader"] == 2, "one reads parts, one looks for deleted cameras"
        assert each.objects["HeldPart"] <= 1.2 * first.objects["HeldPart"]
        assert each.media_bytes <= 1.2 * first.media_bytes
    for each in (nobody, unwatched):
        assert each.objects | {"StreamReader": 0} == dict.fromkeys(each.objects, 0)
        assert each.objects["StreamReader"] == 1
        assert each.media_bytes == 0
        assert each.rss_bytes - first.rss_bytes < 15 * MEGABYTE
