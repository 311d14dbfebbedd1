"""Waiting in tests: for a condition with a deadline, beside something that runs."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from typing import Any


async def eventually(condition: Callable[[], bool], *, within: float = 20.0) -> None:
    """Return when the condition holds; fail at the deadline."""
    async with asyncio.timeout(within):
        while not condition():  # noqa: ASYNC110 - the condition is not ours to signal
            await asyncio.sleep(0.005)


async def eventually_async(
    condition: Callable[[], Awaitable[bool]], *, within: float = 20.0
) -> None:
    async with asyncio.timeout(within):
        while not await condition():  # noqa: ASYNC110 - same
            await asyncio.sleep(0.02)


@contextlib.asynccontextmanager
async def running(work: Coroutine[Any, Any, object]) -> AsyncIterator[asyncio.Task[object]]:
    """Run something beside the test; cancel it afterwards and raise what it raised."""
    task = asyncio.create_task(work)
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.wait([task])
        if not task.cancelled() and (error := task.exception()) is not None:
            raise error
