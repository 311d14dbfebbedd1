"""Which pictures were really recorded: files are counted, and their burnt-in clocks compared.

A simulated camera's picture shows the unix time modulo the length of its loop. So the first
recorded picture and the end of the window tell how many there should be between them, whatever the
recorder says about itself.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import av
import av.error

from tools.camera_sim.clip_clock import read_clock


@dataclass(frozen=True, slots=True)
class Span:
    """What is known of a camera's recording: loop and frame length, and its ends in unix time."""

    loop_ms: int
    frame_ms: int
    since_ms: int
    """When it began, true to less than half a loop."""
    until_ms: int
    """Everything that the camera showed up to here should be recorded."""


@dataclass(frozen=True, slots=True)
class FrameCount:
    """Pictures of one or more cameras."""

    recorded: int
    expected: int

    @property
    def missing(self) -> int:
        """Expected pictures that are in no file; negative: doubles."""
        return self.expected - self.recorded


def nearest_time(clock_ms: int, about_ms: int, loop_ms: int) -> int:
    """Return the unix time nearest to `about_ms` at which the loop stands at `clock_ms`."""
    return clock_ms + round((about_ms - clock_ms) / loop_ms) * loop_ms


def expected_frames(first_clock_ms: int, last_clock_ms: int, span: Span) -> int:
    """Return how many pictures there should be, both ends included.

    The end is the last recorded picture, or the end of the span when that is later.
    """
    first = nearest_time(first_clock_ms, span.since_ms, span.loop_ms)
    last = nearest_time(last_clock_ms, span.until_ms, span.loop_ms)
    return (max(last, span.until_ms) - first) // span.frame_ms + 1


def count_frames(files: Sequence[Path], span: Span) -> FrameCount:
    """Count one camera's pictures in its files, oldest first. Raises ValueError without any.

    Reads the files whole and decodes the first picture and each last group of pictures.
    """
    recorded, first, last = 0, None, None
    for path in files:
        count, begins, ends = _read_file(path, wants_first=first is None)
        recorded += count
        first = begins if first is None else first
        last = ends if ends is not None else last
    if first is None or last is None:
        raise ValueError(f"no readable picture in {len(files)} files")
    return FrameCount(recorded, expected_frames(first, last, span))


def total(counts: Iterable[FrameCount]) -> FrameCount:
    """Add cameras up."""
    each = list(counts)
    return FrameCount(sum(c.recorded for c in each), sum(c.expected for c in each))


def _read_file(path: Path, *, wants_first: bool) -> tuple[int, int | None, int | None]:
    """Return the number of pictures, and the clocks of the first and the last."""
    count, first = 0, None
    group: list[av.Packet[av.VideoStream]] = []
    try:
        with av.open(str(path)) as container:
            stream = container.streams.video[0]
            for packet in container.demux(stream):
                if not packet.size:
                    continue
                count += 1
                if packet.is_keyframe:
                    group = []
                group.append(packet)
                if wants_first and count == 1:
                    first = _last_clock(stream, [packet])
            return count, first, _last_clock(stream, group)
    except (av.error.InvalidDataError, IndexError) as error:
        raise ValueError(f"{path} cannot be read: {error}") from error


def _last_clock(
    stream: av.VideoStream, packets: Sequence["av.Packet[av.VideoStream]"]
) -> int | None:
    if not packets:
        return None
    codec = av.CodecContext.create(stream.codec_context.name, "r")
    assert isinstance(codec, av.VideoCodecContext)
    codec.extradata = stream.codec_context.extradata
    frames = [frame for packet in (*packets, None) for frame in codec.decode(packet)]
    return read_clock(frames[-1]) if frames else None
