import dataclasses
import itertools
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from libs.media.audio import make_audio_pipeline
from libs.media.errors import SourceError, SourceErrorKind
from libs.media.packets import Packet, TrackKind
from libs.media.probe import probe
from libs.media.source import RtspSource, Tracks
from tools.camera_sim.camera_spec import CameraSpec
from tools.camera_sim.clip_spec import SMALL, ClipSpec
from tools.camera_sim.process import CameraProcess

USER, PASSWORD = "us er", "p:/?#%&@ö"


def clip(**changes: Any) -> ClipSpec:
    return dataclasses.replace(SMALL, **changes)


CAMERAS = [
    CameraSpec("h264"),
    CameraSpec("b-frames", clip(b_frames=2)),
    CameraSpec("aac", clip(audio="aac")),
    CameraSpec("hevc-alaw", clip(codec="hevc", audio="alaw")),
    CameraSpec("mpeg4", clip(codec="mpeg4")),
    CameraSpec("terse", sends_parameter_sets_in_sdp=False, start_on_keyframe=False),
    CameraSpec("digest", username=USER, password=PASSWORD),
    CameraSpec("basic", username=USER, password=PASSWORD, auth="basic"),
    CameraSpec("tls", tls=True),
    CameraSpec("tcp-only", transports=("tcp",)),
    CameraSpec("full", max_sessions=0),
    CameraSpec("overloaded", max_sessions=0, limit_status=503),
]


@pytest.fixture(scope="module")
def cameras() -> Iterator[CameraProcess]:
    # three media seconds a second: nothing here depends on the pace
    with CameraProcess([dataclasses.replace(spec, speed=3.0) for spec in CAMERAS]) as running:
        yield running


def watch(url: str, count: int = 60, **options: Any) -> tuple[Tracks, list[Packet]]:
    """Open, take some packets, close. Return tracks and packets."""
    source = RtspSource(url, **options)
    try:
        return source.open(), list(itertools.islice(source.packets(), count))
    finally:
        source.close()


def failure(url: str, **options: Any) -> SourceError:
    source = RtspSource(url, stall_seconds=1.0, open_timeout_seconds=2.0, **options)
    with pytest.raises(SourceError) as caught:
        source.open()
    source.close()
    return caught.value


@pytest.mark.parametrize("transport", ["tcp", "udp"])
@pytest.mark.parametrize("name", ["h264", "tls"])
def test_video_arrives_over_each_transport(cameras, name, transport):
    tracks, packets = watch(cameras.plain_url(name), transport=transport)

    assert (tracks.video.codec, tracks.video.width, tracks.video.height) == ("h264", 320, 240)
    assert (tracks.video.fps, tracks.audio, tracks.dropped) == (25.0, None, ())
    assert {packet.track for packet in packets} == {TrackKind.VIDEO}
    assert packets[0].is_key
    assert all(packet.data[:4] == b"\0\0\0\1" for packet in packets)
    assert sum(packet.is_key for packet in packets) in {2, 3}


@pytest.mark.parametrize(
    ("name", "video", "audio"),
    [
        ("aac", "h264", ("aac", 48_000)),
        ("hevc-alaw", "hevc", ("pcm_alaw", 8_000)),
        ("mpeg4", "mpeg4", None),
    ],
)
def test_codecs_are_told(cameras, name, video, audio):
    tracks, packets = watch(cameras.plain_url(name))

    assert tracks.video.codec == video
    assert tracks.video.extradata
    assert (tracks.audio and (tracks.audio.codec, tracks.audio.sample_rate)) == audio
    has_sound = any(packet.track is TrackKind.AUDIO for packet in packets)
    assert has_sound == (audio is not None)


def test_video_times_go_on_by_one_frame(cameras):
    _, packets = watch(cameras.plain_url("h264"))

    times = [packet.dts for packet in packets if packet.dts is not None]
    assert len(times) >= len(packets) - 4
    assert {after - before for before, after in itertools.pairwise(times)} == {3_600}
    assert [p.arrived_monotonic for p in packets] == sorted(p.arrived_monotonic for p in packets)


def test_reordered_frames_keep_both_times(cameras):
    _, packets = watch(cameras.plain_url("b-frames"))

    delays = [p.pts - p.dts for p in packets if p.pts is not None and p.dts is not None]
    assert min(delays) >= 0
    assert len(set(delays)) > 1


def test_keyframes_carry_the_cameras_clock(cameras):
    _, packets = watch(cameras.plain_url("h264"), count=200)

    times = [packet.camera_time_us for packet in packets if packet.camera_time_us is not None]
    assert len(times) >= 2
    # keyframes stand at whole seconds of the simulated camera's clock
    assert all(min(us % 1_000_000, -us % 1_000_000) < 5_000 for us in times)
    assert all(packet.is_key for packet in packets if packet.camera_time_us is not None)


def test_a_camera_that_hides_its_parameters_is_looked_at_longer(cameras):
    tracks, packets = watch(cameras.plain_url("terse"))

    assert (tracks.video.width, tracks.video.height) == (320, 240)
    assert any(packet.is_key for packet in packets)


@pytest.mark.parametrize("name", ["digest", "basic"])
def test_odd_characters_in_credentials_are_understood(cameras, name):
    _, packets = watch(cameras.plain_url(name), count=3, username=USER, password=PASSWORD)

    assert len(packets) == 3


@pytest.mark.parametrize(
    ("name", "options", "kind", "state"),
    [
        ("digest", {"username": USER, "password": "hush"}, "unauthorized", "DESCRIBE"),
        ("digest", {}, "unauthorized", "DESCRIBE"),
        ("basic", {"username": USER, "password": "hush"}, "unauthorized", "DESCRIBE"),
        ("full", {}, "session_limit", "SETUP"),
        ("overloaded", {}, "session_limit", "SETUP"),
        ("tcp-only", {"transport": "udp"}, "invalid_data", "SETUP"),
        ("tls", {"verify_tls": True}, "tls", "opening"),
    ],
)
def test_what_the_camera_refuses_is_told(cameras, name, options, kind, state):
    error = failure(cameras.plain_url(name), **options)

    assert (error.kind, error.state) == (kind, state)
    assert error.url == cameras.plain_url(name)
    assert "hush" not in f"{error} {error.__cause__!r}"


def test_a_wrong_path_is_not_found(cameras):
    error = failure(cameras.plain_url("h264") + "0")

    assert (error.kind, error.state) == (SourceErrorKind.NOT_FOUND, "DESCRIBE")


def test_tls_to_a_plain_port_is_a_tls_error(cameras):
    error = failure(cameras.plain_url("h264").replace("rtsp:", "rtsps:"))

    assert error.kind is SourceErrorKind.TLS


def test_a_closed_port_refuses():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

    error = failure(f"rtsp://127.0.0.1:{port}/s", username="admin", password="hush")

    assert error.kind is SourceErrorKind.REFUSED
    assert "hush" not in f"{error} {error.__cause__} {error.__cause__!r}"


@pytest.mark.parametrize("scheme", ["rtsp", "rtsps"])
def test_a_port_that_never_answers_times_out(scheme):
    with socket.create_server(("127.0.0.1", 0)) as server:
        error = failure(f"{scheme}://127.0.0.1:{server.getsockname()[1]}/s")

    assert error.kind is SourceErrorKind.TIMEOUT


def test_a_law_from_a_camera_becomes_aac(cameras):
    tracks, packets = watch(cameras.plain_url("hevc-alaw"), count=200)
    assert tracks.audio is not None
    pipeline = make_audio_pipeline(tracks.audio)

    sound = [
        ready
        for packet in packets
        if packet.track is TrackKind.AUDIO
        for ready in pipeline.push(packet)
    ]

    times = [packet.pts for packet in sound if packet.pts is not None]
    assert {after - before for before, after in itertools.pairwise(times)} == {1024}


def test_a_probe_tells_what_the_stream_is(cameras):
    result = probe(cameras.plain_url("aac"), None, None)

    assert (result.video_codec, result.width, result.height) == ("h264", 320, 240)
    assert (result.fps, result.audio_codec) == (25.0, "aac")
    assert result.gop_frames == 25
    assert result.gop_seconds == pytest.approx(1.0, abs=0.05)
    assert result.bitrate_bps is not None
    assert 50_000 < result.bitrate_bps < 1_000_000
    assert result.open_seconds > 0
    assert result.lost_packets is None


def test_a_probe_over_udp_tells_losses(cameras):
    assert probe(cameras.plain_url("h264"), None, None, "udp").lost_packets == 0


def test_a_probe_with_a_wrong_password_fails_like_a_source(cameras):
    with pytest.raises(SourceError) as caught:
        probe(cameras.plain_url("digest"), USER, "hush", "tcp", 2.0)

    assert caught.value.kind is SourceErrorKind.UNAUTHORIZED
