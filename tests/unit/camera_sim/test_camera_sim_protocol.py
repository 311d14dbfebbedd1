import asyncio
import base64
from dataclasses import replace

import pytest

from tools.camera_sim.auth import Authenticator, digest_response
from tools.camera_sim.camera_spec import CameraSpec
from tools.camera_sim.clip_encode import MediaTrack, MediaUnit
from tools.camera_sim.clip_spec import SMALL, ClipSpec
from tools.camera_sim.control import fault_names
from tools.camera_sim.faults import FaultState
from tools.camera_sim.rtsp_message import BadRequest, format_response, read_request
from tools.camera_sim.sdp import describe
from tools.camera_sim.spec_json import specs_from_json, specs_to_json

START = b"\0\0\0\1"


def media(codec: str, payload: bytes = b"x", rate: int = 90_000, config: bytes = b"") -> MediaTrack:
    return MediaTrack(codec, rate, rate, config, (MediaUnit(payload, 0, 0, is_key=True),))


def digest(method: str, uri: str, nonce: str, password: str = "secret") -> str:
    response = digest_response(
        username="viewer", password=password, realm="Camera", nonce=nonce, method=method, uri=uri
    )
    return (
        f'Digest username="viewer", realm="Camera", nonce="{nonce}", uri="{uri}", '
        f'response="{response}"'
    )


def test_the_digest_is_that_of_rfc_2069() -> None:
    # the example of RFC 2069 2.4 with its erratum
    response = digest_response(
        username="Mufasa",
        password="CircleOfLife",
        realm="testrealm@host.com",
        nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093",
        method="GET",
        uri="/dir/index.html",
    )

    assert response == "1949323746fe6a43ef61f9606e7febea"


def test_digest_proves_method_nonce_and_password() -> None:
    auth = Authenticator("viewer", "secret", nonce="n1")

    assert auth.allows("PLAY", digest("PLAY", "rtsp://a/b", "n1"))
    assert not auth.allows("SETUP", digest("PLAY", "rtsp://a/b", "n1"))
    assert not auth.allows("PLAY", digest("PLAY", "rtsp://a/b", "n2"))
    assert not auth.allows("PLAY", digest("PLAY", "rtsp://a/b", "n1", password="wrong"))
    assert not auth.allows("PLAY", None)


def test_basic_counts_only_where_it_is_offered() -> None:
    value = f"Basic {base64.b64encode(b'viewer:secret').decode()}"

    assert Authenticator("viewer", "secret", "basic").allows("PLAY", value)
    assert Authenticator("viewer", "secret", "both").allows("PLAY", value)
    assert not Authenticator("viewer", "secret", "digest").allows("PLAY", value)
    assert not Authenticator("viewer", "other", "basic").allows("PLAY", value)


def test_without_an_account_everybody_may_watch_unless_all_are_rejected() -> None:
    auth = Authenticator()

    assert auth.allows("PLAY", None)
    auth.rejects_all = True
    assert not auth.allows("PLAY", None)


def test_the_challenge_offers_the_stronger_scheme_first() -> None:
    first, second = Authenticator("viewer", "secret", "both", nonce="n1").challenges()

    assert first == 'Digest realm="Camera", nonce="n1"'
    assert second == 'Basic realm="Camera"'


@pytest.mark.parametrize(
    ("track", "expected"),
    [
        (
            media("h264", START + b"\x67\x42\xc0\x1e" + START + b"\x68\xce" + START + b"\x65a"),
            [
                "m=video 0 RTP/AVP 96",
                "a=rtpmap:96 H264/90000",
                (
                    "a=fmtp:96 packetization-mode=1;profile-level-id=42C01E;"
                    "sprop-parameter-sets=Z0LAHg==,aM4="
                ),
            ],
        ),
        (
            media("hevc", START + b"\x40\x01a" + START + b"\x42\x01b" + START + b"\x44\x01c"),
            [
                "m=video 0 RTP/AVP 96",
                "a=rtpmap:96 H265/90000",
                "a=fmtp:96 sprop-vps=QAFh;sprop-sps=QgFi;sprop-pps=RAFj",
            ],
        ),
        (
            media("mpeg4", b"\0\0\1\xb0\1\0\0\1\x20ab\0\0\1\xb3c\0\0\1\xb6d"),
            [
                "m=video 0 RTP/AVP 96",
                "a=rtpmap:96 MP4V-ES/90000",
                "a=fmtp:96 profile-level-id=1;config=000001B001000001206162",
            ],
        ),
        (
            media("aac", rate=48_000, config=b"\x11\x88"),
            [
                "m=audio 0 RTP/AVP 97",
                "a=rtpmap:97 mpeg4-generic/48000/1",
                (
                    "a=fmtp:97 streamtype=5;profile-level-id=1;mode=AAC-hbr;"
                    "sizelength=13;indexlength=3;indexdeltalength=3;config=1188"
                ),
            ],
        ),
        (media("alaw", rate=8000), ["m=audio 0 RTP/AVP 8", "a=rtpmap:8 PCMA/8000"]),
        (media("mulaw", rate=8000), ["m=audio 0 RTP/AVP 0", "a=rtpmap:0 PCMU/8000"]),
    ],
    ids=lambda value: value.codec if isinstance(value, MediaTrack) else "",
)
def test_each_codec_is_described_as_its_payload_format_asks(
    track: MediaTrack, expected: list[str]
) -> None:
    lines = describe("door", [track]).split("\r\n")

    assert lines[7:-1] == [*expected, "a=control:trackID=0"]


def test_parameter_sets_can_be_left_out_of_the_description() -> None:
    track = media("h264", START + b"\x67\x42\xc0\x1e" + START + b"\x68\xce")

    assert "sprop" not in describe("door", [track], with_parameter_sets=False)


async def read(content: bytes) -> object:
    reader = asyncio.StreamReader()
    reader.feed_data(content)
    reader.feed_eof()
    return await read_request(reader)


async def test_a_request_is_read_with_its_body_and_headers_in_any_case() -> None:
    reader = asyncio.StreamReader()
    reader.feed_data(
        b"SET_PARAMETER rtsp://a/b RTSP/1.0\r\nCSEQ: 3\r\ncontent-LENGTH: 4\r\n\r\nbody"
        b"OPTIONS * RTSP/1.0\r\nCSeq: 4\r\n\r\n"
    )

    first, second = await read_request(reader), await read_request(reader)

    assert first is not None
    assert (first.method, first.url, first.headers["cseq"]) == ("SET_PARAMETER", "rtsp://a/b", "3")
    assert second is not None
    assert second.method == "OPTIONS"


async def test_an_interleaved_packet_of_the_client_is_skipped() -> None:
    assert await read(b"$\x01\x00\x03abc") is None


@pytest.mark.parametrize("content", [b"hello\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n"])
async def test_what_is_not_rtsp_is_refused(content: bytes) -> None:
    with pytest.raises(BadRequest):
        await read(content)


async def test_endless_headers_are_refused() -> None:
    with pytest.raises(BadRequest):
        await read(b"OPTIONS * RTSP/1.0\r\n" + b"a: b\r\n" * 100)


def test_an_answer_tells_the_length_of_its_body() -> None:
    assert (
        format_response(200, "7", [("A", "b")], "é")
        == (
            "RTSP/1.0 200 OK\r\nCSeq: 7\r\nServer: camera\r\nA: b\r\nContent-Length: 2\r\n\r\né"
        ).encode()
    )


def test_specs_survive_json() -> None:
    clip = replace(SMALL, codec="hevc", audio="aac", b_frames=2)
    specs = [CameraSpec("a", clip, username="u", transports=("udp",)), CameraSpec("b", speed=9.5)]

    assert specs_from_json(specs_to_json(specs)) == (specs, [])


@pytest.mark.parametrize(
    "values",
    [
        {"width": 321},
        {"duration_seconds": 0},
        {"duration_seconds": 1000},
        {"audio_rate": 44_100},
        {"gop_seconds": 0},
    ],
)
def test_a_clip_that_cannot_be_made_is_refused(values: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="must be"):
        ClipSpec(**values)  # type: ignore[arg-type] # a table of single fields


def test_losses_by_number_come_before_losses_by_chance() -> None:
    faults = FaultState(lose_next=2, loss_probability=0.5)

    taken = [faults.takes_packet(chance) for chance in (0.9, 0.9, 0.9, 0.4)]

    assert taken == [True, True, False, True]


def test_every_fault_is_a_command() -> None:
    assert {"drop", "offline", "online", "stall", "switch_clip", "clear"} <= set(fault_names())
    assert not [name for name in fault_names() if name.startswith("_")]
