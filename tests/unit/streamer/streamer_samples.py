"""Streams of live parts, as a recorder publishes them."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import m3u8

from libs.contracts.live import LivePart
from services.streamer.playlist import render_media
from services.streamer.window import LiveWindow

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
