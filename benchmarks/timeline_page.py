"""The built playback page in a browser, with a server that is made up."""

import json
from bisect import bisect_left
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, urlsplit

from playwright.async_api import Browser, BrowserContext, Page, Route

from tools.browser import LivePage

DIST = Path(__file__).parents[1] / "web" / "dist"
ORIGIN = "http://127.0.0.1:9"  # never connected to: every request is answered here
TYPES = {
    ".html": "text/html",
    ".js": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
}
CAMERA = "front-door"
ARCHIVE_DAYS = 390
MS = 1000
DAY_MS = 86_400_000
MOST_SPANS = 4000
"""Of one answer."""
SHARE_RECORDED = 0.97
WAIT_SECONDS = 30.0


class TimelinePage:
    """`async with` gives the page with a timeline of so many recordings."""

    def __init__(self, browser: Browser, *, spans: int, width: int) -> None:
        self._browser = browser
        self._width = width
        self._archive = Archive(spans)
        self._context: BrowserContext | None = None

    async def __aenter__(self) -> Page:
        if not (DIST / "index.html").is_file():
            raise SystemExit("the pages are not built; run `make web`")
        viewport = {"width": self._width, "height": 900}
        self._context = await self._browser.new_context(viewport=viewport)  # type: ignore[arg-type]  # a TypedDict
        page = await self._context.new_page()
        await page.route("**/*", self._answer)
        at = self._archive.end - timedelta(hours=1)
        await page.goto(f"{ORIGIN}/playback?camera={CAMERA}&at={at:%Y-%m-%dT%H:%M:%SZ}")
        opened = LivePage(page, [])
        await opened.until(
            "document.querySelector('[data-testid=timeline]') !== null", within=WAIT_SECONDS
        )
        await page.keyboard.press("Space")  # stands still: nothing but the timeline is to work
        await page.keyboard.press("0")
        await opened.until(
            "document.querySelector('[role=slider]').ariaValueMin < "
            f"{self._archive.start.timestamp() + 86_400}",
            within=WAIT_SECONDS,
        )
        return page

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._context is not None:
            await self._context.close()

    async def _answer(self, route: Route) -> None:
        url = urlsplit(route.request.url)
        if not url.path.startswith("/api/"):
            await _file(route, url.path)
            return
        known = self._archive.answers(url.path, parse_qs(url.query))
        if known is None:
            await route.abort()
        else:
            await route.fulfill(status=200, content_type="application/json", body=json.dumps(known))


class Archive:
    """Recordings of equal length with a gap behind each, for more than a year."""

    def __init__(self, spans: int) -> None:
        self.end = datetime.now(UTC).replace(microsecond=0)
        self.start = self.end - timedelta(days=ARCHIVE_DAYS)
        first, last = self.start.timestamp() * MS, self.end.timestamp() * MS
        step = (last - first) / spans
        self._recorded = [
            [round(first + at * step), round(first + (at + SHARE_RECORDED) * step)]
            for at in range(spans)
        ]
        self._starts = [start for start, _ in self._recorded]
        self._gaps = [
            {"start_ms": end, "end_ms": start, "reason": "camera_offline", "detail": ""}
            for (_, end), (start, _) in zip(self._recorded, self._recorded[1:], strict=False)
        ]

    def answers(self, path: str, query: dict[str, list[str]]) -> Any:
        """Return what the server says to a request; None: nothing."""
        if path == "/api/v1/timeline":
            return [self._timeline(*(_unix_ms(query[name][0]) for name in ("from", "to")))]
        if path == "/api/v1/recordings":
            is_last = query.get("order") == ["desc"]
            return {"items": [self._recording(-1 if is_last else 0)], "next_cursor": None}
        return {
            "/api/v1/session": _me(),
            "/api/v1/cameras": [{"camera_id": CAMERA, "name": "Front door", "record": True}],
            "/api/v1/status": [],
        }.get(path)

    def _timeline(self, start: float, end: float) -> dict[str, Any]:
        """The whole archive with every span, more than a server sends at once; parts as it does."""
        first, last = bisect_left(self._starts, start), bisect_left(self._starts, end)
        is_all = end - start > ARCHIVE_DAYS * DAY_MS
        step = 1 if is_all else max(1, (last - first) // MOST_SPANS)
        return {
            "camera_id": CAMERA,
            "recorded": self._recorded[first:last:step],
            "gaps": self._gaps[first:last:step],
            "stored": [],
            "pending_from_ms": None,
        }

    def _recording(self, index: int) -> dict[str, str]:
        start, end = (datetime.fromtimestamp(ms / MS, UTC) for ms in self._recorded[index])
        return {"started_at": start.isoformat(), "ended_at": end.isoformat()}


def _unix_ms(text: str) -> float:
    return datetime.fromisoformat(text).timestamp() * MS


async def _file(route: Route, path: str) -> None:
    file = DIST / path.removeprefix("/")
    if not file.is_file():
        file = DIST / "index.html"  # an address of the application
    await route.fulfill(
        status=200, content_type=TYPES.get(file.suffix, "text/plain"), body=file.read_bytes()
    )


def _me() -> dict[str, Any]:
    return {
        "kind": "user",
        "id": "viewer",
        "name": "viewer",
        "role": "viewer",
        "permissions": ["cameras:read", "footage:read", "live:watch"],
        "all_cameras": True,
        "session_id": "session",
        "expires_at": None,
    }
