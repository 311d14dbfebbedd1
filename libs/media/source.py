"""RtspSource, one RTSP session with a camera: packets as they come, or a SourceError.

Blocking, through libav: one thread calls open(), packets() and close(); any thread may stop().
"""

import struct
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext, suppress

import av
import av.error
import av.packet
from av.container import InputContainer
from av.stream import Stream

from libs.media import libav_log
from libs.media.errors import SourceError, SourceErrorKind, from_libav, without_credentials
from libs.media.packets import Packet, TrackKind
from libs.media.source_interrupt import ReadInterrupt
from libs.media.source_options import (
    LONG_ANALYSIS_SECONDS,
    QUICK_ANALYSIS_SECONDS,
    Transport,
    libav_options,
    libav_url,
)
from libs.media.source_tracks import ChosenStreams, DroppedTrack, Tracks, choose_streams
from libs.media.source_watch import READ_WATCH

__all__ = ["DroppedTrack", "RtspSource", "Tracks"]

_WALL_CLOCK = struct.Struct("<q")  # first field of libav's AVProducerReferenceTime: Unix µs
_GRACE_SECONDS = 0.5
_LISTEN_SECONDS = 2.0  # long enough for a camera to say why it refuses


class RtspSource:
    """A camera's RTSP or RTSPS session; `url` carries no credentials.

    `stall_seconds` without a packet end the session with a timeout, also while the camera goes on
    answering requests. `open_timeout_seconds` bounds connecting and, again, looking at the first
    packets. `verify_tls` is off unless asked for, because cameras sign their own certificates.

    Counters, readable from any thread: `corrupt_packets` (libav marks them as damaged) and
    `lost_packets` (RTP packets missing). libav reports losses only over UDP and only in its log,
    and listening to that doubles the cost of reading for the whole process: so they are counted
    only with `count_losses`, which costs as much as reading itself.
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
        count_losses: bool = False,
    ) -> None:
        self.url = without_credentials(url)
        self.lost_packets = 0
        self.corrupt_packets = 0
        # the camera
        self._libav_url = libav_url(url, username, password)
        self._transport: Transport = transport
        self._verify_tls = verify_tls
        self._count_losses = count_losses
        # limits
        self._stall_seconds = stall_seconds
        self._open_timeout_seconds = open_timeout_seconds
        # the session
        self._container: InputContainer | None = None
        self._chosen: ChosenStreams | None = None
        self._interrupt: ReadInterrupt | None = None
        self._stopping = threading.Event()
        self._waiting_since: float | None = None

    def open(self) -> Tracks:
        """Connect, start the stream and return its tracks; raises SourceError.

        A stream whose size is not in the description is looked at longer, once; a size of 0
        remains when no keyframe came even then. stop() does not shorten it.
        """
        chosen = self._open(QUICK_ANALYSIS_SECONDS)
        if not chosen.tracks.video.width and not self._stopping.is_set():
            self.close()
            chosen = self._open(LONG_ANALYSIS_SECONDS)
        return chosen.tracks

    def packets(self) -> Iterator[Packet]:
        """Yield packets as they arrive, blocking; ends only after stop(), else raises SourceError.

        The first packets of a session may have no timestamps. Must be consumed in the thread that
        called open().
        """
        if self._container is None or self._chosen is None:
            raise RuntimeError("open() comes before packets()")
        READ_WATCH.add(self)
        try:
            with self._loss_log() as log:
                yield from self._read_until_stopped(self._container, self._chosen, log)
        finally:
            READ_WATCH.remove(self)

    def stop(self) -> None:
        """Make packets() end within half a second, blocked or not; from any thread, for good."""
        self._stopping.set()
        interrupt = self._interrupt
        if interrupt is not None:
            interrupt.fire()

    def close(self) -> None:
        """End the session. Only in the thread that reads: libav would hang otherwise."""
        container, self._container, self._chosen = self._container, None, None
        interrupt, self._interrupt = self._interrupt, None
        if interrupt is not None:
            interrupt.detach()
        if container is not None:
            container.close()

    def end_if_due(self, now: float) -> None:
        """End a read that has stalled or is no longer wanted; called by the read watch."""
        waiting_since, interrupt = self._waiting_since, self._interrupt
        if waiting_since is None or interrupt is None:
            return
        # libav's own timeout comes first where it can, and leaves the last frame intact.
        if self._stopping.is_set() or now - waiting_since > self._stall_seconds + _GRACE_SECONDS:
            interrupt.fire()

    def _loss_log(self) -> AbstractContextManager[list[libav_log.LogLine]]:
        return libav_log.captured() if self._count_losses else nullcontext([])

    def _open(self, analysis_seconds: float) -> ChosenStreams:
        started = time.monotonic()
        with libav_log.captured(at_most_seconds=_LISTEN_SECONDS) as log:
            try:
                container = self._open_container(analysis_seconds)
            except (av.error.FFmpegError, OSError) as error:
                limit = min(self._stall_seconds, self._open_timeout_seconds)
                timed_out = time.monotonic() - started >= limit
                raise from_libav(
                    error, url=self.url, state="opening", log=log, timed_out=timed_out
                ) from error
        self._container = container
        # Without the handle a read still ends by libav's timeout, only media stalls do not.
        with suppress(LookupError):
            self._interrupt = ReadInterrupt(container, opened_after=started, now=time.monotonic())
        try:
            self._chosen = choose_streams(container, url=self.url)
        except SourceError:
            self.close()
            raise
        return self._chosen

    def _open_container(self, analysis_seconds: float) -> InputContainer:
        return av.open(
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

    def _read_until_stopped(
        self, container: InputContainer, chosen: ChosenStreams, log: list[libav_log.LogLine]
    ) -> Iterator[Packet]:
        try:
            yield from self._read(container, chosen, log)
        except (av.error.FFmpegError, OSError) as error:
            if not self._stopping.is_set():
                raise from_libav(error, url=self.url, state="reading", log=log) from error
        finally:
            self._waiting_since = None
        if not self._stopping.is_set():
            raise SourceError(
                SourceErrorKind.CONNECTION_LOST,
                url=self.url,
                state="reading",
                happened="the camera closed the connection",
            )

    def _read(
        self, container: InputContainer, chosen: ChosenStreams, log: list[libav_log.LogLine]
    ) -> Iterator[Packet]:
        # This loop runs for every packet of every camera: nothing but the Packet is made here.
        streams = [stream for stream in (chosen.video, chosen.audio) if stream is not None]
        video_index = chosen.video.index
        stopped, clock = self._stopping.is_set, time.monotonic
        knows_camera_time = False
        started = self._waiting_since = clock()
        for packet in container.demux(streams):
            now = clock()
            self._waiting_since = None
            if stopped():
                return
            if log:
                self.lost_packets += libav_log.count_missed(log)
                log.clear()
            if packet.size:  # else PyAV's farewell at the end of the stream
                if packet.is_corrupt:
                    self.corrupt_packets += 1
                is_video = packet.stream_index == video_index
                is_key = packet.is_keyframe
                camera_time_us = None
                if is_video and is_key and packet.has_sidedata("prft"):
                    # The first time of a session belongs to the frame before: libav's parser.
                    camera_time_us = _camera_time_us(packet) if knows_camera_time else None
                    knows_camera_time = True
                yield Packet(
                    TrackKind.VIDEO if is_video else TrackKind.AUDIO,
                    bytes(packet),
                    packet.pts,
                    packet.dts,
                    is_key,
                    now,
                    camera_time_us,
                )
                if now - started >= self._stall_seconds:
                    # libav spends its first timeout on the frame that waited in its parser.
                    raise TimeoutError
            started = self._waiting_since = clock()


def _camera_time_us(packet: "av.packet.Packet[Stream]") -> int:
    wall_clock: int = _WALL_CLOCK.unpack_from(bytes(packet.get_sidedata("prft")))[0]
    return wall_clock
