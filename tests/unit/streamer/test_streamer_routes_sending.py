"""How answers are sent: in pieces, counted until they are through, not forever."""

import asyncio
from typing import Any

from services.streamer.responses import PIECE_BYTES, STALLED_SECONDS, MediaResponse
from tests.unit.streamer.streamer_live import stand, token
from tests.unit.streamer.streamer_samples import Producer
from tests.waiting import eventually

GET = {"type": "http", "method": "GET"}


async def nothing() -> dict[str, Any]:
    await asyncio.Event().wait()
    raise AssertionError


async def test_large_media_is_sent_in_pieces() -> None:
    sent: list[Any] = []
    data = bytes(range(256)) * 4096

    async def send(message: Any) -> None:
        sent.append(message)

    await MediaResponse([data[:10], data[10:]])(GET, nothing, send)

    bodies = [message["body"] for message in sent[1:]]
    assert b"".join(bodies) == data
    assert max(len(body) for body in bodies) <= PIECE_BYTES
    assert [message.get("more_body", False) for message in sent[1:]] == [True] * 5 + [False]
    assert (b"content-length", str(len(data)).encode()) in sent[0]["headers"]


async def test_client_that_takes_nothing_is_given_up() -> None:
    assert STALLED_SECONDS == 10
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)
        if len(sent) == 3:
            await asyncio.Event().wait()

    response = MediaResponse([bytes(PIECE_BYTES * 4)], stalled_seconds=0.01)
    async with asyncio.timeout(20):
        await response(GET, nothing, send)

    assert len(sent) == 3
    assert sent[-1]["more_body"]


async def test_request_counts_until_its_answer_is_sent() -> None:
    released = asyncio.Event()
    producer = Producer()
    async with stand(max_requests_per_viewer=1) as live:
        await live.show(producer.segments(2))
        path = "/api/v1/cameras/front-door/live/main/one/10.m4s"
        scope = {
            **GET,
            "path": path,
            "raw_path": path.encode(),
            "root_path": "",
            "query_string": f"token={token()}".encode(),
            "headers": [],
        }

        async def send(_message: Any) -> None:
            await released.wait()

        slow = asyncio.create_task(live.app(scope, nothing, send))
        await eventually(lambda: len(live.context.viewers) == 1)
        refused = await live.get("live/main/one/media.m3u8")
        released.set()
        await slow
        answer = await live.get("live/main/one/media.m3u8")

    assert refused.status_code == 429
    assert answer.status_code == 200
