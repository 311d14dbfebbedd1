"""The ISAPI driver: Hikvision and its brands over HTTP."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

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
from libs.devices.errors import LOGIN_REASONS, DeviceError
from libs.devices.isapi import documents
from libs.devices.isapi.client import IsapiClient
from libs.devices.isapi.clock import SearchTimes, Spans, calibrate, device_time_of
from libs.devices.isapi.documents import StreamDocument
from libs.devices.isapi.search import FootageSearch, track_of

DEFAULT_RTSP_PORT = 554
MAX_CHANNELS = 512
_PICTURE_BYTES = 16 * 1024 * 1024
_RESOLUTION = timedelta(seconds=1)
_CALIBRATION_TRACKS = 4


class IsapiDriver:
    """One device; see `Driver`. Downloads are the downloader's matter."""

    name = DriverName.ISAPI
    capabilities = frozenset(
        {
            Capability.IDENTIFY,
            Capability.STREAMS,
            Capability.SNAPSHOT,
            Capability.CLOCK,
            Capability.LIST_FOOTAGE,
        }
    )

    def __init__(
        self,
        address: Address,
        login: Login | None,
        breaker: Breaker,
        *,
        now: Callable[[], datetime],
        timeout_seconds: float = 8.0,
        clock_mode: ClockMode = ClockMode.UNKNOWN,
        pause_seconds: float = 1.0,
        calibration_seconds: float = 20.0,
    ) -> None:
        """`clock_mode` is what an earlier look found out; it holds where a new one cannot tell.

        `pause_seconds` is the first pause before a busy device is asked again. The searches that
        show what a Z means have `calibration_seconds`.
        """
        self._address = address
        self._now = now
        self._client = IsapiClient(
            address,
            login,
            breaker,
            now=now,
            timeout_seconds=timeout_seconds,
            pause_seconds=pause_seconds,
        )
        self._search = FootageSearch(self._client, address.host)
        self._calibration_seconds = calibration_seconds
        self._known_mode = clock_mode
        self._offset = timedelta()
        self._times: SearchTimes | None = None
        self._tracks: frozenset[str] | None = None

    async def identify(self) -> DeviceIdentity:
        """See `Driver`; System/deviceInfo."""
        return documents.identity_of(await self._client.document("System/deviceInfo"))

    async def streams(self) -> tuple[Channel, ...]:
        """See `Driver`; Streaming/channels, and a recorder's InputProxy channels."""
        streams = documents.streams_of(await self._client.document("Streaming/channels"))
        inputs_root = await self._client.optional_document("ContentMgmt/InputProxy/channels")
        inputs = documents.inputs_of(inputs_root) if inputs_root is not None else {}
        offline: frozenset[int] = frozenset()
        if inputs:
            status = await self._client.optional_document("ContentMgmt/InputProxy/channels/status")
            offline = documents.offline_inputs_of(status) if status is not None else offline
        by_channel: dict[int, list[StreamDocument]] = defaultdict(list)
        for stream in streams:
            if stream.number % 100 in {1, 2} and stream.is_enabled:
                by_channel[stream.number // 100].append(stream)
        numbers = sorted(by_channel.keys() | inputs.keys())[:MAX_CHANNELS]
        if not numbers:
            raise DeviceError(FailureReason.NO_VIDEO, "the device names no stream that is on")
        port = await self._rtsp_port(streams)
        return tuple(
            self._channel(number, by_channel[number], inputs.get(number, ""), port, offline)
            for number in numbers
        )

    async def storage(self) -> DeviceStorage | None:
        """See `Driver`; ContentMgmt/Storage."""
        root = await self._client.optional_document("ContentMgmt/Storage")
        return documents.storage_of(root) if root is not None else None

    async def snapshot(self, channel: str) -> bytes:
        """See `Driver`; of the main stream, or of the sub stream where only that one gives any."""
        try:
            return await self._picture(track_of(channel, "main"))
        except DeviceError as error:
            if error.reason not in {FailureReason.PROTOCOL, FailureReason.NOT_FOUND}:
                raise
            return await self._picture(track_of(channel, "sub"))

    async def clock(self) -> DeviceClock:
        """See `Driver`; System/time, and a search that shows what its Z means."""
        root, round_trip = await self._client.timed_document("System/time")
        middle = self._now() - round_trip / 2
        told = device_time_of(root, middle)
        # What it tells was cut to its second.
        offset = told.moment + _RESOLUTION / 2 - middle
        times = replace(self._times or SearchTimes(told.zone), zone=told.zone)
        if times.mode is ClockMode.UNKNOWN:
            times = await self._calibrated(times, told.moment)
        self._known_mode, self._times, self._offset = times.mode, times, offset
        return DeviceClock(
            mode=times.mode,
            offset_seconds=offset.total_seconds(),
            uncertainty_seconds=(round_trip + _RESOLUTION).total_seconds() / 2,
            zone=told.zone_text,
            measured_at=middle,
        )

    async def list_footage(
        self, channel: str, stream: StreamName, window: Window
    ) -> tuple[FootageFile, ...]:
        """See `Driver`; raises PROTOCOL while it is not known what the times mean."""
        track = track_of(channel, stream)
        if self._times is None:
            await self.clock()
        if stream == "sub" and (tracks := await self._all_tracks()) and track not in tracks:
            return ()
        times = self._times
        assert times is not None
        if times.mode is ClockMode.UNKNOWN:
            times = await self._calibrated_by([track], times, self._now() + self._offset)
            self._times, self._known_mode = times, times.mode
        return await self._search.files(channel, stream, window, times)

    async def download(
        self,
        file: FootageFile,  # noqa: ARG002 - the protocol's
    ) -> AsyncGenerator[bytes, None]:
        """Raise UNSUPPORTED."""
        raise DeviceError(FailureReason.UNSUPPORTED, "this driver does not download yet")
        yield b""

    async def aclose(self) -> None:
        """See `Driver`."""
        await self._client.aclose()

    # ---- streams ----

    def _channel(
        self,
        number: int,
        streams: list[StreamDocument],
        input_name: str,
        port: int,
        offline: frozenset[int],
    ) -> Channel:
        names = [name for name in (input_name, *(stream.name for stream in streams)) if name]
        # An input whose camera is away may have no streams; its URLs are known all the same.
        known = [self._stream(stream, port) for stream in streams]
        return Channel(
            channel=str(number),
            name=(names or [f"Channel {number}"])[0][:300],
            streams=tuple(known) or (self._plain_stream(number * 100 + 1, port),),
            snapshot_url=f"{self._address.base_url}/ISAPI/Streaming/channels/{number}01/picture",
            is_online=number not in offline,
        )

    def _stream(self, stream: StreamDocument, port: int) -> StreamInfo:
        described = {
            "codec": stream.codec,
            "width": stream.width,
            "height": stream.height,
            "fps": stream.fps,
            "bitrate_bps": stream.bitrate_bps,
        }
        return self._plain_stream(stream.number, port).model_copy(update=described)

    def _plain_stream(self, number: int, port: int) -> StreamInfo:
        host = self._address.host
        host = f"[{host}]" if ":" in host else host
        return StreamInfo(
            stream="main" if number % 100 == 1 else "sub",
            token=str(number),
            url=f"rtsp://{host}:{port}/Streaming/Channels/{number}",
        )

    async def _rtsp_port(self, streams: list[StreamDocument]) -> int:
        root = await self._client.optional_document("Security/adminAccesses")
        told = [documents.rtsp_port_of(root)] if root is not None else []
        told += [stream.rtsp_port for stream in streams]
        return next((port for port in told if port), DEFAULT_RTSP_PORT)

    async def _picture(self, stream_number: str) -> bytes:
        answer = await self._client.answer(
            f"Streaming/channels/{stream_number}/picture", max_bytes=_PICTURE_BYTES
        )
        if not answer.body.startswith(b"\xff\xd8"):
            raise DeviceError(FailureReason.PROTOCOL, "the snapshot is no JPEG")
        return answer.body

    # ---- footage ----

    async def _calibrated(self, times: SearchTimes, device_now: datetime) -> SearchTimes:
        """Return the times with what can be found out, or else with what was known before."""
        try:
            found = await self._calibrated_by(await self._calibration_tracks(), times, device_now)
        except DeviceError as error:
            # Without a disk there are no searches, yet there is a clock.
            if error.reason in LOGIN_REASONS:
                raise
            found = times
        return replace(times, mode=self._known_mode) if found.mode is ClockMode.UNKNOWN else found

    async def _calibrated_by(
        self, tracks: Sequence[str], times: SearchTimes, device_now: datetime
    ) -> SearchTimes:
        """Return the times with what the first track proves that proves anything."""
        try:
            async with asyncio.timeout(self._calibration_seconds):
                for track in tracks:
                    found = await calibrate(times, device_now, self._spans_of(track))
                    if found.mode is not ClockMode.UNKNOWN:
                        return found
        except TimeoutError as error:
            raise DeviceError(
                FailureReason.TIMEOUT, "the device takes too long to search its footage"
            ) from error
        return times

    def _spans_of(self, track: str) -> Callable[[str, str], Awaitable[Spans]]:
        async def spans(start: str, end: str) -> Spans:
            items = await self._search.items(track, start, end)
            return [(item.start, item.end) for item in items]

        return spans

    async def _calibration_tracks(self) -> list[str]:
        """Return some main tracks, in order; the first one where the device does not tell."""
        tracks = [track for track in await self._all_tracks() if track.endswith("01")]
        tracks.sort(key=lambda track: (len(track), track))
        return tracks[:_CALIBRATION_TRACKS] or ["101"]

    async def _all_tracks(self) -> frozenset[str]:
        if self._tracks is None:
            root = await self._client.optional_document("ContentMgmt/record/tracks")
            self._tracks = documents.tracks_of(root) if root is not None else frozenset()
        return self._tracks
