"""Dahua's HTTP CGI of a simulated device: its routes, and what every request goes through."""

from collections.abc import Callable
from functools import partial
from typing import TypeAlias

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from tools.camera_sim.devices import dahua_system as system
from tools.camera_sim.devices.dahua_finder import Finders
from tools.camera_sim.devices.dahua_text import CgiError, error_answer
from tools.camera_sim.devices.device import SimulatedDevice

Handler: TypeAlias = Callable[[Request], Response]


def dahua_routes(device: SimulatedDevice) -> list[BaseRoute]:
    """All of /cgi-bin; what it does not know is a bad request, after the login."""
    handlers: dict[str, Handler] = {
        "magicBox.cgi": partial(system.magic_box, device),
        "global.cgi": partial(system.current_time, device),
        "configManager.cgi": partial(system.configuration, device),
        "mediaFileFind.cgi": Finders(device).answer,
        "storageDevice.cgi": partial(system.storage, device),
        "snapshot.cgi": partial(system.snapshot, device),
        "{rest:path}": _unknown,
    }
    return [_route(device, path, handler) for path, handler in handlers.items()]


def _route(device: SimulatedDevice, path: str, handler: Handler) -> Route:
    async def endpoint(request: Request) -> Response:
        verdict = device.judge(request)
        if not verdict.allows:
            return device.challenge(verdict, "Invalid Authority!\r\n", "text/plain")
        try:
            _check(device, request)
            return handler(request)
        except CgiError as error:
            return error_answer(device.faults, error)

    return Route(f"/cgi-bin/{path}", endpoint, methods=["GET"])


def _check(device: SimulatedDevice, request: Request) -> None:
    faults = device.faults
    if faults.low_privilege:
        raise CgiError(403, "Access denied!")
    if any(service in request.url.path for service in faults.missing_services):
        raise CgiError(400, "Bad Request!")
    if faults.ok_200_with_xml_error and faults.wire_path in request.url.path:
        raise CgiError(500, "Internal Server Error!")


def _unknown(request: Request) -> Response:
    raise CgiError(400, f"Bad Request! {request.url.path}")
