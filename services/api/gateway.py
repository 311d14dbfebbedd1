"""Passes live requests on to a streamer, byte by byte as they come, and never holds much.

A viewer that reads slowly slows the streamer down; one that leaves ends its request there.
"""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import httpx
import structlog
from fastapi import Response
from starlette.types import Receive, Scope, Send

from libs.web.problems import Problem, problem_response, unavailable
from services.api import metrics
from services.api.gateway_headers import response_headers, whole_response
from services.api.streamers import Streamers

log = structlog.get_logger()

IDLE_CONNECTIONS = 64
IDLE_SECONDS = 2.0
"""Shorter than a streamer keeps an idle connection, so that it is not closed as we use it."""
RETRY_SECONDS = 2
REFUSED = "everframe-refused"
"""The header in which a streamer says which limit it refuses for."""
SENDS_ON = frozenset({"total", "closing"})


@dataclass(frozen=True)
class GatewayLimits:
    """How much and how long."""

    max_requests: int
    connect_seconds: float
    stall_seconds: float
    """How long a streamer may be silent, or a viewer take nothing."""


@dataclass(frozen=True)
class LiveRequest:
    """What a streamer is asked."""

    method: str
    camera_id: str
    target: str
    """Path and query."""
    headers: dict[str, str]
    host: str | None
    """The viewer's Host header; None for the streamer's own."""


class Gateway:
    """What all live requests share: the streamers, connections to them, and a limit."""

    def __init__(self, streamers: Streamers, limits: GatewayLimits) -> None:
        self.streamers = streamers
        self.limits = limits
        self._open = 0
        # A bare transport: no cookie jar that viewers would share, no redirects, no proxies.
        self._transport = httpx.AsyncHTTPTransport(
            trust_env=False,
            limits=httpx.Limits(
                max_connections=limits.max_requests,
                max_keepalive_connections=IDLE_CONNECTIONS,
                keepalive_expiry=IDLE_SECONDS,
            ),
        )

    async def aclose(self) -> None:
        """Close the connections to the streamers."""
        await self._transport.aclose()

    @contextmanager
    def place(self) -> Iterator[None]:
        """Take one of the places; raises Problem when all are taken or nobody could answer."""
        if not self.streamers.are_set:
            metrics.LIVE_REFUSED.labels("not_set_up").inc()
            raise unavailable(
                "live is not set up here: set EVERFRAME_API_STREAMER_URLS to the streamers' "
                "addresses, see docs/guide/watch-live.md",
                retry_after_seconds=60,
            )
        if self._open >= self.limits.max_requests:
            metrics.LIVE_REFUSED.labels("limit").inc()
            raise busy()
        self._open += 1
        metrics.LIVE_OPEN.set(self._open)
        try:
            yield
        finally:
            self._open -= 1
            metrics.LIVE_OPEN.set(self._open)

    async def answer(self, asked: LiveRequest) -> httpx.Response | Response:
        """Return the response of the first streamer that has room, its body still unread.

        Where none has, what the last one said, read to its end.
        """
        refusal: Response | None = None
        for url in self.streamers.in_order(asked.camera_id):
            request = self._request(url, asked)
            try:
                response = await self._transport.handle_async_request(request)
                if sends_on(response):
                    refusal = await _whole(response)
            except httpx.PoolTimeout:
                raise busy() from None
            except httpx.ReadTimeout:
                metrics.LIVE_REFUSED.labels("timeout").inc()
                raise Problem(
                    HTTPStatus.GATEWAY_TIMEOUT, "the streamer did not answer in time; try again"
                ) from None
            except httpx.TransportError as error:
                self.note_failed(url, error)
                continue
            self.streamers.answered(url)
            if not sends_on(response):
                return response
            metrics.LIVE_FAILOVERS.inc()
        if refusal is None:
            raise nobody()
        return refusal

    def note_failed(self, url: str, error: Exception) -> None:
        """Ask this streamer last for a while."""
        self.streamers.failed(url)
        metrics.LIVE_FAILOVERS.inc()
        log.warning("streamer.failed", url=url, reason=f"{type(error).__name__}: {error}")

    def _request(self, url: str, asked: LiveRequest) -> httpx.Request:
        connect_seconds = self.limits.connect_seconds
        timeout = httpx.Timeout(
            self.limits.stall_seconds, connect=connect_seconds, pool=connect_seconds
        )
        host = {"host": asked.host} if asked.host else {}
        try:
            return httpx.Request(
                asked.method,
                url + asked.target,
                headers={**asked.headers, **host},
                extensions={"timeout": timeout.as_dict()},
            )
        except httpx.InvalidURL:
            raise Problem(HTTPStatus.BAD_REQUEST, "the address cannot be read") from None


class PassedOn(Response):
    """A streamer's response, fetched while it is sent."""

    def __init__(self, gateway: Gateway, asked: LiveRequest) -> None:
        super().__init__()
        self._gateway = gateway
        self._asked = asked

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            with self._gateway.place():
                await _until_gone(receive, self._serve(scope, receive, send))
        except Problem as problem:
            await problem_response(problem)(scope, receive, send)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            response = await self._gateway.answer(self._asked)
        except Problem as problem:
            await problem_response(problem)(scope, receive, send)
            return
        if isinstance(response, Response):
            await response(scope, receive, send)
            return
        try:
            if is_redirect(response.status_code):
                await problem_response(misdirected())(scope, receive, send)
            else:
                await self._send(response, send)
        finally:
            await response.aclose()

    async def _send(self, response: httpx.Response, send: Send) -> None:
        """Send head and body; where it ends early, the server breaks the connection off."""
        stall_seconds = self._gateway.limits.stall_seconds
        headers = response_headers(response.headers.raw)
        start = {"type": "http.response.start", "status": response.status_code, "headers": headers}
        try:
            await send(start)
            async for piece in _pieces(response):
                async with asyncio.timeout(stall_seconds):
                    await send({"type": "http.response.body", "body": piece, "more_body": True})
                metrics.LIVE_BYTES.labels("http").inc(len(piece))
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        except (httpx.TransportError, TimeoutError) as error:
            log.warning(
                "live.broken_off",
                camera_id=self._asked.camera_id,
                reason=f"{type(error).__name__}: {error}",
            )


async def _whole(response: httpx.Response) -> Response:
    """Return a refusal apart from its connection, which the next streamer's may need."""
    try:
        body = b"".join([piece async for piece in response.aiter_raw()])
    finally:
        await response.aclose()
    return whole_response(response.status_code, response.headers.raw, body)


async def _pieces(response: httpx.Response) -> AsyncIterator[bytes]:
    async for piece in response.aiter_raw():
        if piece:  # an empty one would end a chunked response
            yield piece


async def _until_gone(receive: Receive, work: Coroutine[Any, Any, None]) -> None:
    """Do the work, but no longer than the viewer is there."""
    async with asyncio.TaskGroup() as tasks:
        working = tasks.create_task(work, name="live-request")
        watching = tasks.create_task(_gone(receive), name="live-viewer")
        await asyncio.wait({working, watching}, return_when=asyncio.FIRST_COMPLETED)
        working.cancel()
        watching.cancel()


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def sends_on(response: httpx.Response) -> bool:
    """Whether a streamer has no room or stops, so that another one is to be asked.

    Not where a camera has all the viewers it may: they are all with this streamer.
    """
    reason = response.headers.get(REFUSED, "")
    return response.status_code == HTTPStatus.SERVICE_UNAVAILABLE and reason in SENDS_ON


def is_redirect(status: int) -> bool:
    """Whether a streamer sends us elsewhere, which none does."""
    return 300 <= status < 400 and status != HTTPStatus.NOT_MODIFIED


def busy() -> Problem:
    """Return what those are told for whom there is no place."""
    return Problem(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "too many live requests are open here; try again in a few seconds",
        # an idle connection would count against max_connections
        headers={"Retry-After": str(RETRY_SECONDS), "Connection": "close"},
    )


def nobody() -> Problem:
    """Return what viewers are told while every streamer is away."""
    metrics.LIVE_REFUSED.labels("no_streamer").inc()
    return unavailable(
        "no streamer can be reached; recording goes on, try again in a few seconds",
        retry_after_seconds=RETRY_SECONDS,
    )


def misdirected() -> Problem:
    """Return what viewers are told where an address in the settings is not a streamer's."""
    metrics.LIVE_REFUSED.labels("redirect").inc()
    return Problem(
        HTTPStatus.BAD_GATEWAY,
        "the streamer's address leads elsewhere; check EVERFRAME_API_STREAMER_URLS",
    )
