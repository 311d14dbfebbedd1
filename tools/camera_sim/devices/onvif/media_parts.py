"""What both media services describe alike: video sources and encoders."""

from collections.abc import Callable, Iterable
from datetime import timedelta

from tools.camera_sim.devices.onvif.soap import invalid_argument
from tools.camera_sim.devices.onvif.world import Profile, World, source_token
from tools.camera_sim.devices.onvif.xml import Element, child_text, el

SNAPSHOT_PATH = "/onvif/snapshot"


def snapshot_url(world: World, profile: Profile) -> str:
    """URL of a JPEG of now; takes HTTP digest, never a UsernameToken."""
    return world.url(f"{SNAPSHOT_PATH}/{profile.token}")


def source_configuration(world: World, name: str, number: int) -> Element:
    """Return a VideoSourceConfiguration, the same for all profiles of a channel."""
    channel = world.spec.channels[number - 1]
    return el(
        name,
        el("tt:Name", channel.name),
        el("tt:UseCount", len(channel.streams())),
        el("tt:SourceToken", source_token(number)),
        el("tt:Bounds", x=0, y=0, width=channel.width, height=channel.height),
        token=f"source-config-{number}",
    )


def encoder_token(profile: Profile) -> str:
    """Token of a profile's encoder configuration."""
    return f"encoder-{profile.number}-{profile.stream.stream}"


def encoder1(name: str, profile: Profile) -> Element | None:
    """Return an encoder in the words of media (tt:VideoEncoderConfiguration).

    None for H.265, which the first media service has no word for.
    """
    stream = profile.stream
    if stream.codec != "h264":
        return None
    return el(
        name,
        el("tt:Name", encoder_token(profile)),
        el("tt:UseCount", 1),
        el("tt:Encoding", "H264"),
        el("tt:Resolution", el("tt:Width", stream.width), el("tt:Height", stream.height)),
        el("tt:Quality", 5.0),
        el(
            "tt:RateControl",
            el("tt:FrameRateLimit", round(stream.fps or 0)),
            el("tt:EncodingInterval", 1),
            el("tt:BitrateLimit", _kbps(profile)),
        ),
        el("tt:H264", el("tt:GovLength", 50), el("tt:H264Profile", "Main")),
        _multicast(),
        el("tt:SessionTimeout", timedelta(seconds=60)),
        token=encoder_token(profile),
    )


def encoder2(name: str, profile: Profile) -> Element:
    """Return an encoder in the words of media2 (tt:VideoEncoder2Configuration)."""
    stream = profile.stream
    return el(
        name,
        el("tt:Name", encoder_token(profile)),
        el("tt:UseCount", 1),
        el("tt:Encoding", stream.codec.upper()),
        el("tt:Resolution", el("tt:Width", stream.width), el("tt:Height", stream.height)),
        el(
            "tt:RateControl",
            el("tt:FrameRateLimit", stream.fps),
            el("tt:BitrateLimit", _kbps(profile)),
            ConstantBitRate=False,
        ),
        _multicast(),
        el("tt:Quality", 5.0),
        token=encoder_token(profile),
        GovLength=50,
        Profile="Main",
    )


def chosen(world: World, request: Element, token_of: Callable[[Profile], str]) -> Iterable[Profile]:
    """Return the profiles that ConfigurationToken and ProfileToken of a request leave over."""
    configuration = child_text(request, "ConfigurationToken")
    profiles = world.profiles()
    if token := child_text(request, "ProfileToken"):
        profiles = [world.profile(token)]
    if configuration:
        profiles = [profile for profile in profiles if token_of(profile) == configuration]
        if not profiles:
            raise invalid_argument("NoConfig", "There is no such configuration")
    return profiles


def _kbps(profile: Profile) -> int:
    return (profile.stream.bitrate_bps or 0) // 1000


def _multicast() -> Element:
    address = el("tt:Address", el("tt:Type", "IPv4"), el("tt:IPv4Address", "0.0.0.0"))
    return el(
        "tt:Multicast",
        address,
        el("tt:Port", 0),
        el("tt:TTL", 1),
        el("tt:AutoStart", False),
    )
