"""Our RTSP probe against a server that others wrote, which knows ONVIF replay.

Needs Debian's python3-gi, gir1.2-gst-rtsp-server-1.0, gstreamer1.0-plugins-base and
gstreamer1.0-plugins-good.
"""

import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from libs.contracts.devices import FailureReason
from libs.devices.breaker import Breaker
from libs.devices.driver import Login
from libs.devices.errors import DeviceError
from libs.devices.rtsp import RtspProbe, sdp_media

SYSTEM_PYTHON = "/usr/bin/python3"
LOGIN = Login("viewer", "correct horse")
IMPORTS = """
import sys
import gi
gi.require_version("Gst", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtsp, GstRtspServer as Rtsp
Gst.init(None)
wanted = ("videotestsrc", "jpegenc", "rtpjpegpay")
sys.exit(3) if not all(Gst.ElementFactory.find(name) for name in wanted) else None
"""
SERVER = f"""{IMPORTS}
PICTURES = "videotestsrc is-live=true ! video/x-raw,format=I420,width=64,height=64 ! jpegenc"
server = Rtsp.RTSPOnvifServer()
server.set_address("127.0.0.1")
server.set_service("0")

auth = Rtsp.RTSPAuth()
auth.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
viewer = Rtsp.RTSPToken()
viewer.set_string("media.factory.role", "viewer")
auth.add_digest("viewer", "correct horse", viewer)
server.set_auth(auth)
def serve(path, has_replay):
    factory = Rtsp.RTSPOnvifMediaFactory()
    factory.set_launch(f"( {{PICTURES}} ! rtpjpegpay name=pay0 pt=26 )")
    factory.set_media_gtype(Rtsp.RTSPOnvifMedia.__gtype__)
    factory.set_replay_support(has_replay)
    factory.add_role_from_structure(Gst.Structure.from_string(
        "viewer, media.factory.access=(boolean)true, media.factory.construct=(boolean)true"
    )[0])
    server.get_mount_points().add_factory(path, factory)

serve("/live", False)
serve("/replay", True)
server.attach(None)
print(server.get_bound_port(), flush=True)
GLib.MainLoop().run()
"""


def _is_installed() -> bool:
    if not Path(SYSTEM_PYTHON).exists():
        return False
    done = subprocess.run(
        [SYSTEM_PYTHON, "-c", IMPORTS], capture_output=True, timeout=60, check=False
    )
    return done.returncode == 0


@pytest.fixture(scope="module")
def server_url() -> Iterator[str]:
    if not _is_installed():
        pytest.skip("GStreamer's RTSP server is not installed for the system's Python")
    command = [SYSTEM_PYTHON, "-c", SERVER]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            yield f"rtsp://127.0.0.1:{int(server.stdout.readline())}"
        finally:
            server.kill()


def _breaker() -> Breaker:
    return Breaker(lambda: datetime.now(UTC))


async def _describe(url: str, login: Login | None = LOGIN, *, require: str = "") -> str:
    probe = RtspProbe()
    answer = await probe.describe(url, login, _breaker(), timeout_seconds=10, require=require)
    return answer.sdp


async def test_the_server_tells_its_methods_without_a_login(server_url: str):
    answer = await RtspProbe().options(f"{server_url}/live", timeout_seconds=10)

    assert answer.status == 200
    assert answer.server == "GStreamer RTSP server"
    assert {"DESCRIBE", "SETUP", "PLAY", "GET_PARAMETER"} <= set(answer.public)


async def test_a_stream_is_described_after_a_digest_login(server_url: str):
    sdp = await _describe(f"{server_url}/live")

    assert sdp_media(sdp) == (("video", "mjpeg"),)


@pytest.mark.parametrize("login", [None, Login("viewer", "battery staple")])
async def test_no_login_and_a_wrong_one_are_unauthorized(server_url: str, login: Login | None):
    with pytest.raises(DeviceError) as caught:
        await _describe(f"{server_url}/live", login)

    assert caught.value.reason == FailureReason.UNAUTHORIZED


async def test_replay_is_there_where_the_server_has_it(server_url: str):
    sdp = await _describe(f"{server_url}/replay", require="onvif-replay")

    assert sdp_media(sdp) == (("video", "mjpeg"),)


async def test_replay_of_a_live_stream_is_unsupported(server_url: str):
    with pytest.raises(DeviceError) as caught:
        await _describe(f"{server_url}/live", require="onvif-replay")

    assert caught.value.reason == FailureReason.UNSUPPORTED
    assert "551" in caught.value.detail


async def test_an_unknown_path_is_not_found(server_url: str):
    with pytest.raises(DeviceError) as caught:
        await _describe(f"{server_url}/nothing")

    assert caught.value.reason == FailureReason.NOT_FOUND
