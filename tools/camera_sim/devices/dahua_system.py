"""Dahua CGI: who the device is, its time, its configuration, its disk."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Final
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from libs.contracts.devices import StreamInfo
from tools.camera_sim.devices.dahua_text import CgiError, lines
from tools.camera_sim.devices.device import SimulatedDevice
from tools.camera_sim.devices.picture import jpeg
from tools.camera_sim.devices.spec import ChannelSpec
from tools.camera_sim.devices.wall_clock import zone_rules

Pairs = Iterator[tuple[str, object]]

_DISK_BYTES: Final = 1_000_000_000_000
_WEST_OF_UTC: Final = "-1 -2 -3 -3:30 -4 -5 -6 -7 -8 -9 -10 -11 -12"
_EAST_OF_UTC: Final = "0 1 2 3 3:30 4 4:30 5 5:30 5:45 6 6:30 7 8 9 9:30 10 11 12 13"
_ZONE_INDEXES: Final = tuple(f"{_EAST_OF_UTC} {_WEST_OF_UTC}".split())
"""What the numbers of NTP.TimeZone mean, in hours."""


def magic_box(device: SimulatedDevice, request: Request) -> Response:
    """magicBox.cgi."""
    spec = device.spec
    action = request.query_params.get("action", "")
    product = request.query_params.get("name", "")
    version, _, build = spec.firmware.partition(" ")
    remote = len(spec.channels) if spec.kind == "recorder" else 0
    answers: dict[str, list[tuple[str, object]]] = {
        "getSystemInfo": [
            ("appAutoStart", True),
            ("deviceType", spec.model),
            ("hardwareVersion", "1.00"),
            ("processor", "simulated"),
            ("serialNumber", spec.serial),
        ],
        "getDeviceType": [("type", spec.model)],
        "getDeviceClass": [("class", "NVR" if spec.kind == "recorder" else "IPC")],
        "getSerialNo": [("sn", spec.serial)],
        "getMachineName": [("name", spec.name)],
        "getSoftwareVersion": [("version", f"{version},build:{build.removeprefix('build ')}")],
        "getHardwareVersion": [("version", "1.00")],
        "getVendor": [("vendor", spec.manufacturer)],
        "getProductDefinition": [(f"table.{product}", remote)],
    }
    if action not in answers or (
        action == "getProductDefinition" and product != "MaxRemoteInputChannels"
    ):
        raise CgiError(400, "Bad Request!")
    return lines(device.faults, answers[action])


def current_time(device: SimulatedDevice, request: Request) -> Response:
    """global.cgi?action=getCurrentTime: wall clock."""
    if request.query_params.get("action") != "getCurrentTime":
        raise CgiError(400, "Bad Request!")
    local = device.clock.naive(device.clock.now())
    return lines(device.faults, [("result", local.strftime("%Y-%m-%d %H:%M:%S"))])


def configuration(device: SimulatedDevice, request: Request) -> Response:
    """configManager.cgi?action=getConfig."""
    tables: dict[str, Callable[[SimulatedDevice], Pairs]] = {
        "ChannelTitle": _titles,
        "Encode": _encode,
        "General": _general,
        "Locales": _locales,
        "NTP": _ntp,
        "Network": _network,
        "RTSP": _rtsp,
        "RemoteDevice": _remote_devices,
    }
    table = tables.get(request.query_params.get("name", ""))
    if request.query_params.get("action") != "getConfig" or table is None:
        raise CgiError(400, "Bad Request!")
    pairs = [(f"table.{key}", value) for key, value in table(device)]
    return lines(device.faults, pairs)


def storage(device: SimulatedDevice, request: Request) -> Response:
    """storageDevice.cgi?action=getDeviceAllInfo."""
    if request.query_params.get("action") != "getDeviceAllInfo":
        raise CgiError(400, "Bad Request!")
    disk = device.faults.disk
    if disk == "none":
        raise CgiError(400, "No storage device!")
    used = sum(file.bytes for file in device.timeline.files())
    first = "list.info[0]"
    return lines(
        device.faults,
        [
            (f"{first}.Detail[0].IsError", disk == "error"),
            (f"{first}.Detail[0].Path", "/mnt/sd"),
            (f"{first}.Detail[0].TotalBytes", f"{float(_DISK_BYTES):.6f}"),
            (f"{first}.Detail[0].Type", "ReadWrite"),
            (f"{first}.Detail[0].UsedBytes", f"{float(min(used, _DISK_BYTES)):.6f}"),
            (f"{first}.Name", "/dev/sda"),
            (f"{first}.State", "Failure" if disk == "error" else "Success"),
        ],
    )


def snapshot(device: SimulatedDevice, request: Request) -> Response:
    """snapshot.cgi; `channel` is 1 and above on all firmware, `type` 0 is the main stream."""
    stream = "sub" if request.query_params.get("type") == "1" else "main"
    given = request.query_params.get("channel", "1")
    channel = dict(enumerate(device.spec.channels, 1)).get(int(given) if given.isdigit() else 0)
    if channel is None:
        raise CgiError(400, "Bad Request!")
    if device.faults.picture_fails in {stream, "both"} or not channel.is_online:
        raise CgiError(500, "Internal Server Error!")
    return Response(jpeg(), media_type="image/jpeg")


def _titles(device: SimulatedDevice) -> Pairs:
    for number, channel in enumerate(device.spec.channels):
        yield f"ChannelTitle[{number}].Name", channel.name


def _encode(device: SimulatedDevice) -> Pairs:
    """MainFormat[0] and ExtraFormat[0] of each channel; a switched-off sub stream is listed."""
    for number, channel in enumerate(device.spec.channels):
        yield from _format(f"Encode[{number}].MainFormat[0]", channel.streams()[0])
        extra = f"Encode[{number}].ExtraFormat[0]"
        if channel.sub_url is None:
            yield f"{extra}.VideoEnable", False
        else:
            yield from _format(extra, channel.streams()[1])


def _format(name: str, stream: StreamInfo) -> Pairs:
    yield f"{name}.AudioEnable", False
    yield f"{name}.Video.BitRate", (stream.bitrate_bps or 0) // 1000
    yield f"{name}.Video.BitRateControl", "VBR"
    yield f"{name}.Video.Compression", {"h264": "H.264", "h265": "H.265"}[stream.codec]
    yield f"{name}.Video.FPS", round(stream.fps or 25)
    yield f"{name}.Video.GOP", round(stream.fps or 25) * 2
    yield f"{name}.Video.Height", stream.height
    yield f"{name}.Video.Width", stream.width
    yield f"{name}.Video.resolution", f"{stream.width}x{stream.height}"
    yield f"{name}.VideoEnable", True


def _general(device: SimulatedDevice) -> Pairs:
    yield "General.MachineName", device.spec.name


def _locales(device: SimulatedDevice) -> Pairs:
    """Daylight saving time by weeks; week -1 is the last of the month, day 0 is Sunday."""
    rules = zone_rules(device.faults.zone)
    yield "Locales.DSTEnable", rules.daylight is not None
    for name, rule, at in (
        ("DSTEnd", rules.ends, rules.ends_at),
        ("DSTStart", rules.begins, rules.begins_at),
    ):
        month, week, day = rule
        minutes = int(at / timedelta(minutes=1))
        yield f"Locales.{name}.Day", day
        yield f"Locales.{name}.Hour", minutes // 60
        yield f"Locales.{name}.Minute", minutes % 60
        yield f"Locales.{name}.Month", month
        yield f"Locales.{name}.Week", -1 if week == 5 else week
        yield f"Locales.{name}.Year", device.clock.now().year
    yield "Locales.TimeFormat", "yyyy-MM-dd HH:mm:ss"
    yield "Locales.WeekEnable", True


def _ntp(device: SimulatedDevice) -> Pairs:
    minutes = int(zone_rules(device.faults.zone).standard / timedelta(minutes=1))
    sign = "-" if minutes < 0 else ""
    hours, rest = divmod(abs(minutes), 60)
    written = f"{sign}{hours}" + (f":{rest:02}" if rest else "")
    yield "NTP.Enable", True
    yield "NTP.Port", 123
    if written in _ZONE_INDEXES:
        yield "NTP.TimeZone", _ZONE_INDEXES.index(written)
    yield "NTP.TimeZoneDesc", f"GMT{sign or '+'}{hours:02}:{rest:02}"
    yield "NTP.UpdatePeriod", 60


def _network(device: SimulatedDevice) -> Pairs:
    yield "Network.DefaultInterface", "eth0"
    yield "Network.Hostname", device.spec.model
    yield "Network.eth0.IPAddress", device.told_host
    yield "Network.eth0.PhysicalAddress", device.spec.mac


def _rtsp(device: SimulatedDevice) -> Pairs:
    """Live streams are at /cam/realmonitor?channel=1&subtype=0 on this port."""
    yield "RTSP.Enable", True
    yield "RTSP.Port", urlsplit(device.spec.channels[0].main_url).port or 554


def _remote_devices(device: SimulatedDevice) -> Pairs:
    if device.spec.kind != "recorder":
        raise CgiError(400, "Bad Request!")
    for number, channel in enumerate(device.spec.channels):
        yield from _remote_device(
            f"RemoteDevice.uuid:System_CONFIG_NETCAMERA_INFO_{number}", channel
        )


def _remote_device(name: str, channel: ChannelSpec) -> Pairs:
    yield f"{name}.Address", "192.0.2.1"
    yield f"{name}.DeviceType", "IPC"
    yield f"{name}.Enable", True
    yield f"{name}.Name", channel.name
