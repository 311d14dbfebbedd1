"""What ISAPI documents say; every function takes a root element and reads local names only."""

import re
from dataclasses import dataclass
from typing import Literal

from libs.contracts.devices import DeviceIdentity, DeviceStorage, FailureReason
from libs.devices.errors import DeviceError
from libs.devices.xml import Element, local_children, local_name, local_text

_MEGABYTE = 1024 * 1024
_CODECS = {"h.264": "h264", "h.265": "h265", "mjpeg": "mjpeg", "mpeg4": "mpeg4"}
_HEALTHY_DISKS = frozenset({"ok", "normal", "idle", "sleeping"})


@dataclass(frozen=True, slots=True)
class StreamDocument:
    """One StreamingChannel: a stream of a channel."""

    number: int
    """channel * 100 + 1 for the main stream, 2 for the sub stream, 3 and on for others."""
    name: str
    is_enabled: bool
    codec: str
    width: int
    height: int
    fps: float | None
    bitrate_bps: int | None
    rtsp_port: int | None


@dataclass(frozen=True, slots=True)
class FoundItem:
    """One match of a search, times as they are written."""

    track: str
    start: str
    end: str
    playback_uri: str


@dataclass(frozen=True, slots=True)
class SearchPage:
    """One page of a search's result."""

    state: Literal["more", "last"]
    items: tuple[FoundItem, ...]


def expect(root: Element, *names: str) -> Element:
    """Return the root where it has one of the names; DeviceError(PROTOCOL) where it has not."""
    if local_name(root) not in names:
        found = printable(local_name(root))
        raise DeviceError(FailureReason.PROTOCOL, f"{found!r} in place of {names[0]}")
    return root


def printable(text: str, length: int = 60) -> str:
    """Return a device's word so that it can stand in a log line."""
    return "".join(letter if letter.isprintable() else "?" for letter in text[:length])


def identity_of(root: Element) -> DeviceIdentity:
    """Read System/deviceInfo."""
    expect(root, "DeviceInfo")
    released = local_text(root, "firmwareReleasedDate")
    version = local_text(root, "firmwareVersion")
    kind = local_text(root, "deviceType").upper()
    return DeviceIdentity(
        manufacturer=local_text(root, "manufacturer")[:300] or "Hikvision",
        model=local_text(root, "model")[:300],
        firmware=f"{version} {released}".strip()[:300],
        serial=local_text(root, "serialNumber")[:300],
        mac=local_text(root, "macAddress").lower()[:300],
        name=local_text(root, "deviceName")[:300],
        kind=_kind_of(kind),
    )


def _kind_of(device_type: str) -> Literal["camera", "recorder", "unknown"]:
    if any(word in device_type for word in ("NVR", "DVR", "HYBRID")):
        return "recorder"
    return "camera" if any(word in device_type for word in ("CAMERA", "IPC", "DOME")) else "unknown"


def streams_of(root: Element) -> list[StreamDocument]:
    """Read Streaming/channels; entries without a usable id are left out."""
    expect(root, "StreamingChannelList")
    streams = [_stream_of(channel) for channel in local_children(root, "StreamingChannel")]
    return sorted(
        (stream for stream in streams if stream.number > 100), key=lambda stream: stream.number
    )


def _stream_of(channel: Element) -> StreamDocument:
    codec = local_text(channel, "Video", "videoCodecType").lower()
    is_constant = local_text(channel, "Video", "videoQualityControlType").upper() == "CBR"
    bitrate = _number(channel, "Video", "constantBitRate" if is_constant else "vbrUpperCap")
    bitrate = bitrate or _number(channel, "Video", "constantBitRate")
    # In hundredths; 0 means as fast as the sensor is.
    frame_rate = _number(channel, "Video", "maxFrameRate")
    return StreamDocument(
        number=_number(channel, "id") or 0,
        name=local_text(channel, "channelName"),
        is_enabled=local_text(channel, "enabled").lower() != "false"
        and local_text(channel, "Video", "enabled").lower() != "false",
        codec=_CODECS.get(codec, codec.replace(".", ""))[:300],
        width=_number(channel, "Video", "videoResolutionWidth") or 0,
        height=_number(channel, "Video", "videoResolutionHeight") or 0,
        fps=frame_rate / 100 if frame_rate else None,
        bitrate_bps=bitrate * 1000 if bitrate else None,
        rtsp_port=_port(channel, "Transport", "rtspPortNo"),
    )


def inputs_of(root: Element) -> dict[int, str]:
    """Read ContentMgmt/InputProxy/channels: a recorder's inputs and their names."""
    expect(root, "InputProxyChannelList")
    inputs = {
        _number(channel, "id") or 0: local_text(channel, "name")
        for channel in local_children(root, "InputProxyChannel")
    }
    return {number: name for number, name in inputs.items() if number > 0}


def offline_inputs_of(root: Element) -> frozenset[int]:
    """Read ContentMgmt/InputProxy/channels/status: inputs whose camera is away."""
    expect(root, "InputProxyChannelStatusList")
    return frozenset(
        _number(status, "id") or 0
        for status in local_children(root, "InputProxyChannelStatus")
        if local_text(status, "online").lower() == "false"
    )


def rtsp_port_of(root: Element) -> int | None:
    """Read Security/adminAccesses: the port of RTSP; None where it is not told."""
    expect(root, "AdminAccessProtocolList")
    ports = [
        _port(protocol, "portNo")
        for protocol in local_children(root, "AdminAccessProtocol")
        if local_text(protocol, "protocol").upper() == "RTSP"
    ]
    return next(iter(ports), None)


def storage_of(root: Element) -> DeviceStorage:
    """Read ContentMgmt/Storage: disks and network volumes together; sizes come in MB."""
    expect(root, "storage")
    disks = local_children(root, "hddList", "hdd") + local_children(root, "nasList", "nas")
    states = {local_text(disk, "status").lower() for disk in disks}
    broken = sorted(states - _HEALTHY_DISKS - {""})
    return DeviceStorage(
        total_bytes=sum(_number(disk, "capacity") or 0 for disk in disks) * _MEGABYTE,
        free_bytes=sum(_number(disk, "freeSpace") or 0 for disk in disks) * _MEGABYTE,
        is_healthy=bool(disks) and not broken,
        detail=printable(", ".join(broken), 300) if disks else "no disk",
    )


def tracks_of(root: Element) -> frozenset[str]:
    """Read ContentMgmt/record/tracks: the numbers of all tracks."""
    expect(root, "TrackList")
    return frozenset(local_text(track, "id") for track in local_children(root, "Track"))


def search_page_of(root: Element) -> SearchPage:
    """Read CMSearchResult."""
    expect(root, "CMSearchResult")
    if local_text(root, "responseStatus").lower() == "false":
        raise DeviceError(FailureReason.PROTOCOL, "the device says that its search failed")
    state = local_text(root, "responseStatusStrg").upper()
    if state not in {"OK", "MORE", "NO MATCHES", "NO MATCH"}:
        raise DeviceError(FailureReason.PROTOCOL, f"a search that is {printable(state)!r}")
    items = tuple(_item_of(item) for item in local_children(root, "matchList", "searchMatchItem"))
    # More without anything: the device has lost count, its next page would be the same.
    return SearchPage("more" if state == "MORE" and items else "last", items)


def _item_of(item: Element) -> FoundItem:
    uri = local_text(item, "mediaSegmentDescriptor", "playbackURI")
    return FoundItem(
        track=local_text(item, "trackID"),
        start=local_text(item, "timeSpan", "startTime"),
        end=local_text(item, "timeSpan", "endTime"),
        playback_uri=without_login(uri),
    )


def without_login(uri: str) -> str:
    """Return a URI without user and password."""
    scheme, separator, rest = uri.partition("://")
    authority, slash, path = rest.partition("/")
    return f"{scheme}{separator}{authority.rpartition('@')[2]}{slash}{path}"


def _number(element: Element, *path: str) -> int | None:
    """Return a count that is not absurd; None where there is none."""
    text = local_text(element, *path)
    return int(text) if re.fullmatch(r"[0-9]{1,12}", text) else None


def _port(element: Element, *path: str) -> int | None:
    number = _number(element, *path)
    return number if number is not None and 1 <= number <= 65535 else None
