"""What the API takes and gives about scans and probes."""

from typing import Literal, Self

from pydantic import Field, model_validator

from libs.contracts.asks import ScanId, StreamReport
from libs.contracts.devices import (
    DeviceDetails,
    DeviceId,
    DriverName,
    Failure,
    Port,
)
from libs.contracts.ids import CameraId
from libs.contracts.times import UtcTime
from services.api.schemas import Credentials, Model, Name
from services.api.schemas_devices import MAX_CAMERAS, FoundCamera, HostText

MAX_ADDED = 100


class ScanCreate(Model):
    """Where to look for devices."""

    targets: list[str] = Field(
        default=[], max_length=64, examples=[["192.0.2.0/24", "198.51.100.10-198.51.100.20"]]
    )
    """Addresses, CIDR ranges, or first-last."""
    ports: list[Port] | None = Field(default=None, min_length=1, max_length=64)
    """Left out: the usual ones of cameras and recorders."""
    multicast: bool = False
    """Also ask all devices of the local network (WS-Discovery)."""
    credentials: Credentials | None = None
    """Tried once on each device that is found; left out: only what devices tell anyone."""


class FoundDeviceView(Model):
    """A device that a scan found."""

    found_id: str
    host: str
    port: int
    use_tls: bool
    driver: DriverName | None
    """Null: only an RTSP server was recognised; add it as a camera by its RTSP address."""
    rtsp_port: int | None
    endpoint_id: str
    scopes: list[str]
    also: list[DriverName]
    """Further protocols that the same device speaks."""
    details: DeviceDetails | None
    """What it told of itself; null without a login that it takes."""
    failure: Failure | None
    """Why there are no details."""
    seen_at: UtcTime
    device_id: DeviceId | None
    """The device as which it has been added already; null when it has not."""
    camera_ids: list[CameraId]
    """Cameras that are already there of this device, or at its RTSP address."""


class ScanSummary(Model):
    """How far a scan is."""

    scan_id: ScanId
    state: Literal["running", "finished", "cancelled", "failed"]
    started_at: UtcTime
    ended_at: UtcTime | None
    checked: int
    """Address and port pairs that have been tried."""
    total: int
    found: int
    """How many devices were found."""
    notes: list[str]
    """What could not be done."""
    failure: Failure | None


class ScanView(ScanSummary):
    """How far a scan is and what it has found."""

    devices: list[FoundDeviceView]
    """In the order in which they were found."""


class AddFound(Model):
    """One device of a scan, to be added."""

    found_id: str = Field(pattern=r"^[0-9a-f]{16}$")
    name: Name | None = None
    """Left out: what the device calls itself."""
    cameras: list[FoundCamera] | None = Field(default=None, max_length=MAX_CAMERAS)
    """Which channels, and how to record them; left out: all that are online and no camera yet."""


class AddFoundDevices(Model):
    """Which devices of a scan to add, with one login for all."""

    credentials: Credentials | None = None
    devices: list[AddFound] = Field(min_length=1, max_length=MAX_ADDED)


class AddedView(Model):
    """What became of one device of a scan."""

    found_id: str
    status: int
    """201: added; 409: it has been added before, `device_id` says as which, or its streams have,
    `problem` says as which cameras; else what went wrong, as an HTTP status."""
    device_id: DeviceId | None = None
    cameras: list[CameraId] = Field(default=[])
    problem: str = ""
    """Why nothing of this device was added; empty when it was."""
    errors: dict[str, str] = Field(default={})
    """Field to what is wrong with it."""
    failure: Failure | None = None
    """What the device, or the way to it, had against it."""


class AddedDevices(Model):
    """What became of each, in the order in which they were named."""

    items: list[AddedView]


class ProbeRequest(Model):
    """What to look at: one RTSP stream (`url`) or one device (`host` or `device_id`)."""

    url: str | None = Field(
        default=None, max_length=2048, examples=["rtsp://192.0.2.10:554/stream1"]
    )
    """A login in it is taken out before anything else."""
    transport: Literal["tcp", "udp"] = "tcp"
    host: HostText | None = None
    port: Port | None = None
    """Left out: the usual ones."""
    driver: DriverName | None = None
    """Left out: find out."""
    use_tls: bool = False
    verify_tls: bool = False
    credentials: Credentials | None = None
    """Left out with `device_id`: the device's own login, for its own host only."""
    device_id: DeviceId | None = None
    """The device that this is, if it has been added: a login that it rejected is not sent again."""

    @model_validator(mode="after")
    def _one_thing(self) -> Self:
        if self.url is not None and self.host is not None:
            raise ValueError("send url or host, not both")
        if self.url is None and self.host is None and self.device_id is None:
            raise ValueError("send url, host or device_id")
        return self


class ProbeView(Model):
    """What was found, or why nothing was."""

    stream: StreamReport | None
    """What the stream at `url` really is."""
    device: FoundDeviceView | None
    """Which device answers at `host`."""
    failure: Failure | None


class CheckQuery(Model):
    """What to check."""

    name: str | None = Field(default=None, max_length=500, examples=["Front door"])
    url: str | None = Field(
        default=None, max_length=4096, examples=["rtsp://192.0.2.10:554/stream1"]
    )


class NameCheck(Model):
    """What a name would become."""

    problem: str
    """Why it cannot be used; empty when it can."""
    camera_id: CameraId | None
    """The id that a camera of this name will get now."""
    is_free: bool
    """Whether no camera has this name; names may repeat, ids do not."""
    used_by: list[CameraId]


class UrlCheck(Model):
    """What an RTSP address is."""

    problem: str
    """Why it cannot be used; empty when it can."""
    url: str
    """As it would be stored, without a login."""
    is_free: bool
    """Whether no camera has this host, port and path."""
    used_by: list[CameraId]


class CheckView(Model):
    """Whether a camera can be added like this; nothing is connected to."""

    name: NameCheck | None
    url: UrlCheck | None
