"""One camera that this recorder holds: its lease, its session, its ledger, its progress."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog

from libs.bus.client import Bus
from libs.contracts.cameras import CameraConfig, CameraState, CameraStatusChanged
from libs.contracts.gaps import GapDetected, GapReason
from libs.contracts.live import Rendition
from libs.contracts.ownership import OpenGap, RecordingProgress
from libs.contracts.recordings import EndReason
from libs.contracts.times import seconds_between, to_milliseconds
from libs.runtime.credentials import CredentialBox, CredentialsUnreadable
from services.recorder import metrics
from services.recorder.inheritance import LastWord, inherit
from services.recorder.ledger import Gap, GapLedger
from services.recorder.live_feed import LiveFeed
from services.recorder.live_numbering import Stream
from services.recorder.recording import CameraRecording
from services.recorder.reports import Connected, Failed, Interrupted, Report
from services.recorder.session import CameraSession
from services.recorder.settings import RecorderSettings
from services.recorder.spool import SpoolEntry
from services.recorder.spool_writer import SpoolWriter

log = structlog.get_logger()

LAST_FRAME = timedelta(milliseconds=150)
"""What may be missing before a switch-off: the frame under way and the message's own way."""
_FLOWING = frozenset({CameraState.RECORDING, CameraState.LIVE})
FRESH = timedelta(seconds=3)
"""A camera taken this soon after it was added or switched on is just being connected."""
RATE_SECONDS = 10
FLUSH_SECONDS = 5.0
"""How long the spool's disk may take to confirm what a session placed."""
NO_RENDITIONS: frozenset[Rendition] = frozenset()


@dataclass(frozen=True, slots=True)
class Environment:
    """What the cameras of one recorder share."""

    recorder: str
    spool: str
    bus: Bus
    settings: RecorderSettings
    writer: SpoolWriter
    credentials: CredentialBox
    publish: Callable[[GapDetected | CameraStatusChanged], None]
    pending_uploads: Callable[[str], int]
    last_recording_at: Callable[[str], datetime | None]
    stored_until: Callable[[str], datetime | None]
    vanished: Sequence[SpoolEntry] = ()
    """Recordings of an earlier life of which nothing reached the disk."""


class Assignment:
    """A camera from the moment this recorder takes it until it lets go. Lives on the event loop."""

    def __init__(
        self, config: CameraConfig, *, epoch: int, revision: int, env: Environment
    ) -> None:
        self.config = config
        self.epoch = epoch
        self.revision = revision
        self._env = env
        self._loop = asyncio.get_running_loop()
        self._session: CameraSession | None = None
        self._sub_session: CameraSession | None = None
        self._feeds = {rendition: self._feed(rendition) for rendition in Rendition}
        self._watched = NO_RENDITIONS
        self._ledger: GapLedger | None = None
        self._accounted_until: datetime | None = None
        self._state = CameraState.STOPPED
        self._state_since = _now()
        self._detail = ""
        self._codec = self._resolution = ""
        self._recorded_seconds = 0.0
        self._entry_until: tuple[datetime, datetime] | None = None
        self._received: list[int] = []
        self._last_tick: float | None = None
        self._stored_before: datetime | None = None

    def _feed(self, rendition: Rendition) -> LiveFeed:
        stream = Stream(self.config.camera_id, self.config.site, rendition, self.epoch)
        limit = int(self._env.settings.live_buffer_bytes)
        return LiveFeed(self._env.bus, stream, buffer_bytes=limit)

    @property
    def is_recording_wanted(self) -> bool:
        """Whether footage is accounted for."""
        return self._ledger is not None

    @property
    def is_idle(self) -> bool:
        """Whether nothing is connected, recorded or watched."""
        return self._session is None and self._sub_session is None and self._ledger is None

    # ---- begin, change, end -------------------------------------------------
    def begin(self, progress: RecordingProgress | None, spooled: Sequence[SpoolEntry]) -> None:
        """Account for the time before now, then record if that is wanted.

        `spooled` is what this recorder's spool held of the camera when it started.
        """
        now = _now()
        reason = self._reason_before(progress, now)
        self._stored_before = progress.stored_until if progress else None
        inherited = inherit(
            self.config.wanted,
            self._last_word(progress, spooled, reason),
            [(e.started_at, e.ended_at) for e in spooled if e.ended_at is not None],
            now=now,
            reason=reason,
        )
        self._announce(*inherited.gaps)
        self._accounted_until = inherited.ledger_start or now
        if inherited.ledger_start is not None:
            self._begin_recording(inherited.ledger_start, reason, now)

    def update(self, config: CameraConfig) -> bool:
        """Take a changed configuration; True when the camera must be connected anew."""
        old, self.config = self.config, config
        if self._session is not None and self._session.recording is not None:
            self._session.recording.set_seconds(config.recording_seconds)
        return self._session is not None and config.session_differs(old)

    async def reconnect(self) -> None:
        """Leave the camera and connect with the present configuration."""
        await self._end_session(EndReason.CONFIG_CHANGED)
        self._start_session()

    def switch_on(self) -> None:
        """Recording became wanted."""
        start = max(self.config.wanted[-1].started_at, self._accounted_until or _now())
        self._begin_recording(start, GapReason.CONNECTING, _now())

    async def switch_off(self, at: datetime) -> None:
        """Recording is not wanted any more since `at`; who watches goes on watching."""
        session = self._session
        if session is not None and session.is_connected and Rendition.MAIN in self._watched:
            await self._stop_recording(session, at)
        else:
            await self._end_session(EndReason.STOPPED)
        self._close_ledger(to_milliseconds(at))
        self._set_state(CameraState.STOPPED if self._session is None else CameraState.LIVE, "")

    def watch(self, renditions: frozenset[Rendition]) -> bool:
        """Send these renditions to viewers, connecting where that is needed.

        True when a connection is not needed any more, or not as it is: call `release` then.
        """
        self._watched = renditions
        for rendition, feed in self._feeds.items():
            feed.set_watched(rendition in renditions)
        if self._session is None and Rendition.MAIN in renditions:
            self._start_session()
        sub = self._sub_config()
        if self._sub_session is None and sub is not None:
            self._start_sub_session(sub)
        return self._is_main_unneeded() or self._is_sub_unneeded()

    async def release(self) -> None:
        """End the connections that only viewers needed and that nobody watches any more."""
        if self._is_main_unneeded():
            await self._end_session(EndReason.STOPPED)
            self._set_state(CameraState.STOPPED, "")
        if self._is_sub_unneeded():
            await self._end_sub_session()

    async def end(self, reason: EndReason) -> None:
        """Let go of the camera; what is still to come belongs to whoever takes it next."""
        self._watched = NO_RENDITIONS
        for feed in self._feeds.values():
            feed.set_watched(is_watched=False)
        await asyncio.gather(self._end_session(reason), self._end_sub_session())
        if self._ledger is not None:
            self._accounted_until = self._ledger.accounted_until

    # ---- what happens -------------------------------------------------------
    def recorded(self, entry: SpoolEntry, until: datetime) -> None:
        """Footage of `entry` is in the spool up to `until`."""
        if self._entry_until is not None and self._entry_until[0] == entry.started_at:
            before = self._entry_until[1]
        else:
            before = entry.started_at
        added = max(0.0, seconds_between(before, until))
        self._entry_until = (entry.started_at, max(before, until))
        self._recorded_seconds += added
        metrics.RECORDED.labels(self.config.camera_id).inc(added)
        if self._ledger is not None:
            self._announce(*self._ledger.recorded(entry.started_at, until))
            if self._session is not None and self._ledger.is_recording:
                self._set_state(CameraState.RECORDING, "")

    def tick(self, loop_time: float) -> None:
        """Call about once a second."""
        elapsed = loop_time - self._last_tick if self._last_tick is not None else 0.0
        self._last_tick = loop_time
        if self._ledger is not None:
            metrics.WANTED.labels(self.config.camera_id).inc(elapsed)
            self._announce(*self._ledger.tick(_now()))
        if self._sub_session is not None and not self._sub_session.is_alive:
            log.error("camera.thread_died", camera_id=self.config.camera_id, rendition="sub")
            self._sub_session = None  # `watch` begins anew
        if self._session is not None:
            if not self._session.is_alive:
                log.error("camera.thread_died", camera_id=self.config.camera_id)
                self._failed(Failed(CameraState.ERROR, GapReason.CAMERA_ERROR, "internal failure"))
                self._start_session()
                return
            self._received = [*self._received[-RATE_SECONDS:], self._session.received_bytes]

    def progress(self) -> RecordingProgress | None:
        """Return the present state; None before anything is known."""
        accounted = self._ledger.accounted_until if self._ledger else self._accounted_until
        if accounted is None:
            return None
        gap = self._ledger.open_gap if self._ledger else None
        samples = self._received
        seconds = max(1, len(samples) - 1)
        bitrate = 8 * (samples[-1] - samples[0]) // seconds if len(samples) > 1 else 0
        camera_id = self.config.camera_id
        return RecordingProgress(
            camera_id=camera_id,
            site=self.config.site,
            recorder=self._env.recorder,
            spool=self._env.spool,
            epoch=self.epoch,
            seen_at=_now(),
            accounted_until=accounted,
            open_gap=OpenGap(started_at=gap.started_at, reason=gap.reason) if gap else None,
            state=self._state,
            state_since=self._state_since,
            detail=self._detail,
            bitrate_bps=bitrate if self._state in _FLOWING else 0,
            recorded_seconds=round(self._recorded_seconds, 3),
            last_recording_at=self._env.last_recording_at(camera_id) or self._stored_before,
            stored_until=self._env.stored_until(camera_id) or self._stored_before,
            pending_uploads=self._env.pending_uploads(camera_id),
            codec=self._codec,
            resolution=self._resolution,
            transport=self.config.transport if self._session else "",
        )

    # ---- inside -------------------------------------------------------------
    def _reason_before(self, progress: RecordingProgress | None, now: datetime) -> GapReason:
        ttl = timedelta(seconds=self._env.settings.lease_ttl_seconds)
        if progress is None or progress.recorder == self._env.recorder:
            return GapReason.RECORDER_DOWN
        # a lease that had to run out first takes longer than this
        is_quick = now - progress.seen_at < ttl / 2
        return GapReason.HANDOVER if is_quick else GapReason.RECORDER_DOWN

    def _last_word(
        self,
        progress: RecordingProgress | None,
        spooled: Sequence[SpoolEntry],
        reason: GapReason,
    ) -> LastWord | None:
        if progress is None:
            return None
        accounted = progress.accounted_until
        if progress.spool != self._env.spool:
            if reason is GapReason.RECORDER_DOWN:
                # what was not stored lies in another spool and may never come; when it comes, it
                # fills the gap
                stored = progress.stored_until or self._wanted_since(accounted)
                accounted = min(accounted, stored)
            return LastWord(accounted, progress.seen_at, progress.open_gap)
        # after a power cut less is there than was counted: what was written but not synced
        ours = [e for e in self._env.vanished if e.camera_id == self.config.camera_id]
        newest = max(spooled, key=lambda entry: entry.started_at, default=None)
        kept = [entry.started_at for entry in ours if entry.epoch == progress.epoch]
        if (
            newest is not None
            and newest.ended_at is not None
            and newest.end_reason is EndReason.CRASH_RECOVERED
            and newest.epoch == progress.epoch
        ):
            kept.append(newest.ended_at)
        accounted = min([accounted, *kept])
        return LastWord(accounted, progress.seen_at, progress.open_gap)

    def _wanted_since(self, moment: datetime) -> datetime:
        """Return the start of the wanted interval that `moment` lies in or comes after."""
        starts = [w.started_at for w in self.config.wanted if w.started_at <= moment]
        return max(starts, default=moment)

    def _begin_recording(self, start: datetime, reason: GapReason, now: datetime) -> None:
        since = self.config.wanted[-1].started_at
        if now - since < FRESH:
            reason = GapReason.CONNECTING
        self._ledger = GapLedger(
            accounted_until=start,
            reason=reason,
            announce_after=timedelta(seconds=self._env.settings.announce_gap_seconds),
        )
        if self._session is None:
            self._start_session()
        elif self._session.recording is not None:
            self._session.recording.start()

    def _start_session(self) -> None:
        session: CameraSession

        def report(what: Report) -> None:
            self._loop.call_soon_threadsafe(self._reported, session, what)

        recording = CameraRecording(
            self.config,
            epoch=self.epoch,
            recorder=self._env.recorder,
            writer=self._env.writer,
            report=report,
        )
        if self._ledger is not None:
            recording.start()
        try:
            session = self._new_session(self.config, Rendition.MAIN, recording, report)
        except CredentialsUnreadable as error:
            self._failed(Failed(CameraState.ERROR, GapReason.CAMERA_ERROR, str(error)))
            return
        self._session = session
        self._received = []
        self._set_state(CameraState.CONNECTING, "")
        session.start()

    def _new_session(
        self,
        config: CameraConfig,
        rendition: Rendition,
        recording: CameraRecording | None,
        report: Callable[[Report], None],
    ) -> CameraSession:
        token = config.credentials
        return CameraSession(
            config,
            self._env.credentials.open(token) if token else None,
            settings=self._env.settings,
            recording=recording,
            live=self._feeds[rendition].buffer,
            report=report,
            flush=lambda: self._env.writer.flush(FLUSH_SECONDS),
        )

    def _is_main_unneeded(self) -> bool:
        is_needed = self._ledger is not None or Rendition.MAIN in self._watched
        return self._session is not None and not is_needed

    # ---- the sub stream: for viewers only -----------------------------------
    def _sub_config(self) -> CameraConfig | None:
        """The small stream as a camera of its own; None when nobody watches it or there is none."""
        if self.config.sub_url is None or Rendition.SUB not in self._watched:
            return None
        return self.config.model_copy(update={"url": self.config.sub_url})

    def _is_sub_unneeded(self) -> bool:
        if self._sub_session is None:
            return False
        wanted = self._sub_config()
        return wanted is None or wanted.session_differs(self._sub_session.config)

    def _start_sub_session(self, config: CameraConfig) -> None:
        try:
            session = self._new_session(config, Rendition.SUB, None, lambda _: None)
        except CredentialsUnreadable:
            return  # the main stream says so
        self._sub_session = session
        session.start()

    async def _end_sub_session(self) -> None:
        session, self._sub_session = self._sub_session, None
        if session is not None:
            session.stop(EndReason.STOPPED)
            await self._until(lambda: not session.is_connected)

    # ---- ending -------------------------------------------------------------
    async def _stop_recording(self, session: CameraSession, at: datetime) -> None:
        """Record up to `at` and keep the connection."""
        recording = session.recording
        assert recording is not None
        recording.stop_at(at.timestamp())
        await self._until(lambda: not (recording.is_wanted and session.is_connected))
        if recording.is_wanted:  # the connection ended first, and its recording with it
            recording.cancel()
        await self._flushed()

    async def _end_session(self, reason: EndReason) -> None:
        session, self._session = self._session, None
        if session is None:
            return
        session.stop(reason)
        await self._until(lambda: not session.is_connected)
        await self._flushed()

    async def _until(self, is_done: Callable[[], bool]) -> None:
        """Wait for a thread, but not for ever: it may hang in a library."""
        try:
            async with asyncio.timeout(self._env.settings.stall_seconds + FLUSH_SECONDS):
                while not is_done():  # noqa: ASYNC110 - a thread has no event to await
                    await asyncio.sleep(0.02)
        except TimeoutError:
            log.error("camera.thread_stuck", camera_id=self.config.camera_id)

    async def _flushed(self) -> None:
        """Wait until what was placed is in the spool and reported."""
        reported = asyncio.Event()
        self._env.writer.notify(lambda: self._loop.call_soon_threadsafe(reported.set))
        try:
            async with asyncio.timeout(FLUSH_SECONDS):
                await reported.wait()
        except TimeoutError:
            log.error("spool.slow", camera_id=self.config.camera_id)

    def _reported(self, session: CameraSession, what: Report) -> None:
        if session is not self._session:
            return
        match what:
            case Connected():
                self._codec, self._resolution = what.codec, what.resolution
                if self._ledger is None:
                    self._set_state(CameraState.LIVE, "")
            case Interrupted():
                if self._ledger is not None:
                    self._announce(*self._ledger.failed(what.reason, what.detail, _now()))
            case Failed():
                self._failed(what)

    def _failed(self, what: Failed) -> None:
        if self._ledger is not None:
            self._announce(*self._ledger.failed(what.reason, what.detail, _now()))
        self._set_state(what.state, what.detail)

    def _close_ledger(self, at: datetime) -> None:
        if self._ledger is None:
            return
        if at - self._ledger.accounted_until > LAST_FRAME or self._ledger.open_gap is not None:
            self._announce(*self._ledger.unwanted(at))
        self._accounted_until = max(self._ledger.accounted_until, at)
        self._ledger = None

    def _set_state(self, state: CameraState, detail: str) -> None:
        if (state, detail) == (self._state, self._detail):
            return
        is_change = state is not self._state
        self._state, self._detail = state, detail
        if not is_change:
            return
        self._state_since = _now()
        log.info("camera.state_changed", camera_id=self.config.camera_id, state=state)
        self._env.publish(
            CameraStatusChanged(
                camera_id=self.config.camera_id,
                site=self.config.site,
                state=state,
                since=self._state_since,
                detail=detail,
                recorder=self._env.recorder,
            )
        )

    def _announce(self, *gaps: Gap) -> None:
        for gap in gaps:
            self._env.publish(
                gap_event(
                    gap,
                    camera_id=self.config.camera_id,
                    site=self.config.site,
                    recorder=self._env.recorder,
                )
            )


def gap_event(gap: Gap, *, camera_id: str, site: str, recorder: str) -> GapDetected:
    """Return the event of a gap, and count it."""
    if gap.ended_at is not None:
        metrics.GAPS.labels(camera_id, gap.reason).inc()
    return GapDetected(
        camera_id=camera_id,
        site=site,
        started_at=gap.started_at,
        ended_at=gap.ended_at,
        reason=gap.reason,
        detail=gap.detail,
        recorder=recorder,
    )


def _now() -> datetime:
    return to_milliseconds(datetime.now(UTC))
