"""The HTTP application: routes and what surrounds them."""

from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request, Security
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.security import APIKeyHeader, HTTPBearer
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from libs.runtime.version import VERSION
from libs.web.middleware import CountRequests, LimitBodies, SecureHeaders
from libs.web.problems import (
    Problem,
    field_problem,
    install_error_handlers,
    problem_response,
)
from services.api import metrics
from services.api.auth import Authenticate
from services.api.context import Context
from services.api.database import DatabaseUnavailable, database_away
from services.api.openapi import PROBLEM_CONTENT, DescribedApi
from services.api.pages import PagesMount, WebPages
from services.api.route_rights import check_routes
from services.api.routes import (
    api_keys,
    audit,
    cameras,
    clips,
    devices,
    discovery,
    events,
    groups,
    health_history,
    iframes,
    layouts,
    live,
    playback,
    recordings,
    scan_events,
    session,
    sessions,
    status,
    stored_footage,
    system,
    system_services,
    timeline,
    users,
)

log = structlog.get_logger()

ROUTES = (
    session,
    sessions,
    users,
    api_keys,
    audit,
    groups,
    cameras,
    status,
    recordings,
    playback,
    clips,
    iframes,
    live,
    devices,
    discovery,
    scan_events,
    stored_footage,
    events,
    health_history,
    layouts,
    system_services,
    timeline,
)
MAX_BODY_BYTES = 64 * 1024

_BEARER = Security(HTTPBearer(auto_error=False, description="An API key"))
_HEADER = Security(APIKeyHeader(name="X-API-Key", auto_error=False, description="An API key"))


def build_http(context: Context) -> FastAPI:
    """Return the application over a context."""
    app = DescribedApi(
        title="Everframe",
        version=VERSION,
        description="Every second is recorded or explained.",
        openapi_url="/api/openapi.json",
        docs_url=None,  # the usual pages load scripts from a CDN
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.context = context
    responses = _problem_responses()
    for module in ROUTES:
        # The dependencies are for the document only; Authenticate does the checking.
        app.include_router(
            module.router, prefix="/api/v1", dependencies=[_BEARER, _HEADER], responses=responses
        )
    app.include_router(live.sockets, prefix="/api/v1")
    app.include_router(system.router, prefix="/api/v1")
    app.include_router(system.pages)
    app.router.routes.append(PagesMount("/", WebPages(context.settings.web_dir)))
    check_routes(app.routes)
    install_error_handlers(app)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(DatabaseUnavailable, _on_database_away)
    # The last one added is the outermost.
    app.add_middleware(LimitBodies, most_bytes=MAX_BODY_BYTES)
    app.add_middleware(Authenticate, context=context)
    app.add_middleware(SecureHeaders)
    app.add_middleware(CountRequests, requests=metrics.REQUESTS, seconds=metrics.REQUEST_SECONDS)
    app.add_middleware(ProxyHeadersMiddleware, trusted_hosts=context.settings.trusted_proxies)
    return app


def _problem_responses() -> dict[int | str, dict[str, Any]]:
    texts = {
        401: "No session, no valid key or link.",
        403: "This user or key may not do that.",
        404: "There is no such thing.",
        409: "It is there already, or something that is there stands in the way.",
        413: "The body is larger than 64 KiB.",
        422: "A field is not as it must be.",
        429: "Too many requests; `Retry-After` says when to go on.",
        502: "Discovery answered with a fault of its own.",
        503: "The database, the bus, discovery, the object store or every streamer is away.",
    }
    return {code: {"description": text, "content": PROBLEM_CONTENT} for code, text in texts.items()}


async def _on_invalid(_request: Request, error: Exception) -> JSONResponse:
    """Name items of lists as people do: `cameras[2].name`."""
    assert isinstance(error, RequestValidationError)
    fields = []
    for item in error.errors():
        path: list[str] = []
        for part in item["loc"]:
            if isinstance(part, int) and len(path) > 1:
                path[-1] += f"[{part}]"
            else:
                path.append(str(part))
        fields.append(field_problem({**item, "loc": path}))
    count = "1 field is" if len(fields) == 1 else f"{len(fields)} fields are"
    return problem_response(
        Problem(HTTPStatus.UNPROCESSABLE_ENTITY, f"{count} not as it must be", errors=fields)
    )


async def _on_database_away(_request: Request, error: Exception) -> JSONResponse:
    log.warning("database.call_failed", reason=str(error))
    return problem_response(database_away())
