"""One session's recordings: parts are cut into recordings and handed to the spool writer."""

from collections.abc import Callable, Sequence

import structlog

from libs.contracts.cameras import CameraConfig, CameraState
from libs.contracts.gaps import GapReason
from libs.contracts.recordings import EndReason
from libs.media.packets import VIDEO_TIMESCALE, Part
from services.recorder import metrics
from services.recorder.reports import Connected, Failed, Interrupted, Report
from services.recorder.segmenter import Opening, Segmenter, Step
from services.recorder.spool import SpoolEntry, SpoolState
from services.recorder.spool_writer import ActiveRecording, SpoolWriter

log = structlog.get_logger()

_INTERRUPTIONS = {
    EndReason.CLOCK_CHANGED: Interrupted(GapReason.CLOCK_CHANGED, "the server's clock was set"),
    EndReason.TIMESTAMP_JUMP: Interrupted(
        GapReason.TIMESTAMP_JUMP, "the camera's timestamps jumped"
    ),
}


class CameraRecording:
    """Records a session's parts while that is wanted. Lives in the session's thread.

    `start` and `stop_at` may be called from anywhere.
    """

    def __init__(
        self,
        config: CameraConfig,
        *,
        epoch: int,
        recorder: str,
        writer: SpoolWriter,
        report: Callable[[Report], None],
    ) -> None:
        self._config = config
        self._epoch = epoch
        self._recorder = recorder
        self._writer = writer
        self._report = report
        self._segmenter = Segmenter(config.recording_seconds)
        self._active: ActiveRecording | None = None
        self._is_wanted = False
        self._must_end = False
        self._stop_at: float | None = None

    # ---- from the event loop ------------------------------------------------
    def start(self) -> None:
        """Record from the next keyframe on."""
        self._stop_at = None
        self._is_wanted = True

    def stop_at(self, unix: float) -> None:
        """Record up to a moment (Unix seconds) and no further."""
        self._stop_at = unix

    def cancel(self) -> None:
        """Record nothing more; what is open ends with the session, or before its next part."""
        self._stop_at = None
        self._is_wanted = False
        self._must_end = True

    @property
    def is_wanted(self) -> bool:
        """Whether parts are recorded; false once a stop has been carried out."""
        return self._is_wanted

    def set_seconds(self, seconds: int) -> None:
        """Change the length of recordings, from the next one on."""
        self._segmenter.recording_seconds = seconds

    # ---- in the session's thread --------------------------------------------
    def place(self, part: Part, start_unix: float) -> None:
        """Take the next part, which starts at `start_unix` (Unix seconds, server clock)."""
        if self._must_end:  # also where recording was wanted again since: never behind a hole
            self.end(EndReason.STOPPED)
        if not self._is_wanted:
            return
        if self._active is not None and self._active.failure is not None:
            self._give_up_failed(self._active)
        self._follow(self._segmenter.push(part, start_unix))
        stop_at = self._stop_at
        if stop_at is not None and start_unix + part.duration_90k / VIDEO_TIMESCALE >= stop_at:
            self.end(EndReason.STOPPED)
            self._stop_at = None
            self._is_wanted = False

    def end(self, reason: EndReason) -> None:
        """End the open recording, if there is one."""
        self._must_end = False
        self._follow(self._segmenter.close(reason))
        self._active = None

    def _follow(self, steps: Sequence[Step]) -> None:
        for step in steps:
            if step.closing is not None and self._active is not None:
                self._writer.close(self._active, step.closing.ended_at, step.closing.reason)
                self._active = None
                if step.closing.reason in _INTERRUPTIONS:
                    self._report(_INTERRUPTIONS[step.closing.reason])
            if step.opening is not None:
                self._active = self._begin(step.opening)
            if step.part is None or self._active is None:
                continue
            if not self._write(self._active, step.part):
                return  # the recording was ended; what follows in these steps belonged to it

    def _write(self, recording: ActiveRecording, part: Part) -> bool:
        if self._writer.write(recording, part):
            return True
        metrics.OVERFLOWS.labels(self._config.camera_id).inc()
        self.end(EndReason.WRITE_ERROR)
        detail = "the spool's disk is too slow for the footage that arrives"
        self._report(Failed(CameraState.ERROR, GapReason.WRITE_ERROR, detail))
        return False

    def _give_up_failed(self, recording: ActiveRecording) -> None:
        """The writer could not write and has closed the file; go on with the next keyframe."""
        self._active = None
        self._segmenter.close(EndReason.WRITE_ERROR)
        reason = GapReason.SPOOL_FULL if recording.is_disk_full else GapReason.WRITE_ERROR
        detail = recording.failure.strerror if recording.failure else ""
        self._report(Failed(CameraState.ERROR, reason, f"spool: {detail}"))

    def _begin(self, opening: Opening) -> ActiveRecording:
        init = opening.init
        entry = SpoolEntry(
            state=SpoolState.RECORDING,
            camera_id=self._config.camera_id,
            site=self._config.site,
            epoch=self._epoch,
            recorder=self._recorder,
            started_at=opening.started_at,
            camera_skew_seconds=opening.camera_skew_seconds,
            video_codec=init.video_codec,
            audio_codec=init.audio_codec,
            width=init.width,
            height=init.height,
            fps=init.fps,
        )
        self._report(Connected(init.video_codec, f"{init.width}x{init.height}"))
        return ActiveRecording(entry, init, opening.expected_fragments)
