"""Hikvision and EZVIZ devices, through the vendor's own library in its worker process."""

import asyncio
import secrets
from collections.abc import AsyncGenerator, Callable
from datetime import datetime, timedelta
from typing import Any, Final

from pydantic import SecretStr

from libs.contracts.devices import (
    Capability,
    Channel,
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
from libs.devices.hcnetsdk.channels import channel_numbers, text_of
from libs.devices.hcnetsdk.client import SdkWorker, SessionLost
from libs.devices.hcnetsdk.clock import Zone, measure, naive
from libs.devices.hcnetsdk.footage import STREAM_TYPES, footage_files, local_window
from libs.devices.listing import list_completely

_LOGIN: Final = frozenset({Capability.IDENTIFY, Capability.STREAMS})
_CLOCK: Final = frozenset({Capability.CLOCK, Capability.LIST_FOOTAGE})


class HcNetSdkDriver:
    """One device. It is logged in to once; the session is kept until `aclose`."""

    name = DriverName.HCNETSDK

    def __init__(
        self,
        address: Address,
        login: Login | None,
        breaker: Breaker,
        *,
        now: Callable[[], datetime],
        worker: SdkWorker,
        timeout_seconds: float = 8.0,
        search_seconds: float = 60.0,
    ) -> None:
        self._address, self._login, self._breaker = address, login, breaker
        self._now, self._worker = now, worker
        self._timeout = timeout_seconds
        self._search_seconds = search_seconds
        self._session = secrets.token_hex(8)
        self._told: dict[str, Any] | None = None
        self._logging_in: asyncio.Task[dict[str, Any]] | None = None
        self._zone: Zone | None = None
        self._rule: dict[str, Any] | None = None
        self._capabilities = _LOGIN | _CLOCK

    @property
    def capabilities(self) -> frozenset[Capability]:
        """Without the clock, no time of a recording can be told, so both are there or not."""
        return self._capabilities

    async def identify(self) -> DeviceIdentity:
        """Log in; also find out whether the device tells its clock."""
        told = await self._device()
        try:
            await self.clock()
        except DeviceError as error:
            if error.reason is not FailureReason.UNSUPPORTED:
                raise
            self._capabilities = _LOGIN
        inputs = len(channel_numbers(told))
        return DeviceIdentity(
            manufacturer="Hikvision",
            model=f"type {told['type']}",
            serial=text_of(told["serial"]),
            kind="recorder" if told["ip_channels"] or inputs > 1 else "camera",
        )

    async def streams(self) -> tuple[Channel, ...]:
        """Return the channels; the library tells no RTSP URLs, so the streams have none."""
        numbers = channel_numbers(await self._device())
        if not numbers:
            raise DeviceError(FailureReason.NO_VIDEO, "the device has no channels")
        return tuple(
            Channel(
                channel=str(number),
                streams=(StreamInfo(stream="main"), StreamInfo(stream="sub")),
            )
            for number in numbers
        )

    async def storage(self) -> DeviceStorage | None:
        """Return None: the library's answer is not asked for."""
        return None

    async def snapshot(self, channel: str) -> bytes:
        """Raise UNSUPPORTED: a picture needs no vendor's library, other drivers make it."""
        raise DeviceError(FailureReason.UNSUPPORTED, f"no snapshot of channel {channel} this way")

    async def clock(self) -> DeviceClock:
        """Measure the clock; its zone is found out by comparing, and kept while it fits."""
        rule = await self._daylight_saving()
        # The worker says how long its question took: what came before it was waiting for a turn.
        shown, took_seconds = await self._ask("time")
        answered_at = self._now()
        measured = measure(
            naive(shown),
            asked_at=answered_at - timedelta(seconds=took_seconds),
            answered_at=answered_at,
            daylight_saving=rule,
            earlier=self._zone if rule == self._rule else None,
        )
        self._zone, self._rule = measured.zone, rule
        return measured.clock

    async def list_footage(
        self, channel: str, stream: StreamName, window: Window
    ) -> tuple[FootageFile, ...]:
        """Search day by day: one search gives 4000 files at most, and does not say so."""
        if not channel.isascii() or not channel.isdigit() or len(channel) > 6:
            raise DeviceError(FailureReason.NOT_FOUND, "channels of this device are numbers")
        if self._zone is None:
            await self.clock()
        assert self._zone is not None
        zone, told = self._zone, await self._device()

        async def search(part: Window) -> tuple[FootageFile, ...]:
            start, stop = local_window(part, zone)
            found = await self._ask(
                "find",
                seconds=self._search_seconds + self._timeout,
                channel=int(channel),
                stream=STREAM_TYPES[stream],
                start=start,
                stop=stop,
                stall_seconds=self._timeout,
                total_seconds=self._search_seconds,
            )
            # Thousands of files take a while to check, which the event loop has not got.
            return await asyncio.to_thread(
                footage_files,
                found,
                channel=channel,
                stream=stream,
                zone=zone,
                window=part,
                encoding=told["text_encoding"],
            )

        return await list_completely(search, window)

    async def download(self, file: FootageFile) -> AsyncGenerator[bytes, None]:
        """Raise UNSUPPORTED."""
        raise DeviceError(FailureReason.UNSUPPORTED, f"no download of {file.file_id} this way")
        yield b""  # makes it a generator

    async def aclose(self) -> None:
        """Log out, as far as the device answers."""
        if self._logging_in is not None:
            await asyncio.wait([self._logging_in])
        if self._told is None or self._worker.pid is None:
            return
        self._told = None
        try:
            await self._call("logout", self._timeout)
        except (DeviceError, SessionLost):
            return

    async def _daylight_saving(self) -> dict[str, Any] | None:
        try:
            rule: dict[str, Any] | None = await self._ask("daylight_saving")
        except DeviceError as error:
            if error.reason is not FailureReason.UNSUPPORTED:
                raise
            return None
        return rule

    async def _ask(self, op: str, *, seconds: float | None = None, **arguments: Any) -> Any:
        """Ask within the session; log in again once where it was lost."""
        await self._device()
        try:
            return await self._call(op, seconds or self._timeout, **arguments)
        except SessionLost:
            self._told = None
        await self._device()
        try:
            return await self._call(op, seconds or self._timeout, **arguments)
        except SessionLost as error:
            self._told = None
            raise DeviceError(
                FailureReason.BUSY, "the device ends every session at once"
            ) from error

    async def _device(self) -> dict[str, Any]:
        """Return what the login told, logged in."""
        if self._told is not None:
            return self._told
        if self._logging_in is None:
            # It runs to its end even when who asked is cancelled: a rejection must be noted.
            self._logging_in = asyncio.create_task(self._log_in(), name="hcnetsdk login")
            self._logging_in.add_done_callback(self._logged_in)
        return await asyncio.shield(self._logging_in)

    async def _log_in(self) -> dict[str, Any]:
        if self._login is None:
            raise DeviceError(FailureReason.UNAUTHORIZED, "the device needs a login")
        if self._address.use_tls:
            raise DeviceError(FailureReason.UNSUPPORTED, "this driver has no TLS; switch it off")
        async with self._breaker.login():
            told: dict[str, Any] = await self._call(
                "login",
                self._timeout,
                host=self._address.host,
                port=self._address.port,
                username=self._login.username,
                password=SecretStr(self._login.password),
            )
        self._told = told
        return told

    def _logged_in(self, done: asyncio.Task[dict[str, Any]]) -> None:
        self._logging_in = None
        if not done.cancelled():
            done.exception()  # whoever asked may be gone

    async def _call(self, op: str, seconds: float, **arguments: Any) -> Any:
        return await self._worker.call(
            op,
            device=self._address.authority,
            timeout_seconds=seconds,
            session=self._session,
            **arguments,
        )
