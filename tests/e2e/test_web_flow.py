"""From the first sign-in to a downloaded range and out again, in a real browser."""

import re
from collections.abc import Sequence
from pathlib import Path

import av
import pytest
from playwright.async_api import Page, expect

from tests.e2e.harness import Installation, cameras, installation, small_clip, until
from tests.e2e.web_pages import Window, window
from tools.browser import chromium, chromium_path
from tools.camera_sim.camera_spec import CameraSpec
from tools.camera_sim.devices.spec import ChannelSpec, DeviceSpec
from tools.camera_sim.process import CameraProcess

pytestmark = pytest.mark.skipif(chromium_path() is None, reason="no Chromium")

USERNAME, PASSWORD = "viewer", "tr0mb0ne-Pa$$word/42"
NAMES = ("Front", "Yard", "Gate")
FRAMES = (
    "[...document.querySelectorAll('article video')]"
    ".map(video => video.getVideoPlaybackQuality().totalVideoFrames)"
)


def _camera(name: str) -> CameraSpec:
    clip = small_clip("web")
    return CameraSpec(name, clip, path="/stream1", username=USERNAME, password=PASSWORD)


def _device(name: str) -> DeviceSpec:
    number = NAMES.index(name) + 1
    return DeviceSpec(
        name=name,
        serial=f"SIM{number:08d}X{number * 7919:08d}",
        mac=f"02:00:00:00:03:{number:02x}",
        endpoint_id=f"urn:uuid:00000000-0000-4000-8000-1{number:011d}",
        username=USERNAME,
        password=PASSWORD,
        protocols=frozenset({"onvif"}),
        channels=(ChannelSpec(name=name, main_url=f"camera:{name}", width=640, height=360),),
        recorded_hours=2.0,
        file_seconds=900.0,
    )


async def test_somebody_sets_up_cameras_watches_scrubs_downloads_and_leaves(tmp_path: Path):
    async with (
        cameras(*map(_camera, NAMES), devices=[_device(name) for name in NAMES]) as simulated,
        installation(streamers=1, discoverers=1) as everframe,
        chromium() as browser,
        window(browser, everframe) as seen,
    ):
        await _first_sign_in(seen, everframe)
        await _scan_and_add(seen, simulated)
        ids = await _recording(everframe)
        await everframe.add("Fourth", simulated.url("Front"), recording_seconds=10)
        await _watch_four(seen, [*ids, "fourth"])
        await _make_a_gap(everframe, ids[0])
        await _play_back(seen, ids[0])
        await _download(seen, tmp_path)
        await _sign_out(seen)

        assert seen.errors == []
        assert seen.strangers == []


async def _first_sign_in(seen: Window, everframe: Installation) -> None:
    await seen.page.goto("/")
    await seen.sign_in("admin", "not this one")
    await expect(seen.page.get_by_role("alert")).to_contain_text("is wrong")
    await seen.sign_in("admin", everframe.password)
    await expect(seen.page.get_by_text("No cameras yet")).to_be_visible()


async def _scan_and_add(seen: Window, simulated: CameraProcess) -> None:
    page = seen.page
    await page.get_by_role("link", name="Add cameras").click()
    await page.get_by_role("button", name="Add cameras").first.click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Where to look").fill("127.0.0.1")
    ports = ",".join(str(simulated.device_port(name)) for name in NAMES)
    await dialog.get_by_label("Ports").fill(ports)
    await dialog.get_by_label("User name of the camera").fill(USERNAME)
    await dialog.get_by_label("Password of the camera").fill(PASSWORD)
    await dialog.get_by_role("button", name="Look for cameras").click()
    found = dialog.get_by_role("list", name="Found devices").get_by_role("listitem")
    await expect(dialog.get_by_text("All devices that can be added (3)")).to_be_visible()
    await found.first.get_by_role("button", name="Test").click()
    await expect(found.first).to_contain_text("640")
    await dialog.get_by_text("All devices that can be added (3)").click()
    await dialog.get_by_role("button", name="Add 3 devices").click()
    await expect(dialog).to_be_hidden()
    for name in NAMES:
        await expect(page.get_by_role("link", name=name).first).to_be_visible()


async def _recording(everframe: Installation) -> list[str]:
    ids = [camera["camera_id"] for camera in await everframe.get("/cameras")]
    for camera_id in ids:
        await everframe.patch(f"/cameras/{camera_id}", {"recording_seconds": 10})
        await everframe.until_recording(camera_id)
    return ids


async def _watch_four(seen: Window, ids: Sequence[str]) -> None:
    page = seen.page
    await page.get_by_role("navigation", name="Pages").get_by_role("link", name="Live").click()
    await page.get_by_role("button", name=re.compile("^2.2 tiles$")).click()
    videos = page.locator("article video")
    await expect(videos).to_have_count(4)
    move = f"{FRAMES}.every(n => n > 0) && {FRAMES}"
    before: list[int] = await seen.until("four pictures move", move)
    await seen.until("they go on", f"{FRAMES}.every((n, i) => n > {before}[i] + 20)")
    await page.get_by_role("button", name=re.compile("Fourth: enlarge")).dblclick()
    await expect(page.get_by_role("button", name=re.compile("Fourth: back"))).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(videos).to_have_count(len(ids))


async def _make_a_gap(everframe: Installation, camera: str) -> None:
    """Kill the recorder for a moment, and wait until footage lies on both sides."""
    await everframe.until_recordings(camera, 1)
    await everframe.recorder().kill()
    await everframe.recorder().start()

    async def is_explained() -> bool:
        return any(gap["reason"] == "recorder_down" for gap in await everframe.gaps(camera))

    await until("the gap is in the catalog", is_explained)
    count = len(await everframe.recordings(camera))
    await everframe.until_recordings(camera, count + 2)  # the first may be a short one


async def _play_back(seen: Window, camera: str) -> None:
    page = seen.page
    await page.goto(f"/playback?camera={camera}")
    await page.get_by_role("button", name=re.compile("Choose a day")).click()
    today = page.get_by_role("dialog", name="Choose a day").locator("[data-footage=yes]").last
    await today.click()
    await _shows_pictures(seen)
    await page.get_by_role("button", name="Pause").click()
    await _scrub(seen)
    await _cross_the_gap(seen)


async def _shows_pictures(seen: Window) -> None:
    await seen.until(
        "recorded pictures move",
        "[...document.querySelectorAll('video')]"
        ".some(v => !v.paused && v.getVideoPlaybackQuality().totalVideoFrames > 5)",
    )


async def _scrub(seen: Window) -> None:
    """Drag the playhead: another picture shows while the button is still down."""
    page = seen.page
    await page.keyboard.press("0")
    await page.keyboard.press("End")
    timeline = page.get_by_test_id("timeline")
    box = await timeline.bounding_box()
    assert box is not None
    low, now, high = [
        float(await timeline.get_attribute(name) or 0)
        for name in ("aria-valuemin", "aria-valuenow", "aria-valuemax")
    ]
    x, y = box["x"] + box["width"] * (now - low) / (high - low), box["y"] + 10
    before, time_before = await _picture(page), await _time_of(page)
    await page.mouse.move(x, y)
    await page.mouse.down()
    await page.mouse.move(x - box["width"] / 5, y, steps=5)

    async def is_another() -> bool:
        return await _picture(page) != before

    await until("a picture of another moment shows", is_another)
    await page.mouse.up()
    await expect(page.get_by_test_id("playback-time")).not_to_have_attribute(
        "datetime", time_before
    )


async def _picture(page: Page) -> bytes:
    return await page.get_by_role("main").locator("figure").first.screenshot()


async def _cross_the_gap(seen: Window) -> None:
    page = seen.page
    await page.get_by_text(re.compile(r"^\d+ gaps? in this range$")).click()
    gap = page.get_by_role("listitem").filter(has_text="no recorder was running")
    await gap.first.get_by_role("button").click()
    play = page.get_by_role("button", name="Play")
    if await play.count():
        await play.click()
    notice = page.get_by_test_id("skip-notice")
    await expect(notice).to_contain_text("no recorder was running")
    await _shows_pictures(seen)


async def _time_of(page: Page) -> str:
    found = await page.get_by_test_id("playback-time").get_attribute("datetime")
    assert found is not None
    return found


async def _download(seen: Window, folder: Path) -> None:
    """Mark the last six seconds and save them."""
    page = seen.page
    await page.get_by_role("button", name="Pause").click()
    await page.keyboard.press("End")
    await page.keyboard.press("]")
    for _ in range(6):
        await page.keyboard.press("ArrowDown")
    await page.keyboard.press("[")
    await page.keyboard.press("d")
    dialog = page.get_by_role("dialog", name="Download footage")
    async with page.expect_download() as started:
        await dialog.get_by_role("link", name="Save").click()
    path = folder / "range.mp4"
    await (await started.value).save_as(path)
    await dialog.get_by_role("button", name="Close").click()
    with av.open(str(path)) as file:
        frames = sum(1 for _ in file.decode(video=0))
        seconds = frames / float(file.streams.video[0].average_rate or 1)
    assert 6.0 <= seconds < 6.0 + 2 * 2.0  # whole fragments at both ends


async def _sign_out(seen: Window) -> None:
    page = seen.page
    await page.get_by_role("button", name=re.compile("account and appearance")).click()
    await page.get_by_role("menuitem", name="Sign out").click()
    await expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    for path in ("/live", "/playback", "/cameras", "/recordings", "/system/users"):
        await page.goto(path)
        await expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    answer = await page.request.get("/api/v1/cameras")
    assert answer.status == 401
