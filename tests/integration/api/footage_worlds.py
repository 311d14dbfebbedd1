"""Recordings with real pictures and sound in the store of an Api."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urljoin

import httpx

from libs.contracts.keys import recording_key
from libs.contracts.recordings import FragmentEntry, RecordingCompleted
from libs.web.server import HttpServer
from tests.integration.api.conftest import Api, recording
from tests.unit.media.media_mux_samples import Stream, decode_annex_b, video
from tests.unit.media.test_media_mux_recording_file import parts_of, write

SECONDS = 2
"""Length of each recording: 50 pictures, a keyframe every 0.4 s."""
PICTURES = 50

_numbers = itertools.count()


async def store_footage(
    api: Api,
    folder: Path,
    start: datetime,
    *,
    stream: Stream | None = None,
    with_audio: bool = True,
    epoch: int = 1,
) -> RecordingCompleted:
    """Record a stream and put it where the api finds it."""
    parts = parts_of(stream or video(), with_audio=with_audio)
    path = folder / f"{next(_numbers)}.mp4"
    index = write(path, parts)
    init = parts[0].init
    made = recording(
        start,
        SECONDS,
        epoch=epoch,
        ended_at=start + timedelta(seconds=SECONDS),
        duration_90k=index.duration_90k,
        bytes=index.bytes,
        init_bytes=index.init_bytes,
        init_sha256=index.init_sha256,
        video_codec=init.video_codec,
        audio_codec=init.audio_codec,
        width=init.width,
        height=init.height,
        fragments=tuple(
            FragmentEntry(offset=each.offset, bytes=each.bytes, duration_90k=each.duration_90k)
            for each in index.fragments
        ),
        object_key=recording_key("front-door", start, epoch),
    )

    async def content() -> AsyncIterator[bytes]:
        yield path.read_bytes()

    await api.store.put_stream(made.object_key, content())
    await api.apply(made)
    return made


def pictures_of(stream: Stream | None = None) -> list[bytes]:
    """Luma planes of what `store_footage` records."""
    return decode_annex_b(stream or video())


async def linked(client: httpx.AsyncClient, playlist: str, uri: str) -> httpx.Response:
    """Ask for what a playlist names, as a player does."""
    return await client.get(urljoin(f"http://api{playlist}", uri))


@asynccontextmanager
async def served(api: Api) -> AsyncIterator[str]:
    """Put the application behind a real port; yields its address."""
    server = HttpServer(api.app, host="127.0.0.1", port=0, max_connections=100, grace_seconds=1)
    serving = asyncio.create_task(server.run())
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.stop()
        await serving
