"""RtspSource, one RTSP session with a camera: packets as they come, or a SourceError.

Blocking, through libav: one thread calls open(), packets() and close(); any thread may stop().
"""

import struct
import threading
import time
from collections.abc import Iterator

import av
import av.error
import av.packet
from av.container import InputContainer

from libs.media import libav_log
from libs.media.errors import SourceError, SourceErrorKind, from_libav, without_credentials
from libs.media.packets import Packet, TrackKind
from libs.media.source_options import (
    LONG_ANALYSIS_SECONDS,
    QUICK_ANALYSIS_SECONDS,
    Transport,
    libav_options,
    libav_url,
)
from libs.media.source_tracks import ChosenStreams, DroppedTrack, Tracks, choose_streams

__all__ = ["DroppedTrack", "RtspSource", "Tracks"]

_WALL_CLOCK = struct.Struct("<q")  # first field of libav's AVProducerReferenceTime: Unix µs


class RtspSource:
    """A camera's RTSP or RTSPS session; `url` carries no credentials.

    `stall_seconds` without a packet end the session with a timeout. `open_timeout_seconds` bounds
    connecting and, again, looking at the first packets. `verify_tls` is off unless asked for,
    because cameras sign their own certificates.

    Counters, readable from any thread: `lost_packets` (RTP packets missing, as libav reports it,
    for UDP only) and `corrupt_packets` (packets libav marks as damaged).
    """

    def __init__(
        self,
        url: str,
        *,
        username: str | None = None,
        password: str | None = None,
        transport: Transport = "tcp",
        stall_seconds: float = 5.0,
        open_timeout_seconds: float = 10.0,
        verify_tls: bool = False,
    ) -> None:
        self.url = without_credentials(url)
        self.lost_packets = 0
        self.corrupt_packets = 0
        self._libav_url = libav_url(url, username, password)
        self._transport = transport
        self._stall_seconds = stall_seconds
        self._open_timeout_seconds = open_timeout_seconds
        self._verify_tls = verify_tls
        self._stopping = threading.Event()
        self._container: InputContainer | None = None
        self._chosen: ChosenStreams | None = None

    def open(self) -> Tracks:
        """Connect, start the stream and return its tracks; raises SourceError.

        A stream whose size is not in the description is looked at longer, once; a size of 0
        remains when no keyframe came even then.
        """
        chosen = self._open(QUICK_ANALYSIS_SECONDS)
        if not chosen.tracks.video.width and not self._stopping.is_set():
            self.close()
            chosen = self._open(LONG_ANALYSIS_SECONDS)
        return chosen.tracks

    def packets(self) -> Iterator[Packet]:
        """Yield packets as they arrive, blocking; ends only after stop(), else raises SourceError.

        The first packets of a session have no timestamps. Must be consumed in the thread that
        called open().
        """
        container, chosen = self._opened()
        with libav_log.captured() as log:
            try:
                yield from self._read(container, chosen, log)
            except (av.error.FFmpegError, OSError) as error:
                if not self._stopping.is_set():
                    raise from_libav(error, url=self.url, state="reading", log=log) from error
        if not self._stopping.is_set():
            raise SourceError(
                SourceErrorKind.CONNECTION_LOST,
                url=self.url,
                state="reading",
                happened="the camera closed the connection",
            )

    def stop(self) -> None:
        """Make packets() end, from any thread.

        It ends at the next packet, or when the camera sends none, within `stall_seconds`.
        """
        self._stopping.set()

    def close(self) -> None:
        """End the session. Only in the thread that reads: libav would hang otherwise."""
        container, self._container, self._chosen = self._container, None, None
        if container is not None:
            container.close()

    def _open(self, analysis_seconds: float) -> ChosenStreams:
        started = time.monotonic()
        with libav_log.captured() as log:
            try:
                self._container = av.open(
                    self._libav_url,
                    mode="r",
                    format="rtsp",
                    options=libav_options(
                        transport=self._transport,
                        stall_seconds=self._stall_seconds,
                        analysis_seconds=analysis_seconds,
                        verify_tls=self._verify_tls,
                    ),
                    # Only for opening: PyAV's limit for reading costs the GIL at every poll.
                    timeout=(self._open_timeout_seconds, None),
                )
            except (av.error.FFmpegError, OSError) as error:
                limit = min(self._stall_seconds, self._open_timeout_seconds)
                timed_out = time.monotonic() - started >= limit
                raise from_libav(
                    error, url=self.url, state="opening", log=log, timed_out=timed_out
                ) from error
        try:
            self._chosen = choose_streams(self._container, url=self.url)
        except SourceError:
            self.close()
            raise
        return self._chosen

    def _opened(self) -> tuple[InputContainer, ChosenStreams]:
        if self._container is None or self._chosen is None:
            raise RuntimeError("open() comes before packets()")
        return self._container, self._chosen

    def _read(
        self, container: InputContainer, chosen: ChosenStreams, log: list[libav_log.LogLine]
    ) -> Iterator[Packet]:
        # Per packet of every camera: nothing but the Packet is allocated here.
        streams = [stream for stream in (chosen.video, chosen.audio) if stream is not None]
        video_index = chosen.video.index
        stopped = self._stopping.is_set
        reported_time = False
        for packet in container.demux(streams):
            if stopped():
                return
            if log:
                self.lost_packets += libav_log.count_missed(log)
                log.clear()
            if not packet.size:  # PyAV's farewell at the end of the stream
                continue
            if packet.is_corrupt:
                self.corrupt_packets += 1
            is_video = packet.stream_index == video_index
            is_key = packet.is_keyframe
            camera_time_us = None
            if is_video and is_key and packet.has_sidedata("prft"):
                # The first time of a session belongs to the frame before it: libav's parser.
                camera_time_us = _camera_time_us(packet) if reported_time else None
                reported_time = True
            yield Packet(
                track=TrackKind.VIDEO if is_video else TrackKind.AUDIO,
                data=bytes(packet),
                pts=packet.pts,
                dts=packet.dts,
                is_key=is_key,
                arrived_monotonic=time.monotonic(),
                camera_time_us=camera_time_us,
            )


def _camera_time_us(packet: "av.packet.Packet[av.stream.Stream]") -> int:
    wall_clock: int = _WALL_CLOCK.unpack_from(bytes(packet.get_sidedata("prft")))[0]
    return wall_clock
