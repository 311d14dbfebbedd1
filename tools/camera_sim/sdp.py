"""The session description that DESCRIBE answers with (RFC 4566, and each payload format's fmtp)."""

import base64
import struct
from collections.abc import Iterator, Sequence

from tools.camera_sim.clip_encode import MediaTrack
from tools.camera_sim.rtp_payload import split_annexb
from tools.camera_sim.rtp_track import PAYLOAD_TYPES


def describe(name: str, tracks: Sequence[MediaTrack], *, with_parameter_sets: bool = True) -> str:
    """SDP with one `trackID` per track; some cameras leave the parameter sets out."""
    lines = [
        "v=0",
        "o=- 1 1 IN IP4 127.0.0.1",
        f"s={name}",
        "c=IN IP4 0.0.0.0",
        "t=0 0",
        "a=control:*",
        "a=range:npt=now-",
    ]
    for number, track in enumerate(tracks):
        lines += _media_lines(number, track, with_parameter_sets=with_parameter_sets)
    return "\r\n".join(lines) + "\r\n"


def _media_lines(number: int, track: MediaTrack, *, with_parameter_sets: bool) -> Iterator[str]:
    payload_type = PAYLOAD_TYPES[track.codec]
    kind = "video" if track.codec in {"h264", "hevc", "mpeg4"} else "audio"
    yield f"m={kind} 0 RTP/AVP {payload_type}"
    yield f"a=rtpmap:{payload_type} {_encoding(track)}"
    parameters = list(_format_parameters(track, with_parameter_sets=with_parameter_sets))
    if parameters:
        yield f"a=fmtp:{payload_type} {';'.join(parameters)}"
    yield f"a=control:trackID={number}"


def _encoding(track: MediaTrack) -> str:
    names = {
        "h264": "H264",
        "hevc": "H265",
        "mpeg4": "MP4V-ES",
        "aac": "mpeg4-generic",
        "alaw": "PCMA",
        "mulaw": "PCMU",
    }
    channels = "/1" if track.codec == "aac" else ""
    return f"{names[track.codec]}/{track.clock_rate}{channels}"


def _format_parameters(track: MediaTrack, *, with_parameter_sets: bool) -> Iterator[str]:
    first = track.units[0].payload
    if track.codec == "h264":
        yield "packetization-mode=1"
        if with_parameter_sets:
            sets = [nal for nal in split_annexb(first) if nal[0] & 0x1F in {7, 8}]
            yield f"profile-level-id={sets[0][1:4].hex().upper()}"
            yield f"sprop-parameter-sets={','.join(map(_base64, sets))}"
    elif track.codec == "hevc" and with_parameter_sets:
        names = {32: "sprop-vps", 33: "sprop-sps", 34: "sprop-pps"}
        for nal in split_annexb(first):
            if (kind := nal[0] >> 1) in names:
                yield f"{names[kind]}={_base64(nal)}"
    elif track.codec == "mpeg4":
        yield "profile-level-id=1"
        if with_parameter_sets:
            yield f"config={_mpeg4_config(first).hex().upper()}"
    elif track.codec == "aac":
        yield "streamtype=5;profile-level-id=1;mode=AAC-hbr"
        yield "sizelength=13;indexlength=3;indexdeltalength=3"
        yield f"config={track.config.hex().upper()}"


def _mpeg4_config(first: bytes) -> bytes:
    """All headers before the first group of pictures (0xB3) or picture (0xB6)."""
    ends = [first.find(struct.pack(">I", 0x100 | code)) for code in (0xB3, 0xB6)]
    return first[: min(end for end in ends if end >= 0)]


def _base64(nal: bytes) -> str:
    return base64.b64encode(nal).decode()
