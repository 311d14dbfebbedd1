"""Devices without sockets, for tests of discovery."""

from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from libs.contracts.devices import (
    Capability,
    Channel,
    ClockMode,
    DeviceClock,
    DeviceIdentity,
    DeviceStorage,
    DriverName,
    FailureReason,
    StreamInfo,
)
from libs.contracts.footage import FootageFile
from libs.devices.breaker import Breaker
from libs.devices.driver import Address, Login, StreamName, Window
from libs.devices.errors import DeviceError

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@dataclass
class FakeDevice:
    """What answers at one port; counts the logins that reach it."""

    protocols: frozenset[DriverName]
    password: str = "good"
    serial: str = "AB12345678"
    rtsp_port: int = 554
    broken: Exception | None = None
    """Raised when it is asked for its streams."""
    attempts: int = 0
    clocks: int = 0
    """How often its clock was measured."""
    closed: int = 0


@dataclass
class FakeDriver:
    """Speaks with a FakeDevice as a real driver would: one login, through the breaker."""

    name: DriverName
    device: FakeDevice | None
    address: Address
    login: Login | None
    breaker: Breaker
    capabilities: frozenset[Capability] = frozenset({Capability.STREAMS, Capability.CLOCK})

    async def identify(self) -> DeviceIdentity:
        if self.device is None or self.name not in self.device.protocols:
            raise DeviceError(FailureReason.PROTOCOL, "something else answers")
        if self.login is None:
            raise DeviceError(FailureReason.UNAUTHORIZED, "a login is needed")
        async with self.breaker.login():
            self.device.attempts += 1
            if self.login.password != self.device.password:
                raise DeviceError(FailureReason.UNAUTHORIZED, "the login was rejected")
        return DeviceIdentity(manufacturer="Fake", model="F-1", serial=self.device.serial)

    async def streams(self) -> tuple[Channel, ...]:
        assert self.device is not None
        if self.device.broken is not None:
            raise self.device.broken
        url = f"rtsp://{self.address.host}:{self.device.rtsp_port}/1"
        return (Channel(channel="1", streams=(StreamInfo(stream="main", url=url),)),)

    async def storage(self) -> DeviceStorage | None:
        return None

    async def snapshot(self, channel: str) -> bytes:
        raise DeviceError(FailureReason.UNSUPPORTED)

    async def clock(self) -> DeviceClock:
        if self.device is not None:
            self.device.clocks += 1
        return DeviceClock(offset_seconds=1.5, measured_at=datetime.now(UTC))

    async def list_footage(
        self, channel: str, stream: StreamName, window: Window
    ) -> tuple[FootageFile, ...]:
        return ()

    async def download(self, file: FootageFile) -> AsyncGenerator[bytes, None]:
        raise DeviceError(FailureReason.UNSUPPORTED)
        yield b""

    async def aclose(self) -> None:
        if self.device is not None:
            self.device.closed += 1


@dataclass
class FakeDrivers:
    """Drivers for the devices that there are, by host and port."""

    devices: Mapping[tuple[str, int], FakeDevice]
    available: frozenset[DriverName] = frozenset(DriverName)
    built: list[FakeDriver] = field(default_factory=list)

    def build(
        self,
        name: DriverName,
        address: Address,
        login: Login | None,
        breaker: Breaker,
        *,
        clock_mode: ClockMode = ClockMode.UNKNOWN,
    ) -> FakeDriver:
        device = self.devices.get((address.host, address.port))
        driver = FakeDriver(name, device, address, login, breaker)
        self.built.append(driver)
        return driver

    async def speaks(self, name: DriverName, address: Address) -> bool:
        device = self.devices.get((address.host, address.port))
        return device is not None and name in device.protocols
