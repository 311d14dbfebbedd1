"""Which protocols speak behind the open ports of one address. Sends no login."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from libs.contracts.devices import ClockMode, DriverName
from libs.devices.breaker import Breaker
from libs.devices.driver import Address, Driver, Login
from libs.devices.errors import DeviceError
from libs.devices.rtsp import RtspAnswer

TLS_PORTS = frozenset({443, 8443})
RTSP_PORTS = frozenset({554, 8554, 10554})
SDK_PORT = 8000
"""Where the Hikvision library's protocol listens; it says nothing without that library."""

PREFERENCE = (DriverName.ISAPI, DriverName.DAHUA, DriverName.ONVIF, DriverName.HCNETSDK)
"""Which protocol speaks for a device that has several: the maker's own tells most."""
_FINGERPRINTED = (DriverName.ISAPI, DriverName.DAHUA, DriverName.ONVIF)
_PORTS_AT_ONCE = 2


class Drivers(Protocol):
    """Makes drivers and knows their fingerprints."""

    available: frozenset[DriverName]

    def build(
        self,
        name: DriverName,
        address: Address,
        login: Login | None,
        breaker: Breaker,
        *,
        clock_mode: ClockMode = ClockMode.UNKNOWN,
    ) -> Driver:
        """Return a driver; DeviceError (UNSUPPORTED) when this installation has it not.

        `clock_mode` is what an earlier look found out about the device.
        """
        ...

    async def speaks(self, name: DriverName, address: Address) -> bool:
        """Whether that protocol speaks there, found out without a login; raises nothing."""
        ...


class Rtsp(Protocol):
    """What `libs.devices.rtsp.RtspProbe` offers."""

    async def options(
        self, url: str, *, timeout_seconds: float, verify_tls: bool = False
    ) -> RtspAnswer: ...

    async def describe(
        self,
        url: str,
        login: Login | None,
        breaker: Breaker,
        *,
        timeout_seconds: float,
        verify_tls: bool = False,
    ) -> RtspAnswer: ...


@dataclass(frozen=True, slots=True)
class Speaker:
    """What speaks at one port: device protocols, best first, or RTSP."""

    port: int
    use_tls: bool = False
    drivers: tuple[DriverName, ...] = ()
    is_rtsp: bool = False


class Recogniser:
    """Asks ports who is there; at most two ports of one address at a time."""

    def __init__(self, drivers: Drivers, rtsp: Rtsp, *, timeout_seconds: float) -> None:
        self._drivers = drivers
        self._rtsp = rtsp
        self._timeout_seconds = timeout_seconds

    async def speakers(
        self, host: str, ports: Sequence[int], *, tls_ports: frozenset[int] = TLS_PORTS
    ) -> tuple[Speaker, ...]:
        """Return who speaks, in the order of the ports; raises nothing."""
        turns = asyncio.Semaphore(_PORTS_AT_ONCE)

        async def ask(port: int) -> Speaker | None:
            async with turns:
                return await self._at(host, port, use_tls=port in tls_ports)

        found = await asyncio.gather(*(ask(port) for port in ports))
        return self._with_sdk(ports, tuple(speaker for speaker in found if speaker is not None))

    async def _at(self, host: str, port: int, *, use_tls: bool) -> Speaker | None:
        if port in RTSP_PORTS and await self._is_rtsp(host, port):
            return Speaker(port, is_rtsp=True)
        address = Address(host, port, use_tls=use_tls)
        answers = await asyncio.gather(*(self._speaks(n, address) for n in _FINGERPRINTED))
        drivers = tuple(n for n, said in zip(_FINGERPRINTED, answers, strict=True) if said)
        if drivers:
            return Speaker(port, address.use_tls, drivers)
        if port not in RTSP_PORTS and not address.use_tls and await self._is_rtsp(host, port):
            return Speaker(port, is_rtsp=True)
        return None

    async def _speaks(self, name: DriverName, address: Address) -> bool:
        try:
            async with asyncio.timeout(self._timeout_seconds * 3):
                return await self._drivers.speaks(name, address)
        except TimeoutError:
            return False

    async def _is_rtsp(self, host: str, port: int) -> bool:
        authority = Address(host, port).authority
        try:
            await self._rtsp.options(f"rtsp://{authority}/", timeout_seconds=self._timeout_seconds)
        except DeviceError:
            return False
        return True

    def _with_sdk(self, ports: Sequence[int], found: tuple[Speaker, ...]) -> tuple[Speaker, ...]:
        """Add the library's protocol where its port is open and nothing else speaks there."""
        is_possible = (
            DriverName.HCNETSDK in self._drivers.available
            and SDK_PORT in ports
            and all(speaker.port != SDK_PORT for speaker in found)
        )
        return (*found, Speaker(SDK_PORT, drivers=(DriverName.HCNETSDK,))) if is_possible else found
