"""The device management service (ONVIF Core 8, namespace tds)."""

import re
from datetime import datetime
from typing import Final

from tools.camera_sim.devices.onvif import capabilities
from tools.camera_sim.devices.onvif.names import (
    DEVICE,
    MEDIA,
    RECORDING,
    REPLAY,
    SEARCH,
    SERVICES,
    ServiceName,
)
from tools.camera_sim.devices.onvif.scopes import scopes_of
from tools.camera_sim.devices.onvif.soap import SoapFault
from tools.camera_sim.devices.onvif.world import Operation, World
from tools.camera_sim.devices.onvif.xml import Element, child_text, el

_CATEGORIES: Final = frozenset({"All", "Analytics", "Device", "Events", "Imaging", "Media", "PTZ"})
_DEVICE_CATEGORIES: Final = frozenset({"All", "Device"})


def _get_system_date_and_time(world: World, _: Element) -> Element:
    now = world.now()
    return el(
        "tds:GetSystemDateAndTimeResponse",
        el(
            "tds:SystemDateAndTime",
            el("tt:DateTimeType", "NTP"),
            el("tt:DaylightSavings", "," in world.faults.zone),
            el("tt:TimeZone", el("tt:TZ", world.faults.zone)),
            _date_time("tt:UTCDateTime", now),
            _date_time("tt:LocalDateTime", world.device.clock.naive(now)),
        ),
    )


def _date_time(name: str, moment: datetime) -> Element:
    time = [("Hour", moment.hour), ("Minute", moment.minute), ("Second", moment.second)]
    date = [("Year", moment.year), ("Month", moment.month), ("Day", moment.day)]
    return el(
        name,
        el("tt:Time", [el(f"tt:{part}", value) for part, value in time]),
        el("tt:Date", [el(f"tt:{part}", value) for part, value in date]),
    )


def _get_device_information(world: World, _: Element) -> Element:
    spec = world.spec
    return el(
        "tds:GetDeviceInformationResponse",
        el("tds:Manufacturer", spec.manufacturer),
        el("tds:Model", spec.model),
        el("tds:FirmwareVersion", spec.firmware),
        el("tds:SerialNumber", spec.serial),
        el("tds:HardwareId", "1.0"),
    )


def _get_services(world: World, request: Element) -> Element:
    with_capabilities = child_text(request, "IncludeCapability") in {"true", "1"}
    listed = [service for service in SERVICES if world.lists(service)]
    return el(
        "tds:GetServicesResponse",
        [_service(world, service, with_capabilities) for service in listed],
    )


def _service(world: World, service: ServiceName, with_capabilities: bool) -> Element:
    return el(
        "tds:Service",
        el("tds:Namespace", service.namespace),
        el("tds:XAddr", world.url(service.path)),
        el("tds:Capabilities", capabilities.of(service)) if with_capabilities else None,
        el("tds:Version", el("tt:Major", service.major), el("tt:Minor", service.minor)),
    )


def _get_capabilities(world: World, request: Element) -> Element:
    wanted = {
        (item.text or "").strip() for item in request if str(item.tag).endswith("}Category")
    } or {"All"}
    if unknown := wanted - _CATEGORIES:
        raise SoapFault(
            "Receiver", "ActionNotSupported", "NoSuchService", reason=f"{min(unknown)} is unknown"
        )
    is_all = "All" in wanted
    return el(
        "tds:GetCapabilitiesResponse",
        el(
            "tds:Capabilities",
            _device_capabilities(world) if wanted & _DEVICE_CATEGORIES else None,
            _media_capabilities(world) if is_all or "Media" in wanted else None,
            _extension(world) if is_all else None,
        ),
    )


def _device_capabilities(world: World) -> Element:
    version = el("tt:SupportedVersions", el("tt:Major", DEVICE.major), el("tt:Minor", DEVICE.minor))
    no = ["RemoteDiscovery", "SystemBackup", "SystemLogging", "FirmwareUpgrade"]
    return el(
        "tt:Device",
        el("tt:XAddr", world.url(DEVICE.path)),
        el(
            "tt:System",
            el("tt:DiscoveryResolve", True),
            el("tt:DiscoveryBye", True),
            [el(f"tt:{name}", False) for name in no],
            version,
        ),
    )


def _media_capabilities(world: World) -> Element | None:
    if not world.lists(MEDIA):
        return None
    flags = [("RTPMulticast", False), ("RTP_TCP", True), ("RTP_RTSP_TCP", True)]
    return el(
        "tt:Media",
        el("tt:XAddr", world.url(MEDIA.path)),
        el("tt:StreamingCapabilities", [el(f"tt:{name}", value) for name, value in flags]),
    )


def _extension(world: World) -> Element | None:
    """What came after the first edition; clients that do not look here miss Profile G."""
    parts: list[Element] = []
    if world.lists(RECORDING):
        flags = ["ReceiverSource", "MediaProfileSource", "DynamicRecordings", "DynamicTracks"]
        parts.append(
            el(
                "tt:Recording",
                el("tt:XAddr", world.url(RECORDING.path)),
                [el(f"tt:{name}", False) for name in flags],
                el("tt:MaxStringLength", 256),
            )
        )
    if world.lists(SEARCH):
        parts.append(
            el(
                "tt:Search",
                el("tt:XAddr", world.url(SEARCH.path)),
                el("tt:MetadataSearch", False),
            )
        )
    if world.lists(REPLAY):
        parts.append(el("tt:Replay", el("tt:XAddr", world.url(REPLAY.path))))
    return el("tt:Extension", parts) if parts else None


def _get_scopes(world: World, _: Element) -> Element:
    return el(
        "tds:GetScopesResponse",
        [
            el("tds:Scopes", el("tt:ScopeDef", "Fixed"), el("tt:ScopeItem", scope))
            for scope in scopes_of(world.spec, world.faults.missing_services)
        ],
    )


def _get_network_interfaces(world: World, _: Element) -> Element:
    address = el(
        "tt:Manual",
        el("tt:Address", world.faults.nat_host or "127.0.0.1"),
        el("tt:PrefixLength", 8),
    )
    return el(
        "tds:GetNetworkInterfacesResponse",
        el(
            "tds:NetworkInterfaces",
            el("tt:Enabled", True),
            el(
                "tt:Info",
                el("tt:Name", "eth0"),
                el("tt:HwAddress", world.spec.mac),
                el("tt:MTU", 1500),
            ),
            el(
                "tt:IPv4",
                el("tt:Enabled", True),
                el("tt:Config", address, el("tt:DHCP", False)),
            ),
            token="eth0",
        ),
    )


def _get_hostname(world: World, _: Element) -> Element:
    host = re.sub(r"[^a-z0-9]+", "-", world.spec.name.lower()).strip("-")
    return el(
        "tds:GetHostnameResponse",
        el("tds:HostnameInformation", el("tt:FromDHCP", False), el("tt:Name", host)),
    )


OPERATIONS: Final[dict[str, Operation]] = {
    "GetSystemDateAndTime": _get_system_date_and_time,
    "GetDeviceInformation": _get_device_information,
    "GetServices": _get_services,
    "GetCapabilities": _get_capabilities,
    "GetScopes": _get_scopes,
    "GetNetworkInterfaces": _get_network_interfaces,
    "GetHostname": _get_hostname,
    "GetServiceCapabilities": capabilities.operation(DEVICE),
}
