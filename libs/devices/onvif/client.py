"""One device's ONVIF services: calls with the right login, in bounded time, with one error type.

The login goes as a UsernameToken (ONVIF Core 5.9.4). A device that asks for HTTP Digest instead
gets that from then on, and no token any more: never both.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any, Literal

from libs.contracts.devices import FailureReason
from libs.devices.breaker import Breaker
from libs.devices.driver import Address, Login
from libs.devices.errors import DeviceError
from libs.devices.http import DeviceHttp, HttpAnswer
from libs.devices.onvif import soap
from libs.devices.onvif.addresses import Endpoint, repaired_endpoint
from libs.devices.onvif.call import Call, operate
from libs.devices.onvif.faults import OnvifFault, status_error
from libs.devices.onvif.token import UsernameToken
from libs.devices.onvif.transport import LoopTransport
from libs.devices.xml import Element

DEVICE = "http://www.onvif.org/ver10/device/wsdl"
DEVICE_PATH = "/onvif/device_service"
"""Fixed by ONVIF Core 5.1.1."""

LoginNeed = Literal["always", "if_asked", "never"]
_Attempt = Callable[[UsernameToken | None, bool], Awaitable[Any]]
"""Takes a token for the message, and whether HTTP logs in."""

_MAX_PORTS = 4
_THREADS = 2


class OnvifClient:
    """Speaks to the services of one device, one call at a time.

    `xaddrs` maps namespaces to addresses as the device tells them; `clock_offset` is the device's
    clock minus ours. Both are filled by whoever asks the device for them.
    """

    def __init__(
        self,
        address: Address,
        login: Login | None,
        breaker: Breaker,
        *,
        now: Callable[[], datetime],
        timeout_seconds: float,
    ) -> None:
        self.address = address
        self.xaddrs: dict[str, str] = {}
        self.clock_offset: timedelta | None = None
        self._login = login
        self._breaker = breaker
        self._now = now
        self._timeout_seconds = timeout_seconds
        self._http_breaker = Breaker(now)
        self._wants_http_login = False
        self._turn = asyncio.Lock()
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="onvif")
        self._connections: dict[tuple[Address, bool, bool], DeviceHttp] = {}

    @property
    def timeout_seconds(self) -> float:
        """How long a call may take."""
        return self._timeout_seconds

    def now(self) -> datetime:
        """Our clock, aware UTC."""
        return self._now()

    def device_now(self) -> datetime:
        """The device's clock, as far as it has been measured."""
        return self._now() + (self.clock_offset or timedelta())

    async def call(
        self,
        service: str,
        operation: str,
        params: Mapping[str, Any] | None = None,
        *,
        login: LoginNeed = "always",
    ) -> Any:
        """Return the answer of an operation that onvif-zeep knows, as zeep's object.

        Raises DeviceError; OnvifFault where the device said why.
        """
        asked = Call(service, operation, dict(params or {}))
        return await self._logged_in(
            operation, lambda token, with_login: self._by_zeep(asked, token, with_login), login
        )

    async def ask(self, namespace: str, operation: str, *parameters: tuple[str, str]) -> Element:
        """Return the answer's element of an operation that onvif-zeep does not know."""
        xaddr = self.xaddrs.get(namespace, "")
        if not xaddr:
            raise DeviceError(FailureReason.UNSUPPORTED, f"the device has no service {namespace}")

        async def attempt(token: UsernameToken | None, with_login: bool) -> Element:
            message = soap.signed(soap.request(namespace, operation, *parameters), token)
            content_type = f'{soap.CONTENT_TYPE}; action="{namespace}/{operation}"'
            answer = await self._post(xaddr, message, content_type, with_login)
            return soap.answer_in(answer.status, answer.body, operation)

        answer: Element = await self._logged_in(operation, attempt, "always")
        return answer

    async def picture(self, endpoint: Endpoint, *, max_bytes: int) -> bytes:
        """Return the JPEG at an HTTP address of the device, with HTTP login.

        Some devices have users for ONVIF alone. That HTTP rejects a login that ONVIF accepts
        is NO_PERMISSION; it is tried once, and does not keep ONVIF from working.
        """
        self._breaker.check()
        http = self._http(endpoint.address, with_login=self._login is not None)
        try:
            answer = await http.request("GET", endpoint.target, max_bytes=max_bytes)
        except DeviceError as error:
            if error.reason is FailureReason.UNAUTHORIZED and not self._breaker.is_open:
                raise DeviceError(
                    FailureReason.NO_PERMISSION, "the login is good for ONVIF, not for pictures"
                ) from error
            raise
        if (problem := status_error(answer.status)) is not None:
            raise problem
        if not answer.body.startswith(b"\xff\xd8"):
            raise DeviceError(FailureReason.PROTOCOL, "the snapshot is not a JPEG")
        return answer.body

    async def aclose(self) -> None:
        """Close the connections and let the threads end."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        for connection in self._connections.values():
            await connection.aclose()
        self._connections.clear()

    # ---- the login ----

    async def _logged_in(self, operation: str, attempt: _Attempt, login: LoginNeed) -> Any:
        try:
            async with self._turn:
                return await self._tried(operation, attempt, login)
        except _MaybeForbidden:
            # The same fault tells a wrong password and a user without the right.
            await self.call("devicemgmt", _PROOF)
            raise DeviceError(
                FailureReason.NO_PERMISSION, f"the user may not do {operation}"
            ) from None

    async def _tried(self, operation: str, attempt: _Attempt, login: LoginNeed) -> Any:
        if login != "always" or self._login is None:
            try:
                async with self._deadline():
                    return await attempt(None, False)
            except DeviceError as error:
                asks = error.reason is FailureReason.UNAUTHORIZED
                if login != "if_asked" or self._login is None or not asks:
                    raise
        if not self._wants_http_login:
            try:
                return await self._with_token(self._login, operation, attempt)
            except _HttpLoginWanted:
                self._wants_http_login = True
        async with self._deadline():
            return await attempt(None, True)

    async def _with_token(self, login: Login, operation: str, attempt: _Attempt) -> Any:
        may_be_forbidden = self._breaker.is_accepted and operation != _PROOF
        async with self._breaker.login():
            try:
                async with self._deadline():
                    return await attempt(UsernameToken(login, self.device_now), False)
            except OnvifFault as error:
                if error.reason is FailureReason.UNAUTHORIZED and may_be_forbidden:
                    raise _MaybeForbidden from error
                raise
            except _HttpLoginAsked as error:
                raise _HttpLoginWanted from error

    # ---- one exchange ----

    async def _by_zeep(self, asked: Call, token: UsernameToken | None, with_login: bool) -> Any:
        async def send(url: str, message: bytes, content_type: str) -> HttpAnswer:
            return await self._post(url, message, content_type, with_login)

        transport = LoopTransport(send)
        try:
            return await asyncio.get_running_loop().run_in_executor(
                self._threads, operate, asked, self.address, self.xaddrs, transport, token
            )
        finally:
            await transport.end()

    async def _post(
        self, url: str, message: bytes, content_type: str, with_login: bool
    ) -> HttpAnswer:
        endpoint = repaired_endpoint(url, self.address)
        http = self._http(endpoint.address, with_login=with_login)
        ask = http.request if with_login else http.request_anonymously
        answer = await ask("POST", endpoint.target, content=message, content_type=content_type)
        if answer.status == HTTPStatus.UNAUTHORIZED and answer.challenges:
            raise _HttpLoginAsked(FailureReason.UNAUTHORIZED, "the device asks for a login")
        return answer

    def _http(self, address: Address, *, with_login: bool) -> DeviceHttp:
        # Once HTTP is how ONVIF logs in, a rejection there concerns all drivers of the device.
        key = (address, with_login, self._wants_http_login)
        if key not in self._connections:
            if len(self._connections) >= 3 * _MAX_PORTS:
                raise DeviceError(FailureReason.PROTOCOL, "the services are on too many ports")
            is_apart = with_login and not self._wants_http_login
            self._connections[key] = DeviceHttp(
                address,
                self._login if with_login else None,
                self._http_breaker if is_apart else self._breaker,
                timeout_seconds=self._timeout_seconds,
            )
        return self._connections[key]

    @asynccontextmanager
    async def _deadline(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(self._timeout_seconds):
                yield
        except TimeoutError as error:
            raise DeviceError(
                FailureReason.TIMEOUT, "the device does not answer in time"
            ) from error


_PROOF = "GetDeviceInformation"
"""What every user may ask, and nobody without a login."""


class _HttpLoginAsked(DeviceError):
    """The device answered 401, and how HTTP may log in. Without the latter it is a rejection."""


class _HttpLoginWanted(Exception):
    """A message with a token was answered so: the device looks at HTTP logins, not into it."""


class _MaybeForbidden(Exception):
    """A login that was good before is refused."""
