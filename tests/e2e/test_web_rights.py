"""A viewer with one camera sees one camera: on every page, by every address, until it is taken."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import pytest
from playwright.async_api import Locator, expect

from tests.e2e.harness import Installation, cameras, installation, small_clip
from tests.e2e.web_pages import Window, window
from tools.browser import chromium, chromium_path
from tools.camera_sim.camera_spec import CameraSpec

pytestmark = pytest.mark.skipif(chromium_path() is None, reason="no Chromium")

GRANTED, HIDDEN = "Front", "Yard"
NAME = "guest"
HEARD = """() => {
    const stream = new EventSource("/api/v1/events");
    window.heard = [];
    for (const name of ["camera-status", "camera-health", "recording", "gap"]) {
        stream.addEventListener(name, ({ data }) => window.heard.push(JSON.parse(data).camera_id));
    }
    return new Promise((done) => stream.addEventListener("open", () => done()));
}"""
SOCKET = """(path) => new Promise((done) => {
    const socket = new WebSocket(path);
    socket.addEventListener("open", () => { window.socket = socket; done("open"); });
    socket.addEventListener("error", () => done("refused"));
})"""
FETCH = """async (path) => {
    const answer = await fetch(path);
    await answer.arrayBuffer();
    return answer.status;
}"""
POST = "async (path) => (await fetch(path, { method: 'POST' })).status"


@pytest.mark.timeout(240)
async def test_a_viewer_with_one_camera_sees_one_camera_everywhere_until_it_is_taken_away():
    specs = [CameraSpec(name, small_clip(name)) for name in (GRANTED, HIDDEN)]
    async with (
        cameras(*specs) as simulated,
        installation(streamers=1) as everframe,
        chromium() as browser,
        window(browser, everframe) as admin,
        window(browser, everframe) as viewer,
    ):
        for name in (GRANTED, HIDDEN):
            await everframe.add(name, simulated.url(name), recording_seconds=10)
        footage = {
            camera: (await everframe.until_recordings(camera, 1))[0] for camera in ("front", "yard")
        }
        password = await _make_viewer(admin, everframe)
        await viewer.page.goto("/")
        await viewer.sign_in(NAME, password)

        await _sees_one_live(viewer)
        await _sees_one_played(viewer)
        await _sees_one_listed(viewer)
        await _sees_own_part_of_the_system(viewer)
        await _hears_of_one(viewer, admin, everframe)
        await _reaches_one_by_address(viewer, footage)
        await _loses_the_picture(viewer, admin)

        assert viewer.errors == []
        assert viewer.strangers == []


async def _make_viewer(admin: Window, everframe: Installation) -> str:
    """Add a user in the browser; return the password, which is shown this once."""
    page = admin.page
    await page.goto("/system/users")
    await admin.sign_in("admin", everframe.password)
    await page.get_by_role("button", name="Add user").click()
    dialog = page.get_by_role("dialog", name="Add user")
    await dialog.get_by_label("Name", exact=True).fill(NAME)
    await expect(dialog.get_by_role("radio", name="Viewer")).to_be_checked()
    await dialog.get_by_role("group", name="Single cameras").get_by_text(GRANTED).click()
    await dialog.get_by_role("button", name="Add user").click()
    shown = page.get_by_role("dialog", name="New password")
    password = await shown.get_by_label(f"Password of {NAME}").input_value()
    await shown.get_by_role("button", name="Done").click()

    await expect(shown).to_be_hidden()
    await expect(_user(admin)).to_contain_text(GRANTED)
    assert len(password) > 15
    assert password not in await page.content()
    assert password not in str(await everframe.get("/users"))
    return password


def _user(admin: Window) -> Locator:
    return admin.page.get_by_role("row").filter(has_text=NAME)


async def _sees_one_live(viewer: Window) -> None:
    tiles = viewer.page.get_by_role("article")
    await expect(tiles.get_by_title("Seconds behind live")).to_have_count(1)
    await expect(tiles).to_contain_text([GRANTED])
    await _does_not_say_it(viewer)

    await viewer.go("/live?camera=yard", "Live")
    await expect(viewer.page.get_by_text("There is no camera “yard”")).to_be_visible()
    await expect(tiles).to_have_count(0)


async def _sees_one_played(viewer: Window) -> None:
    page = viewer.page
    await viewer.go("/playback", "Playback")
    await page.get_by_role("button", name=f"Choose cameras; now {GRANTED}").click()
    choice = page.get_by_role("dialog", name="Choose cameras")
    await expect(choice.get_by_role("checkbox")).to_have_count(1)
    await _does_not_say_it(viewer)

    await viewer.go("/playback?camera=yard", "Playback")
    await expect(page.get_by_text("The address names yard")).to_be_visible()
    await expect(page.locator("figure[data-camera=yard]")).to_have_count(0)


async def _sees_one_listed(viewer: Window) -> None:
    page = viewer.page
    await viewer.go("/recordings", "Recordings")
    await expect(_rows(viewer, "Recordings").get_by_text(GRANTED).first).to_be_visible()
    await _does_not_say_it(viewer)
    await viewer.go("/recordings?camera=yard", "Recordings")
    await expect(page.get_by_role("alert")).to_contain_text("The recordings cannot be listed")
    await expect(_rows(viewer, "Recordings")).to_have_count(0)

    await viewer.go("/cameras", "Cameras")
    await expect(_rows(viewer, "Cameras").get_by_role("link")).to_have_text([GRANTED])
    await _does_not_say_it(viewer)
    await viewer.go("/cameras/yard", "Cameras")
    await expect(page.get_by_role("heading", name="There is no camera “yard”")).to_be_visible()


async def _sees_own_part_of_the_system(viewer: Window) -> None:
    page = viewer.page
    for tab in ("", "/overview", "/users", "/api-keys", "/audit", "/nonsense"):
        await viewer.go(f"/system{tab}", "System")
        await expect(page).to_have_url(re.compile("/system/coverage$"))
    await expect(page.get_by_role("tab")).to_have_text(["Coverage", "Sessions"])
    await expect(page.get_by_role("grid").get_by_role("rowheader")).to_have_text([GRANTED])
    await page.get_by_role("tab", name="Sessions").click()
    own = _rows(viewer, "Sessions").get_by_role("rowheader")
    await expect(own).to_have_text([re.compile(f"^{NAME}")])
    refused = ("/users", "/api-keys", "/audit", "/system/services", "/storage", "/devices")
    for path in refused:
        assert await page.evaluate(FETCH, f"/api/v1{path}") == 403, path


async def _hears_of_one(viewer: Window, admin: Window, everframe: Installation) -> None:
    """Events of both cameras are sent, and those of one come here."""
    for seen in (viewer, admin):
        await seen.page.evaluate(HEARD)
    await everframe.post("/cameras/yard/recording/stop")
    await admin.until("the admin hears of both", "new Set(window.heard).size === 2")
    await viewer.page.evaluate("window.heard.push('and then')")
    await everframe.post("/cameras/front/recording/stop")
    await viewer.until("the viewer hears of one", "window.heard.at(-1) === 'front'")

    assert set(await viewer.page.evaluate("window.heard")) == {"front", "and then"}
    for camera in ("front", "yard"):
        await everframe.post(f"/cameras/{camera}/recording/start")
        await everframe.until_recording(camera)


async def _reaches_one_by_address(viewer: Window, footage: Mapping[str, dict[str, Any]]) -> None:
    page = viewer.page
    front, yard = (_addresses(camera, recording) for camera, recording in footage.items())
    opened = {path: await page.evaluate(FETCH, path) for path in front}
    refused = {path: await page.evaluate(FETCH, path) for path in yard}
    assert opened == dict.fromkeys(front, 200)
    assert refused == dict.fromkeys(yard, 404)

    assert await page.evaluate(POST, "/api/v1/cameras/yard/live-links") == 404
    assert await page.evaluate(SOCKET, "/api/v1/cameras/yard/live/ws") == "refused"
    assert await page.evaluate(SOCKET, "/api/v1/cameras/front/live/ws") == "open"


def _addresses(camera: str, recording: Mapping[str, Any]) -> list[str]:
    """Every address that shows something of a camera."""
    begin, end = (
        datetime.fromisoformat(recording[key]).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        for key in ("started_at", "ended_at")
    )
    times, days = f"from={begin}&to={end}", f"from={begin[:10]}&to={end[:10]}"
    one, footage = f"/cameras/{camera}", recording["id"]
    paths = [
        *(one, f"{one}/status", f"{one}/recordings", f"{one}/gaps", f"{one}/stored-footage"),
        *(f"{one}/health-history?{times}", f"{one}/coverage?{times}"),
        *(f"{one}/playback.m3u8?{times}", f"{one}/playback-master.m3u8?{times}"),
        *(f"{one}/iframes.m3u8?{times}", f"{one}/clip?{times}", f"{one}/clip.mp4?{times}"),
        *(f"{one}/snapshot.jpg", f"{one}/live/master.m3u8"),
        *(f"/recordings/{footage}", f"/recordings/{footage}/download"),
        *(f"/media/{footage}.mp4", f"/media/{footage}/iframes/init.mp4"),
        f"/media/{footage}/iframes/0.mp4",
        *(f"/recordings?camera={camera}", f"/gaps?camera={camera}"),
        *(f"/timeline?camera={camera}&{times}", f"/calendar?camera={camera}&{days}"),
    ]
    return [f"/api/v1{path}" for path in paths]


async def _loses_the_picture(viewer: Window, admin: Window) -> None:
    """Take the camera away while it is watched."""
    page = viewer.page
    await page.get_by_role("navigation").get_by_role("link", name="Live").click()
    await viewer.until(
        "the picture moves",
        "document.querySelector('video')?.getVideoPlaybackQuality().totalVideoFrames > 10",
    )
    await admin.page.get_by_role("button", name=f"Actions for {NAME}").click()
    await admin.page.get_by_role("menuitem", name=re.compile("^Change")).click()
    dialog = admin.page.get_by_role("dialog", name=f"Change {NAME}")
    await dialog.get_by_role("group", name="Single cameras").get_by_text(GRANTED).click()
    await dialog.get_by_role("button", name="Save").click()
    await expect(_user(admin)).to_contain_text("No camera")

    await expect(page.get_by_text("No cameras to show")).to_be_visible()
    await expect(page.locator("video")).to_have_count(0)
    assert await page.evaluate(FETCH, "/api/v1/cameras/front/snapshot.jpg") == 404
    await viewer.until(
        "the open socket ends", "window.socket.readyState === WebSocket.CLOSED", within=30
    )


def _rows(seen: Window, table: str) -> Locator:
    return seen.page.get_by_role("table", name=table)


async def _does_not_say_it(viewer: Window) -> None:
    await expect(viewer.page.locator("body")).not_to_contain_text(HIDDEN)
