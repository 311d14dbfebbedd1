"""Dahua devices and their brands, over HTTP CGI."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from datetime import datetime

from libs.contracts.devices import (
    Capability,
    Channel,
    DeviceClock,
    DeviceIdentity,
    DeviceStorage,
    DriverName,
    FailureReason,
)
from libs.contracts.footage import FootageFile
from libs.devices.breaker import Breaker
from libs.devices.dahua.cgi import DahuaCgi
from libs.devices.dahua.clock import clock_of
from libs.devices.dahua.footage import FootageLister
from libs.devices.dahua.identity import identity_of
from libs.devices.dahua.storage import storage_of
from libs.devices.dahua.streams import channels_of
from libs.devices.driver import Address, Login, StreamName, Window
from libs.devices.errors import DeviceError
from libs.devices.http import DeviceHttp
from libs.devices.posix_tz import zone_of

_MAX_PICTURE_BYTES = 16 * 1024 * 1024
_CAPABILITIES = frozenset(
    {
        Capability.IDENTIFY,
        Capability.STREAMS,
        Capability.SNAPSHOT,
        Capability.CLOCK,
        Capability.LIST_FOOTAGE,
    }
)


class DahuaDriver:
    """One Dahua device. Channels are numbers from 1."""

    name = DriverName.DAHUA

    def __init__(
        self,
        address: Address,
        login: Login | None,
        breaker: Breaker,
        *,
        now: Callable[[], datetime],
        timeout_seconds: float = 8.0,
    ) -> None:
        self._address, self._now = address, now
        self._timeout_seconds = timeout_seconds
        http = DeviceHttp(address, login, breaker, timeout_seconds=timeout_seconds)
        self._cgi = DahuaCgi(http)
        self._lister = FootageLister(self._cgi, now)
        self._clock: DeviceClock | None = None
        self._channels: tuple[Channel, ...] = ()

    @property
    def capabilities(self) -> frozenset[Capability]:
        """What every Dahua can do, as far as it tells."""
        return _CAPABILITIES

    async def identify(self) -> DeviceIdentity:
        async with self._deadline():
            return await identity_of(self._cgi)

    async def streams(self) -> tuple[Channel, ...]:
        async with self._deadline():
            self._channels = await channels_of(self._cgi, self._address)
            return self._channels

    async def storage(self) -> DeviceStorage | None:
        async with self._deadline():
            return await storage_of(self._cgi)

    async def snapshot(self, channel: str) -> bytes:
        number = _number(channel)
        async with self._deadline():
            return await self._cgi.picture(number, max_bytes=_MAX_PICTURE_BYTES)

    async def clock(self) -> DeviceClock:
        async with self._deadline():
            self._clock = await clock_of(self._cgi, self._now)
            return self._clock

    async def list_footage(
        self, channel: str, stream: StreamName, window: Window
    ) -> tuple[FootageFile, ...]:
        """Return the files of a window; each request has the timeout, not the whole listing."""
        number = _number(channel)
        clock = self._clock or await self.clock()
        channels = self._channels or await self.streams()
        if number > len(channels):
            raise DeviceError(FailureReason.NOT_FOUND, f"the device has no channel {number}")
        return await self._lister.files(
            number, stream, window, channels=len(channels), zone=zone_of(clock.zone)
        )

    async def download(
        self,
        file: FootageFile,  # noqa: ARG002 - the protocol's
    ) -> AsyncGenerator[bytes, None]:
        raise DeviceError(FailureReason.UNSUPPORTED, "this driver does not download")
        yield b""  # makes it a generator, as the protocol wants

    async def aclose(self) -> None:
        await self._cgi.aclose()

    @contextlib.asynccontextmanager
    async def _deadline(self) -> AsyncIterator[None]:
        """Bound a call that asks several things, waiting for other calls included."""
        try:
            async with asyncio.timeout(self._timeout_seconds):
                yield
        except TimeoutError as error:
            raise DeviceError(FailureReason.TIMEOUT, "the device takes too long") from error


def _number(channel: str) -> int:
    if not (channel.isascii() and channel.isdecimal() and 0 < int(channel[:9]) < 10_000):
        raise DeviceError(FailureReason.NOT_FOUND, "channels are numbers from 1")
    return int(channel)
