"""Where a camera's CPU goes: reading, muxing and writing alone, in this process."""

import tempfile
import threading
import time
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from statistics import fmean

from libs.media.audio import AudioPipeline, make_audio_pipeline
from libs.media.packets import Part, TrackKind
from libs.media.parts import Muxer
from libs.media.recording_file import RecordingWriter
from libs.media.source import RtspSource


class Depth(IntEnum):
    """How far packets go."""

    DEMUX = 1
    MUX = 2
    WRITE = 3


@dataclass(frozen=True, slots=True)
class Step:
    """One run. CPU is of this whole process, which does nothing else meanwhile."""

    depth: str
    seconds: float
    cpu_seconds: float
    packets: int
    parts: int

    @property
    def cpu_seconds_per_minute(self) -> float:
        return self.cpu_seconds / self.seconds * 60


def measure_steps(url: str, *, seconds: float, rounds: int, folder: Path) -> list[Step]:
    """Read one camera (`url` without credentials), each time doing one thing more; blocks."""
    return [_measure(url, depth, seconds, folder) for _ in range(rounds) for depth in Depth]


def report(steps: list[Step], whole: float | None) -> str:
    """Return lines of text; `whole` is the recorder's CPU-seconds per minute with one camera."""
    lines = ["One camera, in one process, CPU-seconds per minute:"]
    before = 0.0
    for depth in dict.fromkeys(step.depth for step in steps):
        here = fmean(s.cpu_seconds_per_minute for s in steps if s.depth == depth)
        lines.append(f"- {depth}: {here - before:.3f} (up to here {here:.3f})")
        before = here
    if whole is not None:
        lines.append(
            f"- the rest of the recorder (events, leases, checksum, upload, metrics): "
            f"{whole - before:.3f} (the whole recorder with one camera: {whole:.3f})"
        )
    return "\n".join(lines)


def _measure(url: str, depth: Depth, seconds: float, folder: Path) -> Step:
    source = RtspSource(url)
    timer = threading.Timer(seconds, source.stop)
    timer.daemon = True
    try:
        tracks = source.open()
        pipeline = make_audio_pipeline(tracks.audio) if tracks.audio else None
        muxer = Muxer(tracks.video, pipeline.output if pipeline else None)
        with tempfile.TemporaryDirectory(dir=folder) as target:
            timer.start()
            started, cpu = time.monotonic(), time.process_time()
            packets, parts = _run(source, muxer, pipeline, depth, Path(target))
            used, lasted = time.process_time() - cpu, time.monotonic() - started
    finally:
        timer.cancel()
        source.close()
    return Step(depth.name.lower(), lasted, used, packets, parts)


def _run(
    source: RtspSource,
    muxer: Muxer,
    pipeline: AudioPipeline | None,
    depth: Depth,
    folder: Path,
) -> tuple[int, int]:
    """Consume until the source is stopped, as the recorder's session does."""
    packet_count = part_count = 0
    file: RecordingWriter | None = None
    try:
        for packet in source.packets():
            packet_count += 1
            if depth is Depth.DEMUX:
                continue
            parts: list[Part] = []
            if packet.track is TrackKind.VIDEO:
                parts = muxer.push(packet)
            elif pipeline is not None:
                parts = [part for aac in pipeline.push(packet) for part in muxer.push(aac)]
            part_count += len(parts)
            for part in parts if depth is Depth.WRITE else ():
                if file is None:
                    path = folder / "recording.mp4"
                    file = RecordingWriter(path, part.init, expected_fragments=60)
                file.append(part)
    finally:
        if file is not None:
            file.close()
    return packet_count, part_count
