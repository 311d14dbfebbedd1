"""ONVIF: cameras and recorders of all brands, by Profiles S, T and G."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from datetime import datetime
from typing import Final

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
from libs.devices.driver import Address, Login, StreamName, Window
from libs.devices.errors import DeviceError
from libs.devices.onvif.addresses import repaired_endpoint
from libs.devices.onvif.channels import chosen_streams, profiles_by_channel, read_channel
from libs.devices.onvif.client import OnvifClient
from libs.devices.onvif.clock import measure_clock
from libs.devices.onvif.footage import as_files, list_recording
from libs.devices.onvif.identity import read_identity
from libs.devices.onvif.profiles import Profile, snapshot_uri
from libs.devices.onvif.recordings import Recording, place_of, read_job_sources, read_recordings
from libs.devices.onvif.services import MEDIA, MEDIA2, SEARCH, find_services
from libs.devices.onvif.storage import read_storage

_ALWAYS: Final = frozenset({Capability.IDENTIFY, Capability.CLOCK})
_NO_CLOCK = frozenset(
    {FailureReason.PROTOCOL, FailureReason.UNSUPPORTED, FailureReason.NO_PERMISSION}
)
"""The device does not tell its time; most take ours then."""
_MAX_PICTURE_BYTES = 16 * 1024 * 1024
_LISTING_SECONDS = 300.0


class OnvifDriver:
    """One ONVIF device. What it is asked goes through one connection, one thing at a time."""

    name = DriverName.ONVIF

    def __init__(
        self,
        address: Address,
        login: Login | None,
        breaker: Breaker,
        *,
        now: Callable[[], datetime],
        timeout_seconds: float = 8.0,
    ) -> None:
        self._client = OnvifClient(
            address, login, breaker, now=now, timeout_seconds=timeout_seconds
        )
        self._profiles: dict[str, list[Profile]] | None = None
        self._ready = asyncio.Lock()

    @property
    def capabilities(self) -> frozenset[Capability]:
        """Streams, snapshots and footage are known from the map of services, after `identify`."""
        services = self._client.xaddrs
        has_media = MEDIA in services or MEDIA2 in services
        found = set(_ALWAYS)
        if has_media:
            found |= {Capability.STREAMS, Capability.SNAPSHOT}
        if has_media and SEARCH in services:
            found.add(Capability.LIST_FOOTAGE)
        return frozenset(found)

    async def identify(self) -> DeviceIdentity:
        await self._prepare()
        return await read_identity(self._client)

    async def streams(self) -> tuple[Channel, ...]:
        await self._prepare()
        self._profiles = None
        profiles = await self._channel_profiles()
        channels = [await read_channel(self._client, key, of) for key, of in profiles.items()]
        if not any(channel.streams for channel in channels):
            raise DeviceError(FailureReason.NO_VIDEO, "no profile has the address of a stream")
        return tuple(channels)

    async def storage(self) -> DeviceStorage | None:
        await self._prepare()
        return await read_storage(self._client) if SEARCH in self._client.xaddrs else None

    async def snapshot(self, channel: str) -> bytes:
        await self._prepare()
        profile = chosen_streams(await self._profiles_of(channel))["main"]
        told = await snapshot_uri(self._client, profile.token)
        endpoint = repaired_endpoint(told, self._client.address)
        return await self._client.picture(endpoint, max_bytes=_MAX_PICTURE_BYTES)

    async def clock(self) -> DeviceClock:
        return await measure_clock(self._client)

    async def list_footage(
        self, channel: str, stream: StreamName, window: Window
    ) -> tuple[FootageFile, ...]:
        try:
            async with asyncio.timeout(_LISTING_SECONDS):
                return await self._list(channel, stream, window)
        except TimeoutError as error:
            raise DeviceError(
                FailureReason.TIMEOUT, "listing the footage takes too long"
            ) from error

    async def download(self, file: FootageFile) -> AsyncGenerator[bytes, None]:
        raise DeviceError(FailureReason.UNSUPPORTED, f"no download of {file.stream} by ONVIF")
        yield b""  # an asynchronous generator like those that can

    async def aclose(self) -> None:
        await self._client.aclose()

    # ---- what is asked once ----

    async def _prepare(self) -> None:
        """Measure the clock, which tokens need, and find the services."""
        async with self._ready:
            if self._client.clock_offset is None:
                await self._measure_if_told()
            if not self._client.xaddrs:
                await find_services(self._client)

    async def _measure_if_told(self) -> None:
        try:
            await measure_clock(self._client)
        except DeviceError as error:
            if error.reason not in _NO_CLOCK:
                raise

    async def _channel_profiles(self) -> dict[str, list[Profile]]:
        if self._profiles is None:
            self._profiles = await profiles_by_channel(self._client)
        return self._profiles

    async def _profiles_of(self, channel: str) -> list[Profile]:
        found = (await self._channel_profiles()).get(channel)
        if found is None:
            raise DeviceError(FailureReason.NOT_FOUND, f"no channel {channel}")
        return found

    # ---- footage ----

    async def _list(
        self, channel: str, stream: StreamName, window: Window
    ) -> tuple[FootageFile, ...]:
        await self._prepare()
        if SEARCH not in self._client.xaddrs:
            raise DeviceError(FailureReason.UNSUPPORTED, "the device has no Recording Search")
        await self._profiles_of(channel)
        found: list[FootageFile] = []
        for recording in await self._recordings_of(channel, stream):
            pieces = await list_recording(self._client, recording, window)
            found += as_files(
                pieces,
                recording,
                channel=channel,
                stream=stream,
                window=window,
                now=self._client.device_now(),
            )
        return tuple(sorted(found, key=lambda file: (file.started_at, file.file_id)))

    async def _recordings_of(self, channel: str, stream: StreamName) -> list[Recording]:
        recordings = await read_recordings(self._client)
        jobs = await read_job_sources(self._client)
        channels = await self._channel_profiles()
        places = {one.token: place_of(one, channels, jobs) for one in recordings}
        found = [one for one in recordings if places[one.token] == (channel, stream)]
        is_told = any(place is not None and place[0] == channel for place in places.values())
        if not is_told and None in places.values():
            raise DeviceError(
                FailureReason.UNSUPPORTED, "the device does not tell which channel it recorded"
            )
        return found
