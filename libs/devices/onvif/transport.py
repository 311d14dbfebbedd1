"""Zeep's transport: the worker thread builds and reads messages, the event loop carries them.

A thread never waits on a socket. It waits for the event loop, which gives up in time whatever
the device does, so that threads cannot pile up behind a device that stalls or drips.
"""

import asyncio
import concurrent.futures
import logging
import threading
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Never

import requests
from zeep import Transport

from libs.devices.http import HttpAnswer

Send = Callable[[str, bytes, str], Awaitable[HttpAnswer]]
"""Takes URL, message and content type."""


_CLOSING_SECONDS = 2.0


class LoopTransport(Transport):
    """Carries the messages of one call; `end` ends it from the event loop."""

    def __init__(self, send: Send) -> None:
        # not the base's: it would open a session of its own for each call
        self.logger = logging.getLogger("zeep.transports")
        self.cache = self.session = None
        self._close_session = False
        self._loop = asyncio.get_running_loop()
        self._send = send
        self._lock = threading.Lock()
        self._is_cancelled = False
        self._carrier: asyncio.Task[Any] | None = None
        self._pending: concurrent.futures.Future[HttpAnswer] | None = None

    def post(self, address: str, message: bytes, headers: Mapping[str, str]) -> requests.Response:
        """Send from a worker thread. Raises DeviceError, or CancelledError after `end`."""
        with self._lock:
            if self._is_cancelled:
                raise concurrent.futures.CancelledError
            self._pending = asyncio.run_coroutine_threadsafe(
                self._carry(address, message, headers["Content-Type"]), self._loop
            )
        answer = self._pending.result()
        return _response(answer)

    async def end(self) -> None:
        """Let the thread go, whatever it waits for, and wait until its connection is closed."""
        with self._lock:
            self._is_cancelled = True
        if self._pending is None or not self._pending.cancel():
            return
        if self._carrier is not None:
            await asyncio.wait([self._carrier], timeout=_CLOSING_SECONDS)

    async def _carry(self, address: str, message: bytes, content_type: str) -> HttpAnswer:
        self._carrier = asyncio.current_task()
        return await self._send(address, message, content_type)

    def get(self, *_: Any) -> Never:
        """Refuse: no operation of ONVIF is a GET."""
        raise ValueError("ONVIF messages are posted")

    def load(self, *_: Any) -> Never:
        """Refuse: a device's answer makes nothing be loaded."""
        raise ValueError("nothing is loaded for an answer")


def _response(answer: HttpAnswer) -> requests.Response:
    response = requests.Response()
    response.status_code = answer.status
    # Zeep would unpack multipart; no device has to send it, so it is read as plain XML.
    response.headers["Content-Type"] = "application/soap+xml"
    # the only way in: Response has no public one
    response._content = answer.body  # noqa: SLF001
    return response
