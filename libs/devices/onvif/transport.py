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


class LoopTransport(Transport):
    """Carries the messages of one call; `cancel` ends it from the event loop."""

    def __init__(self, send: Send) -> None:
        # not the base's: it would open a session of its own for each call
        self.logger = logging.getLogger("zeep.transports")
        self.cache = self.session = None
        self._close_session = False
        self._loop = asyncio.get_running_loop()
        self._send = send
        self._lock = threading.Lock()
        self._is_cancelled = False
        self._pending: concurrent.futures.Future[HttpAnswer] | None = None

    def post(self, address: str, message: bytes, headers: Mapping[str, str]) -> requests.Response:
        """Send from a worker thread. Raises DeviceError, or CancelledError after `cancel`."""
        with self._lock:
            if self._is_cancelled:
                raise concurrent.futures.CancelledError
            self._pending = asyncio.run_coroutine_threadsafe(
                self._carry(address, message, headers["Content-Type"]), self._loop
            )
        answer = self._pending.result()
        return _response(answer)

    def cancel(self) -> None:
        """Let the thread go, whatever it waits for."""
        with self._lock:
            self._is_cancelled = True
            if self._pending is not None:
                self._pending.cancel()

    async def _carry(self, address: str, message: bytes, content_type: str) -> HttpAnswer:
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
