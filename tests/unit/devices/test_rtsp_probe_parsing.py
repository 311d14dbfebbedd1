import base64
import hashlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.contracts.devices import FailureReason
from libs.devices.driver import Login
from libs.devices.errors import DeviceError
from libs.devices.rtsp import sdp_media
from libs.devices.rtsp_connection import RtspTarget
from libs.devices.rtsp_login import authorization, is_stale

LOGIN = Login("admin", "se cret")
URI = "rtsp://192.0.2.7/cam/realmonitor?channel=1&subtype=0"

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


def _fields(header: str) -> dict[str, str]:
    pairs = re.findall(r'(\w+)=(?:"((?:[^"\\]|\\.)*)"|([^,\s]+))', header)
    return {name: quoted or plain for name, quoted, plain in pairs}


def _md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()


def test_digest_without_qop_follows_rfc_2069():
    header = authorization("DESCRIBE", URI, ['Digest realm="cam", nonce="n1"'], LOGIN)

    fields = _fields(header)
    account = _md5("admin:cam:se cret")
    assert fields["response"] == _md5(f"{account}:n1:{_md5(f'DESCRIBE:{URI}')}")
    assert "qop" not in fields
    assert "algorithm" not in fields


def test_digest_with_qop_follows_rfc_2617_and_returns_opaque():
    offer = 'Digest realm="cam",qop="auth-int,auth", nonce="n1", opaque="o", algorithm=MD5'
    header = authorization("DESCRIBE", URI, [offer], LOGIN)

    fields = _fields(header)
    middle = f"n1:00000001:{fields['cnonce']}:auth"
    expected = _md5(f"{_md5('admin:cam:se cret')}:{middle}:{_md5(f'DESCRIBE:{URI}')}")
    assert fields["response"] == expected
    assert (fields["qop"], fields["nc"], fields["opaque"]) == ("auth", "00000001", "o")


def test_digest_is_preferred_to_basic_in_whatever_order_and_header_they_come():
    apart = ['Basic realm="cam"', 'Digest realm="cam", nonce="n1"']
    together = ['Basic realm="Digest", Digest realm="cam", nonce="n1"']

    assert authorization("DESCRIBE", URI, apart, LOGIN).startswith("Digest ")
    assert authorization("DESCRIBE", URI, together, LOGIN).startswith("Digest ")


def test_basic_is_spoken_where_nothing_else_is_offered():
    header = authorization("DESCRIBE", URI, ['Basic realm="cam"'], LOGIN)

    assert base64.b64decode(header.removeprefix("Basic ")) == b"admin:se cret"


def test_an_unknown_digest_never_falls_back_to_basic():
    offers = ['Digest realm="cam", nonce="n", algorithm=FANCY', 'Basic realm="cam"']

    with pytest.raises(DeviceError) as caught:
        authorization("DESCRIBE", URI, offers, LOGIN)

    assert caught.value.reason == FailureReason.UNSUPPORTED


def test_a_stale_nonce_is_told_from_a_wrong_password():
    assert is_stale(['Digest realm="cam", nonce="n2", stale=TRUE'])
    assert not is_stale(['Digest realm="cam", nonce="n2", stale=false'])
    assert not is_stale(['Basic realm="stale=true"'])


@given(st.lists(st.text(), max_size=3), st.text(min_size=1))
def test_no_challenge_breaks_the_line_or_raises_anything_else(offers: list[str], name: str):
    try:
        header = authorization("DESCRIBE", URI, offers, Login(name, "p"))
    except DeviceError:
        return
    assert not re.search(r"[\r\n]", header)


def test_codecs_are_read_from_a_description_as_cameras_write_it():
    assert sdp_media(DESCRIPTION.replace("\n", "\r\n")) == (
        ("video", "h265"),
        ("audio", "pcm_alaw"),
        ("audio", "aac"),
        ("application", "vnd.onvif.metadata"),
        ("video", "mjpeg"),
        ("", ""),
    )


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


@given(st.text())
def test_any_url_makes_one_clean_request_line_or_a_device_error(tail: str):
    try:
        target = RtspTarget.of(f"rtsp://cam/{tail}")
    except DeviceError:
        return
    assert re.fullmatch(r"rtsp://cam/[!-~]*", target.url)
