"""Scrubbing and downloads in a real browser: pictures show, lengths and seeking are right."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlencode

import pytest
from playwright.async_api import Page

from libs.contracts.times import isoformat_z
from tests.integration.api.conftest import NOW, Api
from tests.integration.api.footage_worlds import SECONDS, served, store_footage
from tools.browser import chromium, chromium_path

HLS = Path(__file__).parents[3] / "web/node_modules/hls.js/dist/hls.min.js"
T0 = NOW - timedelta(hours=2)
CAMERA = "/api/v1/cameras/front-door"

pytestmark = [
    pytest.mark.skipif(
        chromium_path() is None, reason="no Chromium; on Debian: apt-get install chromium"
    ),
    pytest.mark.skipif(not HLS.exists(), reason="hls.js is not there; `make web` gets it"),
]

GREY = """(video) => {
    const canvas = new OffscreenCanvas(1, 1);
    const context = canvas.getContext("2d");
    context.drawImage(video, 0, 0, 1, 1);
    return context.getImageData(0, 0, 1, 1).data[0];
}"""

# Shows the picture for each time as hls.js does while scrubbing, and reads its grey.
SCRUB = f"""async ([address, times]) => {{
    const grey = {GREY};
    const main = new Hls();
    const ready = new Promise((done, fail) => {{
        main.once(Hls.Events.LEVEL_LOADED, done);
        main.on(Hls.Events.ERROR, (_, error) => error.fatal && fail(error.error));
    }});
    main.loadSource(address);
    main.attachMedia(document.createElement("video"));
    await ready;
    const player = main.createIFramePlayer();
    const video = document.createElement("video");
    const broken = [];
    // hls.js 1.7.4 cancels the end of stream that shows a lone picture where it flushes before it
    player.on(Hls.Events.BUFFER_FLUSHED, () => {{
        player.trigger(Hls.Events.BUFFER_EOS, {{ type: "video" }});
    }});
    player.on(Hls.Events.ERROR, (_, error) => broken.push(error.details));
    player.attachMedia(video);
    const found = [];
    for (const time of times) {{
        player.loadMediaAt(time);
        const until = performance.now() + 20000;
        const isShown = () => video.currentTime === time && !video.seeking && video.readyState > 1;
        while (!isShown() && performance.now() < until) {{
            await new Promise((done) => requestAnimationFrame(done));
        }}
        found.push(grey(video));
    }}
    return [found, broken];
}}"""

# Plays nothing: looks at the length, and at the pictures where it seeks to.
SEEK = f"""async ([address, times]) => {{
    const grey = {GREY};
    const video = document.createElement("video");
    const told = (name) => new Promise((done, fail) => {{
        video.addEventListener(name, done, {{ once: true }});
        video.addEventListener("error", () => fail(video.error), {{ once: true }});
    }});
    const loaded = told("loadeddata");
    video.src = address;
    await loaded;
    const found = [];
    for (const time of times) {{
        // "seeked" may come before the picture itself
        const shown = new Promise((done) => {{
            const look = (_, frame) => {{
                if (Math.abs(frame.mediaTime - time) < 0.04) done();
                else video.requestVideoFrameCallback(look);
            }};
            video.requestVideoFrameCallback(look);
        }});
        const sought = told("seeked");
        video.currentTime = time;
        await Promise.all([sought, shown]);
        found.push(grey(video));
    }}
    return [video.duration, found];
}}"""


@asynccontextmanager
async def opened(api: Api) -> AsyncIterator[Page]:
    """A page of the api's origin, with its key and with hls.js."""
    async with served(api) as address, chromium() as browser:
        context = await browser.new_context(
            bypass_csp=True, extra_http_headers={"Authorization": f"Bearer {api.key}"}
        )
        page = await context.new_page()
        await page.goto(f"{address}/api/docs")
        await page.add_script_tag(path=HLS)
        yield page


def number_of(grey: int) -> int:
    """Which of the samples' pictures has this grey; the browser shows 16 to 235 as 0 to 255."""
    return round(grey * 219 / 255 / 4)


def address_of(route: str) -> str:
    span = {"from": isoformat_z(T0), "to": isoformat_z(T0 + timedelta(seconds=100))}
    return f"{CAMERA}/{route}?{urlencode(span)}"


@pytest.mark.timeout(120)
async def test_pictures_show_while_scrubbing_over_recordings_and_a_gap(api: Api, tmp_path: Path):
    for start in (0, SECONDS, 60):
        await store_footage(api, tmp_path, T0 + timedelta(seconds=start))
    times = [0.1, 5.3, 2.5, 3.9, 0.5]

    async with opened(api) as page:
        found, broken = await page.evaluate(SCRUB, [address_of("playback-master.m3u8"), times])

    assert broken == []
    assert [number_of(grey) for grey in found] == [round(at * 25) % 50 // 10 * 10 for at in times]


@pytest.mark.timeout(120)
async def test_a_download_tells_its_length_and_seeks(api: Api, tmp_path: Path):
    for start in (0, SECONDS, 60):
        await store_footage(api, tmp_path, T0 + timedelta(seconds=start))
    times = [5.22, 0.02, 2.62]

    async with opened(api) as page:
        length, found = await page.evaluate(SEEK, [address_of("clip.mp4"), times])

    assert length == pytest.approx(3 * SECONDS, abs=0.1)
    assert [number_of(grey) for grey in found] == [int(at * 25) % 50 for at in times]
