"""A request that is held until its channel has what it asks for."""

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Self

from starlette.requests import Request

from services.streamer.channel import Channel
from services.streamer.refusals import refused


class ViewerGone(Exception):
    """Whoever asked has closed the connection."""


class Held:
    """Waits on behalf of one request; ends at once when its client does."""

    def __init__(self, request: Request, channel: Channel) -> None:
        self._request = request
        self._channel = channel
        self._gone: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        if self._gone is not None:
            self._gone.cancel()
            await asyncio.wait({self._gone})

    async def until(self, condition: Callable[[], bool], seconds: float) -> bool:
        """Return whether the condition holds, as soon as it does, or after `seconds`.

        Raises ViewerGone, and Refused when the channel is closed.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        while not condition():
            if self._channel.closed:
                raise refused(self._channel.closed)
            left = deadline - loop.time()
            if left <= 0:
                return False
            if self._gone is None:
                self._gone = asyncio.create_task(self._disconnected(), name="disconnect")
            await self._channel.changed(self._gone, timeout_seconds=left)
            if self._gone.done():
                raise ViewerGone
        return True

    async def _disconnected(self) -> None:
        # a GET may carry a body, of which nothing is wanted
        while (await self._request.receive())["type"] != "http.disconnect":
            pass
