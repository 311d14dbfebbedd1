"""Media profiles, in the words of Media2 (which knows H.265) or of Media1."""

from dataclasses import dataclass
from typing import Any, Final

from libs.devices.onvif.answers import field_of, items_of, number_of, text_of, token_of
from libs.devices.onvif.client import OnvifClient
from libs.devices.onvif.faults import printable
from libs.devices.onvif.services import MEDIA2
from libs.devices.xml import Element, local_child, local_children, local_text

_MAX_PROFILES = 1000
_CODECS = {"JPEG": "mjpeg", "HEVC": "h265", "MPV4-ES": "mpeg4"}
_STREAM_SETUP: Final = {"Stream": "RTP-Unicast", "Transport": {"Protocol": "RTSP"}}


@dataclass(frozen=True, slots=True)
class Profile:
    """One encoded picture of one video source."""

    token: str
    source: str
    """Token of the video source: Everframe's channel."""
    source_name: str
    codec: str
    """Empty where the device does not tell: Media1 has no word for H.265."""
    width: int
    height: int
    fps: float | None
    bitrate_bps: int | None

    @property
    def pixels(self) -> int:
        """How large the picture is."""
        return self.width * self.height


async def read_profiles(client: OnvifClient) -> list[Profile]:
    """Return the profiles with a picture, in the device's order."""
    if MEDIA2 in client.xaddrs:
        answer = await client.ask(MEDIA2, "GetProfiles", ("Type", "All"))
        found = [_of_media2(told) for told in local_children(answer, "Profiles")]
    else:
        answer = await client.call("media", "GetProfiles")
        found = [_of_media1(told) for told in items_of(answer)]
    return [profile for profile in found[:_MAX_PROFILES] if profile is not None]


async def stream_uri(client: OnvifClient, profile: str) -> str:
    """Return the RTSP address of a profile as the device tells it."""
    if MEDIA2 in client.xaddrs:
        # RTSP is RTP over RTSP/TCP in Media2 (5.16.1)
        answer = await client.ask(
            MEDIA2, "GetStreamUri", ("Protocol", "RTSP"), ("ProfileToken", profile)
        )
        return local_text(answer, "Uri")
    asked = {"StreamSetup": _STREAM_SETUP, "ProfileToken": profile}
    return text_in_full(await client.call("media", "GetStreamUri", asked))


async def snapshot_uri(client: OnvifClient, profile: str) -> str:
    """Return the address of a profile's snapshot as the device tells it."""
    if MEDIA2 in client.xaddrs:
        answer = await client.ask(MEDIA2, "GetSnapshotUri", ("ProfileToken", profile))
        return local_text(answer, "Uri")
    return text_in_full(await client.call("media", "GetSnapshotUri", {"ProfileToken": profile}))


def text_in_full(media_uri: Any) -> str:
    """Return the address in a MediaUri, uncut."""
    return token_of(media_uri, "Uri").strip()


def _of_media1(told: Any) -> Profile | None:
    source = token_of(told, "VideoSourceConfiguration", "SourceToken")
    encoder = field_of(told, "VideoEncoderConfiguration")
    token = token_of(told, "token")
    if not source or not token:
        return None
    size = field_of(encoder, "Resolution")
    bounds = field_of(told, "VideoSourceConfiguration", "Bounds")
    return Profile(
        token=token,
        source=source,
        source_name=text_of(told, "VideoSourceConfiguration", "Name"),
        codec=_codec(text_of(encoder, "Encoding")),
        width=int(number_of(size, "Width") or number_of(bounds, "width")),
        height=int(number_of(size, "Height") or number_of(bounds, "height")),
        fps=number_of(encoder, "RateControl", "FrameRateLimit") or None,
        bitrate_bps=_bits(number_of(encoder, "RateControl", "BitrateLimit")),
    )


def _of_media2(told: Element) -> Profile | None:
    source = local_child(told, "Configurations", "VideoSource")
    encoder = local_child(told, "Configurations", "VideoEncoder")
    token = told.get("token", "")
    if source is None or encoder is None or not token or not local_text(source, "SourceToken"):
        return None
    return Profile(
        token=token,
        source=local_text(source, "SourceToken"),
        source_name=printable(local_text(source, "Name"), 300),
        codec=_codec(local_text(encoder, "Encoding")),
        width=int(_number(encoder, "Resolution", "Width")),
        height=int(_number(encoder, "Resolution", "Height")),
        fps=_number(encoder, "RateControl", "FrameRateLimit") or None,
        bitrate_bps=_bits(_number(encoder, "RateControl", "BitrateLimit")),
    )


def _codec(encoding: str) -> str:
    name = printable(encoding, 40).upper()
    return _CODECS.get(name, name.lower())


def _bits(kilobits: float) -> int | None:
    return int(kilobits * 1000) or None


def _number(element: Element, *path: str) -> float:
    try:
        number = float(local_text(element, *path))
    except ValueError:
        return 0.0
    return number if 0 <= number < 1e9 else 0.0
