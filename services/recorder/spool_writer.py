"""One thread writes all cameras' parts to the spool: capture never waits for a disk."""

import errno
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import structlog

from libs.contracts.recordings import EndReason
from libs.media.packets import VIDEO_TIMESCALE, InitSegment, Part
from libs.media.recording_file import RecordingWriter
from services.recorder import metrics
from services.recorder.spool import Spool, SpoolEntry

log = structlog.get_logger()

REPORT_EVERY_90K = VIDEO_TIMESCALE
"""Media between two reports of progress: each wakes the event loop."""


@dataclass(slots=True, eq=False)
class ActiveRecording:
    """A recording that is being written. `failure` is set by the writer and read by the session."""

    entry: SpoolEntry
    init: InitSegment
    expected_fragments: int
    failure: OSError | None = None
    report_at_90k: int = 0
    """When the writer reports next; the first part is reported at once."""
    file: RecordingWriter | None = field(default=None, repr=False)

    @property
    def is_disk_full(self) -> bool:
        """Whether it failed for want of space."""
        return self.failure is not None and self.failure.errno in {errno.ENOSPC, errno.EDQUOT}


@dataclass(frozen=True, slots=True)
class _Write:
    recording: ActiveRecording
    part: Part


@dataclass(frozen=True, slots=True)
class _Close:
    recording: ActiveRecording
    ended_at: datetime
    reason: EndReason


@dataclass(frozen=True, slots=True)
class _Barrier:
    reached: Callable[[], object]


@dataclass(frozen=True, slots=True)
class SpoolReports:
    """Where the writer reports to; called from its thread, so they must not block."""

    recorded: Callable[[SpoolEntry, datetime], None]
    """A recording is safely in the spool up to a moment."""
    finished: Callable[[SpoolEntry], None]
    """A recording is complete and synced."""
    lost: Callable[[SpoolEntry, datetime], None]
    """A recording that reached up to a moment could not be completed."""


class SpoolWriter:
    """Writes in the order of submission. Its queue is bounded by bytes.

    When the disk is too slow for that, `write` refuses and the part is lost; the session then
    ends the recording, so that no file ever has a hole.
    """

    def __init__(self, spool: Spool, reports: SpoolReports, *, queue_bytes: int) -> None:
        self._spool = spool
        self._reports = reports
        self._limit = queue_bytes
        self._queued = 0
        self._lock = threading.Lock()
        self._queue: queue.SimpleQueue[_Write | _Close | _Barrier | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="spool-writer", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self, timeout_seconds: float) -> bool:
        """Write what is queued, then end; False when that takes too long."""
        self._queue.put(None)
        self._thread.join(timeout_seconds)
        return not self._thread.is_alive()

    def write(self, recording: ActiveRecording, part: Part) -> bool:
        """Queue a part; the file is created with the first one. False: the queue is full."""
        with self._lock:
            if self._queued + len(part.data) > self._limit:
                return False
            self._queued += len(part.data)
        self._queue.put(_Write(recording, part))
        return True

    def close(self, recording: ActiveRecording, ended_at: datetime, reason: EndReason) -> None:
        """Queue the end of a recording."""
        self._queue.put(_Close(recording, ended_at, reason))

    def flush(self, timeout_seconds: float) -> bool:
        """Wait until everything queued so far is written and reported. Blocks."""
        reached = threading.Event()
        self.notify(reached.set)
        return reached.wait(timeout_seconds)

    def notify(self, reached: Callable[[], object]) -> None:
        """Call `reached`, in the writer's thread, when everything queued so far is reported."""
        self._queue.put(_Barrier(reached))

    def _run(self) -> None:
        while (command := self._queue.get()) is not None:
            if isinstance(command, _Barrier):
                command.reached()
                continue
            try:
                if isinstance(command, _Write):
                    self._write(command.recording, command.part)
                else:
                    self._close(command.recording, command.ended_at, command.reason)
            except Exception:  # a camera's bad luck must not stop the others' footage
                log.exception("spool.write_crashed", camera_id=command.recording.entry.camera_id)
                self._give_up(command.recording)
            finally:
                if isinstance(command, _Write):
                    with self._lock:
                        self._queued -= len(command.part.data)

    def _write(self, recording: ActiveRecording, part: Part) -> None:
        if recording.failure is not None:
            return
        try:
            if recording.file is None:
                recording.file = self._open(recording)
            recording.file.append(part)
        except OSError as error:
            self._fail(recording, error)
            return
        if recording.file.duration_90k >= recording.report_at_90k:
            recording.report_at_90k = recording.file.duration_90k + REPORT_EVERY_90K
            self._reports.recorded(recording.entry, _media_end(recording))

    def _open(self, recording: ActiveRecording) -> RecordingWriter:
        # after the server's clock was set back, the same moment can come twice
        while self._spool.exists(recording.entry):
            later = recording.entry.started_at + timedelta(milliseconds=1)
            recording.entry = recording.entry.model_copy(update={"started_at": later})
        # synced: without its sidecar, footage that survives a power cut could not be used
        self._spool.save(recording.entry, sync=True)
        path: Path = self._spool.media_path(recording.entry)
        return RecordingWriter(
            path, recording.init, expected_fragments=recording.expected_fragments
        )

    def _fail(self, recording: ActiveRecording, error: OSError) -> None:
        """Keep what was written so far; the session cuts when it sees `failure`."""
        metrics.WRITE_ERRORS.labels(recording.entry.camera_id).inc()
        log.error("spool.write_failed", camera_id=recording.entry.camera_id, reason=error.strerror)
        if recording.file is None:
            self._spool.remove(recording.entry)
        else:
            self._finish(recording, _media_end(recording), EndReason.WRITE_ERROR)
        recording.failure = error  # last, so that the footage is reported before its failure

    def _give_up(self, recording: ActiveRecording) -> None:
        """Leave the file to be recovered."""
        if recording.file is not None:
            until = _media_end(recording)
            recording.file.abandon()
            recording.file = None
            self._reports.recorded(recording.entry, until)
            self._reports.lost(recording.entry, until)
        recording.failure = OSError(errno.EIO, "unexpected failure")

    def _close(self, recording: ActiveRecording, ended_at: datetime, reason: EndReason) -> None:
        if recording.failure is None and recording.file is not None:
            # after a write error the session has counted a part that was refused
            is_short = reason is EndReason.WRITE_ERROR
            until = min(ended_at, _media_end(recording)) if is_short else ended_at
            self._finish(recording, until, reason)

    def _finish(self, recording: ActiveRecording, ended_at: datetime, reason: EndReason) -> None:
        file = recording.file
        assert file is not None
        written_until = _media_end(recording)
        recording.file = None
        if file.duration_90k == 0:
            file.abandon()
            self._spool.remove(recording.entry)
            return
        try:
            entry = recording.entry.finished(file.close(), ended_at, reason)
            self._spool.save(entry, sync=True)
        except OSError as error:
            # the media is on disk up to the last part; it is finished at the next start
            log.error("spool.finish_failed", camera_id=recording.entry.camera_id, reason=str(error))
            self._reports.recorded(recording.entry, written_until)
            self._reports.lost(recording.entry, ended_at)
            return
        self._reports.recorded(entry, ended_at)
        self._reports.finished(entry)


def _media_end(recording: ActiveRecording) -> datetime:
    ticks = recording.file.duration_90k if recording.file else 0
    milliseconds = ticks * 1000 // VIDEO_TIMESCALE
    return recording.entry.started_at + timedelta(milliseconds=milliseconds)
