"""The load generator, one process of it: `python -m benchmarks.live_fanout_viewers`.

Reads commands as JSON lines from standard input, answers each by one line, ends with the input:
{"watch": [[transport, path], ...]} lets exactly these viewers watch, {"measure": seconds} counts.
"""

import argparse
import asyncio
import json
import struct
import sys
import time
from collections.abc import Awaitable, Callable
from urllib.parse import urljoin

import websockets

from benchmarks.live_fanout_http import Connection, HttpFailed
from benchmarks.live_fanout_playlist import (
    Part,
    UnreadablePlaylist,
    init_uri,
    media_uri,
    read_edge,
)
from benchmarks.live_fanout_tally import Tally

JOINS_PER_SECOND = 40.0
JOIN_SECONDS = 30.0
AGAIN_SECONDS = 1.0
BEHIND_PARTS = 50
"""A viewer with more parts to fetch than this begins again, as a player jumps to live."""
_COMMAND_BYTES = 16 * 1024 * 1024


class Viewer:
    """One player; it begins again after failures, until it is cancelled."""

    def __init__(self, host: str, port: int, path: str, tally: Tally) -> None:
        self._host, self._port, self._path, self._tally = host, port, path, tally
        self.has_picture = asyncio.Event()

    async def run(self, watch: "Callable[[Viewer], Awaitable[None]]") -> None:
        """Watch by `hls` or `push`."""
        while True:
            try:
                await watch(self)
            except* (HttpFailed, UnreadablePlaylist) as failed:
                for error in failed.exceptions:
                    self._tally.failed(str(error)[:60])
            except* (OSError, TimeoutError, websockets.WebSocketException) as broken:
                for cause in broken.exceptions:
                    self._tally.failed(type(cause).__name__)
            await asyncio.sleep(AGAIN_SECONDS)

    async def hls(self) -> None:
        """As hls.js: playlists by one connection, parts by another, at the same time."""
        playlists = await Connection.connect(self._host, self._port)
        try:
            media = await Connection.connect(self._host, self._port)
            try:
                await self._play(playlists, media)
            finally:
                media.close()
        finally:
            playlists.close()

    async def _play(self, playlists: Connection, media: Connection) -> None:
        answer = await playlists.get(self._path, keep=True)
        address = urljoin(self._path, media_uri(answer.body.decode()))
        folder = address.partition("?")[0].rpartition("/")[0] + "/"
        text = (await playlists.get(address, keep=True)).body.decode()
        await media.get(folder + init_uri(text), keep=False)
        parts: asyncio.Queue[Part] = asyncio.Queue(BEHIND_PARTS)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._reload(playlists, address, text, parts))
            tasks.create_task(self._fetch(media, folder, parts))

    async def _reload(
        self, connection: Connection, address: str, text: str, parts: asyncio.Queue[Part]
    ) -> None:
        edge = read_edge(text)
        joint = "&" if "?" in address else "?"
        while True:
            msn, number = known = edge.following
            asked = f"{address}{joint}_HLS_msn={msn}&_HLS_part={number}"
            answer = await connection.get(asked, keep=True)
            self._tally.answered(answer.size)
            edge = read_edge(answer.body.decode())
            for part in edge.parts:
                if part.position < known:
                    continue
                if parts.full():
                    raise HttpFailed("too far behind")
                parts.put_nowait(part)

    async def _fetch(self, connection: Connection, folder: str, parts: asyncio.Queue[Part]) -> None:
        while True:
            part = await parts.get()
            answer = await connection.get(folder + part.uri, keep=False)
            self._tally.answered(answer.size)
            self._tally.part(part.position, end=part.end, received_at=answer.received_at)
            self.has_picture.set()

    async def push(self) -> None:
        """As the player on Media Source Extensions: all by one WebSocket."""
        address = f"ws://{self._host}:{self._port}{self._path}"
        opened_at = time.time()
        async with websockets.connect(address, compression=None, max_size=None) as socket:
            async for message in socket:
                now = time.time()
                if isinstance(message, str):
                    self._told(message)
                    continue
                self._tally.answered(len(message))
                (length,) = struct.unpack_from(">I", message)
                header = json.loads(message[4 : 4 + length])
                if header["type"] != "part":
                    continue
                end = header["start_ms"] / 1000 + header["duration_90k"] / 90_000
                if end > opened_at:  # before that it is what happened before it came
                    position = (header["msn"], header["part"])
                    self._tally.part(position, end=end, received_at=now)
                    self.has_picture.set()
        raise HttpFailed(f"closed with {socket.close_code}")

    def _told(self, message: str) -> None:
        told = json.loads(message)
        self._tally.failed(f"told {told['type']}", int(told.get("parts", 1)))


TRANSPORTS: dict[str, Callable[[Viewer], Awaitable[None]]] = {
    "ll-hls": Viewer.hls,
    "websocket": Viewer.push,
}


class Crowd:
    """The viewers of this process."""

    def __init__(self, host: str, port: int, tally: Tally) -> None:
        self._host, self._port, self._tally = host, port, tally
        self._watching: dict[tuple[str, str], tuple[Viewer, asyncio.Task[None]]] = {}

    async def watch(self, wanted: list[tuple[str, str]]) -> int:
        """Let exactly these watch; return how many of them had a picture in time."""
        for key in set(self._watching) - set(wanted):
            task = self._watching.pop(key)[1]
            task.cancel()
            await asyncio.wait({task})
        deadline = time.monotonic() + JOIN_SECONDS + len(wanted) / JOINS_PER_SECOND
        for transport, path in wanted:
            if (transport, path) in self._watching:
                continue
            viewer = Viewer(self._host, self._port, path, self._tally)
            task = asyncio.create_task(viewer.run(TRANSPORTS[transport]), name=transport)
            self._watching[transport, path] = viewer, task
            await asyncio.sleep(1 / JOINS_PER_SECOND)
        for viewer, _ in self._watching.values():
            try:
                async with asyncio.timeout(max(0.0, deadline - time.monotonic())):
                    await viewer.has_picture.wait()
            except TimeoutError:
                break
        return sum(viewer.has_picture.is_set() for viewer, _ in self._watching.values())


async def serve(host: str, port: int) -> None:
    """Do what the input says."""
    tally = Tally()
    crowd = Crowd(host, port, tally)
    lag = asyncio.create_task(tally.watch_lag(), name="lag")
    try:
        async for line in await _input():
            command = json.loads(line)
            if "watch" in command:
                watching = await crowd.watch([(kind, path) for kind, path in command["watch"]])
                _answer({"watching": watching})
            else:
                tally.begin()
                await asyncio.sleep(command["measure"])
                _answer(tally.end())
    finally:
        lag.cancel()


async def _input() -> asyncio.StreamReader:
    reader = asyncio.StreamReader(limit=_COMMAND_BYTES)
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    return reader


def _answer(answer: dict[str, object]) -> None:
    print(json.dumps(answer, separators=(",", ":")), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.live_fanout_viewers")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    options = parser.parse_args()
    asyncio.run(serve(options.host, options.port))


if __name__ == "__main__":
    main()
