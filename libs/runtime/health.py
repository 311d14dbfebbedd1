"""/health/live, /health/ready and /metrics on a small server of their own.

It runs in a thread, so it answers while the event loop is busy, and says so: a loop that did not
turn for LOOP_STALL_SECONDS is not live.
"""

import asyncio
import json
import threading
import time
from collections.abc import Callable, Iterable
from http import HTTPStatus
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import make_wsgi_app

LOOP_STALL_SECONDS = 10.0

Check = Callable[[], str | None]
"""Returns None when all is well, else what is wrong."""


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _QuietHandler(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Keep scrapes out of the log."""


class HealthServer:
    """Serves liveness, readiness and metrics from a thread."""

    def __init__(self, host: str, port: int) -> None:
        self._checks: dict[str, Check] = {}
        self._beat = time.monotonic()
        self._metrics = make_wsgi_app()
        self._server = make_server(
            host, port, self._respond, server_class=_Server, handler_class=_QuietHandler
        )
        self.port = int(self._server.server_address[1])

    def add_check(self, name: str, check: Check) -> None:
        """Add a condition for readiness; `check` is called from a thread and must not block."""
        self._checks[name] = check

    async def run(self) -> None:
        """Serve until cancelled."""
        thread = threading.Thread(target=self._server.serve_forever, name="health", daemon=True)
        thread.start()
        try:
            while True:
                self._beat = time.monotonic()
                await asyncio.sleep(1.0)
        finally:
            self._server.shutdown()
            self._server.server_close()

    def _respond(self, environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if path == "/metrics":
            return list(self._metrics(environ, start))
        if path == "/health/live":
            stalled = time.monotonic() - self._beat
            problems = {"event_loop": "stalled"} if stalled > LOOP_STALL_SECONDS else {}
        elif path == "/health/ready":
            found = {name: _ask(check) for name, check in list(self._checks.items())}
            problems = {name: problem for name, problem in found.items() if problem}
        else:
            return _reply(start, HTTPStatus.NOT_FOUND, {"detail": "no such page"})
        status = HTTPStatus.SERVICE_UNAVAILABLE if problems else HTTPStatus.OK
        return _reply(start, status, {"ok": not problems, "problems": problems})


def _ask(check: Check) -> str | None:
    try:
        return check()
    except Exception as error:  # noqa: BLE001 - a check that fails is a problem, not a crash
        return f"the check itself failed: {error}"


def _reply(start: Any, status: HTTPStatus, body: dict[str, Any]) -> list[bytes]:
    start(f"{status.value} {status.phrase}", [("Content-Type", "application/json")])
    return [json.dumps(body).encode()]
