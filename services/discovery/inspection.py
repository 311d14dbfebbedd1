"""Asks the devices of one address who they are: one login for each, and only once."""

from collections.abc import AsyncGenerator, Callable, Sequence
from datetime import datetime

from libs.contracts.asks import FoundDevice
from libs.contracts.devices import DeviceDetails, DriverName, Failure, FailureReason
from libs.devices.breaker import Breaker
from libs.devices.driver import Address, Driver, Login
from libs.devices.errors import LOGIN_REASONS, DeviceError
from services.discovery import metrics
from services.discovery.addresses import host_and_port
from services.discovery.breakers import BreakerTable, why_not_tried_again
from services.discovery.candidates import Candidate, found_id_of, free_rtsp_ports
from services.discovery.looking import internal_failure, look_at
from services.discovery.recognition import Drivers, Speaker

_ANOTHER_PROTOCOL = frozenset({FailureReason.PROTOCOL, FailureReason.UNSUPPORTED})
"""Worth asking the same device in its next protocol; a rejected login never is."""


_LOGIN_WANTED = Failure(
    reason=FailureReason.UNAUTHORIZED,
    detail="it tells who it is only to its users",
    advice="Enter the user name and password of this device.",
)


class Inspector:
    """Turns candidates into found devices."""

    def __init__(
        self, drivers: Drivers, breakers: BreakerTable, now: Callable[[], datetime]
    ) -> None:
        self._drivers = drivers
        self._breakers = breakers
        self._now = now

    async def devices(
        self,
        host: str,
        speakers: Sequence[Speaker],
        found: Sequence[Candidate],
        login: Login | None,
    ) -> AsyncGenerator[FoundDevice, None]:
        """Yield the devices of one address, then the RTSP servers that belong to none."""
        rejected: list[tuple[Candidate, Failure]] = []
        devices: list[FoundDevice] = []
        for candidate in found:
            device = await self._device(candidate, login, rejected)
            if login and device.failure and device.failure.reason in LOGIN_REASONS:
                rejected.append((candidate, device.failure))
            devices.append(device)
        claimed = {port for device in devices for port in rtsp_ports(device.details)}
        own, free = free_rtsp_ports(speakers, found, claimed)
        for device in devices:
            told = next(iter(rtsp_ports(device.details)), own)
            metrics.DEVICES_FOUND.labels(device.driver or "rtsp").inc()
            yield device.model_copy(update={"rtsp_port": told})
        for port in free:
            metrics.DEVICES_FOUND.labels("rtsp").inc()
            yield self._rtsp_server(host, port)

    async def _device(
        self,
        candidate: Candidate,
        login: Login | None,
        rejected: Sequence[tuple[Candidate, Failure]],
    ) -> FoundDevice:
        before = next((pair for pair in rejected if candidate.may_be(pair[0])), None)
        details: DeviceDetails | None = None
        used = candidate.drivers[0]
        # perhaps it is the device that has just rejected the login: it gets no second try
        if before is not None:
            failure: Failure | None = _not_asked(*before)
        else:
            breaker = self._breakers.of(candidate.host, candidate.port, login)
            details, failure, used = await self.look(candidate, login, breaker)
        if login is None and failure and failure.reason is FailureReason.UNAUTHORIZED:
            failure = _LOGIN_WANTED
        return FoundDevice(
            found_id=candidate.found_id,
            host=candidate.host,
            port=candidate.port,
            use_tls=candidate.use_tls,
            driver=used,
            endpoint_id=candidate.endpoint_id[:200],
            scopes=candidate.scopes,
            also=tuple(name for name in candidate.drivers if name is not used),
            details=details,
            failure=failure,
            seen_at=self._now(),
        )

    async def look(
        self, candidate: Candidate, login: Login | None, breaker: Breaker
    ) -> tuple[DeviceDetails | None, Failure | None, DriverName]:
        """Return details and what is missing, and the protocol that told them; raises nothing."""
        address = Address(candidate.host, candidate.port, use_tls=candidate.use_tls)
        details: DeviceDetails | None = None
        failure: Failure | None = None
        for name in candidate.drivers:
            if (failure := why_not_tried_again(breaker)) is not None:
                return None, failure, candidate.drivers[0]
            details, failure = await self._look_with(name, address, login, breaker)
            if details is not None:
                return details, failure, name
            if failure is None or failure.reason not in _ANOTHER_PROTOCOL:
                break
        return None, failure, candidate.drivers[0]

    async def _look_with(
        self, name: DriverName, address: Address, login: Login | None, breaker: Breaker
    ) -> tuple[DeviceDetails | None, Failure | None]:
        try:
            driver = self._drivers.build(name, address, login, breaker)
        except DeviceError as error:
            return None, error.failure
        try:
            return await look_at(driver)
        finally:
            await close_quietly(driver)

    def _rtsp_server(self, host: str, port: int) -> FoundDevice:
        return FoundDevice(
            found_id=found_id_of(f"{host}:{port}/rtsp"),
            host=host,
            port=port,
            rtsp_port=port,
            seen_at=self._now(),
        )


def _not_asked(other: Candidate, why: Failure) -> Failure:
    detail = (
        f"not asked: it may be the device at port {other.port}, which has just rejected the login"
    )
    return why.model_copy(update={"detail": detail})


def rtsp_ports(details: DeviceDetails | None) -> tuple[int, ...]:
    """Return the ports in the stream URLs of a device, each once, the first stream's first."""
    urls = [s.url for c in (details.channels if details else ()) for s in c.streams if s.url]
    return tuple(dict.fromkeys(port for url in urls if (port := _port_of(url))))


def _port_of(url: str) -> int | None:
    try:
        return host_and_port(url)[1]
    except DeviceError:
        return None


async def close_quietly(driver: Driver) -> None:
    """Close a driver; a fault of its own is logged and goes no further."""
    try:
        await driver.aclose()
    except Exception as error:  # noqa: BLE001 - closing must not undo what was found
        internal_failure("device.close_failed", error)
