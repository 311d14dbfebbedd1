"""The frame of a service process: signals, health, supervised tasks, bounded shutdown."""

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable

import structlog

from libs.runtime.backoff import Backoff
from libs.runtime.logging import configure_logging
from libs.runtime.settings import ServiceSettings

log = structlog.get_logger()

EXIT_GRACE_EXCEEDED = 70


def run_service(
    name: str, settings: ServiceSettings, main: Callable[[asyncio.Event], Awaitable[None]]
) -> None:
    """Run `main(stop)` until it returns; SIGTERM and SIGINT set `stop`.

    After `shutdown_grace_seconds` the process exits by force, so a blocked thread cannot keep it.
    """
    configure_logging(name, settings.instance, level=settings.log_level, fmt=settings.log_format)
    sys.exit(asyncio.run(_run(main, settings.shutdown_grace_seconds)))


async def _run(main: Callable[[asyncio.Event], Awaitable[None]], grace_seconds: float) -> int:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    task = asyncio.create_task(_guard(main, stop), name="main")
    stopping = asyncio.create_task(stop.wait(), name="stop-signal")
    await asyncio.wait({task, stopping}, return_when=asyncio.FIRST_COMPLETED)
    if not task.done():
        log.info("service.stopping", grace_seconds=grace_seconds)
        done, _ = await asyncio.wait({task}, timeout=grace_seconds)
        if not done:
            log.error("service.stop_timed_out", grace_seconds=grace_seconds)
            task.cancel()
            await asyncio.wait({task}, timeout=2.0)
            sys.stderr.flush()
            # a normal exit would wait for the very thread that is blocked
            os._exit(EXIT_GRACE_EXCEEDED)
    stopping.cancel()
    return task.result()


async def _guard(main: Callable[[asyncio.Event], Awaitable[None]], stop: asyncio.Event) -> int:
    failures: list[BaseException] = []
    try:
        await main(stop)
    except* FatalError as group:
        failures = leaves(group)
    for error in failures:
        log.error("service.failed", reason=str(error))
    return 1 if failures else 0


class FatalError(Exception):
    """The service cannot run; the text says what to do. Ends the process without a traceback."""


def leaves(group: BaseExceptionGroup[BaseException]) -> list[BaseException]:
    """Return the plain exceptions inside nested groups."""
    found: list[BaseException] = []
    for error in group.exceptions:
        found += leaves(error) if isinstance(error, BaseExceptionGroup) else [error]
    return found


async def supervise(
    name: str, run_once: Callable[[], Awaitable[None]], *, max_delay_seconds: float = 30.0
) -> None:
    """Repeat `run_once` until cancelled; a failure is logged and waited out with back-off."""
    backoff = Backoff(first_seconds=0.2, max_seconds=max_delay_seconds)
    loop = asyncio.get_running_loop()
    while True:
        started = loop.time()
        try:
            await run_once()
        except Exception as error:  # noqa: BLE001 - a supervisor outlives whatever it runs
            log.warning("task.failed", task=name, error=type(error).__name__, reason=str(error))
        if loop.time() - started > max_delay_seconds:
            backoff.reset()
        await asyncio.sleep(backoff.next_seconds())
