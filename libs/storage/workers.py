"""A bounded set of threads for blocking calls, exact even when callers are cancelled.

A cancelled `asyncio.to_thread` or anyio limiter gives its slot back while its thread still works;
here the slots are the threads.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


class Workers:
    def __init__(self, name: str, size: int) -> None:
        self._executor = ThreadPoolExecutor(max_workers=size, thread_name_prefix=f"storage-{name}")

    async def run(
        self, call: Callable[[], T], *, discard: Callable[[T], object] | None = None
    ) -> T:
        """Result of the call, once a thread is free for it.

        On cancellation a call that has begun goes on in its thread, and `discard` gets what it
        returns; one that has not begun never will.
        """
        future = self.submit(call)
        try:
            return await asyncio.wrap_future(future)
        except asyncio.CancelledError:
            if discard is not None:
                future.add_done_callback(_discarding(discard))
            raise

    def submit(self, call: Callable[[], T]) -> Future[T]:
        return self._executor.submit(call)

    def close(self) -> None:
        """Begin no further calls; those under way end by their own time limits."""
        self._executor.shutdown(wait=False, cancel_futures=True)


def _discarding(discard: Callable[[T], object]) -> Callable[[Future[T]], None]:
    def done(future: Future[T]) -> None:
        if not future.cancelled() and future.exception() is None:
            discard(future.result())

    return done
