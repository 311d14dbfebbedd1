import asyncio
import threading
from collections.abc import Iterator

import pytest

from libs.storage.body import Body
from libs.storage.workers import Workers


class Response:
    """As much of an HTTP response as Body uses; `read` waits until the test lets it go on."""

    def __init__(self) -> None:
        self.may_read = threading.Event()
        self.is_reading = threading.Event()
        self.calls: list[str] = []
        self.is_released = threading.Event()

    def read(self, size: int) -> bytes:
        self.is_reading.set()
        assert self.may_read.wait(10)
        self.calls.append("read")
        return b"x"

    def close(self) -> None:
        self.calls.append("close")

    def release_conn(self) -> None:
        self.calls.append("release")
        self.is_released.set()


@pytest.fixture
def workers() -> Iterator[Workers]:
    pool = Workers("test", 1)
    yield pool
    pool.close()


async def test_closing_a_body_gives_its_connection_back(workers: Workers) -> None:
    response = Response()
    response.may_read.set()
    body = Body(response, workers)  # type: ignore[arg-type]  # the three methods it uses

    assert await body.read("k") == b"x"
    body.close()

    assert response.calls == ["read", "close", "release"]


async def test_closing_waits_for_the_thread_that_reads_but_the_caller_does_not(
    workers: Workers,
) -> None:
    response = Response()
    body = Body(response, workers)  # type: ignore[arg-type]  # the three methods it uses
    reading = asyncio.create_task(body.read("k"))
    await asyncio.to_thread(response.is_reading.wait, 10)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading

    body.close()
    assert response.calls == []
    response.may_read.set()

    assert await asyncio.to_thread(response.is_released.wait, 10)
    assert response.calls == ["read", "close", "release"]


async def test_what_a_cancelled_call_returns_is_discarded(workers: Workers) -> None:
    may_return, discarded = threading.Event(), threading.Event()

    def call() -> str:
        assert may_return.wait(10)
        return "a connection"

    values: list[str] = []

    def discard(value: str) -> None:
        values.append(value)
        discarded.set()

    running = asyncio.create_task(workers.run(call, discard=discard))
    await asyncio.sleep(0)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    may_return.set()

    assert await asyncio.to_thread(discarded.wait, 10)
    assert values == ["a connection"]


async def test_a_cancelled_call_that_has_not_begun_never_does(workers: Workers) -> None:
    may_return = threading.Event()
    begun: list[str] = []
    first = asyncio.create_task(workers.run(lambda: may_return.wait(10)))
    await asyncio.sleep(0)
    second = asyncio.create_task(workers.run(lambda: begun.append("second")))
    await asyncio.sleep(0)

    second.cancel()
    with pytest.raises(asyncio.CancelledError):
        await second
    may_return.set()
    await first
    await workers.run(lambda: begun.append("third"))

    assert begun == ["third"]
