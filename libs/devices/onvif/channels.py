"""Channels: a device's profiles by video source, the largest as main and a smaller one as sub."""

import hashlib
import re
from collections.abc import Sequence
from typing import Final
from urllib.parse import quote

from libs.contracts.devices import Channel, FailureReason, StreamInfo
from libs.devices.driver import StreamName
from libs.devices.errors import DeviceError
from libs.devices.onvif.addresses import repaired_endpoint, repaired_stream_url, snapshot_url
from libs.devices.onvif.client import OnvifClient
from libs.devices.onvif.profiles import Profile, read_profiles, snapshot_uri, stream_uri

_PLAYABLE: Final = frozenset({"h264", "h265", ""})
"""What is not told may well be H.265."""
_MAX_CHANNELS = 256
_MAX_KEY = 100
"""As ChannelKey has it."""
_PASSING = frozenset(
    {
        FailureReason.PROTOCOL,
        FailureReason.NOT_FOUND,
        FailureReason.UNSUPPORTED,
        FailureReason.NO_VIDEO,
        FailureReason.NO_PERMISSION,
    }
)
"""What one stream may meet without spoiling the others."""


async def profiles_by_channel(client: OnvifClient) -> dict[str, list[Profile]]:
    """Return the profiles of each channel. Raises NO_VIDEO where there is none."""
    found: dict[str, list[Profile]] = {}
    for profile in await read_profiles(client):
        found.setdefault(channel_key(profile.source), []).append(profile)
    if not found:
        raise DeviceError(FailureReason.NO_VIDEO, "no media profile has a picture")
    return dict(list(found.items())[:_MAX_CHANNELS])


async def read_channel(client: OnvifClient, key: str, profiles: Sequence[Profile]) -> Channel:
    """Return a channel with the addresses of its streams; those without one are left out."""
    chosen = chosen_streams(profiles)
    urls = {name: await _stream_url(client, profile) for name, profile in chosen.items()}
    told = [profile for profile in profiles if profile.codec]
    if not urls["main"] and told and not chosen["main"].codec:
        # a profile without an encoder was no hidden H.265, but one for other ends
        return await read_channel(client, key, told)
    streams = [
        StreamInfo(
            stream=name,
            token=profile.token[:300],
            url=urls[name],
            codec=profile.codec,
            width=profile.width,
            height=profile.height,
            fps=profile.fps,
            bitrate_bps=profile.bitrate_bps,
        )
        for name, profile in chosen.items()
        if urls[name]
    ]
    return Channel(
        channel=key,
        name=profiles[0].source_name,
        streams=tuple(streams),
        snapshot_url=await _snapshot_url(client, chosen["main"]),
    )


def channel_key(source: str) -> str:
    """Return a video source's token as contracts can carry it."""
    key = source if re.fullmatch(r"[!-~]+", source) else quote(source, safe="")
    if len(key) <= _MAX_KEY:
        return key
    return hashlib.sha256(source.encode()).hexdigest()[:32]


def chosen_streams(profiles: Sequence[Profile]) -> dict[StreamName, Profile]:
    """Return the largest as `main`, and the first that is smaller as `sub`, if there is one.

    Motion JPEG and others are taken only where there is no H.264 or H.265.
    """
    playable = [profile for profile in profiles if profile.codec in _PLAYABLE] or profiles
    main = max(playable, key=lambda profile: profile.pixels)
    smaller = [profile for profile in playable if profile.pixels < main.pixels]
    chosen: dict[StreamName, Profile] = {"main": main}
    if smaller:
        chosen["sub"] = smaller[0]
    return chosen


async def _stream_url(client: OnvifClient, profile: Profile) -> str:
    try:
        return repaired_stream_url(await stream_uri(client, profile.token), client.address)
    except DeviceError as error:
        if error.reason not in _PASSING:
            raise
        return ""


async def _snapshot_url(client: OnvifClient, profile: Profile) -> str:
    try:
        told = await snapshot_uri(client, profile.token)
        return snapshot_url(repaired_endpoint(told, client.address))
    except DeviceError as error:
        if error.reason not in _PASSING:
            raise
        return ""
