"""The vendor's library as the rest of Everframe sees it: asked, guarded, restarted.

The library is loaded in a worker process and nowhere else. What crashes takes that process along;
what hangs is killed with it; the next call starts another one.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from weakref import WeakValueDictionary

import structlog

from libs.contracts.devices import FailureReason
from libs.devices.errors import DeviceError
from libs.devices.hcnetsdk.errors import device_error
from libs.devices.hcnetsdk.process import LIBRARY_SETTING, WorkerProcess
from libs.runtime.backoff import Backoff

log = structlog.get_logger()

MAX_CALLS: Final = 8
"""Devices that are spoken to at a time; the worker has as many threads."""


class SessionLost(Exception):
    """The worker knows no such login, or not any more: log in again."""


class SdkWorker:
    """The library in a process of its own, shared by all devices that need it.

    The process starts at the first call. One call at a time per device, MAX_CALLS devices at a
    time. A call goes on in the background when whoever asked is cancelled. One that takes too
    long kills the process, and with it all other calls that are under way.
    """

    def __init__(
        self,
        library: Path | None,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        environment: Mapping[str, str] | None = None,
        start_seconds: float = 20.0,
        backoff: Backoff | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._library = library
        self._now, self._monotonic = now, monotonic
        self._environment = environment or {}
        self._start_seconds = start_seconds

        # the process
        self._process: WorkerProcess | None = None
        self._starting = asyncio.Lock()
        self._is_closed = False

        # its failures in a row
        self._backoff = backoff or Backoff(first_seconds=1.0, max_seconds=60.0)
        self._failure: DeviceError | None = None
        self._may_start_at = 0.0

        # calls
        self._slots = asyncio.Semaphore(MAX_CALLS)
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._calls: set[asyncio.Task[Any]] = set()

    async def call(self, op: str, *, device: str, timeout_seconds: float, **arguments: Any) -> Any:
        """Return what the worker's operation returns; `timeout_seconds` begin at its turn.

        Raises SessionLost, and DeviceError: UNSUPPORTED without a usable library, INTERNAL when
        it crashed, TIMEOUT when it hung, and whatever its error numbers mean.
        """
        if self._library is None or not self._library.is_absolute():
            raise DeviceError(
                FailureReason.UNSUPPORTED,
                f"set {LIBRARY_SETTING} to the absolute path of the vendor's libhcnetsdk.so",
            )
        turn = contextlib.AsyncExitStack()
        await turn.enter_async_context(self._turn(device))
        call = asyncio.create_task(
            self._run(turn, self._library, op, arguments, timeout_seconds), name=f"hcnetsdk {op}"
        )
        self._calls.add(call)
        call.add_done_callback(self._finish)
        return await asyncio.shield(call)

    async def aclose(self) -> None:
        """Log out everywhere and end the process; calls that are under way fail."""
        self._is_closed = True
        async with self._starting:
            process, self._process = self._process, None
        if process is not None:
            await process.stop()
        if self._calls:
            await asyncio.wait(self._calls)

    @property
    def pid(self) -> int | None:
        """Of the process, while there is one."""
        return None if self._process is None or self._process.is_over else self._process.pid

    @contextlib.asynccontextmanager
    async def _turn(self, device: str) -> AsyncIterator[None]:
        lock = self._locks.setdefault(device, asyncio.Lock())
        async with lock, self._slots:
            yield

    async def _run(
        self,
        turn: contextlib.AsyncExitStack,
        library: Path,
        op: str,
        arguments: Mapping[str, Any],
        timeout_seconds: float,
    ) -> Any:
        async with turn:
            process = await self._running(library)
            try:
                answer = await process.ask(op, arguments, timeout_seconds=timeout_seconds)
            except TimeoutError as error:
                hung = DeviceError(
                    FailureReason.TIMEOUT, f"the vendor's library hung in {op}; it was restarted"
                )
                await self._give_up(process, hung)
                raise hung from error
            except DeviceError as error:
                await self._give_up(process, error)
                raise
            self._failure = None
            self._backoff.reset()
        if "error" not in answer:
            return answer.get("done")
        if answer["error"].get("kind") == "session":
            raise SessionLost
        raise device_error(answer["error"], self._now())

    async def _running(self, library: Path) -> WorkerProcess:
        async with self._starting:
            if self._is_closed:
                raise DeviceError(FailureReason.INTERNAL, "the worker has been closed")
            if self._process is not None and not self._process.is_over:
                return self._process
            if self._failure is not None and self._monotonic() < self._may_start_at:
                raise DeviceError(
                    self._failure.reason, f"{self._failure.detail}; it is not tried again yet"
                )
            try:
                self._process = await WorkerProcess.start(
                    library, environment=self._environment, timeout_seconds=self._start_seconds
                )
            except DeviceError as error:
                self._note(error)
                raise
            return self._process

    async def _give_up(self, process: WorkerProcess, error: DeviceError) -> None:
        # Several calls see one process end; the first of them counts it.
        if process is self._process:
            self._process = None
            self._note(DeviceError(FailureReason.INTERNAL, error.detail))
            log.warning("hcnetsdk.library_failed", pid=process.pid, detail=error.detail)
        await process.kill()

    def _note(self, error: DeviceError) -> None:
        # After the first failure a restart may come at once, after more of them in a row later.
        wait = self._backoff.next_seconds() if self._failure is not None else 0.0
        self._failure, self._may_start_at = error, self._monotonic() + wait

    def _finish(self, call: asyncio.Task[Any]) -> None:
        self._calls.discard(call)
        if not call.cancelled():
            call.exception()  # whoever asked may be gone
