"""A cancelled request ends, also when its answer comes in the same moment."""

import asyncio
import contextlib

import nats.errors
import pytest

from libs.bus.connection import BusConfig, Connection
from libs.bus.errors import BusError


class Connected(Connection):
    @property
    def is_connected(self) -> bool:
        return True


@pytest.mark.parametrize("refusal", [None, nats.errors.NoRespondersError()])
async def test_a_cancellation_is_not_lost_to_an_answer_that_comes_with_it(
    refusal: Exception | None,
):
    connection = Connected(BusConfig(url="nats://127.0.0.1:1"), "test")
    asked = asyncio.Event()

    async def forgets() -> str:
        """What `asyncio.wait_for` does before Python 3.12."""
        try:
            asked.set()
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            if refusal is not None:
                raise refusal from None
            return "the answer"
        return ""

    async def asks_for_ever() -> None:
        while True:
            with contextlib.suppress(BusError):
                await connection.call("subject", forgets)

    task = asyncio.create_task(asks_for_ever())
    await asked.wait()
    task.cancel()
    done, _ = await asyncio.wait([task], timeout=5)

    assert done
    assert task.cancelled()


async def test_an_answer_that_comes_in_time_is_returned():
    connection = Connected(BusConfig(url="nats://127.0.0.1:1"), "test")

    async def answers() -> str:
        await asyncio.sleep(0)
        return "the answer"

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await connection.call("subject", answers)
    assert await connection.call("subject", answers) == "the answer"
