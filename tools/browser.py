"""A real browser for tests and benchmarks: Debian's Chromium, driven by Playwright."""

import asyncio
import contextlib
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from playwright.async_api import Browser, BrowserContext, Page, async_playwright

CLOCK = (Path(__file__).parent / "camera_sim/video_clock.js").read_text()
ARGUMENTS = (
    "--no-sandbox",  # tests run as root
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
)


def chromium_path() -> str | None:
    """Where Chromium is, None where it is not installed."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


class ChromiumMissing(Exception):
    """There is no Chromium; the text says how to get it."""


class SignInRefused(Exception):
    """The server did not take the name and the password; the text is its answer."""


@contextlib.asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """Start a browser; raises ChromiumMissing."""
    path = chromium_path()
    if path is None:
        raise ChromiumMissing("no Chromium; on Debian: apt-get install chromium")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        try:
            yield browser
        finally:
            await browser.close()


@dataclass
class LivePage:
    """The live page with its players."""

    page: Page
    errors: list[str]

    async def until(self, condition: str, *, within: float = 30.0) -> None:
        """Wait for a JavaScript expression; the page's policy forbids Playwright's own way."""
        async with asyncio.timeout(within):
            while not await self.page.evaluate(condition):  # noqa: ASYNC110 - not ours to signal
                await asyncio.sleep(0.05)

    async def player(self, index: int = 0) -> dict[str, Any]:
        """What one player says of itself."""
        found: dict[str, Any] = await self.page.evaluate(
            """index => {
                const player = window.everframe.players[index];
                const video = player.video;
                return {
                    camera: player.camera,
                    rendition: player.rendition,
                    state: player.state,
                    stats: player.stats,
                    behind: player.secondsBehindLive(),
                    frames: video ? video.getVideoPlaybackQuality().totalVideoFrames : 0,
                };
            }""",
            index,
        )
        return found

    async def players(self) -> list[dict[str, Any]]:
        """What every player says of itself."""
        count = await self.page.evaluate("window.everframe.players.length")
        return [await self.player(index) for index in range(count)]

    async def watch_clock(self, *, loop_seconds: float, every_ms: int = 200) -> None:
        """Begin to read the burnt-in clock of every player."""
        await self.page.evaluate(
            f"""([loopMs, everyMs]) => {{
                const start = {CLOCK};
                window.clocks = window.everframe.players.map(
                    (player) => start(player.video, loopMs, everyMs));
            }}""",
            [loop_seconds * 1000, every_ms],
        )

    async def clock_samples(self, index: int = 0) -> list[tuple[float, float]]:
        """Return (Unix ms when shown, ms since the camera sent it) since the last call."""
        samples: list[tuple[float, float]] = await self.page.evaluate(
            "index => window.clocks[index].samples.splice(0)", index
        )
        return samples


@contextlib.asynccontextmanager
async def signed_in(
    browser: Browser,
    base_url: str,
    password: str,
    *,
    name: str = "admin",
    width: int = 1440,
    height: int = 900,
    theme: Literal["light", "dark"] = "light",
) -> AsyncIterator[BrowserContext]:
    """Open a window of somebody who has signed in; addresses may leave `base_url` out."""
    context = await browser.new_context(
        base_url=base_url, viewport={"width": width, "height": height}, color_scheme=theme
    )
    try:
        await sign_in(context, name, password)
        yield context
    finally:
        await context.close()


async def sign_in(context: BrowserContext, name: str, password: str) -> None:
    """Sign a window in without its form; raises SignInRefused."""
    who = {"name": name, "password": password}
    answer = await context.request.post("/api/v1/session", data=who)
    if not answer.ok:
        raise SignInRefused(f"{name}: {answer.status} {await answer.text()}")


@contextlib.asynccontextmanager
async def live_page(
    browser: Browser,
    base_url: str,
    password: str,
    query: str,
    *,
    width: int = 1440,
    height: int = 900,
) -> AsyncIterator[LivePage]:
    """Open the live page as `admin` and wait for its first player."""
    async with signed_in(browser, base_url, password, width=width, height=height) as context:
        page = await context.new_page()
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        await page.goto(f"/live?{query}")
        opened = LivePage(page, errors)
        await opened.until("Boolean(window.everframe && window.everframe.players.length)")
        yield opened
