"""Streams of live parts, as a recorder publishes them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise

import m3u8

from libs.contracts.live import LivePart
from libs.media.packets import VIDEO_TIMESCALE, Part
from services.streamer.playlist import render_media
from services.streamer.window import LiveWindow
from tests.unit.media.media_mux_samples import audio, interleaved, mux, shifted, video

INIT = "0123456789abcdef"
OTHER_INIT = "fedcba9876543210"
START_MS = 1_795_000_000_000

Told = tuple[LivePart, bytes]


@dataclass
class Producer:
    """Numbers parts as the contract says. A part lasts 0.2 s, a segment has five."""

    live_id: str = "one"
    epoch: int = 5
    target_seconds: int = 2
    part_target_ms: int = 200
    init_id: str = INIT
    msn: int = 10
    discontinuity: int = 0
    first_msn: int = 0
    time_90k: int = 900_000
    clock_ms: int = START_MS
    told: list[Told] = field(default_factory=list)

    def segment(
        self,
        durations_90k: Iterable[int] = (18_000,) * 5,
        *,
        is_independent: bool = True,
        ends: bool = True,
        part_bytes: int = 20,
    ) -> list[Told]:
        """One segment; without an end when its recorder died."""
        durations = list(durations_90k)
        parts = []
        for at, duration in enumerate(durations):
            init = f"<init {self.init_id}>".encode() if at == 0 else b""
            part = LivePart(
                camera_id="front-door",
                live_id=self.live_id,
                epoch=self.epoch,
                msn=self.msn,
                part=at,
                discontinuity=self.discontinuity,
                first_msn=self.first_msn,
                init_id=self.init_id,
                init_bytes=len(init),
                is_independent=is_independent and at == 0,
                is_last=ends and at == len(durations) - 1,
                start_ms=self.clock_ms,
                start_90k=self.time_90k,
                duration_90k=duration,
                published_ms=self.clock_ms + duration // 90,
                part_target_ms=self.part_target_ms,
                target_seconds=self.target_seconds,
                codecs="avc1.640028,mp4a.40.2",
                width=1920,
                height=1080,
                fps=25.0,
            )
            media = f"<{self.live_id} {self.epoch} {self.msn}.{at}>".encode()
            parts.append((part, init + media.ljust(part_bytes, b".")))
            self.time_90k += duration
            self.clock_ms += duration // 90
        self.msn += 1
        self.told += parts
        return parts

    def segments(self, count: int) -> list[Told]:
        return [told for _ in range(count) for told in self.segment()]

    def reconnect(self, *, outage_ms: int = 5000, init_id: str | None = None) -> None:
        """The timeline breaks: another session of the camera."""
        self.discontinuity += 1
        self.clock_ms += outage_ms
        self.time_90k = 900_000
        self.init_id = init_id or self.init_id

    def take_over(self) -> None:
        self.epoch += 1
        self.reconnect()


def window_of(told: Iterable[Told]) -> LiveWindow:
    window = LiveWindow()
    for part, payload in told:
        window.add(part, payload)
    return window


def text_of(window: LiveWindow) -> str:
    return render_media(window, uri=lambda name: name)


def playlist_of(told: Iterable[Told]) -> m3u8.M3U8:
    """What another parser reads in the playlist."""
    return m3u8.loads(text_of(window_of(told)))


def lines_with(text: str, tag: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith(tag)]


def numbered(parts: Iterable[Part], *, target_seconds: int = 3, msn: int = 0) -> list[Told]:
    """Muxed parts as live parts: a segment begins at a keyframe and lasts a second or more, or
    is cut without one where it would become longer than the target."""
    muxed = list(parts)
    starts = [0]
    for at, part in enumerate(muxed[1:], 1):
        so_far = part.start_90k - muxed[starts[-1]].start_90k
        with_this = so_far + part.duration_90k
        is_break = part.starts_after is not None
        is_long_enough = part.is_keyframe_start and so_far >= VIDEO_TIMESCALE
        if is_break or is_long_enough or with_this > target_seconds * VIDEO_TIMESCALE:
            starts.append(at)
    told: list[Told] = []
    discontinuity = 0
    for start, end in pairwise([*starts, len(muxed)]):
        if start and muxed[start].starts_after is not None:
            discontinuity += 1
        for index, part in enumerate(muxed[start:end]):
            init = part.init.data if index == 0 else b""
            start_ms = START_MS + round(part.captured_monotonic * 1000)
            live = LivePart(
                camera_id="front-door",
                live_id="muxed",
                epoch=1,
                msn=msn,
                part=index,
                discontinuity=discontinuity,
                first_msn=0,
                init_id=part.init.sha256[:16],
                init_bytes=len(init),
                is_independent=part.is_keyframe_start,
                is_last=start + index == end - 1,
                start_ms=start_ms,
                start_90k=part.start_90k,
                duration_90k=part.duration_90k,
                published_ms=start_ms + part.duration_90k // 90,
                part_target_ms=200,
                target_seconds=target_seconds,
                codecs="avc1.42c00a",
            )
            told.append((live, init + part.data))
        msn += 1
    return told


@cache
def muxed(codec: str = "h264", gop: int = 50, frames: int = 500, sound: bool = False) -> list[Told]:
    """Twenty seconds that the real muxer made, 25 frames a second."""
    stream = video(codec, frames, gop)
    if not sound:
        return numbered(mux(stream.track, None, stream.packets)[1])
    track, packets = audio(frames / 25)
    return numbered(mux(stream.track, track, interleaved(stream.packets, packets))[1])


@cache
def muxed_twice() -> list[Told]:
    """Two sessions of one camera with pictures of different width."""
    first, second = video("h264", 150, 50), video("h264", 350, 50, 0, 96)
    parts = mux(first.track, None, first.packets)[1]
    later = shifted(second.packets, seconds=20.0)
    return numbered([*parts, *mux(second.track, None, later)[1]])


@cache
def eventful() -> list[Told]:
    """All that a producer does: frames that are no whole microseconds, reconnects with another
    init, a dead recorder, a segment without a keyframe, a timeline that broke twice at once."""
    producer = Producer()
    producer.segments(4)
    producer.segment((18_000, 17_999, 17_997, 15_301), is_independent=True)
    producer.segment(is_independent=False)
    producer.segments(2)
    producer.reconnect(init_id=OTHER_INIT)
    producer.segments(7)
    producer.segment((18_000,) * 3, ends=False)
    producer.take_over()
    producer.segments(9)
    producer.discontinuity += 1
    producer.reconnect(init_id=INIT)
    producer.segment((15_303,) * 7 + (200,))
    producer.segments(9)
    return producer.told


def playlists_of(told: Iterable[Told]) -> Iterator[str]:
    """Every playlist of a session, one for each part."""
    window = LiveWindow()
    for part, payload in told:
        assert window.add(part, payload)
        yield text_of(window)
