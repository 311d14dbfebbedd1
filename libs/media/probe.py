"""What a camera's stream really is, seen by watching it for a moment."""

import time
from dataclasses import dataclass
from fractions import Fraction

from libs.media.packets import Packet, TrackKind
from libs.media.source import DroppedTrack, RtspSource
from libs.media.source_options import Transport


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """A stream as it was seen; None where the time was too short to tell."""

    video_codec: str
    width: int
    height: int
    fps: float | None
    audio_codec: str | None
    dropped: tuple[DroppedTrack, ...]
    open_seconds: float
    """From connecting until the tracks were known; longer when a keyframe had to be awaited."""
    watched_seconds: float
    gop_frames: int | None
    """Pictures from the first keyframe to the next."""
    gop_seconds: float | None
    bitrate_bps: int | None
    """Of all tracks, over one group of pictures."""
    lost_packets: int | None
    """RTP packets missing; told for UDP only."""


def probe(
    url: str,
    username: str | None,
    password: str | None,
    transport: Transport = "tcp",
    timeout: float = 10.0,
    *,
    verify_tls: bool = False,
) -> ProbeResult:
    """Open the stream, watch one group of pictures, at most `timeout` seconds, and close it.

    Blocks: connecting, looking at the first packets (again, where they do not show the size) and
    watching are each bounded by `timeout`. Raises SourceError, also when no packet comes at all.
    """
    source = RtspSource(
        url,
        username=username,
        password=password,
        transport=transport,
        stall_seconds=timeout,
        open_timeout_seconds=timeout,
        verify_tls=verify_tls,
        count_losses=True,
    )
    started = time.monotonic()
    gop = FirstGop()
    try:
        tracks = source.open()
        opened = time.monotonic()
        for packet in source.packets():
            gop.push(packet)
            if gop.is_complete or time.monotonic() - opened >= timeout:
                break
        watched_seconds = time.monotonic() - opened
    finally:
        source.close()
    gop_seconds = gop.seconds(tracks.video.time_base)
    return ProbeResult(
        video_codec=tracks.video.codec,
        width=tracks.video.width,
        height=tracks.video.height,
        # counted, where there was a whole GOP: libav guesses from the first few pictures
        fps=round(gop.frames / gop_seconds, 2) if gop_seconds else tracks.video.fps,
        audio_codec=None if tracks.audio is None else tracks.audio.codec,
        dropped=tracks.dropped,
        open_seconds=opened - started,
        watched_seconds=watched_seconds,
        gop_frames=gop.frames if gop.is_complete else None,
        gop_seconds=gop_seconds,
        lost_packets=source.lost_packets if transport == "udp" else None,
        bitrate_bps=round(gop.bytes * 8 / gop_seconds) if gop_seconds else None,
    )


class FirstGop:
    """Measures from one keyframe to the next, by the camera's time: packets come in bursts."""

    def __init__(self) -> None:
        self.frames = 0
        self.bytes = 0
        self.is_complete = False
        self._untimed_frames = 0  # at its beginning, as is usual for a new session
        self._first_pts: int | None = None
        self._end_pts: int | None = None

    def push(self, packet: Packet) -> None:
        """Take the next packet of any track; ignores what comes before the first keyframe."""
        if self.is_complete:
            return
        if packet.track is TrackKind.VIDEO:
            if packet.is_key and self.frames:
                self.is_complete, self._end_pts = True, packet.pts
                return
            if packet.is_key or self.frames:
                self._count(packet)
        if self.frames:
            self.bytes += len(packet.data)

    def seconds(self, time_base: Fraction) -> float | None:
        """Return its length, or None while it is not complete or the camera gave no times."""
        if self._first_pts is None or self._end_pts is None:
            return None
        timed_frames = self.frames - self._untimed_frames
        ticks = (self._end_pts - self._first_pts) * self.frames / timed_frames
        return float(ticks * time_base) if ticks > 0 else None

    def _count(self, packet: Packet) -> None:
        self.frames += 1
        if packet.pts is None:
            self._untimed_frames += 1
        elif self._first_pts is None or packet.pts < self._first_pts:  # B-frames come late
            self._first_pts = packet.pts
