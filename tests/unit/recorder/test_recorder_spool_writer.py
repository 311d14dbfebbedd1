"""One thread writes to the spool: in order, bounded, and whole files only."""

import errno
import resource
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from libs.contracts.cameras import CameraConfig
from libs.contracts.recordings import EndReason
from libs.media.packets import VIDEO_TIMESCALE, Part
from libs.media.recording_file import read_index
from services.recorder.recording import CameraRecording
from services.recorder.reports import Failed, Report
from services.recorder.spool import Spool, SpoolEntry, SpoolState
from services.recorder.spool_writer import ActiveRecording, SpoolReports, SpoolWriter
from tests.unit.media import media_mux_samples as samples
from tests.unit.recorder.recorder_samples import at, entry, init_segment, part, real_parts

MUCH = 1 << 24


class SlowSpool(Spool):
    """A disk that stands still until `let_go`, and refuses the next `failing` sidecars."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.may_save = threading.Event()
        self.may_save.set()
        self.failing = 0

    def save(self, entry: SpoolEntry, *, sync: bool = False) -> None:
        assert self.may_save.wait(10)
        if self.failing:
            self.failing -= 1
            raise OSError(errno.ENOSPC, "No space left on device")
        super().save(entry, sync=sync)


@dataclass
class Reports:
    """What the writer said, in order."""

    recorded: list[tuple[SpoolEntry, datetime]] = field(default_factory=list)
    finished: list[SpoolEntry] = field(default_factory=list)
    lost: list[tuple[SpoolEntry, datetime]] = field(default_factory=list)

    def connect(self) -> SpoolReports:
        return SpoolReports(
            recorded=lambda entry, until: self.recorded.append((entry, until)),
            finished=self.finished.append,
            lost=lambda entry, until: self.lost.append((entry, until)),
        )


@dataclass
class Bench:
    """A writer over a spool of its own."""

    spool: SlowSpool
    reports: Reports
    writer: SpoolWriter

    def done(self) -> None:
        assert self.writer.flush(10)


@contextmanager
def bench(root: Path, *, queue_bytes: int = MUCH) -> Iterator[Bench]:
    spool, reports = SlowSpool(root), Reports()
    writer = SpoolWriter(spool, reports.connect(), queue_bytes=queue_bytes)
    writer.start()
    try:
        yield Bench(spool, reports, writer)
    finally:
        spool.may_save.set()
        assert writer.stop(10)


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """Let the system refuse to write any file beyond `size` bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def active(seconds: float = 0.0) -> ActiveRecording:
    return ActiveRecording(entry(seconds), real_parts()[0].init, 8)


def media_end(parts: tuple[Part, ...], start: float = 0.0) -> datetime:
    return at(start + sum(p.duration_90k for p in parts) / VIDEO_TIMESCALE)


def test_a_recording_is_written_reported_and_finished(tmp_path: Path):
    parts = real_parts()
    with bench(tmp_path) as b:
        recording = active()
        for each in parts:
            assert b.writer.write(recording, each)
        b.writer.close(recording, at(1.9), EndReason.ROTATION)
        b.done()

        untils = [until for _, until in b.reports.recorded]
        # the first part, then once a second, then the end: each report wakes the event loop
        ends = [media_end(parts[: n + 1]) for n in range(len(parts))]
        assert untils[0] == ends[0]
        assert untils[-1] == at(1.9)
        assert set(untils[:-1]) <= set(ends)
        assert len(untils) < len(ends)
        [done] = b.reports.finished
        assert (done.state, done.ended_at) == (SpoolState.FINISHED, at(1.9))
        assert b.spool.load() == [done]
        path = b.spool.media_path(done)
        assert read_index(path) is not None
        assert len(samples.decode_file(path)) == 50
        assert done.bytes == path.stat().st_size


def test_a_recording_in_progress_is_in_the_spool_as_such(tmp_path: Path):
    with bench(tmp_path) as b:
        recording = active()
        b.writer.write(recording, real_parts()[0])
        b.done()

        [found] = b.spool.load()
        assert found.state is SpoolState.RECORDING
        b.writer.close(recording, at(1), EndReason.STOPPED)


def test_a_recording_without_any_part_leaves_nothing(tmp_path: Path):
    with bench(tmp_path) as b:
        b.writer.close(active(), at(1), EndReason.STOPPED)
        b.done()

        assert b.reports == Reports()
        assert b.spool.load() == []


def test_a_moment_that_comes_twice_does_not_harm_the_first_recording(tmp_path: Path):
    # The server's clock was set back: the second recording replaced the sidecar of the first and
    # then deleted its media.
    with bench(tmp_path) as b:
        for _ in range(3):
            recording = active()
            b.writer.write(recording, real_parts()[0])
            b.writer.close(recording, at(0.2), EndReason.ROTATION)
        b.done()

        starts = [e.started_at for e in b.reports.finished]
        assert starts == [at(0), at(0.001), at(0.002)]
        assert b.spool.load() == b.reports.finished
        assert len({e.object_key for e in b.reports.finished}) == 3
        assert all(b.spool.media_path(e).exists() for e in b.reports.finished)


def test_a_disk_that_fills_up_ends_the_recording_with_its_last_whole_part(tmp_path: Path):
    parts = real_parts()
    with bench(tmp_path) as b:
        recording = active()
        b.writer.write(recording, parts[0])
        b.writer.write(recording, parts[1])
        b.done()
        assert recording.file is not None
        with capture_logs() as logs, largest_file(recording.file.bytes + 10):
            for each in parts[2:]:
                assert b.writer.write(recording, each)
            b.done()
        b.writer.close(recording, at(9), EndReason.ROTATION)
        again = active(3)
        b.writer.write(again, parts[0])
        b.writer.close(again, at(3.2), EndReason.ROTATION)
        b.done()

        assert recording.failure is not None
        first, second = b.reports.finished
        assert (first.end_reason, first.ended_at) == (EndReason.WRITE_ERROR, media_end(parts[:2]))
        assert len(samples.decode_file(b.spool.media_path(first))) == 10
        assert second.end_reason is EndReason.ROTATION
        assert [entry["event"] for entry in logs] == ["spool.write_failed"]


def test_nothing_later_than_what_is_in_the_file_is_ever_reported(tmp_path: Path):
    parts = real_parts()
    with bench(tmp_path) as b:
        recording = active()
        b.writer.write(recording, parts[0])
        b.done()
        assert recording.file is not None
        with largest_file(recording.file.bytes + 10):
            b.writer.write(recording, parts[1])
            b.done()

        assert {until for _, until in b.reports.recorded} == {media_end(parts[:1])}


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_told_from_a_broken_one(number: int):
    recording = active()

    recording.failure = OSError(number, "full")
    assert recording.is_disk_full
    recording.failure = OSError(errno.EIO, "broken")
    assert not recording.is_disk_full


def test_a_recording_that_cannot_even_begin_leaves_nothing(tmp_path: Path):
    with bench(tmp_path) as b:
        b.spool.failing = 1
        recording = active()
        b.writer.write(recording, real_parts()[0])
        b.writer.write(recording, real_parts()[1])
        b.done()

        assert recording.is_disk_full
        assert b.reports == Reports()
        assert b.spool.load() == []


def test_a_recording_whose_sidecar_cannot_be_finished_is_handed_on(tmp_path: Path):
    with bench(tmp_path) as b:
        recording = active()
        b.writer.write(recording, real_parts()[0])
        b.done()
        b.spool.failing = 1
        b.writer.close(recording, at(0.2), EndReason.ROTATION)
        b.done()

        assert b.reports.finished == []
        assert b.reports.lost == [(recording.entry, at(0.2))]
        assert [e.state for e in b.spool.load()] == [SpoolState.RECORDING]


def test_a_part_of_other_parameters_costs_only_its_own_recording(tmp_path: Path):
    # The file stayed open, and its footage unfinished until the next start.
    with bench(tmp_path) as b:
        recording, other = active(), active(60)
        b.writer.write(recording, real_parts()[0])
        with capture_logs() as logs:
            b.writer.write(recording, part(init=init_segment("other")))
            b.done()
        b.writer.write(other, real_parts()[0])
        b.writer.close(other, at(60.2), EndReason.ROTATION)
        b.done()

        assert "spool.write_crashed" in [entry["event"] for entry in logs]
        assert recording.failure is not None
        assert b.reports.lost == [(recording.entry, media_end(real_parts()[:1]))]
        assert [e.started_at for e in b.reports.finished] == [at(60)]


def test_a_slow_disk_makes_the_queue_refuse_at_its_bound(tmp_path: Path):
    parts = real_parts()
    limit = sum(len(p.data) for p in parts[:3])
    with bench(tmp_path, queue_bytes=limit) as b:
        b.spool.may_save.clear()
        recording = active()

        taken = [b.writer.write(recording, each) for each in parts[:5]]

        assert taken == [True, True, True, False, False]
        b.spool.may_save.set()
        b.done()
        assert b.writer.write(recording, parts[3])
        b.writer.close(recording, at(1), EndReason.STOPPED)


def test_after_a_refused_part_the_recording_ends_with_what_is_in_its_file(tmp_path: Path):
    # The session had counted the refused part: the recording claimed footage it does not hold.
    parts = real_parts()
    with bench(tmp_path) as b:
        recording = active()
        b.writer.write(recording, parts[0])
        b.writer.close(recording, media_end(parts[:2]), EndReason.WRITE_ERROR)
        b.done()

        assert b.reports.finished[0].ended_at == media_end(parts[:1])


def test_stopping_writes_what_is_queued(tmp_path: Path):
    spool, reports = SlowSpool(tmp_path), Reports()
    writer = SpoolWriter(spool, reports.connect(), queue_bytes=MUCH)
    writer.start()
    spool.may_save.clear()
    recording = active()
    for each in real_parts():
        writer.write(recording, each)
    writer.close(recording, at(2), EndReason.SHUTDOWN)

    assert not writer.flush(0.01)
    assert not writer.stop(0.01)
    spool.may_save.set()
    assert writer.stop(10)

    assert [e.end_reason for e in reports.finished] == [EndReason.SHUTDOWN]


# ---- a session over a slow disk ---------------------------------------------------------------
def test_a_disk_that_falls_behind_cuts_the_recording_and_never_leaves_a_hole(tmp_path: Path):
    parts = real_parts(100)
    limit = sum(len(p.data) for p in parts[:5])
    said: list[Report] = []
    with bench(tmp_path, queue_bytes=limit) as b:
        recording = CameraRecording(
            CameraConfig(camera_id="front-door", name="Front door", url="rtsp://127.0.0.1/x"),
            epoch=7,
            recorder="recorder-1",
            writer=b.writer,
            report=said.append,
        )
        recording.start()
        for number, each in enumerate(parts):
            if number == 4:
                b.done()
                b.spool.may_save.clear()  # the next sidecar, or close, stands still
            if number == 12:
                b.spool.may_save.set()
                b.done()
            recording.place(each, 1_790_000_000 + each.captured_monotonic)
            if number < 4:
                b.done()
            if number == 4:
                recording.end(EndReason.ROTATION)
        recording.end(EndReason.STOPPED)
        b.done()

        failures = [s for s in said if isinstance(s, Failed)]
        assert failures, "the disk never fell behind"
        reasons = [e.end_reason for e in b.reports.finished]
        assert EndReason.WRITE_ERROR in reasons
        for done in b.reports.finished:
            assert done.ended_at is not None
            index = read_index(b.spool.media_path(done))
            assert index is not None
            assert index.duration_90k == done.duration_90k
            span = (done.ended_at - done.started_at).total_seconds()
            assert abs(span - done.duration_90k / VIDEO_TIMESCALE) < 0.002
            frames = samples.decode_file(b.spool.media_path(done))
            assert len(frames) == done.duration_90k // 3600
