"""From a camera's picture to the same picture played back."""

import asyncio
import shutil
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest

from libs.media.playback import play
from tests.e2e.harness import (
    Installation,
    cameras,
    clock_steps,
    decode_with_ffmpeg,
    installation,
    small_clip,
)
from tools.camera_sim.camera_spec import CameraSpec

LOOP_MS = 10_000
FRAME_MS = 40
REORDERED_AT_END = 4


def specs() -> list[CameraSpec]:
    login: dict[str, Any] = {"username": "viewer", "password": "secret-of-the-camera"}
    return [
        CameraSpec("h264", small_clip("h264", audio="aac"), **login),
        CameraSpec("h265", small_clip("h265", codec="hevc", audio="alaw"), **login),
        CameraSpec("mute", small_clip("mute", gop_seconds=1.0), auth="basic", **login),
        CameraSpec("mpeg4", small_clip("mpeg4", codec="mpeg4")),
        CameraSpec("b-frames", small_clip("b-frames", b_frames=2)),
    ]


async def test_what_a_camera_shows_plays_back_without_a_jump_across_recordings(tmp_path):
    async with cameras(*specs()) as simulated, installation() as everframe:
        for spec in specs():
            transport = "udp" if spec.name == "mute" else "tcp"
            await everframe.add(
                spec.name, simulated.url(spec.name), recording_seconds=10, transport=transport
            )
        names = [spec.name for spec in specs()]
        await asyncio.gather(*(everframe.until_recordings(name, 3) for name in names))
        await asyncio.gather(*(everframe.stop_and_settle(name) for name in names))

        for name in names:
            await everframe.assert_explained(name)
            url = await everframe.playback_url(name)
            steps = await asyncio.to_thread(clock_steps, url)
            file = await downloaded(everframe, url, tmp_path / f"{name}.mp4")
            assert await asyncio.to_thread(clock_steps, str(file)) == steps
            if name == "b-frames":
                # a picture is sent before those that it follows; the stop comes in between
                steps = steps[:-REORDERED_AT_END]
            assert len(steps) > 20 * 1000 // FRAME_MS, f"{name}: too little was recorded"
            wrong = [step for step in steps if step % LOOP_MS != FRAME_MS]
            assert not wrong, f"{name}: the clock in the picture jumps by {wrong}"
            if shutil.which("ffmpeg") and name != "mpeg4":
                for source in (url, str(file)):
                    await asyncio.to_thread(decode_with_ffmpeg, ["-i", source, "-f", "null", "-"])


async def downloaded(everframe: Installation, playback_url: str, path: Path) -> Path:
    """Save the range of a playback link as one file, after its plan."""
    folder, _, query = playback_url.partition("/playback.m3u8?")
    asked = dict(parse_qsl(query))
    span = {"from": asked["from"], "to": asked["to"]}
    (planned,) = (await everframe.http.get(f"{folder}/clip", params=span)).json()["files"]
    answer = await everframe.http.get(planned["path"])
    assert answer.status_code == 200
    assert len(answer.content) == planned["bytes"]
    path.write_bytes(answer.content)
    return path


async def test_a_downloaded_recording_is_a_whole_file_with_a_sensible_name(tmp_path):
    spec = CameraSpec("front", small_clip("front", audio="aac"))
    async with cameras(spec) as simulated, installation() as everframe:
        camera = await everframe.add("Front door", simulated.url("front"), recording_seconds=10)
        recording = (await everframe.until_recordings(camera, 2))[1]

        answer = await everframe.http.get(f"/api/v1/recordings/{recording['id']}/download")

        assert answer.status_code == 200
        assert 'filename="front-door_' in answer.headers["content-disposition"]
        assert len(answer.content) == recording["bytes"]
        path = tmp_path / "downloaded.mp4"
        path.write_bytes(answer.content)
        played = await asyncio.to_thread(play, str(path))
        assert played.frames == 250
        assert played.audio_codec == "aac"
        assert played.seconds == pytest.approx(10.0, abs=0.1)
        if shutil.which("ffmpeg"):
            await asyncio.to_thread(
                decode_with_ffmpeg, ["-ss", "6", "-i", str(path), "-f", "null", "-"]
            )
