"""Asks: questions that discovery answers now, and what scans have found.

Credentials travel in asks as Fernet tokens, like everywhere else on the bus.
"""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, StringConstraints

from libs.contracts.cameras import RtspUrl
from libs.contracts.devices import (
    DeviceDetails,
    DeviceId,
    DriverName,
    Failure,
    Host,
    Port,
)
from libs.contracts.ids import DEFAULT_SITE, CameraId, Site
from libs.contracts.messages import Ask, Message
from libs.contracts.times import UtcTime

ScanId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{16}$")]
ScanTarget = Annotated[str, StringConstraints(max_length=64, pattern=r"^[0-9A-Fa-f.:/-]+$")]
"""An address (`192.0.2.7`), a CIDR range (`192.0.2.0/24`) or `192.0.2.10-192.0.2.20`."""

DEFAULT_SCAN_PORTS = (80, 443, 554, 2020, 8000, 8080, 8554, 8899, 37777)
"""HTTP, RTSP, and where ONVIF, the Hikvision SDK and Dahua usually listen."""


# ---- scanning ---------------------------------------------------------------


class FoundDevice(Message):
    """A device that a scan found; several may share one address."""

    found_id: str = Field(pattern=r"^[0-9a-f]{16}$")
    """Stays the same for the same device within a scan, and from scan to scan."""
    host: Host
    port: Port
    use_tls: bool = False
    driver: DriverName | None = None
    """None: only an RTSP server was recognised; `rtsp_port` tells where."""
    rtsp_port: Port | None = None
    endpoint_id: str = Field(default="", max_length=200)
    """WS-Discovery endpoint, where the device answered a probe."""
    scopes: tuple[str, ...] = ()
    """ONVIF scopes, where the device told them."""
    also: tuple[DriverName, ...] = ()
    """Further protocols that the same device speaks."""
    details: DeviceDetails | None = None
    """What it told of itself; None without a login that it takes."""
    failure: Failure | None = None
    """Why there are no details."""
    seen_at: UtcTime


class ScanState(Message):
    """Last value per scan: how far it is and what it has found. Written by discovery."""

    bucket: ClassVar[str] = "scans"

    scan_id: ScanId
    site: Site = DEFAULT_SITE
    state: Literal["running", "finished", "cancelled", "failed"]
    started_at: UtcTime
    ended_at: UtcTime | None = None
    checked: int = Field(default=0, ge=0)
    """Address and port pairs that have been tried."""
    total: int = Field(default=0, ge=0)
    devices: tuple[FoundDevice, ...] = ()
    """In the order in which they were found, at most 500."""
    notes: tuple[str, ...] = ()
    """For people: what could not be done, for example an interface without multicast."""
    failure: Failure | None = None


class ScanAccepted(Message):
    """The answer to ScanNetwork: it runs, or why it does not."""

    failure: Failure | None = None
    total: int = 0
    """How many address and port pairs will be tried."""


class ScanNetwork(Ask[ScanAccepted]):
    """Look for devices; results appear in the `scans` bucket as they come."""

    entity: ClassVar[str] = "scan-network"
    answer: ClassVar[type[Message]] = ScanAccepted

    scan_id: ScanId
    """Chosen by who asks; the same one twice starts one scan."""
    targets: tuple[ScanTarget, ...] = Field(default=(), max_length=64)
    ports: tuple[Port, ...] = Field(default=DEFAULT_SCAN_PORTS, min_length=1, max_length=64)
    multicast: bool = False
    """Also send WS-Discovery probes on the interfaces that discovery's settings list."""
    credentials: str | None = None
    """Tried once on each device that is found; None: only what devices tell anyone."""


class ScanCancelled(Message):
    """The answer to CancelScan."""

    was_running: bool


class CancelScan(Ask[ScanCancelled]):
    """Stop a scan; what it has found stays."""

    entity: ClassVar[str] = "cancel-scan"
    answer: ClassVar[type[Message]] = ScanCancelled

    scan_id: ScanId


# ---- probing ----------------------------------------------------------------


class StreamReport(Message):
    """What one RTSP stream really is, watched for a moment."""

    url: RtspUrl
    video_codec: str = ""
    width: int = 0
    height: int = 0
    fps: float | None = None
    audio_codec: str | None = None
    gop_frames: int | None = None
    gop_seconds: float | None = None
    """From the first keyframe seen to the next; None where the time was too short."""
    bitrate_bps: int | None = None
    rtt_ms: float | None = None
    """Round trip of an RTSP request, in milliseconds."""
    failure: Failure | None = None
    """Why it cannot be used; the other fields are then empty."""


class CameraProbed(Message):
    """The answer to ProbeCamera."""

    stream: StreamReport | None = None
    """For `url`."""
    device: FoundDevice | None = None
    """For `host`: which device answers there, with details or why there are none."""
    failure: Failure | None = None
    """Why nothing could be found out at all."""


class ProbeCamera(Ask[CameraProbed]):
    """Look at one RTSP URL or at one device, once. Exactly one of `url` and `host` is set."""

    entity: ClassVar[str] = "probe-camera"
    answer: ClassVar[type[Message]] = CameraProbed
    timeout_seconds: ClassVar[float] = 40.0

    url: RtspUrl | None = None
    transport: Literal["tcp", "udp"] = "tcp"
    host: Host | None = None
    port: Port | None = None
    """None: the usual ports of the driver, or of all drivers."""
    driver: DriverName | None = None
    """None: find out."""
    use_tls: bool = False
    verify_tls: bool = False
    credentials: str | None = None
    device_id: DeviceId | None = None
    """The registered device that this is, so that its circuit breaker is respected."""


# ---- what an operator asks of a registered device ---------------------------


class Accepted(Message):
    """The answer to an ask that only starts something."""

    failure: Failure | None = None
    """Why it was not started; None when it was."""


class SyncFootage(Ask[Accepted]):
    """List a device's footage now, without waiting for its turn."""

    entity: ClassVar[str] = "sync-footage"
    answer: ClassVar[type[Message]] = Accepted

    device_id: DeviceId
    camera_id: CameraId | None = None
    """Only this camera; None: all cameras of the device."""


class RetryLogin(Ask[Accepted]):
    """Close a device's circuit breaker: the operator says that the login is good now."""

    entity: ClassVar[str] = "retry-login"
    answer: ClassVar[type[Message]] = Accepted

    device_id: DeviceId
