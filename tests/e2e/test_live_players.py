"""Real players in a real browser on the real stack: what a viewer sees, and what may die."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
from playwright.async_api import Browser

from tests.e2e.harness import Installation, cameras, installation, small_clip, until
from tools.browser import LivePage, chromium, chromium_path, live_page
from tools.camera_sim.camera_spec import CameraSpec
from tools.camera_sim.clip_spec import ClipSpec
from tools.camera_sim.process import CameraProcess
from tools.local.processes import ManagedProcess

pytestmark = pytest.mark.skipif(
    chromium_path() is None, reason="no Chromium; on Debian: apt-get install chromium"
)

TRANSPORTS = ("ll-hls", "websocket")
WATCHED_SECONDS = 120.0
FRONT_DOOR = ClipSpec(label="front door", width=1920, height=1080, audio="aac", duration_seconds=10)
WAREHOUSE = ClipSpec(label="warehouse", width=800, height=600, duration_seconds=10)


@asynccontextmanager
async def playing(
    browser: Browser, everframe: Installation, camera: str, transport: str
) -> AsyncIterator[LivePage]:
    """A tab that shows a camera."""
    query = f"camera={camera}&transport={transport}"
    async with live_page(browser, everframe.stack.api_url, everframe.password, query) as page:
        await _shows_pictures(page, f"{camera} by {transport}")
        yield page
        assert page.errors == []


async def _shows_pictures(page: LivePage, what: str, *, within: float = 40.0) -> None:
    """Wait until two more seconds of pictures were shown, without anybody's help."""
    before = (await page.player())["frames"]

    async def shown() -> bool:
        now = await page.player()
        return bool(now["state"]["kind"] == "live" and now["frames"] >= before + 50)

    try:
        await until(f"{what} shows pictures", shown, within=within)
    except AssertionError as error:
        raise AssertionError(f"{error}; it says {await page.player()}") from None


@pytest.mark.whole_machine
@pytest.mark.timeout(300)
async def test_every_h264_camera_plays_for_two_minutes_without_a_hitch():
    front, ware = CameraSpec("front", FRONT_DOOR), CameraSpec("ware", WAREHOUSE)
    async with (
        cameras(front, ware) as simulated,
        installation(streamers=1) as everframe,
        chromium() as browser,
        AsyncExitStack() as tabs,
    ):
        pages = {}
        for name in ("front", "ware"):
            await everframe.add(name, simulated.url(name), recording_seconds=60)
            await everframe.until_recording(name)
            pages[name] = await tabs.enter_async_context(
                playing(browser, everframe, name, "ll-hls")
            )
        before = {name: await page.player() for name, page in pages.items()}
        await asyncio.sleep(WATCHED_SECONDS)  # the two minutes themselves

        for name, page in pages.items():
            now = await page.player()
            assert now["state"]["kind"] == "live", (name, now)
            assert now["stats"]["stalls"] <= before[name]["stats"]["stalls"] + 1, (name, now)
            assert now["frames"] - before[name]["frames"] > 25 * WATCHED_SECONDS * 0.95, (name, now)
            assert not [error for error in now["stats"]["errors"] if "fatal" in error], (name, now)


@pytest.mark.timeout(400)
async def test_players_go_on_by_themselves_whatever_dies():
    camera = CameraSpec("door", small_clip("door", audio="aac"))
    async with (
        cameras(camera) as simulated,
        installation(recorders=2, streamers=2) as everframe,
        chromium() as browser,
        AsyncExitStack() as tabs,
    ):
        await everframe.add("door", simulated.url("door"), recording_seconds=60)
        await everframe.until_recording("door")
        pages = {
            transport: await tabs.enter_async_context(
                playing(browser, everframe, "door", transport)
            )
            for transport in TRANSPORTS
        }
        for what, disturb in _disturbances(everframe, simulated).items():
            await disturb()
            await asyncio.gather(
                *(
                    _shows_pictures(page, f"{transport} after {what}")
                    for transport, page in pages.items()
                )
            )


def _disturbances(
    everframe: Installation, simulated: CameraProcess
) -> dict[str, Callable[[], Awaitable[None]]]:
    services = everframe.stack.services

    async def drop() -> None:
        await asyncio.to_thread(simulated.fault, "door", "drop", refuse_seconds=5.0)

    async def restart(process: ManagedProcess) -> None:
        await process.kill()
        await process.start()

    async def restart_recorder() -> None:
        await restart(services[await _holder(everframe)])

    async def take_over() -> None:
        holder = await _holder(everframe)
        await services[holder].kill()

        async def has_changed() -> bool:
            return await _holder(everframe) != holder

        await until("another recorder has the camera", has_changed)
        await services[holder].start()

    async def restart_bus() -> None:
        nats = everframe.stack.servers.nats
        await nats.kill()
        await asyncio.sleep(3.0)  # the outage itself
        await nats.start()

    return {
        "a dropped camera": drop,
        "a restarted recorder": restart_recorder,
        "a takeover": take_over,
        "a killed streamer": lambda: restart(services["streamer-1"]),
        "the other streamer killed": lambda: restart(services["streamer-2"]),
        "a restarted bus": restart_bus,
    }


async def _holder(everframe: Installation) -> str:
    return str((await everframe.status("door"))["recorder"])
