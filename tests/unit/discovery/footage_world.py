"""A device with files that can lie, for tests of the listing."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from libs.bus.client import Bus
from libs.contracts.cameras import CameraConfig
from libs.contracts.devices import (
    Capability,
    Channel,
    ClockMode,
    DeviceClock,
    DeviceConfig,
    DeviceIdentity,
    DeviceStorage,
    DriverName,
)
from libs.contracts.footage import FootageFile
from libs.devices.driver import Driver, StreamName, Window
from libs.devices.errors import DeviceError
from services.discovery.listing import FootageLister

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def file(start_minutes: float, end_minutes: float, **changes: object) -> FootageFile:
    """A file from so many minutes before NOW to so many, by the device's clock."""
    values: dict[str, object] = {
        "channel": "1",
        "file_id": f"f{start_minutes:g}",
        "started_at": NOW - timedelta(minutes=start_minutes),
        "ended_at": NOW - timedelta(minutes=end_minutes),
        "bytes": 1000,
    }
    return FootageFile.model_validate(values | changes)


def camera(camera_id: str = "front-door", **changes: object) -> CameraConfig:
    values: dict[str, object] = {
        "camera_id": camera_id,
        "name": camera_id,
        "url": "rtsp://127.0.0.1:8554/x",
        "device_id": "nvr",
        "channel": "1",
    }
    return CameraConfig.model_validate(values | changes)


@dataclass
class FakeDriver:
    """Answers from a list of files."""

    files: list[FootageFile] = field(default_factory=list)
    name: DriverName = DriverName.ISAPI
    capabilities: frozenset[Capability] = frozenset({Capability.LIST_FOOTAGE, Capability.CLOCK})
    failure: DeviceError | None = None
    fails_at: int | None = None
    """Which of its searches fails, counted from 1; None: all, when there is a failure."""
    searches: list[tuple[str, StreamName, Window]] = field(default_factory=list)
    release: asyncio.Event | None = None

    async def list_footage(
        self, channel: str, stream: StreamName, window: Window
    ) -> tuple[FootageFile, ...]:
        self.searches.append((channel, stream, window))
        if self.release is not None:
            await self.release.wait()
        if self.failure is not None and self.fails_at in {None, len(self.searches)}:
            raise self.failure
        return tuple(
            found
            for found in self.files
            if (found.channel, found.stream) == (channel, stream)
            and found.started_at < window.end
            and found.ended_at > window.start
        )

    async def identify(self) -> DeviceIdentity:
        return DeviceIdentity()

    async def streams(self) -> tuple[Channel, ...]:
        return ()

    async def storage(self) -> DeviceStorage | None:
        return None

    async def snapshot(self, channel: str) -> bytes:
        raise NotImplementedError

    async def clock(self) -> DeviceClock:
        return DeviceClock(measured_at=NOW)

    async def download(self, file: FootageFile) -> AsyncGenerator[bytes, None]:
        raise NotImplementedError
        yield b""

    async def aclose(self) -> None:
        pass


@dataclass
class FakeDevice:
    """A registered device."""

    driver: FakeDriver = field(default_factory=FakeDriver)
    device_id: str = "nvr"
    offset_seconds: float = 0.0
    users: int = 0
    most_users: int = 0
    forgotten: int = 0

    @property
    def config(self) -> DeviceConfig:
        return DeviceConfig(
            device_id=self.device_id,
            name="NVR",
            driver=DriverName.ISAPI,
            host="127.0.0.1",
            port=80,
        )

    @property
    def clock(self) -> DeviceClock | None:
        return DeviceClock(mode=ClockMode.UTC, offset_seconds=self.offset_seconds, measured_at=NOW)

    async def forget_connection(self) -> None:
        self.forgotten += 1

    @asynccontextmanager
    async def use(self) -> AsyncIterator[Driver]:
        self.users += 1
        self.most_users = max(self.users, self.most_users)
        try:
            yield self.driver
        finally:
            self.users -= 1


@dataclass
class Clock:
    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now


def lister(bus: Bus, devices: dict[str, FakeDevice], clock: Clock) -> FootageLister:
    return FootageLister(
        bus,
        site="main",
        find_device=devices.get,
        now=clock,
        lookback=timedelta(days=3),
        settle=timedelta(minutes=2),
    )
