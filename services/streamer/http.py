"""The HTTP application: routes and what surrounds them."""

from fastapi import FastAPI
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from libs.web.middleware import CountRequests, SecureHeaders
from libs.web.problems import install_error_handlers
from services.streamer import metrics
from services.streamer.access import parse_origins
from services.streamer.context import Context
from services.streamer.routes import LiveRoutes
from services.streamer.socket import LiveSocket

PREFLIGHT_SECONDS = 3600


def build_http(context: Context) -> FastAPI:
    """Return the application over a context."""
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False)
    app.router.routes.extend([*LiveSocket(context).routes(), *LiveRoutes(context).routes()])
    install_error_handlers(app)
    origins = parse_origins(context.settings.allowed_origins)
    # The last one added is the outermost.
    app.add_middleware(
        CORSMiddleware,
        allow_origins=sorted(origins),
        allow_methods=["GET", "HEAD"],
        allow_headers=["Range"],
        allow_credentials=True,
        expose_headers=["Age", "Date", "Retry-After"],
        max_age=PREFLIGHT_SECONDS,
    )
    app.add_middleware(OpenToOrigins, origins=origins)
    app.add_middleware(SecureHeaders)
    app.add_middleware(CountRequests, requests=metrics.REQUESTS, seconds=metrics.REQUEST_SECONDS)
    return app


class OpenToOrigins:
    """Lets the pages of allowed origins embed what others may not."""

    def __init__(self, app: ASGIApp, *, origins: frozenset[str]) -> None:
        self._app = app
        self._origins = origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or Headers(scope=scope).get("origin") not in self._origins:
            await self._app(scope, receive, send)
            return

        async def opening(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["Cross-Origin-Resource-Policy"] = "cross-origin"
            await send(message)

        await self._app(scope, receive, opening)
