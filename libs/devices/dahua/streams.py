"""A Dahua device's channels and streams, from its configuration tables."""

import re
from collections.abc import Mapping
from typing import Literal
from urllib.parse import urlsplit

from libs.contracts.devices import Channel, FailureReason, StreamInfo
from libs.devices.dahua.cgi import DahuaCgi
from libs.devices.dahua.identity import remote_inputs
from libs.devices.dahua.keyvalue import is_true, number, rows
from libs.devices.driver import Address
from libs.devices.errors import DeviceError

MAX_CHANNELS = 512
_DEFAULT_RTSP_PORT = 554
_FORMATS: tuple[tuple[Literal["main", "sub"], str], ...] = (
    ("main", "mainformat[0].video."),
    ("sub", "extraformat[0].video."),
)
_CODECS = {"h.264": "h264", "h.265": "h265", "mjpg": "mjpeg", "mjpeg": "mjpeg", "mpeg4": "mpeg4"}


async def channels_of(cgi: DahuaCgi, address: Address) -> tuple[Channel, ...]:
    """Return the channels; tables count them from 0, URLs and we from 1."""
    encoders = rows(await _config(cgi, "Encode"), "table.Encode")
    titles = rows(await _config(cgi, "ChannelTitle"), "table.ChannelTitle")
    numbers = sorted(encoders.keys() | titles.keys())
    if not numbers:
        numbers = list(range(await remote_inputs(cgi) or 0))
    if not numbers:
        raise DeviceError(FailureReason.NO_VIDEO, "the device tells of no channel")
    base = _rtsp_base(await _config(cgi, "RTSP"), address)
    return tuple(
        Channel(
            channel=str(index + 1),
            name=titles.get(index, {}).get("name", "")[:300],
            streams=_streams(encoders.get(index, {}), base, index + 1),
            snapshot_url=f"{address.base_url}/cgi-bin/snapshot.cgi?channel={index + 1}",
        )
        for index in numbers[:MAX_CHANNELS]
    )


async def _config(cgi: DahuaCgi, name: str) -> dict[str, str]:
    return await cgi.values_if_told("configManager.cgi", "getConfig", name=name)


def _rtsp_base(config: Mapping[str, str], address: Address) -> str:
    """Return the URL up to the query; empty when RTSP is switched off."""
    if "table.rtsp.enable" in config and not is_true(config["table.rtsp.enable"]):
        return ""
    port = number(config.get("table.rtsp.port"))
    if port is None or not 0 < port < 65536:
        port = _DEFAULT_RTSP_PORT
    host = urlsplit(address.base_url).netloc.rpartition(":")[0]
    return f"rtsp://{host}:{port}/cam/realmonitor"


def _streams(encoder: Mapping[str, str], base: str, channel: int) -> tuple[StreamInfo, ...]:
    """Return the main stream, and the sub stream unless it is missing or switched off."""
    found = []
    for subtype, (name, prefix) in enumerate(_FORMATS):
        video = {
            key.removeprefix(prefix): value
            for key, value in encoder.items()
            if key.startswith(prefix)
        }
        enabled = encoder.get(prefix.replace("video.", "videoenable"))
        if name == "sub" and (not video or not is_true(enabled or "true")):
            continue
        url = f"{base}?channel={channel}&subtype={subtype}" if base else ""
        found.append(_stream(name, url, video))
    return tuple(found)


def _stream(name: Literal["main", "sub"], url: str, video: Mapping[str, str]) -> StreamInfo:
    codec = video.get("compression", "").lower()
    # Profiles of H.264 have names of their own: H.264B, H.264H.
    known = re.match(r"h\.26[45]", codec)
    width, height = _size(video)
    bitrate_kbps = number(video.get("bitrate"))
    return StreamInfo(
        stream=name,
        url=url,
        codec=_CODECS.get(known[0] if known else codec, codec)[:300],
        width=width,
        height=height,
        fps=_fps(video.get("fps", "")),
        bitrate_bps=bitrate_kbps * 1000 if bitrate_kbps else None,
    )


def _size(video: Mapping[str, str]) -> tuple[int, int]:
    width, height = number(video.get("width")), number(video.get("height"))
    if width and height:
        return width, height
    size = re.fullmatch(r"([0-9]{1,5})[x*]([0-9]{1,5})", video.get("resolution", "").lower())
    return (int(size[1]), int(size[2])) if size else (0, 0)


def _fps(text: str) -> float | None:
    return float(text) if re.fullmatch(r"[0-9]{1,4}(\.[0-9]{1,6})?", text) else None
