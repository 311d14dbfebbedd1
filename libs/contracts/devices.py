"""Devices: cameras and NVRs as what answers at a network address, and what they tell of themselves.

A device holds channels; each channel is one camera's picture. A stand-alone camera is a device
with one channel, a network video recorder one with many.
"""

from enum import StrEnum
from typing import Annotated, ClassVar, Literal

from pydantic import Field, StringConstraints

from libs.contracts.ids import CAMERA_ID_PATTERN, DEFAULT_SITE, Site
from libs.contracts.messages import DesiredState, Message
from libs.contracts.times import UtcTime

DeviceId = Annotated[str, StringConstraints(pattern=CAMERA_ID_PATTERN)]
"""An immutable slug, made from the device's name when it is added."""

ChannelKey = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=r"^[!-~]+$")]
"""A channel as its driver names it: a number, or an ONVIF video source token."""

Host = Annotated[str, StringConstraints(min_length=1, max_length=253, pattern=r"^[^\s/@]+$")]
Port = Annotated[int, Field(ge=1, le=65535)]
LongText = Annotated[str, StringConstraints(max_length=300)]
"""What a device says about itself; longer is cut before it gets here."""


class DriverName(StrEnum):
    """The protocol that a device is spoken to in."""

    ONVIF = "onvif"
    ISAPI = "isapi"
    """Hikvision and its brands, HTTP."""
    DAHUA = "dahua"
    """Dahua and its brands, HTTP CGI."""
    HCNETSDK = "hcnetsdk"
    """Hikvision and EZVIZ by the vendor's own library, which the operator supplies."""


class Capability(StrEnum):
    """What a driver can do with a device; declared, never found out by failing."""

    IDENTIFY = "identify"
    STREAMS = "streams"
    SNAPSHOT = "snapshot"
    CLOCK = "clock"
    LIST_FOOTAGE = "list_footage"
    DOWNLOAD = "download"


class FailureReason(StrEnum):
    """Why a device or stream could not be used."""

    NAME_UNKNOWN = "name_unknown"
    """The host name has no address."""
    UNREACHABLE = "unreachable"
    """No route, or the host does not exist."""
    REFUSED = "refused"
    """The host is there, nothing listens on the port."""
    TIMEOUT = "timeout"
    UNAUTHORIZED = "unauthorized"
    """The login was rejected, or one is needed and none is set."""
    LOCKED = "locked"
    """Too many rejected logins; tries during the lock make it longer."""
    NO_PERMISSION = "no_permission"
    """The login is good, but may not do this."""
    NOT_FOUND = "not_found"
    """The path, channel or profile does not exist."""
    NO_VIDEO = "no_video"
    UNSUPPORTED_CODEC = "unsupported_codec"
    UNSUPPORTED = "unsupported"
    """The device cannot do this."""
    BUSY = "busy"
    """Too many sessions, or the device says to come back later."""
    NO_STORAGE = "no_storage"
    """No disk or card, or it is broken."""
    TLS = "tls"
    PROTOCOL = "protocol"
    """The device answered something that makes no sense."""
    NOT_ALLOWED = "not_allowed"
    """Everframe's own settings forbid this address."""
    INTERNAL = "internal"


class Failure(Message):
    """What went wrong with a device, for programs and for people. Never holds a credential."""

    reason: FailureReason
    detail: str = Field(default="", max_length=500)
    """What happened."""
    advice: str = Field(default="", max_length=500)
    """What to do about it."""
    locked_until: UtcTime | None = None
    """When the device may be tried again; None where only the operator can change something."""


class DeviceIdentity(Message):
    """What a device says that it is."""

    manufacturer: LongText = ""
    model: LongText = ""
    firmware: LongText = ""
    serial: LongText = ""
    mac: LongText = ""
    name: LongText = ""
    kind: Literal["camera", "recorder", "unknown"] = "unknown"
    """`recorder`: an NVR or DVR with channels of several cameras."""


class StreamInfo(Message):
    """One stream of a channel, as the device describes it."""

    stream: Literal["main", "sub"]
    token: LongText = ""
    """The driver's own name of it, for example an ONVIF profile token."""
    url: str = Field(default="", max_length=2048)
    """RTSP URL without a login; its host is the address that the device was reached at."""
    codec: LongText = ""
    """`h264`, `h265`, `mjpeg`, ... in lower case."""
    width: int = Field(default=0, ge=0)
    height: int = Field(default=0, ge=0)
    fps: float | None = None
    bitrate_bps: int | None = None


class Channel(Message):
    """One camera of a device."""

    channel: ChannelKey
    name: LongText = ""
    streams: tuple[StreamInfo, ...] = ()
    """At most one main and one sub stream, main first."""
    snapshot_url: str = Field(default="", max_length=2048)
    """Without a login; empty where there is none."""
    is_online: bool = True
    """False for an NVR's input whose camera is away."""

    def stream(self, name: Literal["main", "sub"]) -> StreamInfo | None:
        """Return the stream of that name, None where there is none."""
        return next((stream for stream in self.streams if stream.stream == name), None)


class DeviceStorage(Message):
    """What a device keeps footage on."""

    total_bytes: int = Field(default=0, ge=0)
    """0 where the device does not tell."""
    free_bytes: int = Field(default=0, ge=0)
    is_healthy: bool = True
    detail: LongText = ""


class ClockMode(StrEnum):
    """How a device means the times that it writes into search results."""

    UTC = "utc"
    DEVICE_LOCAL = "device_local"
    """Wall-clock time of the device's zone, even where a Z stands behind it."""
    UNKNOWN = "unknown"


class DeviceClock(Message):
    """A device's clock, measured."""

    mode: ClockMode = ClockMode.UNKNOWN
    offset_seconds: float = 0.0
    """Device's UTC minus ours; halfway between request and answer."""
    uncertainty_seconds: float = Field(default=0.0, ge=0)
    """Half of the round trip, and half of the clock's resolution."""
    zone: LongText = ""
    """POSIX TZ string (`CET-1CEST,M3.5.0,M10.5.0/3`) or an IANA name; empty when not told."""
    measured_at: UtcTime


class DeviceDetails(Message):
    """Everything that one look at a device told."""

    identity: DeviceIdentity = DeviceIdentity()
    channels: tuple[Channel, ...] = ()
    storage: DeviceStorage | None = None
    """None where the device does not tell."""
    clock: DeviceClock | None = None
    capabilities: tuple[Capability, ...] = ()


class DeviceConfig(DesiredState):
    """A device whose clock is measured and whose footage is listed. Written by api."""

    bucket: ClassVar[str] = "devices"

    device_id: DeviceId
    site: Site = DEFAULT_SITE
    name: str = Field(min_length=1, max_length=100)
    driver: DriverName
    host: Host
    port: Port
    use_tls: bool = False
    verify_tls: bool = False
    """Check the certificate; most devices sign their own."""
    credentials: str | None = None
    """Fernet token over the JSON of `{"username", "password"}`; never readable on the bus."""
    endpoint_id: str = Field(default="", max_length=200)
    """WS-Discovery endpoint (`urn:uuid:...`), where it is known."""
    version: int = Field(default=1, ge=1)
    """Counts changes of this device; a lower one never replaces a higher one."""

    @property
    def key(self) -> str:
        """Key in the bucket."""
        return device_key(self.site, self.device_id)


def device_key(site: str, device_id: str) -> str:
    """Return the key under which per-device state lies in every bucket."""
    return f"{site}.{device_id}"


class LoginState(Message):
    """The circuit breaker of one device, shared by all who would log in there.

    One rejected login opens it: every further try could lock the account.
    """

    credentials_digest: str = ""
    """Which login was rejected (a digest of its sealed token); another one closes the breaker."""
    failure: Failure | None = None
    """None: closed. `failure.locked_until` says when it closes by itself, if ever."""
    opened_at: UtcTime | None = None


class DeviceState(Message):
    """Last value per device, written by discovery."""

    bucket: ClassVar[str] = "device-states"

    device_id: DeviceId
    site: Site = DEFAULT_SITE
    details: DeviceDetails | None = None
    """None until the device has been reached once."""
    details_at: UtcTime | None = None
    clock: DeviceClock | None = None
    login: LoginState = LoginState()
    failure: Failure | None = None
    """Why the last look at it failed; None when it did not."""
    checked_at: UtcTime | None = None


class DiscoveryLeader(Message):
    """The right to watch all devices of a site; the other discovery instances stand by."""

    bucket: ClassVar[str] = "discovery-leader"

    instance: str
