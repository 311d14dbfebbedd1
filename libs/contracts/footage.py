"""Stored footage: files that a device holds on its own disk or card."""

import hashlib
from datetime import timedelta
from typing import ClassVar, Literal, Self

from pydantic import Field, model_validator

from libs.contracts.devices import ChannelKey, DeviceId, Failure
from libs.contracts.ids import DEFAULT_SITE, CameraId, Site
from libs.contracts.messages import Event, Message
from libs.contracts.times import UtcTime, isoformat_z


class FootageFile(Message):
    """One file on a device, in the device's own words."""

    channel: ChannelKey
    stream: Literal["main", "sub"] = "main"
    file_id: str = Field(min_length=1, max_length=1024)
    """What a download names: a path, a playback URI or a file name; never holds a login."""
    started_at: UtcTime
    """UTC by the device's clock, which may be wrong by its offset."""
    ended_at: UtcTime
    bytes: int | None = Field(default=None, ge=0)
    """None where the device does not tell."""
    is_open: bool = False
    """The device itself says that it is still being written."""

    @model_validator(mode="after")
    def _ends_after_start(self) -> Self:
        if self.ended_at <= self.started_at:
            raise ValueError("footage ends after it starts")
        return self

    @property
    def digest(self) -> str:
        """16 hex digits that change with anything that makes it another file."""
        parts = (
            self.channel,
            self.stream,
            self.file_id,
            isoformat_z(self.started_at),
            isoformat_z(self.ended_at),
            str(self.bytes),
        )
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


class StoredFootageFound(Event):
    """A device holds a finished file of a camera's footage."""

    entity: ClassVar[str] = "stored-footage-found"
    type: ClassVar[str] = "io.everframe.footage.found.v1"

    device_id: DeviceId
    file: FootageFile
    clock_offset_seconds: float = 0.0
    """Device's clock minus ours, as measured when it was listed."""
    started_at: UtcTime
    """On the server's clock: `file.started_at` minus the offset."""
    ended_at: UtcTime
    found_at: UtcTime

    @classmethod
    def of(
        cls,
        file: FootageFile,
        *,
        camera_id: str,
        site: str = DEFAULT_SITE,
        device_id: str,
        clock_offset_seconds: float,
        found_at: UtcTime,
    ) -> Self:
        """Return the event for a file, with its times on the server's clock."""
        offset = timedelta(seconds=clock_offset_seconds)
        return cls(
            camera_id=camera_id,
            site=site,
            device_id=device_id,
            file=file,
            clock_offset_seconds=clock_offset_seconds,
            started_at=file.started_at - offset,
            ended_at=file.ended_at - offset,
            found_at=found_at,
        )

    def natural_key(self) -> str:
        """Camera, device and what makes the file what it is."""
        return f"{self.camera_id}/{self.device_id}/{self.file.digest}"


class FootageDay(Message):
    """Files of one camera that were announced, by the UTC day (device's clock) they begin on."""

    bucket: ClassVar[str] = "footage"

    camera_id: CameraId
    site: Site = DEFAULT_SITE
    device_id: DeviceId
    digests: tuple[str, ...] = ()
    """`FootageFile.digest` of each, sorted."""


class FootageCheck(Message):
    """Last value per camera: how the listing of the footage that its device holds went."""

    bucket: ClassVar[str] = "footage-checks"

    camera_id: CameraId
    site: Site = DEFAULT_SITE
    device_id: DeviceId
    is_running: bool = False
    days_done: int = Field(default=0, ge=0)
    days_total: int = Field(default=0, ge=0)
    """Progress of the listing that runs, or of the last one."""
    checked_at: UtcTime | None = None
    """When a listing last reached its end."""
    full_at: UtcTime | None = None
    """When everything back to the beginning was last listed."""
    listed_until: UtcTime | None = None
    """Device's time up to which the last complete listing went; where a file was held back, only
    up to its end."""
    held_back: int = Field(default=0, ge=0)
    """Files that were seen, but may still be growing."""
    announced: int = Field(default=0, ge=0)
    """New files that the last listing announced."""
    failure: Failure | None = None
    """Why the last listing did not reach its end."""
