"""What the API takes and gives about devices and the files that they hold."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from libs.contracts.devices import (
    Capability,
    Channel,
    ChannelKey,
    DeviceClock,
    DeviceId,
    DeviceIdentity,
    DeviceStorage,
    DriverName,
    Failure,
    FailureReason,
    Port,
)
from libs.contracts.footage import FootageCheck
from libs.contracts.ids import CameraId
from libs.contracts.times import UtcTime
from services.api.schemas import CameraSettings, Credentials, HealthView, Model, Name, Stream

MAX_CAMERAS = 256


def _printable(value: str) -> str:
    if not value.isprintable():
        raise ValueError("must not contain control characters")
    return value


HostText = Annotated[str, Field(max_length=253, examples=["192.0.2.20"])]
EndpointId = Annotated[str, Field(max_length=200), AfterValidator(_printable)]


class FoundCamera(CameraSettings):
    """One channel of a device, to become a camera."""

    channel: ChannelKey = Field(examples=["1"])
    """As the device's driver names it."""
    name: Name | None = None
    """Left out: what the device calls the channel."""
    url: str | None = Field(default=None, max_length=2048)
    """RTSP address; left out: what the device told when it was last looked at."""
    sub_url: str | None = Field(default=None, max_length=2048)
    """The small stream; left out together with `url`: what the device told."""
    record: bool = True
    """Start recording at once."""


class DeviceCamera(FoundCamera):
    """One channel of a new device, to become a camera."""

    name: Name = Field(examples=["Front door"])


class DeviceCreate(Model):
    """A new device with its cameras: all of it is added, or nothing."""

    name: Name = Field(examples=["Recorder in the cellar"])
    """For people; the device's id is made from it once."""
    driver: DriverName
    host: HostText
    port: Port = Field(examples=[80])
    use_tls: bool = False
    verify_tls: bool = False
    """Check the certificate; most devices sign their own."""
    credentials: Credentials | None = None
    """The device's login, which its cameras use too."""
    endpoint_id: EndpointId = ""
    """WS-Discovery endpoint, where it is known."""
    cameras: list[DeviceCamera] = Field(default=[], max_length=MAX_CAMERAS)


class DevicePatch(Model):
    """What to change; fields left out stay as they are."""

    name: Name | None = None
    driver: DriverName | None = None
    host: HostText | None = None
    """Its cameras' addresses move along."""
    port: Port | None = None
    use_tls: bool | None = None
    verify_tls: bool | None = None
    credentials: Credentials | None = None
    """Given to the device's cameras too. `null` removes the login."""
    endpoint_id: EndpointId | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("name at least one field to change")
        for field in self.model_fields_set - {"credentials"}:
            if getattr(self, field) is None:
                raise ValueError(f"{field} must not be null; leave it out to keep it")
        return self


class LoginView(Model):
    """How the device takes its login. One rejection, and nobody tries again by himself."""

    is_rejected: bool
    since: UtcTime | None = None
    until: UtcTime | None = None
    """When it is tried again; null while `is_rejected`: when somebody enters another login, or
    asks for it (`retry-login`)."""
    reason: FailureReason | None = None
    detail: str = ""
    advice: str = ""


class DeviceCameraView(Model):
    """A camera of a device."""

    camera_id: CameraId
    name: str
    channel: ChannelKey | None
    record: bool
    """Whether recording is switched on."""
    health: HealthView
    footage_check: FootageCheck | None
    """How the last listing of the footage that the device holds of it went."""


class DeviceStateView(Model):
    """What is known of a device now."""

    identity: DeviceIdentity | None
    channels: list[Channel]
    capabilities: list[Capability]
    storage: DeviceStorage | None
    clock: DeviceClock | None
    """Offset and how it means its times."""
    details_at: UtcTime | None
    """When it last told all this; null while it never did."""
    login: LoginView
    failure: Failure | None
    """Why the last look at it failed; null when it did not."""
    checked_at: UtcTime | None


class DeviceView(Model):
    """A device as it is set up, and how it is."""

    device_id: DeviceId = Field(examples=["recorder-in-the-cellar"])
    name: str
    driver: DriverName
    host: str
    port: int
    use_tls: bool
    verify_tls: bool
    has_credentials: bool
    endpoint_id: str
    version: int
    published: bool
    """Whether discovery can know this version; false while the bus is away."""
    created_at: UtcTime
    deleted_at: UtcTime | None
    state: DeviceStateView | None
    """Null while discovery has not said anything."""
    cameras: list[DeviceCameraView]


class DeviceDeleted(Model):
    """What happened to a deleted device."""

    device: DeviceView
    cameras: list[CameraId]
    """The cameras that were deleted with it; their footage stays."""


class StartedView(Model):
    """Something was started; how it goes is seen where `path` leads."""

    path: str


class StoredFootageView(Model):
    """A file that a device holds."""

    footage_id: str
    camera_id: CameraId
    device_id: DeviceId
    channel: ChannelKey
    stream: Stream
    file_id: str
    """What the device calls it."""
    started_at: UtcTime
    """On the server's clock."""
    ended_at: UtcTime
    seconds: float
    bytes: int | None
    """Null where the device does not tell."""
    state: Literal["stored", "partial", "on_device"]
    """`stored`: recordings cover all of it (but for a second: devices count in whole seconds);
    `partial`: some of it; `on_device`: nothing of it."""
    recorded_seconds: float
    clock_offset_seconds: float
    """Device's clock minus the server's, as measured when the file was found."""
    found_at: UtcTime
