"""The built web pages at /live/: files that need no key and may load nothing from elsewhere."""

import re
from http import HTTPStatus
from pathlib import Path

from starlette.responses import HTMLResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

WEB_DIR = Path(__file__).parents[2] / "web" / "dist"

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "media-src 'self' blob:; img-src 'self' blob: data:; worker-src 'self' blob:; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)

# Vite's names for what it built: `assets/live-DiwrgTda.js`.
_HASHED = re.compile(r"^assets/.+-[A-Za-z0-9_-]{8,}\.[a-z0-9]+(\.map)?$")
_NOT_BUILT = (
    "<!doctype html><meta charset=utf-8><title>Everframe</title><h1>The pages are not built</h1>"
    "<p>Run <code>make web</code> on the server, or set <code>EVERFRAME_API_WEB_DIR</code> to the "
    'folder where they are. The API works without them: <a href="/api/docs">routes</a>.</p>'
)


class WebPages(StaticFiles):
    """Files of one folder, which may be built while the server runs."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder or WEB_DIR
        super().__init__(directory=self._folder, html=True, check_dir=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._folder.is_dir():
            await super().__call__(scope, receive, send)
        else:
            answer = HTMLResponse(_NOT_BUILT, HTTPStatus.SERVICE_UNAVAILABLE)
            await answer(scope, receive, send)

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Return a file; what has a hash in its name never changes, all else is asked for anew."""
        response = await super().get_response(path, scope)
        is_fixed = response.status_code < 300 and _HASHED.search(path)
        caching = "public, max-age=31536000, immutable" if is_fixed else "no-cache"
        response.headers["Cache-Control"] = caching
        response.headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
        return response
