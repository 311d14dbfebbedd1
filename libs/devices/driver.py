"""What every driver offers; the rest of Everframe knows devices through this alone."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

from libs.contracts.devices import (
    Capability,
    Channel,
    DeviceClock,
    DeviceIdentity,
    DeviceStorage,
    DriverName,
)
from libs.contracts.footage import FootageFile

StreamName = Literal["main", "sub"]


@dataclass(frozen=True, slots=True)
class Address:
    """Where a device answers."""

    host: str
    port: int
    use_tls: bool = False
    verify_tls: bool = False

    @property
    def authority(self) -> str:
        """`host:port`, with brackets around an IPv6 address."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def base_url(self) -> str:
        """`http://host:port` or `https://host:port`."""
        return f"{'https' if self.use_tls else 'http'}://{self.authority}"


@dataclass(frozen=True, slots=True)
class Login:
    """A user of a device."""

    username: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of time, aware UTC; the end does not belong to it."""

    start: datetime
    end: datetime


class Driver(Protocol):
    """One device, spoken to in one protocol. Every method raises DeviceError and nothing else.

    Nothing blocks the event loop. Every request to the device ends within the driver's timeout; a
    call takes several of them, `streams` some for each channel, and a listing up to half an hour:
    who cannot wait for so long sets a limit. Calls may come concurrently; a driver that must not
    do two things at once queues them.
    """

    name: DriverName

    @property
    def capabilities(self) -> frozenset[Capability]:
        """What can be done. What needs the device to say so is there after `identify`."""
        ...

    async def identify(self) -> DeviceIdentity:
        """Ask who it is; the first call that needs the login, if any does."""
        ...

    async def streams(self) -> tuple[Channel, ...]:
        """Return its channels with their streams; an empty channel list is an error (NO_VIDEO)."""
        ...

    async def storage(self) -> DeviceStorage | None:
        """Return what it keeps footage on; None where it does not tell."""
        ...

    async def snapshot(self, channel: str) -> bytes:
        """Return a JPEG of now."""
        ...

    async def clock(self) -> DeviceClock:
        """Measure its clock, and find out how it means the times of its search results."""
        ...

    async def list_footage(
        self, channel: str, stream: StreamName, window: Window
    ) -> tuple[FootageFile, ...]:
        """Return every file that overlaps `window`, by start, each once, times in UTC.

        Complete or an error, never a part: the traps of truncated searches are dealt with here.
        The file being written is among them; whoever asks decides when it is finished.
        """
        ...

    def download(self, file: FootageFile) -> AsyncGenerator[bytes, None]:
        """Yield the file's bytes in the device's own container.

        Only drivers with Capability.DOWNLOAD can; others raise UNSUPPORTED at the first step.
        """
        ...

    async def aclose(self) -> None:
        """Close every connection; the driver is not used afterwards."""
        ...
