"""The ONVIF services of a simulated device as HTTP routes."""

from collections.abc import Callable, Coroutine
from datetime import timedelta
from inspect import isawaitable
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from tools.camera_sim.devices.account import Verdict
from tools.camera_sim.devices.onvif import (
    device_service,
    media2_service,
    media_service,
    replay_service,
    search_service,
)
from tools.camera_sim.devices.onvif.media_parts import SNAPSHOT_PATH
from tools.camera_sim.devices.onvif.names import (
    DEVICE,
    MEDIA,
    MEDIA2,
    RECORDING,
    REPLAY,
    SEARCH,
    SERVICES,
    ServiceName,
)
from tools.camera_sim.devices.onvif.soap import (
    CONTENT_TYPE,
    SoapFault,
    SoapRequest,
    not_authorized,
    read_request,
    write_answer,
    write_fault,
)
from tools.camera_sim.devices.onvif.username_token import NonceMemory, find_token, read_token
from tools.camera_sim.devices.onvif.world import OnvifDevice, Operation, World, not_supported
from tools.camera_sim.devices.onvif.xml import Element, child_text
from tools.camera_sim.devices.picture import jpeg

_OPERATIONS: Final[dict[ServiceName, dict[str, Operation]]] = {
    DEVICE: device_service.OPERATIONS,
    MEDIA: media_service.OPERATIONS,
    MEDIA2: media2_service.OPERATIONS,
    SEARCH: search_service.OPERATIONS,
    RECORDING: replay_service.RECORDING_OPERATIONS,
    REPLAY: replay_service.REPLAY_OPERATIONS,
}

_Endpoint = Callable[[Request], Coroutine[Any, Any, Response]]


def onvif_routes(device: OnvifDevice) -> list[BaseRoute]:
    """Return one route per service. What is missing or odd is looked up at each request."""
    server = OnvifServer(World(device))
    return [
        *(Route(service.path, server.endpoint(service), methods=["POST"]) for service in SERVICES),
        Route(f"{SNAPSHOT_PATH}/{{token}}", server.snapshot, methods=["GET"]),
    ]


class OnvifServer:
    """Answers SOAP requests: who asks, what, and the answer or a fault."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._nonces = NonceMemory()

    def endpoint(self, service: ServiceName) -> _Endpoint:
        """Return the handler of a service's path."""

        async def handle(request: Request) -> Response:
            if not self.world.offers(service):
                return Response(status_code=404)
            try:
                soap = read_request(await request.body())
                return await self._answer(service, request, soap)
            except SoapFault as fault:
                return self._response(write_fault(fault), fault.status)

        return handle

    async def snapshot(self, request: Request) -> Response:
        """A JPEG for who logs in by HTTP."""
        verdict = self.world.device.judge(request)
        if not verdict.allows:
            return self.world.device.challenge(verdict)
        try:
            profile = self.world.profile(request.path_params["token"])
        except SoapFault:
            return Response(status_code=404)
        if self.world.faults.picture_fails in {profile.stream.stream, "both"}:
            return Response(status_code=500)
        return Response(jpeg(), media_type="image/jpeg")

    async def _answer(self, service: ServiceName, request: Request, soap: SoapRequest) -> Response:
        namespace, _, name = soap.body.tag[1:].rpartition("}")
        if name not in self.world.switches.free:
            refusal = self._refusal(request, soap)
            if refusal is not None:
                return refusal
        operation = _OPERATIONS[service].get(name)
        if operation is None or namespace != service.namespace or self.world.lacks(name):
            raise not_supported(name)
        result = operation(self.world, soap.body)
        body = await result if isawaitable(result) else result
        return self._response(write_answer(body), 200)

    def _refusal(self, request: Request, soap: SoapRequest) -> Response | None:
        """Return None for who may do this; raises where the refusal is a SOAP fault."""
        token = find_token(soap.header)
        auth = self.world.switches.auth
        if token is not None and auth != "http":
            self._check_token(request, token)
        elif auth == "username_token":
            raise not_authorized()
        else:
            verdict = self.world.device.judge(request)
            if not verdict.allows:
                return self.world.device.challenge(verdict)
        if self.world.faults.low_privilege:
            raise SoapFault("Sender", "OperationProhibited", reason="The user may not do this")
        return None

    def _check_token(self, request: Request, element: Element) -> None:
        """Count one try to log in; raises NotAuthorized, which tells nobody why."""
        account = self.world.device.account
        token = read_token(element)
        now, tolerance = self.world.now(), timedelta(seconds=self.world.switches.created_seconds)
        is_right = (
            token is not None
            and token.username == account.username
            and token.proves(account.password)
            and abs(token.created - now) <= tolerance
            and self._nonces.is_fresh(token.nonce, now=now, keep=2 * tolerance)
        )
        assert request.client is not None
        username = child_text(element, "Username") or ""
        verdict: Verdict = account.judge(request.client.host, username, is_right=is_right)
        if not verdict.allows:
            raise not_authorized()

    def _response(self, body: bytes, status: int) -> Response:
        kind = self.world.switches.content_type or CONTENT_TYPE
        return Response(body, status, headers={"Content-Type": kind})
