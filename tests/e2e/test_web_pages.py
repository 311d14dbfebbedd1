"""Every page in a browser: for everybody, in both themes, on a desk and on a phone."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from tests.e2e.harness import Installation, cameras, installation, small_clip
from tests.e2e.web_pages import Window, window
from tools.browser import chromium, chromium_path, sign_in
from tools.camera_sim.camera_spec import CameraSpec
from tools.camera_sim.devices.spec import DeviceSpec
from tools.screenshots.pages import PAGES, SIZES, PageShot, Scene, Theme, switch_theme, take, visit

pytestmark = pytest.mark.skipif(chromium_path() is None, reason="no Chromium")

NAMES = ("Front", "Yard")
DEVICE = DeviceSpec(name="Gate")
THEMES: tuple[Theme, ...] = ("light", "dark")
NOBODY_YET = "401 (Unauthorized)"
"""What the console says when the sign-in page asks who is signed in."""
AWAY = "Behind the old warehouse, beside the second gate to the road"
"""Name of a camera that cannot be reached."""
BETWEEN = (1440, 1110, 900, 390)
"""Widths at which the list of cameras has other columns."""


@pytest.mark.timeout(300)
async def test_every_page_is_accessible_and_fits_in_both_themes_on_a_desk_and_a_phone(
    tmp_path: Path,
):
    async with _recorded() as (everframe, scene), chromium() as browser:
        problems = []
        for width in SIZES:
            problems += await _look_at_all(browser, everframe, scene, width, tmp_path)
        problems += await _look_at_what_is_wrong(browser, everframe)

    assert not problems, "\n".join(problems)
    taken = {path.stem for path in tmp_path.glob("*.png")}
    assert taken == {f"{s.name}-{t}-{w}" for s in PAGES for t in THEMES for w in SIZES}


@asynccontextmanager
async def _recorded() -> AsyncIterator[tuple[Installation, Scene]]:
    """Two cameras with some footage, and a device that can be found."""
    specs = [CameraSpec(name, small_clip(name)) for name in NAMES]
    async with (
        cameras(*specs, devices=[DEVICE]) as simulated,
        installation(streamers=1, discoverers=1) as everframe,
    ):
        ids = [
            await everframe.add(name, simulated.url(name), recording_seconds=10) for name in NAMES
        ]
        for camera in ids:
            recorded = (await everframe.until_recordings(camera, 1))[0]
        at = datetime.fromisoformat(recorded["started_at"]) + timedelta(seconds=1)
        yield (
            everframe,
            Scene(
                cameras=tuple(ids),
                at=at.isoformat().replace("+00:00", "Z"),
                scan_ports=(simulated.device_port(DEVICE.name),),
                login=(DEVICE.username, DEVICE.password),
            ),
        )


async def _look_at_all(
    browser: Browser, everframe: Installation, scene: Scene, width: int, folder: Path
) -> list[str]:
    """Open every page in a window of this width; return what is wrong, page by page."""
    problems = []
    async with window(browser, everframe, width=width, height=SIZES[width]) as seen:
        async for shot in visit(seen.page, scene, everframe.password):
            problems += [f"{shot.name} {width}: {p}" for p in await _look_at(seen, shot, folder)]
        problems += seen.errors + seen.strangers
        problems += [said for said in seen.complaints if NOBODY_YET not in said]
    return problems


async def _look_at_what_is_wrong(browser: Browser, everframe: Installation) -> list[str]:
    """Show a camera with a long name that is away; return where that does not fit."""
    camera = await everframe.add(AWAY, "rtsp://127.0.0.1:9/away")
    problems = []
    async with window(browser, everframe) as seen:
        await sign_in(seen.page.context, "admin", everframe.password)
        await seen.go("/cameras", "Cameras")
        await expect(seen.page.get_by_role("row", name=AWAY)).to_contain_text("Offline")
        for width in BETWEEN:
            await seen.page.set_viewport_size({"width": width, "height": 844})
            problems += [f"cameras {width}: {wide} px" for wide in [await seen.overflow()] if wide]
        await seen.go(f"/playback?camera={camera}", "Playback")
        await expect(seen.page.get_by_text("could not be reached.")).to_be_visible()
        problems += [f"playback: {wide} px" for wide in [await seen.overflow()] if wide]
    return problems


async def _look_at(seen: Window, shot: PageShot, folder: Path) -> list[str]:
    """Check a page in both themes and save its picture; return what is wrong."""
    problems = []
    if overflow := await seen.overflow():
        problems.append(f"{overflow} px wider than its place")
    width = await seen.page.evaluate("window.innerWidth")
    for theme in THEMES:
        await switch_theme(seen.page, theme)
        await take(seen.page, folder / f"{shot.name}-{theme}-{width}.png")
        problems += [f"{theme}: {problem}" for problem in await seen.axe_problems()]
    if await seen.page.get_by_role("dialog").count() != shot.has_dialog:
        problems.append("a dialog came or went by itself")
    return problems
