"""The playback page in a real browser: several cameras on one clock, gaps, speed, growing."""

import asyncio
import re
import statistics
from datetime import datetime, timedelta

import pytest
from playwright.async_api import Locator, expect

from tests.e2e.harness import Installation, cameras, installation, small_clip, until
from tests.e2e.web_pages import Window, window
from tools.browser import CLOCK, chromium, chromium_path
from tools.camera_sim.camera_spec import CameraSpec
from tools.camera_sim.process import CameraProcess

pytestmark = pytest.mark.skipif(chromium_path() is None, reason="no Chromium")

LOOP_MS = 10_000
APART_MS = 200
"""Five pictures: beside the player's own error, the cameras' times as a busy machine tells them."""
NAMES = ("door", "yard")
EDGES = ((0, "started_at"), (-1, "ended_at"))


@pytest.mark.timeout(240)
async def test_two_cameras_play_on_one_clock_over_a_gap_of_one_and_into_what_is_recorded():
    specs = [CameraSpec(name, small_clip(name)) for name in NAMES]
    async with (
        cameras(*specs) as simulated,
        installation() as everframe,
        chromium() as browser,
        window(browser, everframe) as seen,
    ):
        for name in NAMES:
            await everframe.add(name, simulated.url(name), recording_seconds=10)
            await everframe.until_recording(name)
        gap = await _gap_of_one(everframe, simulated)
        await seen.page.goto("/")
        await seen.sign_in("admin", everframe.password)
        await expect(seen.heading("Live")).to_be_attached()

        await _plays_over_the_gap(seen, gap)
        await _shows_keyframes_when_fast(seen, gap)
        await _address_leads_back(seen, gap)
        await _goes_on_with_what_is_recorded(seen, everframe)

        assert seen.errors == []


async def _gap_of_one(everframe: Installation, simulated: CameraProcess) -> dict[str, datetime]:
    """Cut one camera off for a moment; return the gap once footage lies on both sides."""
    first = (await everframe.until_recordings("door", 1))[0]["started_at"]
    await asyncio.to_thread(simulated.fault, "door", "drop", refuse_seconds=3.0)

    async def footage_behind() -> dict[str, datetime] | None:
        gaps = [gap for gap in await everframe.gaps("door") if gap["started_at"] > first]
        if not gaps or not all(gap["ended_at"] for gap in gaps):
            return None
        begin, end = (datetime.fromisoformat(gaps[at][key]) for at, key in EDGES)
        newest = (await everframe.recordings("door"))[-1]["started_at"]
        return {"begin": begin, "end": end} if datetime.fromisoformat(newest) >= end else None

    gap: dict[str, datetime] = await until("footage behind the gap", footage_behind, within=60)
    return gap


async def _plays_over_the_gap(seen: Window, gap: dict[str, datetime]) -> None:
    await _open(seen, gap["begin"] - timedelta(seconds=6))
    await expect(_tile(seen, "door")).to_have_attribute("data-state", "showing")
    await expect(_tile(seen, "yard")).to_have_attribute("data-state", "showing")
    assert await _apart_ms(seen) <= APART_MS

    await expect(_tile(seen, "door")).to_have_attribute("data-state", "none")
    await expect(_tile(seen, "door")).to_contain_text("No recording")
    await expect(_tile(seen, "yard")).to_have_attribute("data-state", "showing")

    await expect(_tile(seen, "door")).to_have_attribute("data-state", "showing")
    assert await _time(seen) >= gap["end"]


async def _apart_ms(seen: Window) -> float:
    """How far apart the pictures of both cameras are, by the clocks in them."""
    await seen.page.evaluate(
        f"""() => {{
            const start = {CLOCK};
            window.clocks = [...document.querySelectorAll("video[data-layer=current]")]
                .map((video) => start(video, {LOOP_MS}, 100));
        }}"""
    )
    await seen.until("both clocks were read", "window.clocks.every((c) => c.samples.length > 8)")
    samples = await seen.page.evaluate(
        "window.clocks.map((c) => { c.stop(); return c.samples.map((s) => s[1]); })"
    )
    first, second = samples
    differences = [
        (one - other + LOOP_MS / 2) % LOOP_MS - LOOP_MS / 2
        for one, other in zip(first, second, strict=False)
    ]
    return float(abs(statistics.median(differences)))


async def _shows_keyframes_when_fast(seen: Window, gap: dict[str, datetime]) -> None:
    await _open(seen, gap["begin"] - timedelta(seconds=8), speed=16)
    pictures = _tile(seen, "yard").locator("[data-shown=pictures] video[data-layer=pictures]")
    await expect(pictures).to_be_visible()
    before = await pictures.evaluate("video => video.currentTime")

    async def is_another() -> bool:
        return bool(await pictures.evaluate("video => video.currentTime") > before)

    await until("other keyframes follow", is_another)


async def _address_leads_back(seen: Window, gap: dict[str, datetime]) -> None:
    await _open(seen, gap["end"] + timedelta(seconds=1))
    await seen.page.get_by_role("button", name="Pause").click()
    time = await _time(seen)
    await expect(seen.page).to_have_url(
        re.compile(rf"camera=door&camera=yard&at={time:%Y-%m-%dT%H:%M:%S}")
    )
    await seen.page.reload()
    await expect(_tile(seen, "yard")).to_have_attribute("data-state", "showing")
    assert abs((await _time(seen) - time).total_seconds()) < 10


async def _goes_on_with_what_is_recorded(seen: Window, everframe: Installation) -> None:
    newest = (await everframe.recordings("yard"))[-1]["ended_at"]
    await _open(seen, datetime.fromisoformat(newest) - timedelta(seconds=2))
    later = datetime.fromisoformat(newest) + timedelta(seconds=2)

    async def is_later() -> bool:
        return await _time(seen) > later

    await until("it plays on into the next recording", is_later, within=40)
    await expect(_tile(seen, "yard")).to_have_attribute("data-state", "showing")


async def _open(seen: Window, at: datetime, *, speed: float = 1) -> None:
    moment = at.isoformat().replace("+00:00", "Z")
    await seen.go(f"/playback?camera=door&camera=yard&at={moment}&speed={speed}", "Playback")


def _tile(seen: Window, camera: str) -> Locator:
    return seen.page.locator(f"figure[data-camera={camera}]")


async def _time(seen: Window) -> datetime:
    text = await seen.page.get_by_test_id("playback-time").get_attribute("datetime")
    assert text is not None
    return datetime.fromisoformat(text)
