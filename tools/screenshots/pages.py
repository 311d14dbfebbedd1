"""Every page of the web interface: where it is, what it shows when it is complete, its picture."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from playwright.async_api import Locator, Page, expect

from tools.browser import sign_in

Theme = Literal["light", "dark"]
SIZES = {1440: 900, 390: 844}
"""Widths of windows that pages are looked at in, with their heights: a desk and a phone."""
COMPLETE_WITHIN_MS = 30_000


@dataclass(frozen=True, slots=True)
class Scene:
    """What there is to be seen."""

    cameras: tuple[str, ...]
    """Ids; the first one is shown by itself."""
    at: str
    """ISO 8601: a moment that is recorded."""
    scan_ports: tuple[int, ...] = ()
    """Where devices answer at 127.0.0.1; without any, nothing is looked for."""
    login: tuple[str, str] = ("", "")
    """Of these devices."""
    gaps: int = 0
    """Of all footage of these cameras together; 0: there may be any number."""


Shows = Callable[[Page, Scene], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class PageShot:
    """One page, or a dialog over it."""

    name: str
    path: str
    """May hold `{cameras}` (as a query), `{camera}` and `{at}`."""
    heading: str
    """Empty: the camera's name, whatever it is."""
    shows: Shows
    """Waits until everything is there that takes a while."""
    is_open: bool = False
    """Seen without having signed in."""
    has_dialog: bool = False


async def visit(
    page: Page, scene: Scene, password: str, shots: Sequence[PageShot] | None = None
) -> AsyncIterator[PageShot]:
    """Open one page after the other, as `admin` where one must be signed in.

    Raises SignInRefused, and AssertionError for a page that never becomes complete.
    """
    for shot in PAGES if shots is None else shots:
        if not shot.is_open and not await page.context.cookies():
            await sign_in(page.context, "admin", password)
        await _open(page, shot, scene)
        yield shot


async def _open(page: Page, shot: PageShot, scene: Scene) -> None:
    cameras = "&".join(f"camera={camera}" for camera in scene.cameras)
    await page.goto(shot.path.format(cameras=cameras, camera=scene.cameras[0], at=scene.at))
    heading = page.get_by_role("heading", level=1, name=shot.heading or None)
    await expect(heading).to_be_attached(timeout=COMPLETE_WITHIN_MS)
    await shot.shows(page, scene)
    await expect(_loading(page)).to_have_count(0, timeout=COMPLETE_WITHIN_MS)


async def take(page: Page, path: Path) -> None:
    """Save what the window shows as PNG."""
    await page.screenshot(path=path, animations="disabled", caret="hide")


async def switch_theme(page: Page, theme: Theme) -> None:
    """Have the system ask for light or dark pages."""
    await page.emulate_media(color_scheme=theme)


def _loading(page: Page) -> Locator:
    return (
        page.get_by_role("status").filter(has_text=re.compile("^Loading")).locator("visible=true")
    )


async def _sign_in_form(page: Page, _: Scene) -> None:
    await _visible(page.get_by_role("button", name="Sign in"))


async def _live(page: Page, scene: Scene) -> None:
    tiles = page.get_by_role("article")
    await expect(tiles).to_have_count(len(scene.cameras), timeout=COMPLETE_WITHIN_MS)
    for tile in await tiles.all():
        await _visible(tile.get_by_title("Seconds behind live"))


async def _footage(page: Page, scene: Scene) -> None:
    for camera in scene.cameras:
        tile = page.locator(f"figure[data-camera={camera}]")
        await expect(tile).to_have_attribute("data-state", "showing", timeout=COMPLETE_WITHIN_MS)
    await page.keyboard.press("0")  # the timeline shows all footage
    if scene.gaps:
        await _visible(page.get_by_text(f"{scene.gaps} gaps in this range"))


def _row(label: str, role: Literal["table", "grid"] = "table") -> Shows:
    async def shows(page: Page, scene: Scene) -> None:
        table = page.get_by_role(role, name=label)
        await _visible(table.get_by_role("row").last)
        for camera in scene.cameras:  # stands there until the names of cameras have come
            await expect(table).not_to_contain_text(camera, timeout=COMPLETE_WITHIN_MS)

    return shows


async def _camera(page: Page, _: Scene) -> None:
    for heading in ("Recording", "Health", "Settings"):
        await _visible(page.get_by_role("heading", name=heading, exact=True))


async def _found_devices(page: Page, scene: Scene) -> None:
    await page.get_by_role("button", name="Add cameras").click()
    dialog = page.get_by_role("dialog", name="Add cameras")
    await _visible(dialog)
    if not scene.scan_ports:
        return
    user, password = scene.login
    await dialog.get_by_label("Where to look").fill("127.0.0.1")
    await dialog.get_by_label("Ports").fill(", ".join(map(str, scene.scan_ports)))
    await dialog.get_by_text(re.compile("WS-Discovery")).click()
    await dialog.get_by_label("User name of the camera").fill(user)
    await dialog.get_by_label("Password of the camera").fill(password)
    await dialog.get_by_role("button", name="Look for cameras").click()
    found = dialog.get_by_role("list", name="Found devices").get_by_role("listitem")
    await _visible(found.nth(len(scene.scan_ports) - 1))


async def _visible(locator: Locator) -> None:
    await expect(locator).to_be_visible(timeout=COMPLETE_WITHIN_MS)


PAGES = (
    PageShot("sign-in", "/sign-in", "Everframe", _sign_in_form, is_open=True),
    PageShot("live", "/live", "Live", _live),
    PageShot("playback", "/playback?{cameras}&at={at}", "Playback", _footage),
    PageShot("recordings", "/recordings", "Recordings", _row("Recordings")),
    PageShot("cameras", "/cameras", "Cameras", _row("Cameras")),
    PageShot("camera", "/cameras/{camera}", "", _camera),
    PageShot("add-cameras", "/cameras", "Cameras", _found_devices, has_dialog=True),
    PageShot("system-overview", "/system/overview", "System", _row("Services")),
    PageShot("system-coverage", "/system/coverage", "System", _row("Coverage by camera", "grid")),
    PageShot("system-users", "/system/users", "System", _row("Users")),
    PageShot("system-api-keys", "/system/api-keys", "System", _row("API keys")),
    PageShot("system-sessions", "/system/sessions", "System", _row("Sessions")),
    PageShot("system-audit", "/system/audit", "System", _row("Audit log")),
)
