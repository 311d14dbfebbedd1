"""HTTP as devices speak it: one request at a time, bounded in time and size, one login attempt."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from libs.contracts.devices import FailureReason
from libs.devices.breaker import Breaker, LoginUse
from libs.devices.driver import Address, Login
from libs.devices.errors import DeviceError
from libs.devices.http_errors import device_error_of
from libs.devices.http_login import Authorizer, is_stale, parse_challenges
from libs.devices.tls import client_context

DEFAULT_MAX_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """A whole answer; header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    challenges: tuple[str, ...] = ()
    """Values of WWW-Authenticate."""
    elapsed_seconds: float = 0.0
    """From sending this request to the end of its answer; without logins and waits before."""


@dataclass(frozen=True, slots=True)
class _Exchange:
    method: str
    url: httpx.URL
    content: bytes | None
    content_type: str
    max_bytes: int

    @property
    def uri(self) -> str:
        """As the request line has it, query included: the digest must cover the same."""
        return self.url.raw_path.decode("ascii")

    def request(
        self, authorization: str | None, *, is_last: bool, extensions: dict[str, Any]
    ) -> httpx.Request:
        # A compressed answer could unpack to any size.
        headers = [(b"Accept-Encoding", b"identity"), (b"Accept", b"*/*")]
        if self.content is not None:
            headers.append((b"Content-Type", self.content_type.encode()))
        if authorization is not None:
            headers.append((b"Authorization", authorization.encode()))
        if is_last:
            headers.append((b"Connection", b"close"))
        return httpx.Request(
            self.method,
            self.url,
            headers=headers,
            content=self.content,
            extensions=extensions,
        )


class DeviceHttp:
    """One device's HTTP server, spoken to with one login.

    Requests queue: some devices know one nonce only, and a second request would make the first
    one's invalid. Nothing is followed elsewhere: no redirects, no proxies, no cookies.
    """

    def __init__(
        self,
        address: Address,
        login: Login | None,
        breaker: Breaker,
        *,
        timeout_seconds: float = 8.0,
        max_bytes: int = DEFAULT_MAX_BYTES,
        fresh_challenge: bool = False,
        locked: Callable[[HttpAnswer], DeviceError | None] = lambda _: None,
    ) -> None:
        """`locked` reads from a 401 whether the account is locked; then no login is sent."""
        self._address = address
        self._breaker = breaker
        self._timeout_seconds = timeout_seconds
        self._max_bytes = max_bytes
        self._fresh_challenge = fresh_challenge
        self._locked = locked
        self._authorizer = Authorizer(login) if login is not None else None
        self._turn = asyncio.Lock()
        self._tls = client_context(verify=address.use_tls and address.verify_tls)
        self._transport = self._new_transport()
        self._stream: Any = None
        self._closing: set[asyncio.Task[None]] = set()

    async def request(
        self,
        method: str,
        path_and_query: str,
        *,
        content: bytes | None = None,
        content_type: str = "application/xml",
        max_bytes: int | None = None,
    ) -> HttpAnswer:
        """Return the answer whatever its status, but for 401: UNAUTHORIZED, or LOCKED.

        `timeout_seconds` bounds the whole exchange, a server that sends byte by byte included;
        waiting for the turn of earlier requests comes on top.
        """
        exchange = self._exchange(method, path_and_query, content, content_type, max_bytes)
        if self._authorizer is None:
            answer = await self._without_login(exchange)
            if answer.status == 401:
                raise DeviceError(FailureReason.UNAUTHORIZED, "the device asks for a login")
            return answer
        async with self._turn, self._breaker.login() as use, self._deadline():
            return await self._with_login(self._authorizer, exchange, use)

    async def request_anonymously(
        self,
        method: str,
        path_and_query: str,
        *,
        content: bytes | None = None,
        content_type: str = "application/xml",
    ) -> HttpAnswer:
        """Return the answer to a request that never carries the login, 401 included."""
        return await self._without_login(
            self._exchange(method, path_and_query, content, content_type, None)
        )

    async def aclose(self) -> None:
        """Close the connection."""
        if self._closing:
            await asyncio.wait(self._closing)
        await self._transport.aclose()

    # ---- one connection ----

    def _new_transport(self) -> httpx.AsyncHTTPTransport:
        return httpx.AsyncHTTPTransport(
            verify=self._tls,
            trust_env=False,
            limits=httpx.Limits(max_connections=1, max_keepalive_connections=1, keepalive_expiry=3),
        )

    async def _trace(self, event: str, told: Mapping[str, Any]) -> None:
        if event == "connection.connect_tcp.complete":
            self._stream = told["return_value"]

    def _cut(self) -> asyncio.Task[None]:
        """Leave the connection in whatever it is doing; the next request opens another one.

        The HTTP client cleans up within the task that is cancelled. Two deadlines that end
        together cancel that as well, and its only connection stays taken for ever; out of a TLS
        handshake it lets the socket go unclosed.
        """
        closing = asyncio.create_task(_closed(self._transport, self._stream), name="device http")
        self._closing.add(closing)
        closing.add_done_callback(self._closing.discard)
        self._transport, self._stream = self._new_transport(), None
        return closing

    # ---- one exchange ----

    def _exchange(
        self,
        method: str,
        path_and_query: str,
        content: bytes | None,
        content_type: str,
        max_bytes: int | None,
    ) -> _Exchange:
        if not path_and_query.startswith("/"):
            raise DeviceError(FailureReason.PROTOCOL, "the path does not begin with a slash")
        try:
            url = httpx.URL(self._address.base_url + path_and_query)
        except (httpx.InvalidURL, ValueError) as error:
            raise device_error_of(error) from error
        return _Exchange(method, url, content, content_type, max_bytes or self._max_bytes)

    async def _without_login(self, exchange: _Exchange) -> HttpAnswer:
        async with self._turn, self._deadline():
            return await self._once(exchange, None)

    async def _with_login(
        self, authorizer: Authorizer, exchange: _Exchange, use: LoginUse
    ) -> HttpAnswer:
        """Send, answer a challenge once, and once more where only the nonce was too old."""
        if self._fresh_challenge:
            authorizer.forget()
        sent = authorizer.repeated(exchange.method, exchange.uri)
        answer = await self._once(exchange, sent)
        for is_first in (True, False):
            if answer.status != 401:
                break
            self._raise_if_locked(answer)
            if not self._may_answer(authorizer, answer, is_first=is_first):
                break
            authorizer.take(answer.challenges)
            sent = authorizer.header(exchange.method, exchange.uri)
            answer = await self._once(exchange, sent)
        if answer.status == 401:
            self._raise_rejected(authorizer, answer)
        # Any other status may have been decided before the login was looked at.
        use.was_sent = sent is not None and answer.status == 200
        return answer

    def _may_answer(self, authorizer: Authorizer, answer: HttpAnswer, *, is_first: bool) -> bool:
        if is_stale(answer.challenges):
            return True
        # An old nonce is refused without a word by some; the same nonce again means the login.
        nonces = {challenge.nonce for challenge in parse_challenges(answer.challenges)}
        return is_first and (not authorizer.nonce or authorizer.nonce not in nonces)

    def _raise_if_locked(self, answer: HttpAnswer) -> None:
        if (error := self._locked(answer)) is not None:
            raise error

    def _raise_rejected(self, authorizer: Authorizer, answer: HttpAnswer) -> None:
        authorizer.forget()
        self._raise_if_locked(answer)
        raise DeviceError(FailureReason.UNAUTHORIZED, "the device rejects the login")

    async def _once(self, exchange: _Exchange, authorization: str | None) -> HttpAnswer:
        sent_at = time.monotonic()
        try:
            response = await self._send(exchange, authorization)
            try:
                body = await _bounded_body(response, exchange.max_bytes)
            finally:
                await response.aclose()
        except asyncio.CancelledError:
            await asyncio.shield(self._cut())
            raise
        return HttpAnswer(
            status=response.status_code,
            headers={name.lower(): value for name, value in response.headers.items()},
            body=body,
            challenges=tuple(response.headers.get_list("www-authenticate")),
            elapsed_seconds=time.monotonic() - sent_at,
        )

    async def _send(self, exchange: _Exchange, authorization: str | None) -> httpx.Response:
        # Some devices close an idle connection without a word, just when it is used again.
        # That is tried again, but never with a login that might be a wrong one.
        is_first_login = self._authorizer is not None and not self._breaker.is_accepted
        request = exchange.request(
            authorization,
            is_last=is_first_login and authorization is None,
            extensions={
                "timeout": httpx.Timeout(self._timeout_seconds).as_dict(),
                "trace": self._trace,
            },
        )
        try:
            return await self._transport.handle_async_request(request)
        except (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError):
            if is_first_login:
                raise
            return await self._transport.handle_async_request(request)

    @contextlib.asynccontextmanager
    async def _deadline(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(self._timeout_seconds):
                yield
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
            raise device_error_of(error) from error


async def _closed(transport: httpx.AsyncHTTPTransport, stream: Any) -> None:
    with contextlib.suppress(httpx.HTTPError, OSError):
        await transport.aclose()
    if stream is not None:
        await stream.aclose()


async def _bounded_body(response: httpx.Response, max_bytes: int) -> bytes:
    encoding = response.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in {"", "identity"}:
        raise DeviceError(FailureReason.PROTOCOL, "the answer is compressed, unasked")
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > max_bytes:
            raise DeviceError(FailureReason.PROTOCOL, f"the answer is over {max_bytes} bytes")
    return bytes(body)
