"""One simulated camera or recorder: an HTTP port on 127.0.0.1 with all protocols of its spec."""

from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Self

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from libs.devices.driver import Address
from tools.camera_sim.devices.account import Account, Verdict
from tools.camera_sim.devices.faults import DeviceFaults
from tools.camera_sim.devices.http_server import DeviceServer
from tools.camera_sim.devices.spec import DeviceSpec
from tools.camera_sim.devices.timeline import Timeline, steady_timeline
from tools.camera_sim.devices.wall_clock import WallClock


class SimulatedDevice:
    """An async context manager; `faults`, `timeline` and `account` may change while it runs."""

    def __init__(
        self,
        spec: DeviceSpec,
        timeline: Timeline | None = None,
        faults: DeviceFaults | None = None,
    ) -> None:
        self.spec = spec
        self.timeline = timeline or _recorded(spec)
        self.faults = faults or DeviceFaults()
        self.clock = WallClock(self.timeline, self.faults)
        self.account = Account(
            spec.username,
            spec.password,
            realm=_realm(spec),
            faults=self.faults,
            now=self.timeline.now,
        )
        self.requests: list[str] = []
        """Method and path with query of the last requests, in order."""
        self.open_finders: set[str] = set()
        """Dahua search objects that nobody has closed."""
        self._server = DeviceServer(_app(self), self.faults, port=spec.port, requests=self.requests)

    @property
    def port(self) -> int:
        """The HTTP port."""
        return self._server.port

    @property
    def address(self) -> Address:
        """Where drivers find it."""
        return Address("127.0.0.1", self.port)

    @property
    def url(self) -> str:
        """Base of all paths, without a login."""
        return self.address.base_url

    @property
    def told_host(self) -> str:
        """The host that it puts into URLs."""
        return self.faults.nat_host or "127.0.0.1"

    @property
    def connections(self) -> int:
        """How many HTTP connections are open."""
        return self._server.connections

    @property
    def is_online(self) -> bool:
        """Whether the port is open."""
        return self._server.is_open

    async def __aenter__(self) -> Self:
        await self.listen()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()
        if self._server.failures:
            raise ExceptionGroup(
                "the simulated device failed",
                [error for error in self._server.failures if isinstance(error, Exception)],
            )

    async def listen(self) -> None:
        """Opens its port, the same one each time; does nothing when it is open."""
        await self._server.listen()

    async def close(self) -> None:
        """Closes its port and all connections."""
        await self._server.close()

    def judge(self, request: Request) -> Verdict:
        """Whether the Authorization header of a request is good; counts as a try to log in."""
        target = request.scope["raw_path"].decode("latin-1")
        if request.url.query:
            target += "?" + request.scope["query_string"].decode("latin-1")
        assert request.client is not None
        return self.account.check(
            request.client.host, request.method, target, request.headers.get("authorization")
        )

    def challenge(
        self, verdict: Verdict, body: str = "", media_type: str = "text/html"
    ) -> Response:
        """The answer 401 to a request that was not allowed."""
        answer = Response(body, 401, media_type=media_type)
        for value in self.account.challenges(stale=verdict.outcome == "stale"):
            answer.headers.append("WWW-Authenticate", value)
        return answer


class _LoginEverywhere:
    """Asks for a login also where nothing is, while the fault is on."""

    def __init__(self, app: ASGIApp, device: SimulatedDevice) -> None:
        self._app, self._device = app, device

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope)
        if self._device.faults.login_everywhere and "authorization" not in request.headers:
            await self._device.challenge(Verdict("challenged"))(scope, receive, send)
            return
        await self._app(scope, receive, send)


def _app(device: SimulatedDevice) -> Starlette:
    # these modules know the class above
    from tools.camera_sim.devices.dahua import dahua_routes
    from tools.camera_sim.devices.isapi import isapi_routes
    from tools.camera_sim.devices.onvif.app import onvif_routes

    routes: list[BaseRoute] = []
    if "isapi" in device.spec.protocols:
        routes += isapi_routes(device)
    if "dahua" in device.spec.protocols:
        routes += dahua_routes(device)
    if "onvif" in device.spec.protocols:
        routes += onvif_routes(device)
    return Starlette(routes=routes, middleware=[Middleware(_LoginEverywhere, device=device)])


def _recorded(spec: DeviceSpec) -> Timeline:
    if not spec.recorded_hours:
        return Timeline()
    start = datetime.now(UTC) - timedelta(hours=spec.recorded_hours)
    return steady_timeline(len(spec.channels), start, None, file_seconds=spec.file_seconds)


def _realm(spec: DeviceSpec) -> str:
    if "isapi" in spec.protocols:
        return f"IP Camera({spec.serial[-5:]})"
    if "dahua" in spec.protocols:
        return f"Login to {spec.serial}"
    return spec.model
