"""One camera's connection: a thread that reads, muxes once and hands the parts over."""

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

import structlog

from libs.contracts.cameras import CameraConfig, CameraState
from libs.contracts.gaps import GapReason
from libs.contracts.live import Rendition
from libs.contracts.recordings import EndReason
from libs.media.audio import AudioPipeline, make_audio_pipeline
from libs.media.errors import SourceError, SourceErrorKind
from libs.media.packets import Packet, Part, TrackKind
from libs.media.parts import Muxer, part_target
from libs.media.source import RtspSource, Tracks
from libs.runtime.addresses import host_refusal
from libs.runtime.backoff import Backoff
from libs.runtime.clock import SystemClock, WallClock
from libs.runtime.credentials import CameraCredentials
from services.recorder import metrics
from services.recorder.live_buffer import LiveTap
from services.recorder.recording import CameraRecording
from services.recorder.rejected_logins import CameraLogin, RejectedLogins
from services.recorder.reports import Connected, Failed, Report
from services.recorder.settings import RecorderSettings

log = structlog.get_logger()

FLOWING_SECONDS = 1.0
LOGIN_LOOK_SECONDS = 1.0
"""How soon a resting login is tried after somebody changed the camera."""
MOST_BATCHED = 64


@dataclass(frozen=True, slots=True)
class _Outcome:
    """How one connection ended."""

    end_reason: EndReason
    report: Failed


_OUTCOMES: dict[SourceErrorKind, tuple[CameraState, GapReason, EndReason]] = {
    SourceErrorKind.UNAUTHORIZED: (
        CameraState.UNAUTHORIZED,
        GapReason.CAMERA_UNAUTHORIZED,
        EndReason.CONNECTION_LOST,
    ),
    SourceErrorKind.TIMEOUT: (
        CameraState.OFFLINE,
        GapReason.CAMERA_OFFLINE,
        EndReason.STREAM_STALLED,
    ),
}
_OFFLINE = (CameraState.OFFLINE, GapReason.CAMERA_OFFLINE, EndReason.CONNECTION_LOST)
_ERROR = (CameraState.ERROR, GapReason.CAMERA_ERROR, EndReason.CONNECTION_LOST)
_OFFLINE_KINDS = frozenset(
    {SourceErrorKind.REFUSED, SourceErrorKind.TIMEOUT, SourceErrorKind.CONNECTION_LOST}
)


class _NoKeyframe(Exception):
    """The camera sends pictures but no keyframe."""


class _Stalled(Exception):
    """The camera keeps the connection but sends no pictures."""


class CameraSession:
    """Keeps one camera connected, recorded and ready for live viewers, until stopped.

    `report` and `flush` (which waits until everything placed so far is in the spool) are called
    from the session's thread.
    """

    def __init__(
        self,
        config: CameraConfig,
        credentials: CameraCredentials | None,
        *,
        settings: RecorderSettings,
        logins: RejectedLogins,
        recording: CameraRecording | None,
        rendition: Rendition,
        live: LiveTap,
        report: Callable[[Report], None],
        flush: Callable[[], object],
    ) -> None:
        self.config = config
        self.received_bytes = 0
        self.recording = recording
        self._credentials = credentials
        self._login = CameraLogin(logins, config.url, credentials)
        self._settings = settings
        self._rendition = rendition
        self._live = live
        self._report = report
        self._flush = flush
        self._wall = WallClock(SystemClock())
        self._stop = threading.Event()
        self._stop_reason = EndReason.STOPPED
        self._source: RtspSource | None = None
        self._last_video = 0.0
        self._last_keyframe = 0.0
        self._is_reading = False
        self._counted = (0, 0, 0)
        self._labels = (config.camera_id, rendition)
        self._received = metrics.RECEIVED.labels(*self._labels)
        self._counters = tuple(
            counter.labels(*self._labels)
            for counter in (
                metrics.LOST_PACKETS,
                metrics.TIMESTAMP_ADJUSTMENTS,
                metrics.DROPPED_AUDIO,
            )
        )
        self._thread = threading.Thread(
            target=self._run, name=f"camera-{config.camera_id}", daemon=True
        )

    # ---- from the event loop ------------------------------------------------
    def start(self) -> None:
        """Connect and record."""
        self._thread.start()

    def stop(self, reason: EndReason) -> None:
        """Ask the thread to end; an open recording ends with `reason`."""
        self._stop_reason = reason
        self._stop.set()
        if (source := self._source) is not None:
            source.stop()

    @property
    def is_alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    @property
    def is_connected(self) -> bool:
        """Whether there may be footage to wait for after `stop`; connecting cannot be stopped."""
        return self._is_reading and self._thread.is_alive()

    # ---- in the thread ------------------------------------------------------
    def _run(self) -> None:
        structlog.contextvars.bind_contextvars(
            camera_id=self.config.camera_id, rendition=self._rendition
        )
        backoff = Backoff(first_seconds=0.5, max_seconds=self._settings.reconnect_max_seconds)
        is_rejected = False
        while True:
            self._await_login(is_told=is_rejected)
            if self._stop.is_set():
                break
            connected_at = time.monotonic()
            outcome = self._attempt()
            if self._stop.is_set() or outcome is None:
                break
            if time.monotonic() - connected_at > self._settings.reconnect_max_seconds:
                backoff.reset()
            self._flush()  # first what was recorded, then that it ended
            self._report(outcome.report)
            metrics.RECONNECTS.labels(*self._labels, outcome.report.reason).inc()
            is_rejected = outcome.report.state is CameraState.UNAUTHORIZED
            if is_rejected:
                delay = self._login.rejected()
            else:
                self._login.undecided()
                delay = backoff.next_seconds()
            log.warning(
                "camera.connection_lost",
                reason=outcome.report.reason,
                detail=outcome.report.detail,
                retry_seconds=round(delay, 2),
            )
            if not is_rejected:
                self._stop.wait(delay)

    def _await_login(self, *, is_told: bool) -> None:
        """Wait while a rejected login rests, or another camera finds out whether it is good."""
        while not self._stop.is_set() and (seconds := self._login.seconds_to_wait()) > 0:
            if self._login.is_rejected and not is_told:
                is_told = True
                self._report(
                    Failed(
                        CameraState.UNAUTHORIZED,
                        GapReason.CAMERA_UNAUTHORIZED,
                        "the device rejected this login, so that it is not tried for "
                        f"{max(1, round(seconds / 60))} min; correct it, or save the camera again",
                    )
                )
            self._stop.wait(min(seconds, LOGIN_LOOK_SECONDS))

    def _attempt(self) -> _Outcome | None:
        """Connect once and record until it ends; None after a requested stop."""
        if (refused := self._refused_address()) is not None:
            return refused
        muxer: Muxer | None = None
        outcome: _Outcome | None = None
        try:
            source = self._new_source()
            self._source = source
            if self._stop.is_set():
                return None  # asked to stop before there was anything to wake
            try:
                tracks = source.open()
                self._login.accepted()
                self._is_reading = True
                self._note_tracks(tracks)
                pipeline = self._audio_pipeline(tracks)
                target = part_target(self.config.part_seconds, tracks.video.fps)
                muxer = Muxer(
                    tracks.video,
                    pipeline.output if pipeline else None,
                    part_target_seconds=target,
                )
                self._live.part_target = target
                self._read(source, muxer, pipeline, self._batch(tracks, target))
            finally:
                self._source = None
                source.close()
                self._count(source, muxer)
                self._counted = (0, 0, 0)
        except SourceError as error:
            outcome = self._outcome_of(error)
        except _Stalled:
            outcome = self._stalled()
        except _NoKeyframe:
            detail = (
                f"no keyframe for {self._settings.keyframe_limit_seconds:.0f} s; "
                "set a shorter keyframe (I-frame) interval in the camera"
            )
            outcome = _Outcome(
                EndReason.NO_KEYFRAME, Failed(CameraState.ERROR, GapReason.NO_KEYFRAME, detail)
            )
        except Exception as error:  # one camera must never take the others with it
            log.exception("camera.session_crashed")
            detail = f"unexpected failure: {type(error).__name__}"
            outcome = _Outcome(
                EndReason.CONNECTION_LOST,
                Failed(CameraState.ERROR, GapReason.CAMERA_ERROR, detail),
            )
        self._finish(muxer, outcome)
        self._is_reading = False
        return outcome

    def _refused_address(self) -> _Outcome | None:
        """A name may have come to mean another address since somebody entered it."""
        host = urlsplit(self.config.url).hostname or ""
        allow_loopback = self._settings.allow_loopback_cameras
        what = host_refusal(host, allow_loopback=allow_loopback)
        if not what:
            return None
        detail = f"{host} is {what}, which is not allowed as a camera"
        return _Outcome(
            EndReason.CONNECTION_LOST, Failed(CameraState.ERROR, GapReason.CAMERA_ERROR, detail)
        )

    def _new_source(self) -> RtspSource:
        login = self._credentials
        self._last_video = 0.0
        return RtspSource(
            self.config.url,
            username=login.username if login else None,
            password=login.password if login else None,
            transport=self.config.transport,
            stall_seconds=self._settings.stall_seconds,
            open_timeout_seconds=self._settings.open_timeout_seconds,
            verify_tls=self.config.verify_tls,
            # only over UDP are losses seen, and looking for them costs as much as the rest
            count_losses=self.config.transport == "udp",
        )

    def _note_tracks(self, tracks: Tracks) -> None:
        video = tracks.video
        resolution = f"{video.width}x{video.height}" if video.width else ""
        log.info("camera.connected", codec=video.codec, resolution=resolution)
        for dropped in tracks.dropped:
            metrics.UNRECORDABLE_AUDIO.labels(*self._labels, dropped.codec).inc()
            log.warning("camera.track_dropped", codec=dropped.codec, reason=dropped.reason)
        self._report(Connected(video.codec, resolution))

    def _audio_pipeline(self, tracks: Tracks) -> AudioPipeline | None:
        if tracks.audio is None or self.config.audio == "off":
            return None
        return make_audio_pipeline(tracks.audio)

    def _batch(self, tracks: Tracks, part_seconds: float) -> int:
        """How many pictures make a part; 1 when the camera does not say its frame rate."""
        fps = tracks.video.fps
        return max(1, min(MOST_BATCHED, int(fps * part_seconds))) if fps else 1

    def _read(
        self, source: RtspSource, muxer: Muxer, pipeline: AudioPipeline | None, batch: int
    ) -> None:
        """Mux what arrives, a part's worth at a time.

        All cameras' threads share one interpreter lock; taking it for long at every frame makes
        them wait for each other. A part cannot be finished before its last frame came, so muxing
        its packets together delays nothing.
        """
        self._last_video = self._last_keyframe = time.monotonic()
        waiting: deque[Packet] = deque()
        pictures = 0
        patience = self.config.part_seconds
        try:
            for packet in source.packets():
                waiting.append(packet)
                if packet.track is TrackKind.VIDEO:
                    self._watch_video(packet)
                    pictures += 1
                    is_due = packet.is_key or pictures >= batch
                    # fewer pictures than the camera announced
                    is_due |= packet.arrived_monotonic - waiting[0].arrived_monotonic > patience
                else:
                    self._watch_audio(packet)
                    is_due = muxer.is_waiting
                if is_due:
                    self._mux(waiting, muxer, pipeline)
                    pictures = 0
                    self._count(source, muxer)
        finally:
            self._mux(waiting, muxer, pipeline)
            for aac in pipeline.flush() if pipeline else ():
                muxer.push(aac)

    def _mux(self, waiting: deque[Packet], muxer: Muxer, pipeline: AudioPipeline | None) -> None:
        """Take all of `waiting` to the muxer and place the parts that it completes."""
        size = 0
        while waiting:
            packet = waiting.popleft()
            size += len(packet.data)
            if packet.track is TrackKind.VIDEO:
                parts = muxer.push(packet)
            elif pipeline is not None:
                parts = [part for aac in pipeline.push(packet) for part in muxer.push(aac)]
            else:
                continue
            for part in parts:
                self._place(part)
        self.received_bytes += size
        self._received.inc(size)

    def _watch_video(self, packet: Packet) -> None:
        now = packet.arrived_monotonic
        # the picture that libav gives up when a stalled read ends says nothing about keyframes
        is_flowing = now - self._last_video < FLOWING_SECONDS
        self._last_video = now
        if packet.is_key:
            self._last_keyframe = now
        elif is_flowing and now - self._last_keyframe > self._settings.keyframe_limit_seconds:
            raise _NoKeyframe

    def _watch_audio(self, packet: Packet) -> None:
        if packet.arrived_monotonic - self._last_video > self._settings.stall_seconds:
            raise _Stalled

    def _place(self, part: Part) -> None:
        recording = self.recording
        if part.is_keyframe_start and (jump := self._wall.check()):
            log.warning("clock.stepped", seconds=round(jump, 3))
            if recording is not None:
                recording.end(EndReason.CLOCK_CHANGED)
        start_unix = self._wall.unix_at(part.captured_monotonic)
        if recording is not None:
            recording.place(part, start_unix)
        try:
            self._live.put(part, start_unix)
        except Exception:  # viewers must never cost footage
            log.exception("live.part_lost")

    def _finish(self, muxer: Muxer | None, outcome: _Outcome | None) -> None:
        """Write what the muxer still holds and end the recording."""
        try:
            for part in muxer.flush() if muxer else ():
                self._place(part)
        except Exception:  # the recording itself must still be ended
            log.exception("camera.flush_failed")
        if self.recording is not None:
            self.recording.end(outcome.end_reason if outcome else self._stop_reason)

    def _outcome_of(self, error: SourceError) -> _Outcome:
        kind = error.kind
        fallback = _OFFLINE if kind in _OFFLINE_KINDS else _ERROR
        state, gap, end = _OUTCOMES.get(kind, fallback)
        if kind is SourceErrorKind.TIMEOUT and self._last_video:
            gap = GapReason.STREAM_STALLED
        return _Outcome(end, Failed(state, gap, error.told))

    def _stalled(self) -> _Outcome:
        detail = f"connected, but no video for {self._settings.stall_seconds:.0f} s"
        return _Outcome(
            EndReason.STREAM_STALLED,
            Failed(CameraState.OFFLINE, GapReason.STREAM_STALLED, detail),
        )

    def _count(self, source: RtspSource, muxer: Muxer | None) -> None:
        """Bring the metrics up to date with the counters of this connection."""
        now = (
            source.lost_packets,
            muxer.timestamp_adjustments if muxer else 0,
            muxer.dropped_audio if muxer else 0,
        )
        if now == self._counted:
            return
        for counter, value, before in zip(self._counters, now, self._counted, strict=True):
            counter.inc(value - before)
        self._counted = now
