"""Quarter-hour recordings, made on a shortened clock: forty minutes of packets in a few seconds."""

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import av
import pytest

from libs.contracts.recordings import EndReason
from libs.media.packets import VIDEO_TIMESCALE, Packet, RecordingIndex
from libs.media.parts import Muxer
from libs.media.recording_file import RecordingWriter
from services.recorder.segmenter import Segmenter, Step
from tests.unit.media.media_mux_samples import Stream, video

QUARTER = 900
FRAME_SECONDS = 0.04
GOP_SECONDS = 0.4
STEP = 3600
# five minutes and a bit before a quarter of an hour
START = datetime(2026, 11, 20, 22, 9, 47, 250_000, tzinfo=UTC).timestamp()
LENGTH_SECONDS = 40 * 60


def looped(stream: Stream) -> Iterator[Packet]:
    """The clip again and again, its timestamps and arrivals going on."""
    first = stream.packets[0]
    assert first.dts is not None
    frames = int(LENGTH_SECONDS / FRAME_SECONDS)
    for number, packet in enumerate(itertools.islice(itertools.cycle(stream.packets), frames)):
        ticks = first.dts + number * STEP
        yield packet._replace(
            pts=ticks, dts=ticks, arrived_monotonic=1000.0 + number * FRAME_SECONDS
        )


class Files:
    """Carries out the segmenter's steps, as the recorder's writer does."""

    def __init__(self, folder: Path) -> None:
        self.done: list[tuple[Path, datetime, datetime, EndReason, RecordingIndex]] = []
        self._folder = folder
        self._open: tuple[Path, datetime, RecordingWriter] | None = None

    def follow(self, steps: list[Step]) -> None:
        for step in steps:
            if step.closing is not None:
                assert self._open is not None
                path, started_at, writer = self._open
                ended_at, reason = step.closing.ended_at, step.closing.reason
                self.done.append((path, started_at, ended_at, reason, writer.close()))
            if step.opening is not None:
                path = self._folder / f"{len(self.done)}.mp4"
                fragments = step.opening.expected_fragments
                writer = RecordingWriter(path, step.opening.init, expected_fragments=fragments)
                self._open = (path, step.opening.started_at, writer)
            if step.part is not None:
                assert self._open is not None
                self._open[2].append(step.part)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    stream = video("h264", frames=50, gop=10)
    muxer = Muxer(stream.track, None)
    segmenter = Segmenter(QUARTER)
    files = Files(tmp_path_factory.mktemp("quarters"))
    offset = START - 1000.0
    for packet in looped(stream):
        for part in muxer.push(packet):
            files.follow(segmenter.push(part, offset + part.captured_monotonic))
    for part in muxer.flush():
        files.follow(segmenter.push(part, offset + part.captured_monotonic))
    files.follow(segmenter.close(EndReason.SHUTDOWN))
    return files


def test_every_file_but_the_first_and_last_is_a_quarter_of_an_hour_to_within_one_gop(
    files: Files,
) -> None:
    lengths = [(ended - started).total_seconds() for _, started, ended, _, _ in files.done]
    starts = [started.timestamp() % QUARTER for _, started, _, _, _ in files.done]

    assert [reason for *_, reason, _ in files.done] == [
        EndReason.ROTATION,
        EndReason.ROTATION,
        EndReason.ROTATION,
        EndReason.SHUTDOWN,
    ]
    assert lengths[1:-1] == pytest.approx([QUARTER, QUARTER], abs=GOP_SECONDS)
    assert all(0 <= start <= GOP_SECONDS for start in starts[1:])
    assert sum(lengths) == pytest.approx(LENGTH_SECONDS, abs=0.1)
    for (_, _, ended, _, _), (_, started, _, _, _) in itertools.pairwise(files.done):
        assert ended == started


def test_a_quarter_hour_file_has_its_length_in_front_and_can_be_sought_to_its_end(
    files: Files,
) -> None:
    path, started, ended, _, index = files.done[1]

    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert container.duration is not None
        seconds = container.duration / 1_000_000
        container.seek(890 * 1_000_000)
        picture = next(container.decode(stream))

    length = (ended - started).total_seconds()
    assert seconds == pytest.approx(length, abs=FRAME_SECONDS)
    assert index.duration_90k == pytest.approx(length * VIDEO_TIMESCALE, abs=STEP)
    assert picture.time == pytest.approx(890, abs=GOP_SECONDS)
    assert len(index.fragments) == pytest.approx(QUARTER / GOP_SECONDS, abs=2)
    assert timedelta(seconds=length) > timedelta(minutes=14, seconds=59)
