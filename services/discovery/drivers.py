"""All drivers of this installation, by name."""

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

from libs.contracts.devices import ClockMode, DriverName
from libs.devices.breaker import Breaker
from libs.devices.dahua import fingerprint as dahua_fingerprint
from libs.devices.dahua.driver import DahuaDriver
from libs.devices.driver import Address, Driver, Login
from libs.devices.hcnetsdk import fingerprint as hcnetsdk_fingerprint
from libs.devices.hcnetsdk.client import SdkWorker
from libs.devices.hcnetsdk.driver import HcNetSdkDriver
from libs.devices.isapi import fingerprint as isapi_fingerprint
from libs.devices.isapi.driver import IsapiDriver
from libs.devices.onvif import fingerprint as onvif_fingerprint
from libs.devices.onvif.driver import OnvifDriver

_DRIVERS: Mapping[DriverName, Callable[..., Driver]] = {
    DriverName.DAHUA: DahuaDriver,
    DriverName.HCNETSDK: HcNetSdkDriver,
    DriverName.ISAPI: IsapiDriver,
    DriverName.ONVIF: OnvifDriver,
}
_FINGERPRINTS = {
    DriverName.DAHUA: dahua_fingerprint.speaks,
    DriverName.HCNETSDK: hcnetsdk_fingerprint.speaks,
    DriverName.ISAPI: isapi_fingerprint.speaks,
    DriverName.ONVIF: onvif_fingerprint.speaks,
}


class InstalledDrivers:
    """Makes drivers; those of the vendor's library share one worker process."""

    def __init__(
        self,
        *,
        hcnetsdk_library: Path | None,
        now: Callable[[], datetime],
        timeout_seconds: float,
        fingerprint_seconds: float,
    ) -> None:
        self._now = now
        self._timeout_seconds = timeout_seconds
        self._fingerprint_seconds = fingerprint_seconds
        self._worker = SdkWorker(hcnetsdk_library, now=now)
        self.available = frozenset(
            name
            for name in DriverName
            if name is not DriverName.HCNETSDK or hcnetsdk_library is not None
        )

    def build(
        self,
        name: DriverName,
        address: Address,
        login: Login | None,
        breaker: Breaker,
        *,
        clock_mode: ClockMode = ClockMode.UNKNOWN,
    ) -> Driver:
        """Return a driver; without the vendor's library its calls raise UNSUPPORTED."""
        more: dict[DriverName, dict[str, object]] = {
            DriverName.HCNETSDK: {"worker": self._worker},
            DriverName.ISAPI: {"clock_mode": clock_mode},
        }
        return _DRIVERS[name](
            address,
            login,
            breaker,
            now=self._now,
            timeout_seconds=self._timeout_seconds,
            **more.get(name, {}),
        )

    async def speaks(self, name: DriverName, address: Address) -> bool:
        """Whether that protocol speaks there, found out without a login."""
        return await _FINGERPRINTS[name](address, timeout_seconds=self._fingerprint_seconds)

    async def aclose(self) -> None:
        """End the vendor library's process."""
        await self._worker.aclose()
