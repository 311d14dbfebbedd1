"""One camera that this recorder holds: its lease, its session, its ledger, its progress."""

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
from services.recorder.connections import Connections
from services.recorder.inheritance import LastWord, inherit
from services.recorder.ledger import Gap, GapLedger
from services.recorder.rejected_logins import RejectedLogins
from services.recorder.reports import Connected, Failed, Interrupted, Report
from services.recorder.settings import RecorderSettings
from services.recorder.spool import SpoolEntry
from services.recorder.spool_writer import SpoolWriter

log = structlog.get_logger()

LAST_FRAME = timedelta(milliseconds=150)
"""What may be missing before a switch-off: the frame under way and the message's own way."""
FRESH = timedelta(seconds=3)
"""A camera taken this soon after it was added or switched on is just being connected."""
RATE_SECONDS = 10
_FLOWING = frozenset({CameraState.RECORDING, CameraState.LIVE})


@dataclass(frozen=True, slots=True)
class Environment:
    """What the cameras of one recorder share."""

    recorder: str
    spool: str
    bus: Bus
    settings: RecorderSettings
    writer: SpoolWriter
    credentials: CredentialBox
    logins: RejectedLogins
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
        self._connections = Connections(
            config,
            epoch=epoch,
            recorder=env.recorder,
            bus=env.bus,
            settings=env.settings,
            writer=env.writer,
            credentials=env.credentials,
            logins=env.logins,
            report=self._reported,
        )
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

    @property
    def is_recording_wanted(self) -> bool:
        """Whether footage is accounted for."""
        return self._ledger is not None

    @property
    def is_idle(self) -> bool:
        """Whether nothing is connected, recorded or watched."""
        return self._connections.is_idle and self._ledger is None

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
        self.config = config
        is_needed = self._ledger is not None or self._connections.is_main_watched
        return self._connections.update(config) and (is_needed or self._connections.is_open)

    async def reconnect(self) -> None:
        """Leave the camera and connect with the present configuration."""
        await self._connections.close(EndReason.CONFIG_CHANGED)
        self._connect()

    def switch_on(self) -> None:
        """Recording became wanted; wanted time that was over before we heard of it is a gap."""
        now = _now()
        inherited = inherit(
            self.config.wanted,
            LastWord(self._accounted_until or now, now, None),
            (),
            now=now,
            reason=GapReason.RECORDER_DOWN,
        )
        self._announce(*inherited.gaps)
        self._begin_recording(inherited.ledger_start or now, GapReason.CONNECTING, now)

    async def switch_off(self, at: datetime) -> None:
        """Recording is not wanted any more since `at`; who watches goes on watching."""
        await self._connections.stop_recording(at)
        self._close_ledger(to_milliseconds(at))
        self._connections.cancel_recording()
        if self._connections.is_connected:
            self._set_state(CameraState.LIVE, "")
        elif not self._connections.is_open:
            self._set_state(CameraState.STOPPED, "")

    def watch(self, renditions: frozenset[Rendition]) -> bool:
        """Send these renditions to viewers, connecting where that is needed.

        True when a connection is not needed any more, or not as it is: call `release` then.
        """
        self._connections.watch(renditions)
        if self._connections.is_main_watched and not self._connections.is_open:
            self._connect()
        return self._is_unneeded or self._connections.is_sub_unneeded

    async def release(self) -> None:
        """End the connections that only viewers needed and that nobody watches any more."""
        if self._is_unneeded:
            await self._connections.close(EndReason.STOPPED)
            self._set_state(CameraState.STOPPED, "")
        if self._connections.is_sub_unneeded:
            self._connections.close_sub()

    @property
    def _is_unneeded(self) -> bool:
        is_needed = self._ledger is not None or self._connections.is_main_watched
        return self._connections.is_open and not is_needed

    async def end(self, reason: EndReason) -> None:
        """Let go of the camera; what is still to come belongs to whoever takes it next."""
        await self._connections.close_all(reason)
        if self._ledger is not None:
            self._accounted_until = self._ledger.accounted_until

    def left_to(self, successor: RecordingProgress | None) -> None:
        """Another recorder took the camera; `successor` is the last word that is known of it.

        It accounts for everything since our own last word. A gap that was announced after that
        is not known to it: nobody else would ever end it.
        """
        if self._ledger is None or (gap := self._ledger.open_gap) is None:
            return
        known = successor.open_gap if successor else None
        if known is None or known.started_at != gap.started_at:
            self._announce(*self._ledger.left())

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
            if self._connections.is_open and self._ledger.is_recording:
                self._set_state(CameraState.RECORDING, "")

    def tick(self, loop_time: float) -> None:
        """Call about once a second."""
        elapsed = loop_time - self._last_tick if self._last_tick is not None else 0.0
        self._last_tick = loop_time
        if self._ledger is not None:
            metrics.WANTED.labels(self.config.camera_id).inc(elapsed)
            self._announce(*self._ledger.tick(_now()))
        if self._connections.has_died:
            log.error("camera.thread_died", camera_id=self.config.camera_id)
            self._failed(Failed(CameraState.ERROR, GapReason.CAMERA_ERROR, "internal failure"))
            self._connect()
        elif self._connections.is_open:
            received = self._connections.received_bytes
            self._received = [*self._received[-RATE_SECONDS:], received]

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
            transport=self.config.transport if self._connections.is_open else "",
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
        if self._connections.is_open:
            self._connections.start_recording()
        else:
            self._connect()

    def _connect(self) -> None:
        try:
            self._connections.open(is_recorded=self._ledger is not None)
        except CredentialsUnreadable as error:
            self._failed(Failed(CameraState.ERROR, GapReason.CAMERA_ERROR, str(error)))
            return
        self._received = []
        self._set_state(CameraState.CONNECTING, "")

    def _reported(self, what: Report) -> None:
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
