"""ISAPI: who the device is, its time, its streams, its disk."""

from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from libs.contracts.devices import StreamInfo
from tools.camera_sim.devices.account import Verdict
from tools.camera_sim.devices.device import SimulatedDevice
from tools.camera_sim.devices.isapi_xml import IsapiError, Node, document
from tools.camera_sim.devices.picture import jpeg
from tools.camera_sim.devices.spec import ChannelSpec

_TRACKS = {"main": 1, "sub": 2}
DISK_MEGABYTES = 1_000_000


def stream_id(channel: int, stream: str) -> int:
    """Number of a stream and of its track: channel * 100 + 1 or 2."""
    return channel * 100 + _TRACKS[stream]


def channel_numbers(device: SimulatedDevice) -> list[tuple[int, ChannelSpec]]:
    """Channels with their numbers, from 1."""
    return list(enumerate(device.spec.channels, 1))


def device_info(device: SimulatedDevice) -> Response:
    """GET System/deviceInfo."""
    spec = device.spec
    version, _, build = spec.firmware.partition(" ")
    return document(
        device.faults,
        "DeviceInfo",
        [
            ("deviceName", spec.name),
            ("deviceID", spec.endpoint_id.removeprefix("urn:uuid:")),
            ("model", spec.model),
            ("serialNumber", spec.serial),
            ("macAddress", spec.mac),
            ("firmwareVersion", version),
            ("firmwareReleasedDate", build),
            ("deviceType", "NVR" if spec.kind == "recorder" else "IPCamera"),
        ],
    )


def time(device: SimulatedDevice) -> Response:
    """GET System/time."""
    local = device.clock.local(device.clock.now())
    return document(
        device.faults,
        "Time",
        [
            ("timeMode", "NTP"),
            ("localTime", local.isoformat(timespec="seconds")),
            ("timeZone", device.clock.zone),
        ],
    )


def status(device: SimulatedDevice) -> Response:
    """GET System/status."""
    local = device.clock.local(device.clock.now())
    return document(
        device.faults,
        "DeviceStatus",
        [
            ("currentDeviceTime", local.isoformat(timespec="seconds")),
            ("deviceUpTime", 86_400),
            ("CPUList", [("CPU", [("cpuDescription", "simulated"), ("cpuUtilization", 12)])]),
        ],
    )


def user_check(device: SimulatedDevice, verdict: Verdict) -> Response:
    """GET Security/userCheck; with status 401 it tells of the lock."""
    if verdict.allows:
        children: list[Node] = [("statusValue", 200), ("statusString", "OK")]
        children += [("isDefaultPassword", False), ("isRiskPassword", False)]
        return document(device.faults, "userCheck", children)
    answer = document(
        device.faults,
        "userCheck",
        [
            ("statusValue", 401),
            ("statusString", "Unauthorized"),
            ("lockStatus", "lock" if verdict.unlock_seconds else "unlock"),
            ("unlockTime", verdict.unlock_seconds),
            ("retryLoginTime", verdict.retries_left),
        ],
    )
    return device.challenge(verdict, bytes(answer.body).decode(), "application/xml")


def admin_accesses(device: SimulatedDevice) -> Response:
    """GET Security/adminAccesses: its ports, that of RTSP among them."""
    protocols: list[Node] = [
        (
            "AdminAccessProtocol",
            [("id", number), ("enabled", True), ("protocol", name), ("portNo", port)],
        )
        for number, (name, port) in enumerate(
            [("HTTP", device.port), ("RTSP", _rtsp_port(device))], 1
        )
    ]
    # real ones leave out `enabled` here
    sdk: list[Node] = [("id", 3), ("protocol", "DEV_MANAGE"), ("portNo", 8000)]
    return document(
        device.faults,
        "AdminAccessProtocolList",
        [*protocols, ("AdminAccessProtocol", sdk)],
    )


def streaming_channels(device: SimulatedDevice) -> Response:
    """GET Streaming/channels."""
    channels: list[Node] = [
        ("StreamingChannel", _streaming_channel(device, number, channel, stream))
        for number, channel in channel_numbers(device)
        for stream in channel.streams()
    ]
    return document(device.faults, "StreamingChannelList", channels)


def one_streaming_channel(device: SimulatedDevice, request: Request) -> Response:
    """GET Streaming/channels/<id>."""
    number, channel, stream = _find_stream(device, request.path_params["id"])
    children = _streaming_channel(device, number, channel, stream)
    return document(device.faults, "StreamingChannel", children)


def picture(device: SimulatedDevice, request: Request) -> Response:
    """GET Streaming/channels/<id>/picture."""
    _, channel, stream = _find_stream(device, request.path_params["id"])
    if device.faults.picture_fails in {stream.stream, "both"}:
        raise IsapiError(500, 3, "deviceError")
    if not channel.is_online:
        raise IsapiError(503, 2, "deviceBusy")
    return Response(jpeg(), media_type="image/jpeg")


def inputs(device: SimulatedDevice) -> Response:
    """GET ContentMgmt/InputProxy/channels; recorders only."""
    _need_recorder(device)
    return document(
        device.faults,
        "InputProxyChannelList",
        [
            (
                "InputProxyChannel",
                [("id", number), ("name", channel.name), _source(number)],
            )
            for number, channel in channel_numbers(device)
        ],
    )


def input_status(device: SimulatedDevice) -> Response:
    """GET ContentMgmt/InputProxy/channels/status; recorders only."""
    _need_recorder(device)
    return document(
        device.faults,
        "InputProxyChannelStatusList",
        [
            (
                "InputProxyChannelStatus",
                [
                    ("id", number),
                    _source(number),
                    ("online", channel.is_online),
                    ("chanDetectResult", "connect" if channel.is_online else "netUnreachable"),
                ],
            )
            for number, channel in channel_numbers(device)
        ],
    )


def storage(device: SimulatedDevice) -> Response:
    """GET ContentMgmt/Storage; sizes in MB."""
    used = sum(file.bytes for file in device.timeline.files()) // 1_000_000
    disk: list[Node] = [
        ("id", 1),
        ("hddName", "hdd1"),
        ("hddType", "SATA"),
        ("status", device.faults.disk),
        ("capacity", DISK_MEGABYTES),
        ("freeSpace", max(0, DISK_MEGABYTES - used)),
        ("property", "RW"),
    ]
    disks: list[Node] = [] if device.faults.disk == "none" else [("hdd", disk)]
    return document(device.faults, "storage", [("hddList", disks), ("nasList", [])])


def _streaming_channel(
    device: SimulatedDevice, number: int, channel: ChannelSpec, stream: StreamInfo
) -> list[Node]:
    fps = stream.fps or 25.0
    bitrate = (stream.bitrate_bps or 0) // 1000
    return [
        ("id", stream_id(number, stream.stream)),
        ("channelName", channel.name),
        ("enabled", True),
        (
            "Transport",
            [
                ("rtspPortNo", _rtsp_port(device)),
                (
                    "ControlProtocolList",
                    [("ControlProtocol", [("streamingTransport", "RTSP")])],
                ),
            ],
        ),
        (
            "Video",
            [
                ("enabled", True),
                ("videoInputChannelID", number),
                ("videoCodecType", {"h264": "H.264", "h265": "H.265"}[stream.codec]),
                ("videoResolutionWidth", stream.width),
                ("videoResolutionHeight", stream.height),
                ("videoQualityControlType", "VBR"),
                ("constantBitRate", bitrate),
                ("vbrUpperCap", bitrate),
                ("maxFrameRate", round(fps * 100)),
            ],
        ),
    ]


def _find_stream(device: SimulatedDevice, given: str) -> tuple[int, ChannelSpec, StreamInfo]:
    for number, channel in channel_numbers(device):
        for stream in channel.streams():
            if given == str(stream_id(number, stream.stream)):
                return number, channel, stream
    raise IsapiError(400, 6, "badParameters")


def _source(number: int) -> Node:
    return (
        "sourceInputPortDescriptor",
        [
            ("proxyProtocol", "ONVIF"),
            ("addressingFormatType", "ipaddress"),
            ("ipAddress", f"192.0.2.{number}"),
            ("srcInputPort", 1),
        ],
    )


def _need_recorder(device: SimulatedDevice) -> None:
    if device.spec.kind != "recorder":
        raise IsapiError(403, 4, "notSupport")


def _rtsp_port(device: SimulatedDevice) -> int:
    return urlsplit(device.spec.channels[0].main_url).port or 554
