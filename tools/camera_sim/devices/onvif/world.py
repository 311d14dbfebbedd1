"""A device as its ONVIF services see it: clock, addresses, profiles and recordings."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from urllib.parse import urlsplit, urlunsplit

from starlette.requests import Request
from starlette.responses import Response

from libs.contracts.devices import StreamInfo
from tools.camera_sim.devices.account import Account, Verdict
from tools.camera_sim.devices.faults import DeviceFaults
from tools.camera_sim.devices.onvif.names import MEDIA2, SERVICES, ServiceName
from tools.camera_sim.devices.onvif.search_sessions import SearchSessions
from tools.camera_sim.devices.onvif.soap import SoapFault, invalid_argument
from tools.camera_sim.devices.onvif.switches import OnvifSwitches, switches_of
from tools.camera_sim.devices.onvif.xml import Element
from tools.camera_sim.devices.spec import ChannelSpec, DeviceSpec
from tools.camera_sim.devices.timeline import Timeline
from tools.camera_sim.devices.wall_clock import WallClock

SERVICE_WORDS = dict(
    zip(SERVICES, ("device", "media", "media2", "search", "recording", "replay"), strict=True)
)
"""What `missing_services` calls them."""


class OnvifDevice(Protocol):
    """What ONVIF needs of a simulated device."""

    @property
    def spec(self) -> DeviceSpec: ...
    @property
    def timeline(self) -> Timeline: ...
    @property
    def faults(self) -> DeviceFaults: ...
    @property
    def account(self) -> Account: ...
    @property
    def clock(self) -> WallClock: ...
    @property
    def port(self) -> int: ...
    def challenge(self, verdict: Verdict) -> Response: ...
    def judge(self, request: Request) -> Verdict: ...


@dataclass(frozen=True, slots=True)
class Profile:
    """A media profile: one stream of a channel."""

    number: int
    """Of the channel, from 1."""
    stream: StreamInfo

    @property
    def token(self) -> str:
        """The same in media and media2."""
        return f"profile-{self.number}-{self.stream.stream}"

    @property
    def source(self) -> str:
        """Token of the channel's video source."""
        return source_token(self.number)


class World:
    """One device's ONVIF, shared by all its services."""

    def __init__(self, device: OnvifDevice) -> None:
        self.device = device
        self.searches = SearchSessions()

    @property
    def spec(self) -> DeviceSpec:
        """What the device is."""
        return self.device.spec

    @property
    def faults(self) -> DeviceFaults:
        """What is wrong with it."""
        return self.device.faults

    @property
    def switches(self) -> OnvifSwitches:
        """What is odd about its ONVIF."""
        return switches_of(self.device)

    def now(self) -> datetime:
        """UTC by the device's clock."""
        return self.device.clock.now()

    def offers(self, service: ServiceName) -> bool:
        """Whether the device has a service."""
        return SERVICE_WORDS[service] not in self.faults.missing_services

    def lists(self, service: ServiceName) -> bool:
        """Whether the device tells that it has a service."""
        is_hidden = service is MEDIA2 and self.faults.hides_media2
        return self.offers(service) and not is_hidden

    def lacks(self, operation: str) -> bool:
        """Whether one operation is among `missing_services`."""
        return operation in self.faults.missing_services

    def url(self, path: str) -> str:
        """URL of a path of the device, with the host that it believes to have."""
        return f"http://{self.faults.nat_host or '127.0.0.1'}:{self.device.port}{path}"

    def told(self, url: str) -> str:
        """Return a stream's URL with the host that the device believes to have."""
        parts = urlsplit(url)
        if not self.faults.nat_host:
            return url
        port = f":{parts.port}" if parts.port else ""
        return urlunsplit(parts._replace(netloc=f"{self.faults.nat_host}{port}"))

    def channels(self) -> list[tuple[int, ChannelSpec]]:
        """Return all channels with their numbers."""
        return list(enumerate(self.spec.channels, start=1))

    def profiles(self) -> list[Profile]:
        """Return all profiles; an input without a camera has none."""
        return [
            Profile(number, stream)
            for number, channel in self.channels()
            if channel.is_online
            for stream in channel.streams()
        ]

    def profile(self, token: str | None) -> Profile:
        """Return the profile of a token; raises the fault that ONVIF Media 5.2 names."""
        for profile in self.profiles():
            if profile.token == token:
                return profile
        raise invalid_argument("NoProfile", "There is no such profile")


Operation = Callable[[World, Element], Element | Awaitable[Element]]


def source_token(number: int) -> str:
    """Token of a channel's video source."""
    return f"source-{number}"


def not_supported(what: str) -> SoapFault:
    """The device does not have it (ONVIF Core 5.8.2.3)."""
    return SoapFault("Receiver", "ActionNotSupported", reason=f"{what} is not supported")
