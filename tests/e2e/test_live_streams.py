"""Live over HTTP without a browser: codecs, the small stream, snapshots, and what they cost."""

import io
import re
import time
from itertools import pairwise

import av
import httpx

from tests.e2e.harness import Installation, cameras, installation, small_clip, until
from tools.camera_sim.camera_spec import CameraSpec
from tools.camera_sim.clip_clock import read_clock
from tools.camera_sim.process import CameraProcess

LOOP_SECONDS = 10


def _specs() -> list[CameraSpec]:
    return [
        CameraSpec("large", small_clip("large", codec="hevc", audio="alaw")),
        CameraSpec("small", small_clip("small", width=320, height=240)),
    ]


async def _text(everframe: Installation, path: str) -> str:
    answer = await everframe.http.get(path)
    assert answer.status_code == httpx.codes.OK, f"{path}: {answer.status_code} {answer.text}"
    return answer.text


async def _media_playlist(everframe: Installation, rendition: str) -> tuple[str, str, str]:
    """Return master, media playlist and the folder in which its names lie."""
    base = "/api/v1/cameras/large/live/"
    master = await _text(everframe, f"{base}master.m3u8?rendition={rendition}")
    name = master.strip().splitlines()[-1]
    return master, await _text(everframe, base + name), (base + name).rpartition("/")[0] + "/"


async def _clocks(everframe: Installation, rendition: str) -> tuple[str, list[int]]:
    """Play two whole segments; return the codecs and the clock of every picture."""

    async def listed() -> tuple[str, list[str], str, str] | None:
        master, media, folder = await _media_playlist(everframe, rendition)
        segments = re.findall(r"^(\d+\.m4s)$", media, re.MULTILINE)
        init = re.findall(r'EXT-X-MAP:URI="([^"]+)"', media)
        return (master, segments[-2:], folder, init[-1]) if len(segments) >= 2 else None

    master, segments, folder, init = await until(f"two segments of {rendition}", listed)
    data = b""
    for name in (init, *segments):
        answer = await everframe.http.get(folder + name)
        assert answer.status_code == httpx.codes.OK
        data += answer.content
    with av.open(io.BytesIO(data), mode="r") as container:
        clocks = [read_clock(frame) for frame in container.decode(video=0)]
    codecs = re.search(r'CODECS="([^"]+)"', master)
    assert codecs is not None
    assert None not in clocks
    return codecs[1], [clock for clock in clocks if clock is not None]


def _assert_runs_on(clocks: list[int]) -> None:
    assert len(clocks) > 40
    steps = {(after - before) % (LOOP_SECONDS * 1000) for before, after in pairwise(clocks)}
    assert steps == {40}


def _connections(simulated: CameraProcess, name: str) -> int:
    return int(simulated.status(name)["sessions"])


async def test_every_codec_and_the_small_stream_play_and_snapshots_need_no_connection():
    async with cameras(*_specs()) as simulated, installation(streamers=1) as everframe:
        await everframe.add("large", simulated.url("large"), recording_seconds=10)
        await everframe.until_recording("large")
        missing = await everframe.http.get("/api/v1/cameras/large/live/master.m3u8?rendition=sub")
        assert missing.status_code == httpx.codes.NOT_FOUND
        await everframe.patch("/cameras/large", {"sub_url": simulated.plain_url("small")})

        codecs, clocks = await _clocks(everframe, "main")
        assert codecs.startswith("hvc1.")
        assert codecs.endswith(",mp4a.40.2"), "G.711 becomes AAC"
        _assert_runs_on(clocks)
        assert _connections(simulated, "large") == 1
        codecs, clocks = await _clocks(everframe, "sub")
        assert codecs.startswith("avc1.")
        _assert_runs_on(clocks)
        assert _connections(simulated, "small") == 1

        answer = await everframe.http.get("/api/v1/cameras/large/snapshot.jpg")
        assert answer.status_code == httpx.codes.OK
        assert answer.headers["content-type"] == "image/jpeg"
        with av.open(io.BytesIO(answer.content), mode="r", format="jpeg_pipe") as picture:
            frame = next(picture.decode(video=0))
        clock = read_clock(frame)
        assert clock is not None
        age = (time.time() * 1000 - clock) % (LOOP_SECONDS * 1000)
        assert age < 6000, "the newest keyframe, one GOP and a second old at most"
        assert (frame.width, frame.height) == (640, 360)
        assert _connections(simulated, "large") == 1

        link = await everframe.post("/cameras/large/live-links", {})
        direct = everframe.stack.streamer_urls[0] + str(link["hls"])
        async with httpx.AsyncClient() as stranger:
            master = await stranger.get(direct)
            assert master.status_code == httpx.codes.OK, "with a token, past the gateway"
            assert "token=" in master.text
            refused = await stranger.get(direct.partition("?")[0])
            assert refused.status_code == httpx.codes.UNAUTHORIZED


async def test_who_watched_is_told_in_events():
    async with cameras(_specs()[1]) as simulated, installation(streamers=1) as everframe:
        await everframe.add("small", simulated.url("small"), recording_seconds=10)
        await everframe.until_recording("small")
        answer = await everframe.http.get("/api/v1/cameras/small/snapshot.jpg")
        assert answer.status_code == httpx.codes.OK
        master = await _text(everframe, "/api/v1/cameras/small/live/master.m3u8")
        base = "/api/v1/cameras/small/live/"
        name = master.strip().splitlines()[-1]
        media = await _text(everframe, base + name)
        part = re.findall(r'EXT-X-PART:[^\n]*URI="([^"]+)"', media)[-1]
        fetched = await everframe.http.get((base + name).rpartition("/")[0] + "/" + part)
        assert fetched.status_code == httpx.codes.OK

        async def viewers() -> bool:
            return await everframe.metric("streamer-1", "everframe_streamer_viewers") == 0

        assert not await viewers()
        await until("the viewer is counted out", viewers)
        published = await everframe.metric("streamer-1", "everframe_bus_published_total")
        assert published == 2, "began and ended"
