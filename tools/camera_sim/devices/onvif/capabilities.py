"""What each service says that it can do (GetServiceCapabilities of every service)."""

from typing import Final

from tools.camera_sim.devices.onvif.names import (
    DEVICE,
    MEDIA,
    MEDIA2,
    RECORDING,
    REPLAY,
    SEARCH,
    ServiceName,
)
from tools.camera_sim.devices.onvif.world import Operation, World
from tools.camera_sim.devices.onvif.xml import Element, Text, el

_STREAMING: Final[dict[str, Text]] = {"RTP_RTSP_TCP": True, "RTPMulticast": False}
_ATTRIBUTES: Final[dict[ServiceName, dict[str, Text]]] = {
    SEARCH: {"MetadataSearch": False, "GeneralStartEvents": True},
    RECORDING: {"DynamicRecordings": False, "DynamicTracks": False, "Encoding": "H264 H265"},
    REPLAY: {"ReversePlayback": False, "RTP_RTSP_TCP": True},
}


def of(service: ServiceName) -> Element:
    """Return the Capabilities element of a service."""
    name = f"{service.prefix}:Capabilities"
    if service is DEVICE:
        security = el("tds:Security", UsernameToken=True, HttpDigest=True)
        system = el("tds:System", DiscoveryResolve=True, DiscoveryBye=True)
        return el(name, el("tds:Network"), security, system)
    if service in {MEDIA, MEDIA2}:
        prefix = service.prefix
        return el(
            name,
            el(f"{prefix}:ProfileCapabilities", MaximumNumberOfProfiles=64),
            el(f"{prefix}:StreamingCapabilities", **_STREAMING),
            SnapshotUri=True,
        )
    return el(name, **_ATTRIBUTES[service])


def operation(service: ServiceName) -> Operation:
    """Return the GetServiceCapabilities operation of a service."""

    def get_service_capabilities(_: World, __: Element) -> Element:
        return el(f"{service.prefix}:GetServiceCapabilitiesResponse", of(service))

    return get_service_capabilities
