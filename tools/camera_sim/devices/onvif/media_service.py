"""The first media service (ONVIF Media, namespace trt); it cannot describe H.265."""

from datetime import timedelta
from typing import Final

from tools.camera_sim.devices.onvif import capabilities
from tools.camera_sim.devices.onvif.media_parts import (
    chosen,
    encoder1,
    encoder_token,
    snapshot_url,
    source_configuration,
)
from tools.camera_sim.devices.onvif.names import MEDIA
from tools.camera_sim.devices.onvif.soap import invalid_argument
from tools.camera_sim.devices.onvif.world import Operation, Profile, World, source_token
from tools.camera_sim.devices.onvif.xml import Element, child_text, el

_PROTOCOLS: Final = frozenset({"UDP", "TCP", "RTSP", "HTTP"})
_STREAMS: Final = frozenset({"RTP-Unicast", "RTP-Multicast"})


def _get_profiles(world: World, _: Element) -> Element:
    profiles = [_profile(world, "trt:Profiles", profile) for profile in world.profiles()]
    return el("trt:GetProfilesResponse", profiles)


def _get_profile(world: World, request: Element) -> Element:
    profile = world.profile(child_text(request, "ProfileToken"))
    return el("trt:GetProfileResponse", _profile(world, "trt:Profile", profile))


def _profile(world: World, name: str, profile: Profile) -> Element:
    return el(
        name,
        el("tt:Name", profile.token),
        source_configuration(world, "tt:VideoSourceConfiguration", profile.number),
        encoder1("tt:VideoEncoderConfiguration", profile),
        token=profile.token,
        fixed=True,
    )


def _get_stream_uri(world: World, request: Element) -> Element:
    profile = world.profile(child_text(request, "ProfileToken"))
    stream = child_text(request, "StreamSetup", "Stream")
    protocol = child_text(request, "StreamSetup", "Transport", "Protocol")
    if stream not in _STREAMS or protocol not in _PROTOCOLS:
        raise invalid_argument("InvalidStreamSetup", "The stream setup makes no sense")
    return el("trt:GetStreamUriResponse", _media_uri(world.told(profile.stream.url)))


def _get_snapshot_uri(world: World, request: Element) -> Element:
    profile = world.profile(child_text(request, "ProfileToken"))
    return el("trt:GetSnapshotUriResponse", _media_uri(snapshot_url(world, profile)))


def _media_uri(uri: str) -> Element:
    return el(
        "trt:MediaUri",
        el("tt:Uri", uri),
        el("tt:InvalidAfterConnect", False),
        el("tt:InvalidAfterReboot", False),
        el("tt:Timeout", timedelta(0)),
    )


def _get_video_sources(world: World, _: Element) -> Element:
    sources = [
        el(
            "trt:VideoSources",
            el("tt:Framerate", channel.fps),
            el("tt:Resolution", el("tt:Width", channel.width), el("tt:Height", channel.height)),
            token=source_token(number),
        )
        for number, channel in world.channels()
    ]
    return el("trt:GetVideoSourcesResponse", sources)


def _get_source_configurations(world: World, _: Element) -> Element:
    return el(
        "trt:GetVideoSourceConfigurationsResponse",
        [source_configuration(world, "trt:Configurations", n) for n, _ in world.channels()],
    )


def _get_encoder_configurations(world: World, _: Element) -> Element:
    encoders = [encoder1("trt:Configurations", profile) for profile in world.profiles()]
    found = [encoder for encoder in encoders if encoder is not None]
    return el("trt:GetVideoEncoderConfigurationsResponse", found)


def _get_encoder_configuration(world: World, request: Element) -> Element:
    for profile in chosen(world, request, encoder_token):
        encoder = encoder1("trt:Configuration", profile)
        if encoder is not None:
            return el("trt:GetVideoEncoderConfigurationResponse", encoder)
    raise invalid_argument("NoConfig", "There is no such configuration")


OPERATIONS: Final[dict[str, Operation]] = {
    "GetServiceCapabilities": capabilities.operation(MEDIA),
    "GetProfiles": _get_profiles,
    "GetProfile": _get_profile,
    "GetStreamUri": _get_stream_uri,
    "GetSnapshotUri": _get_snapshot_uri,
    "GetVideoSources": _get_video_sources,
    "GetVideoSourceConfigurations": _get_source_configurations,
    "GetVideoEncoderConfigurations": _get_encoder_configurations,
    "GetVideoEncoderConfiguration": _get_encoder_configuration,
}
