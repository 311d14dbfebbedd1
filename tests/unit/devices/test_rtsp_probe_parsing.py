import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from libs.contracts.devices import FailureReason
from libs.devices.errors import DeviceError
from libs.devices.rtsp import sdp_media
from libs.devices.rtsp_connection import RtspTarget

DESCRIPTION = """\
v=0
m=video 0 RTP/AVP 96
a=control:trackID=0
a=rtpmap:96 H265/90000 \n\
m=audio 0 RTP/AVP 8
m=audio 0 RTP/AVP 97 98
a=rtpmap:98 opus/48000/2
a=rtpmap:97 MPEG4-GENERIC/16000/1
m=application 0 RTP/AVP 107
a=rtpmap:107 vnd.onvif.metadata/90000
m=video 0 RTP/AVP 26
m=
"""


def test_codecs_are_read_from_a_description_as_cameras_write_it():
    assert sdp_media(DESCRIPTION.replace("\n", "\r\n")) == (
        ("video", "h265"),
        ("audio", "pcm_alaw"),
        ("audio", "aac"),
        ("application", "vnd.onvif.metadata"),
        ("video", "mjpeg"),
        ("", ""),
    )


@settings(deadline=None)
@given(st.text())
def test_any_text_can_be_read_as_a_description(text: str):
    assert len(sdp_media(text)) <= text.count("m=")


def test_a_login_in_the_url_is_never_sent():
    target = RtspTarget.of("rtsp://admin:p%40ss@192.0.2.7:8554/live/ch0?x=[1]#part")

    assert target.url == "rtsp://192.0.2.7:8554/live/ch0?x=[1]"
    assert (target.host, target.port, target.is_tls) == ("192.0.2.7", 8554, False)


def test_ports_default_to_those_of_rtsp_and_rtsps():
    assert RtspTarget.of("rtsp://cam/").port == 554
    assert RtspTarget.of("rtsps://[::1]/x").port == 322
    assert RtspTarget.of("rtsps://[::1]/x").url == "rtsps://[::1]/x"


@pytest.mark.parametrize(
    "url",
    ["", "http://cam/", "rtsp://", "rtsp://cam:99999/", "rtsp://cam/a b", "rtsp://cam/\r\nX: y"],
)
def test_what_is_no_rtsp_url_is_a_device_error(url: str):
    with pytest.raises(DeviceError) as caught:
        RtspTarget.of(url)

    assert caught.value.reason == FailureReason.PROTOCOL


@settings(deadline=None)
@given(st.text())
def test_any_url_makes_one_clean_request_line_or_a_device_error(tail: str):
    try:
        target = RtspTarget.of(f"rtsp://cam/{tail}")
    except DeviceError:
        return
    assert re.fullmatch(r"rtsp://cam/[!-~]*", target.url)
