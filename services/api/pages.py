"""The built web pages: files that need no sign-in and may load nothing from elsewhere.

Every address that is no file and not below /api is one of the single-page application's own, so it
gets the same index.html, which shows the page or says that there is none.
"""

import re
from http import HTTPStatus
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, Response
from starlette.routing import Match, Mount
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

WEB_DIR = Path(__file__).parents[2] / "web" / "dist"

# The component library adds two fixed style sheets by itself, and the policy lets exactly these in:
# which touches scroll where something is pressed, and (Safari) what scrolls below a dialog.
_LIBRARY_STYLES = (
    "'sha256-38RhXrc7EdReTKsOm23ZPOCUgniTUUcjky8QOOrQx6o=' "
    "'sha256-gYiS/BvZvRcK27JIXTuwhZ3hs2+VJ1X+2gUlE+farlg='"
)
CONTENT_SECURITY_POLICY = (
    f"default-src 'none'; script-src 'self'; style-src 'self' {_LIBRARY_STYLES}; "
    "connect-src 'self'; "
    "media-src 'self' blob:; img-src 'self' blob: data:; worker-src 'self' blob:; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)

# Vite's names for what it built: `assets/live-DiwrgTda.js`.
_HASHED = re.compile(r"^assets/.+-[A-Za-z0-9_-]{8,}\.[a-z0-9]+(\.map)?$")
# A missing file must be told from an address of the application: it would be parsed as a script.
_FILE = re.compile(r"(^|/)assets/|\.[A-Za-z0-9]{1,8}$")
_NOT_BUILT = (
    "<!doctype html><meta charset=utf-8><title>Everframe</title><h1>The pages are not built</h1>"
    "<p>Run <code>make web</code> on the server, or set <code>EVERFRAME_API_WEB_DIR</code> to the "
    'folder where they are. The API works without them: <a href="/api/docs">routes</a>.</p>'
)


def is_page_path(path: str) -> bool:
    """Whether an address belongs to the pages, which are open to anyone, and not to the API."""
    return path != "/api" and not path.startswith("/api/")


class PagesMount(Mount):
    """Takes every HTTP address that is not the API's, so that wrong ones there stay its own."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Return whether an address is one of the pages."""
        if scope["type"] != "http" or not is_page_path(scope["path"]):
            return Match.NONE, {}
        return super().matches(scope)


class WebPages(StaticFiles):
    """Files of one folder, which may be built while the server runs."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder or WEB_DIR
        super().__init__(directory=self._folder, html=True, check_dir=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if (self._folder / "index.html").is_file():
            await super().__call__(scope, receive, send)
        else:
            answer = HTMLResponse(_NOT_BUILT, HTTPStatus.SERVICE_UNAVAILABLE)
            await answer(scope, receive, send)

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Return a file; what has a hash in its name never changes, all else is asked for anew."""
        response = await self._file_or_index(path, scope)
        is_fixed = response.status_code < 300 and _HASHED.search(path)
        caching = "public, max-age=31536000, immutable" if is_fixed else "no-cache"
        response.headers["Cache-Control"] = caching
        response.headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
        return response

    async def _file_or_index(self, path: str, scope: Scope) -> Response:
        try:
            response = await super().get_response(path, scope)
        except HTTPException as error:
            if error.status_code != HTTPStatus.NOT_FOUND or _FILE.search(path):
                raise
            return await super().get_response("index.html", scope)
        if response.status_code == HTTPStatus.TEMPORARY_REDIRECT:  # a folder without its slash
            return await super().get_response("index.html", scope)
        return response
