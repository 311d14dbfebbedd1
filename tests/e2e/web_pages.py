"""The application in a browser, as its users see it: by roles and names."""

import contextlib
import re
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from playwright.async_api import Browser, Locator, Page, Request, expect

from tests.e2e.harness import Installation, until

AXE = Path(__file__).parents[2] / "web/node_modules/axe-core/axe.min.js"
FAILURE = Path(tempfile.gettempdir()) / "everframe-test-failure.png"
WITHIN_MS = 20_000
expect.set_options(timeout=WITHIN_MS)


@dataclass
class Window:
    """One browser window and what went wrong in it."""

    page: Page
    errors: list[str] = field(default_factory=list)
    """What the page itself failed at."""
    strangers: list[str] = field(default_factory=list)
    """Addresses of other servers that it asked."""
    complaints: list[str] = field(default_factory=list)
    """What stood as an error on the console, with what it is about."""
    unanswered: set[Request] = field(default_factory=set)

    async def go(self, path: str, heading: str | re.Pattern[str]) -> None:
        """Open an address and wait for its heading."""
        await self.page.goto(path)
        await expect(self.heading(heading)).to_be_attached()

    def heading(self, name: str | re.Pattern[str]) -> Locator:
        return self.page.get_by_role("heading", name=name, level=1)

    async def sign_in(self, name: str, password: str) -> None:
        """Sign in by the form."""
        await self.page.get_by_label("Name", exact=True).fill(name)
        await self.page.get_by_label("Password", exact=True).fill(password)
        await self.page.get_by_role("button", name="Sign in").click()

    async def until(self, what: str, script: str, *, within: float = 20.0) -> Any:
        """Return the first true value of a JavaScript expression."""

        async def value() -> Any:
            return await self.page.evaluate(script)

        return await until(what, value, within=within, every=0.1)

    async def axe_problems(self) -> list[str]:
        """What axe finds that is serious or worse: `rule: element`."""
        await self.page.evaluate(AXE.read_text())
        found: list[dict[str, Any]] = await self.page.evaluate(
            "async () => (await axe.run(document)).violations"
        )
        return [
            f"{problem['id']}: {node['html'][:160]}: {node['failureSummary']}"
            for problem in found
            if problem["impact"] in {"serious", "critical"}
            for node in problem["nodes"]
        ]

    async def overflow(self) -> int:
        """By how many pixels the page, or a dialog over it, is wider than its place."""
        width: int = await self.page.evaluate(
            """Math.max(...[document.documentElement, ...document.querySelectorAll(
                "body, main, [role=dialog]")].map((each) => each.scrollWidth - each.clientWidth))"""
        )
        return width


@contextlib.asynccontextmanager
async def window(
    browser: Browser,
    everframe: Installation,
    *,
    width: int = 1440,
    height: int = 900,
    theme: Literal["light", "dark"] = "light",
) -> AsyncIterator[Window]:
    """Open a window of nobody yet."""
    base_url = everframe.stack.api_url
    context = await browser.new_context(
        base_url=base_url,
        viewport={"width": width, "height": height},
        color_scheme=theme,
        locale="en-GB",
        timezone_id="Europe/Berlin",
        has_touch=width < 600,
    )
    try:
        page = await context.new_page()
        opened = Window(page)

        def on_request(request: Request) -> None:
            opened.unanswered.add(request)
            if not request.url.startswith((base_url, "blob:", "data:")):
                opened.strangers.append(request.url)

        def on_answer(request: Request) -> None:  # Playwright takes no methods of C types
            opened.unanswered.discard(request)

        page.on("pageerror", lambda error: opened.errors.append(str(error)))
        page.on(
            "console",
            lambda said: (
                opened.errors.append(said.text)
                if said.type == "error" and "Content Security Policy" in said.text
                else None
            ),
        )
        page.on(
            "console",
            lambda said: (
                opened.complaints.append(f"{said.text} ({said.location['url']})")
                if said.type == "error"
                else None
            ),
        )
        page.on("request", on_request)
        page.on("requestfinished", on_answer)
        page.on("requestfailed", on_answer)
        try:
            yield opened
        except BaseException:
            with contextlib.suppress(Exception):
                await page.screenshot(path=FAILURE)
                print(f"the page when it failed: {FAILURE}, {page.url}, {opened.errors}")
                print("unanswered:", [request.url for request in opened.unanswered])
            raise
    finally:
        await context.close()
