"""ISAPI of a simulated Hikvision device: its routes, and what every request goes through."""

from collections.abc import Callable
from typing import Final, TypeAlias

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from tools.camera_sim.devices import isapi_system as system
from tools.camera_sim.devices.device import SimulatedDevice
from tools.camera_sim.devices.isapi_search import Searches
from tools.camera_sim.devices.isapi_xml import IsapiError, error_document

_METHODS: Final = ["GET", "POST", "PUT", "DELETE"]
_UNAUTHORIZED: Final = (
    "<!DOCTYPE html><html><head><title>Document Error: Unauthorized</title></head>"
    "<body><h2>Access Error: 401 -- Unauthorized</h2></body></html>"
)

Handler: TypeAlias = Callable[[Request, bytes], Response]


def isapi_routes(device: SimulatedDevice) -> list[BaseRoute]:
    """All of /ISAPI; what it does not know is answered as not supported, after the login."""
    searches = Searches(device)
    get: dict[str, Handler] = {
        "System/deviceInfo": lambda *_: system.device_info(device),
        "System/time": lambda *_: system.time(device),
        "System/status": lambda *_: system.status(device),
        "Security/adminAccesses": lambda *_: system.admin_accesses(device),
        "Streaming/channels": lambda *_: system.streaming_channels(device),
        "Streaming/channels/{id}": lambda request, _: system.one_streaming_channel(device, request),
        "Streaming/channels/{id}/picture": lambda request, _: system.picture(device, request),
        "ContentMgmt/InputProxy/channels": lambda *_: system.inputs(device),
        "ContentMgmt/InputProxy/channels/status": lambda *_: system.input_status(device),
        "ContentMgmt/Storage": lambda *_: system.storage(device),
        "ContentMgmt/record/tracks": lambda *_: searches.tracks(),
    }
    post: dict[str, Handler] = {
        "ContentMgmt/search": lambda _, body: searches.search(body),
        "ContentMgmt/record/tracks/{id}/dailyDistribution": lambda request, body: (
            searches.daily_distribution(request.path_params["id"], body)
        ),
    }
    guard = _Guard(device)
    routes = [guard.route(path, "GET", handler) for path, handler in get.items()]
    routes += [guard.route(path, "POST", handler) for path, handler in post.items()]
    return [guard.user_check(), *routes, guard.route("{rest:path}", "", _unknown)]


class _Guard:
    """Login, rights and errors around every handler."""

    def __init__(self, device: SimulatedDevice) -> None:
        self._device = device

    def route(self, path: str, method: str, handler: Handler) -> Route:
        async def endpoint(request: Request) -> Response:
            device = self._device
            body = await request.body()
            verdict = device.judge(request)
            if not verdict.allows:
                return device.challenge(verdict, _UNAUTHORIZED)
            try:
                self._check(request, path, method)
                return handler(request, body)
            except IsapiError as error:
                return error_document(device.faults, request.url.path, error)

        return Route(f"/ISAPI/{path}", endpoint, methods=_METHODS)

    def user_check(self) -> Route:
        async def endpoint(request: Request) -> Response:
            verdict = self._device.judge(request)
            if "userCheck" in self._device.faults.missing_services and verdict.allows:
                error = IsapiError(403, 4, "notSupport")
                return error_document(self._device.faults, request.url.path, error)
            return system.user_check(self._device, verdict)

        return Route("/ISAPI/Security/userCheck", endpoint, methods=["GET"])

    def _check(self, request: Request, path: str, method: str) -> None:
        faults = self._device.faults
        if faults.low_privilege:
            raise IsapiError(403, 4, "lowPrivilege")
        if any(service in path for service in faults.missing_services):
            raise IsapiError(403, 4, "notSupport")
        if faults.ok_200_with_xml_error and faults.wire_path in request.url.path:
            raise IsapiError(500, 3, "deviceError")
        if method and request.method != method:
            raise IsapiError(403, 4, "methodNotAllowed")


def _unknown(*_: object) -> Response:
    raise IsapiError(403, 4, "notSupport")
