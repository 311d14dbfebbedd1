"""The second media service (ONVIF Media2, namespace tr2), H.265 included."""

from typing import Final

from tools.camera_sim.devices.onvif import capabilities
from tools.camera_sim.devices.onvif.media_parts import (
    chosen,
    encoder2,
    encoder_token,
    snapshot_url,
    source_configuration,
)
from tools.camera_sim.devices.onvif.names import MEDIA2
from tools.camera_sim.devices.onvif.soap import invalid_argument
from tools.camera_sim.devices.onvif.world import Operation, Profile, World
from tools.camera_sim.devices.onvif.xml import Element, child_text, el, local_name

_PROTOCOLS: Final = frozenset({"RtspUnicast", "RTSP", "RtspOverHttp"})
_ALL: Final = "All"


def _get_profiles(world: World, request: Element) -> Element:
    types = {(item.text or "").strip() for item in request if local_name(item) == "Type"}
    token = child_text(request, "Token")
    profiles = [world.profile(token)] if token else world.profiles()
    found = [_profile(world, profile, types) for profile in profiles]
    return el("tr2:GetProfilesResponse", found)


def _profile(world: World, profile: Profile, types: set[str]) -> Element:
    """Without a Type a profile has no configurations (ONVIF Media2 5.2.2)."""
    source = encoder = None
    if types & {_ALL, "VideoSource"}:
        source = source_configuration(world, "tr2:VideoSource", profile.number)
    if types & {_ALL, "VideoEncoder"}:
        encoder = encoder2("tr2:VideoEncoder", profile)
    return el(
        "tr2:Profiles",
        el("tr2:Name", profile.token),
        el("tr2:Configurations", source, encoder) if types else None,
        token=profile.token,
        fixed=True,
    )


def _get_stream_uri(world: World, request: Element) -> Element:
    profile = world.profile(child_text(request, "ProfileToken"))
    if child_text(request, "Protocol") not in _PROTOCOLS:
        raise invalid_argument("InvalidStreamSetup", "The protocol is not supported")
    return el("tr2:GetStreamUriResponse", el("tr2:Uri", world.told(profile.stream.url)))


def _get_snapshot_uri(world: World, request: Element) -> Element:
    profile = world.profile(child_text(request, "ProfileToken"))
    return el("tr2:GetSnapshotUriResponse", el("tr2:Uri", snapshot_url(world, profile)))


def _get_encoder_configurations(world: World, request: Element) -> Element:
    profiles = chosen(world, request, encoder_token)
    return el(
        "tr2:GetVideoEncoderConfigurationsResponse",
        [encoder2("tr2:Configurations", profile) for profile in profiles],
    )


def _get_source_configurations(world: World, request: Element) -> Element:
    profiles = chosen(world, request, lambda profile: f"source-config-{profile.number}")
    numbers = sorted({profile.number for profile in profiles})
    return el(
        "tr2:GetVideoSourceConfigurationsResponse",
        [source_configuration(world, "tr2:Configurations", number) for number in numbers],
    )


OPERATIONS: Final[dict[str, Operation]] = {
    "GetServiceCapabilities": capabilities.operation(MEDIA2),
    "GetProfiles": _get_profiles,
    "GetStreamUri": _get_stream_uri,
    "GetSnapshotUri": _get_snapshot_uri,
    "GetVideoEncoderConfigurations": _get_encoder_configurations,
    "GetVideoSourceConfigurations": _get_source_configurations,
}
