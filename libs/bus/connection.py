"""One connection to the NATS server that never gives up, and the mapping of its errors.

The client library can lose a connection for good: an unexpected error closes it, a raising
callback kills its read loop while it still claims to be connected. So callbacks here never raise,
liveness is a round trip, and a watchdog replaces a client that stays deaf.
"""

import asyncio
import contextlib
import re
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeVar

import nats.errors
import structlog
from nats.aio.client import Client
from nats.js import JetStreamContext
from nats.js import errors as js_errors
from pydantic import SecretStr

from libs.bus import metrics
from libs.bus.errors import (
    BusUnavailable,
    Conflict,
    Permanent,
    PermissionDenied,
    StreamMissing,
    TopologyDrift,
)
from libs.bus.topology import Limits

log = structlog.get_logger()
T = TypeVar("T")

_WRONG_LAST_SEQUENCE = frozenset({10071, 10164})
_INVALID_CONFIG = 10052  # sent with code 500 although trying again cannot help
_VIOLATION = re.compile(
    r'permissions violation for (?:publish|subscription) to "([^"]+)"', re.IGNORECASE
)
_NOBODY = (nats.errors.NoRespondersError, js_errors.NoStreamResponseError)
_AWAY = (
    TimeoutError,
    OSError,
    nats.errors.TimeoutError,
    nats.errors.ConnectionClosedError,
    nats.errors.ConnectionDrainingError,
    nats.errors.ConnectionReconnectingError,
    nats.errors.NoRespondersError,
    nats.errors.NoServersError,
    nats.errors.OutboundBufferLimitError,
    nats.errors.StaleConnectionError,
    js_errors.NoStreamResponseError,
    js_errors.ServiceUnavailableError,
)


@dataclass(frozen=True)
class BusConfig:
    """Where the bus is and how patient its client is; durations in seconds."""

    url: str
    user: str | None = None
    password: SecretStr | str | None = field(default=None, repr=False)
    name: str = ""
    """This instance, as the server's monitoring shows it."""
    publish_timeout_seconds: float = 2.0
    """One attempt to publish."""
    publish_deadline_seconds: float = 30.0
    """All attempts to publish one event."""
    request_timeout_seconds: float = 3.0
    ping_interval_seconds: int = 10
    shutdown_grace_seconds: float = 5.0
    """How long running handlers may go on when consuming is cancelled."""
    live_max_bytes: int = Limits.live_max_bytes
    """Size of the stream of live parts when this client makes it anew."""


class Connection:
    """A client that is replaced when it is beyond repair; `generation` counts connections."""

    def __init__(self, config: BusConfig, service: str) -> None:
        self.config = config
        self.generation = 0
        self._service = service
        self._client = Client()
        self._connected = asyncio.Event()
        self._listeners: set[Callable[[], None]] = set()
        self._violations: dict[str, float] = {}
        self._watchdog: asyncio.Task[None] | None = None
        self._ping: asyncio.Task[float] | None = None
        self._ping_generation = 0
        self._closing = False

    async def open(self, wait_seconds: float) -> None:
        """Connect within `wait_seconds` or raise BusUnavailable."""
        try:
            async with asyncio.timeout(wait_seconds):
                self._client = await self._connect()
        except (*_AWAY, nats.errors.Error) as error:
            raise BusUnavailable(f"no bus at {self._where} within {wait_seconds} s") from error
        self._came_up()
        self._watchdog = asyncio.create_task(self._watch(), name="bus-watchdog")

    @property
    def client(self) -> Client:
        """The client of now; do not keep it across waits."""
        return self._client

    @property
    def js(self) -> JetStreamContext:
        """The JetStream interface of now; do not keep it across waits."""
        return self._client.jetstream(timeout=self.config.request_timeout_seconds)

    @property
    def is_connected(self) -> bool:
        """What the client believes; only `rtt` knows."""
        return self._client.is_connected and self._connected.is_set()

    async def wait_connected(self) -> None:
        """Return once the connection is up."""
        await self._connected.wait()

    def on_reconnect(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call `listener` after every reconnect until the returned function is called."""
        self._listeners.add(listener)
        return lambda: self._listeners.discard(listener)

    async def rtt(self) -> float:
        """Return the seconds of a round trip to the server; BusUnavailable when there is none.

        An unanswered ping is left pending and never cancelled: the client library's read loop
        dies when the answer to a cancelled one arrives.
        """
        if not self.is_connected:
            raise BusUnavailable("not connected")
        if self._ping is None or self._ping.done() or self._ping_generation != self.generation:
            self._forget_ping()
            self._ping_generation = self.generation
            self._ping = asyncio.create_task(self._client.rtt(timeout=86_400), name="bus-ping")
        ping = self._ping
        answered, _ = await asyncio.wait([ping], timeout=self.config.request_timeout_seconds)
        if not answered:
            raise BusUnavailable("the server does not answer")
        if ping.cancelled() or ping.exception() is not None:
            raise BusUnavailable("the connection was lost")
        return float(ping.result())

    def _forget_ping(self) -> None:
        """Drop a ping of a connection that is no more, where nobody can answer it."""
        if self._ping is not None and not self._ping.done():
            self._ping.cancel()
        self._ping = None

    async def call(self, subject: str, action: Callable[[], Awaitable[T]]) -> T:
        """Run one request to the server on `subject`, with its errors mapped.

        Nothing is sent while the connection is down: the client would store it and send it later,
        long after the caller was told that it failed.
        """
        if not self.is_connected:
            raise BusUnavailable("not connected")
        started = time.monotonic()
        try:
            return await _cancellable(action())
        except _AWAY as error:
            if self._violations.get(subject.casefold(), 0.0) >= started:
                raise PermissionDenied(f"not permitted: {subject}") from error
            kind = StreamMissing if isinstance(error, _NOBODY) else BusUnavailable
            raise kind(f"no answer on {subject}: {type(error).__name__}") from error
        except js_errors.APIError as error:
            raise _api_error(error, subject) from error
        except nats.errors.Error as error:
            raise Permanent(f"{subject}: {error}") from error

    async def close(self, timeout_seconds: float) -> None:
        """Flush what is buffered and close, within `timeout_seconds`; never raises."""
        self._closing = True
        if self._watchdog is not None:
            self._watchdog.cancel()
            await asyncio.wait([self._watchdog])
        if self.is_connected:
            with contextlib.suppress(TimeoutError, nats.errors.Error, OSError):
                async with asyncio.timeout(timeout_seconds):
                    await self._client.flush(timeout=60)
        await _discard(self._client)
        self._forget_ping()
        self._connected.clear()
        metrics.CONNECTED.set(0)

    @property
    def _where(self) -> str:
        return self.config.url.rsplit("@", 1)[-1]

    async def _connect(self) -> Client:
        client = Client()
        secret = self.config.password
        try:
            await client.connect(
                self.config.url,
                name=f"{self._service}/{self.config.name}",
                user=self.config.user,
                password=secret.get_secret_value() if isinstance(secret, SecretStr) else secret,
                inbox_prefix=inbox_prefix(self._service),
                max_reconnect_attempts=-1,
                reconnect_time_wait=1,
                connect_timeout=2,
                ping_interval=self.config.ping_interval_seconds,
                max_outstanding_pings=2,
                error_cb=self._on_error,
                disconnected_cb=self._on_disconnect,
                reconnected_cb=self._on_reconnect,
                closed_cb=self._on_disconnect,
            )
        except BaseException:
            await _discard(client)
            raise
        return client

    async def _watch(self) -> None:
        """Replace the client when it has been closed, stuck or deaf for too long."""
        failures = 0
        while True:
            await asyncio.sleep(1 if self._client.is_closed else self.config.ping_interval_seconds)
            try:
                await self.rtt()
                failures = 0
            except BusUnavailable:
                failures += 1
            is_deaf = failures >= 3 and self._client.is_connected
            if not self._client.is_closed and not is_deaf and failures < 6:
                continue
            try:
                await self._replace()
                failures = 0
            except Exception as error:
                log.error("bus.replacement_failed", server=self._where, exc_info=error)

    async def _replace(self) -> None:
        log.warning("bus.client_replaced", server=self._where)
        metrics.ERRORS.labels("client_replaced").inc()
        self._connected.clear()
        metrics.CONNECTED.set(0)
        await _discard(self._client)
        self._client = await self._connect()  # tries for as long as it takes
        self._came_up()

    def _came_up(self) -> None:
        self.generation += 1
        self._connected.set()
        metrics.CONNECTED.set(1)
        for listener in tuple(self._listeners):
            listener()

    async def _on_reconnect(self) -> None:
        if not self._closing:
            log.info("bus.reconnected", server=self._where)
            self._came_up()

    async def _on_disconnect(self) -> None:
        self._connected.clear()
        metrics.CONNECTED.set(0)
        if not self._closing:
            log.warning("bus.connection_lost", server=self._where)

    async def _on_error(self, error: Exception) -> None:
        text = str(error) or type(error).__name__
        violation = _VIOLATION.search(text)
        if violation is None:
            metrics.ERRORS.labels(type(error).__name__).inc()
            # While the server is away there is one per attempt, and the loss is logged already.
            report = log.warning if self._connected.is_set() else log.debug
            report("bus.error_reported", error=text, kind=type(error).__name__)
            return
        if len(self._violations) > 1000:
            self._violations.clear()
        self._violations[violation[1].casefold()] = time.monotonic()
        metrics.ERRORS.labels("PermissionDenied").inc()
        log.error("bus.permission_denied", subject=violation[1], user=self.config.user)


async def _cancellable(work: Awaitable[T]) -> T:
    """Await, and be cancelled also when the answer came in the very moment of the cancellation.

    The client waits with `asyncio.wait_for`, which before Python 3.12 returns the answer then and
    forgets the cancellation: a task that is cancelled once would run on for ever.
    """
    task = asyncio.current_task()
    before = task.cancelling() if task else 0
    try:
        return await work
    finally:
        # the answer may be a refusal, which the client raises
        if task is not None and task.cancelling() > before:
            raise asyncio.CancelledError


def inbox_prefix(service: str) -> str:
    """Return the prefix of a service's own inboxes."""
    return f"_INBOX.{service}"


def _api_error(error: js_errors.APIError, subject: str) -> Exception:
    if error.err_code in _WRONG_LAST_SEQUENCE:
        return Conflict(f"{subject}: {error.description}")
    if isinstance(error, js_errors.NotFoundError):
        return TopologyDrift(f"{subject}: {error.description or 'not found'}")
    if (error.code or 0) >= 500 and error.err_code != _INVALID_CONFIG:
        return BusUnavailable(f"{subject}: {error.description}")
    return Permanent(f"{subject}: {error}")


async def _discard(client: Client) -> None:
    with contextlib.suppress(Exception):
        async with asyncio.timeout(2):
            await client.close()
