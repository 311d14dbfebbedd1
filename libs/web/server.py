"""uvicorn as one task of a service."""

import contextlib
import socket
from collections.abc import Iterator

import uvicorn
from starlette.types import ASGIApp

from libs.runtime.service import FatalError

KEEP_ALIVE_SECONDS = 75
"""How long an idle connection stays open: longer than clients and proxies keep theirs (60 s).

Who closes first must be the side that asks, or its next request may meet the closing and be lost.
"""

STALLED_MS = 300_000
"""A client that takes nothing for this long loses its connection, and what waits for it."""


class _Uvicorn(uvicorn.Server):
    """uvicorn without its signal handling: signals belong to the service's frame."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class HttpServer:
    """Serves an ASGI application on a socket that is bound at once; `port` names it.

    Raises FatalError where it cannot listen.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        host: str,
        port: int,
        max_connections: int,
        grace_seconds: int,
    ) -> None:
        self._socket = _listen(host, port)
        self.port = int(self._socket.getsockname()[1])
        self._server = _Uvicorn(
            uvicorn.Config(
                app,
                access_log=False,  # it would log signatures; CountRequests logs what matters
                log_config=None,
                log_level="warning",  # at info it logs addresses of WebSockets, tokens included
                lifespan="off",
                ws="websockets-sansio",
                ws_max_size=64 * 1024,  # players have little to say
                ws_max_queue=4,
                ws_per_message_deflate=False,  # media does not get smaller
                server_header=False,
                proxy_headers=False,
                limit_concurrency=max_connections,
                timeout_keep_alive=KEEP_ALIVE_SECONDS,
                timeout_graceful_shutdown=grace_seconds,
                h11_max_incomplete_event_size=32 * 1024,
            )
        )

    async def run(self) -> None:
        """Serve until `stop`; running responses have the grace period to end."""
        await self._server.serve(sockets=[self._socket])

    def stop(self) -> None:
        """Take no more requests and let `run` return."""
        self._server.should_exit = True


def _listen(host: str, port: int) -> socket.socket:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        listening = socket.create_server((host, port), family=family, backlog=512)
    except OSError as error:
        raise FatalError(f"cannot listen on {host}:{port}: {error.strerror or error}") from error
    # Accepted sockets inherit both. The event loop sets the first only on sockets that name their
    # protocol, and without it an answer's body waits 40 ms for the client's acknowledgement.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, STALLED_MS)
    return listening
