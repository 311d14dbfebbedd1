"""A held camera's connections: the main stream, recorded and watched, and the small one, watched.

Lives on the event loop; each connection is a session with a thread of its own.
"""

import asyncio
import time
from collections.abc import Callable
from datetime import datetime

import structlog

from libs.bus.client import Bus
from libs.contracts.cameras import CameraConfig
from libs.contracts.live import Rendition
from libs.contracts.recordings import EndReason
from libs.runtime.credentials import CredentialBox, CredentialsUnreadable
from services.recorder.live_feed import LiveFeed
from services.recorder.live_numbering import Stream
from services.recorder.recording import CameraRecording
from services.recorder.rejected_logins import RejectedLogins, place_of
from services.recorder.reports import Report
from services.recorder.session import CameraSession
from services.recorder.settings import RecorderSettings
from services.recorder.spool_writer import SpoolWriter

log = structlog.get_logger()

FLUSH_SECONDS = 5.0
"""How long the spool's disk may take to confirm what a session placed."""
NO_RENDITIONS: frozenset[Rendition] = frozenset()


class Connections:
    """Opens and closes what recording and viewers need, never twice for one stream.

    Whoever changes the configuration calls `update` and, if it says so, closes and opens.
    `report` is called on the event loop, with what the main stream's present session says.
    """

    def __init__(
        self,
        config: CameraConfig,
        *,
        epoch: int,
        recorder: str,
        bus: Bus,
        settings: RecorderSettings,
        writer: SpoolWriter,
        credentials: CredentialBox,
        logins: RejectedLogins,
        report: Callable[[Report], None],
    ) -> None:
        self.config = config
        self._epoch = epoch
        self._recorder = recorder
        self._settings = settings
        self._writer = writer
        self._credentials = credentials
        self._logins = logins
        self._report = report
        self._loop = asyncio.get_running_loop()
        self._feeds = {
            rendition: LiveFeed(
                bus,
                Stream(config.camera_id, config.site, rendition, epoch),
                buffer_bytes=int(settings.live_buffer_bytes),
            )
            for rendition in Rendition
        }
        self._watched = NO_RENDITIONS
        self._main: CameraSession | None = None
        self._recording: CameraRecording | None = None
        self._sub: CameraSession | None = None

    # ---- the main stream ----------------------------------------------------
    @property
    def is_open(self) -> bool:
        """Whether the main stream has a session."""
        return self._main is not None

    @property
    def is_connected(self) -> bool:
        """Whether the main stream's session receives."""
        return self._main is not None and self._main.is_connected

    @property
    def is_idle(self) -> bool:
        """Whether there is no session and nobody who wants one."""
        return self._main is None and self._sub is None and not self._watched

    @property
    def has_died(self) -> bool:
        """Whether the main stream's thread ended by itself, which it never should."""
        return self._main is not None and not self._main.is_alive

    @property
    def received_bytes(self) -> int:
        """What the main stream's session received so far."""
        return self._main.received_bytes if self._main is not None else 0

    def open(self, *, is_recorded: bool) -> None:
        """Connect the main stream; raises CredentialsUnreadable."""
        session: CameraSession

        def report(what: Report) -> None:
            self._loop.call_soon_threadsafe(self._reported, session, what)

        recording = CameraRecording(
            self.config,
            epoch=self._epoch,
            recorder=self._recorder,
            writer=self._writer,
            report=report,
        )
        if is_recorded:
            recording.start()
        session = self._session(self.config, Rendition.MAIN, recording, report)
        self._main, self._recording = session, recording
        session.start()

    async def close(self, reason: EndReason) -> None:
        """Leave the main stream; an open recording ends with `reason` and is in the spool."""
        session, self._main, self._recording = self._main, None, None
        if session is not None:
            session.stop(reason)
            await self._until(lambda: not session.is_connected)
            self._feeds[Rendition.MAIN].buffer.close()
            await self._flushed()

    def update(self, config: CameraConfig) -> bool:
        """Take a changed configuration; True when it needs another connection to the camera."""
        before, self.config = self.config, config
        if config.version != before.version:
            self._logins.forget(place_of(config.url))  # perhaps the camera has been put right
        if self._recording is not None:
            self._recording.set_seconds(config.recording_seconds)
        if self._are_same_login(before.credentials, config.credentials):
            # sealed with another key only: that is no reason to leave the camera
            before = before.model_copy(update={"credentials": config.credentials})
        return config.session_differs(before)

    def start_recording(self) -> None:
        """Record what the open session receives, from the next keyframe on."""
        if self._recording is not None:
            self._recording.start()

    async def stop_recording(self, at: datetime) -> None:
        """Record up to `at`; the connection is kept where somebody watches."""
        session, recording = self._main, self._recording
        if session is None or recording is None:
            return
        if not session.is_connected or Rendition.MAIN not in self._watched:
            await self.close(EndReason.STOPPED)
            return
        recording.stop_at(min(at.timestamp(), time.time()))
        await self._until(lambda: not (recording.is_wanted and session.is_connected))
        self.cancel_recording()  # where no part came that reaches so far
        await self._flushed()

    def cancel_recording(self) -> None:
        """Make sure that the open session, whichever it is by now, records nothing more."""
        if self._recording is not None:
            self._recording.cancel()

    # ---- viewers ------------------------------------------------------------
    @property
    def is_main_watched(self) -> bool:
        """Whether viewers want the main stream."""
        return Rendition.MAIN in self._watched

    def watch(self, renditions: frozenset[Rendition]) -> None:
        """Send these renditions to viewers, and connect the small stream when it is among them."""
        self._watched = renditions
        for rendition, feed in self._feeds.items():
            feed.set_watched(rendition in renditions)
        if self._sub is not None and not self._sub.is_alive:
            log.error("camera.thread_died", camera_id=self.config.camera_id, rendition="sub")
            self._sub = None
        config = self._sub_config()
        if self._sub is None and config is not None:
            self._open_sub(config)

    @property
    def is_sub_unneeded(self) -> bool:
        """Whether the small stream's session is not watched any more, or not as it is."""
        if self._sub is None:
            return False
        wanted = self._sub_config()
        return wanted is None or wanted.session_differs(self._sub.config)

    def close_sub(self) -> None:
        """Leave the small stream. Nobody waits for its thread: recording does not depend on it."""
        session, self._sub = self._sub, None
        if session is not None:
            session.stop(EndReason.STOPPED)
            self._feeds[Rendition.SUB].buffer.close()

    async def close_all(self, reason: EndReason) -> None:
        """Leave the camera."""
        self.watch(NO_RENDITIONS)
        self.close_sub()
        await self.close(reason)

    # ---- inside -------------------------------------------------------------
    def _session(
        self,
        config: CameraConfig,
        rendition: Rendition,
        recording: CameraRecording | None,
        report: Callable[[Report], None],
    ) -> CameraSession:
        token = config.credentials
        login = self._credentials.open(token) if token else None
        return CameraSession(
            config,
            login,
            settings=self._settings,
            logins=self._logins,
            recording=recording,
            rendition=rendition,
            live=self._feeds[rendition].buffer.open(),
            report=report,
            flush=lambda: self._writer.flush(FLUSH_SECONDS),
        )

    def _are_same_login(self, one: str | None, other: str | None) -> bool:
        if one is None or other is None:
            return False
        try:
            return self._credentials.open(one) == self._credentials.open(other)
        except CredentialsUnreadable:
            return False

    def _reported(self, session: CameraSession, what: Report) -> None:
        if session is self._main:
            self._report(what)

    def _sub_config(self) -> CameraConfig | None:
        """The small stream as a camera of its own; None when nobody watches it or there is none."""
        if self.config.sub_url is None or Rendition.SUB not in self._watched:
            return None
        return self.config.model_copy(update={"url": self.config.sub_url})

    def _open_sub(self, config: CameraConfig) -> None:
        try:
            self._sub = self._session(config, Rendition.SUB, None, lambda _: None)
        except CredentialsUnreadable:
            return  # the main stream says so
        self._sub.start()

    async def _until(self, is_done: Callable[[], bool]) -> None:
        """Wait for a thread, but not for ever: it may hang in a library."""
        try:
            async with asyncio.timeout(self._settings.stall_seconds + FLUSH_SECONDS):
                while not is_done():  # noqa: ASYNC110 - a thread has no event to await
                    await asyncio.sleep(0.02)
        except TimeoutError:
            log.error("camera.thread_stuck", camera_id=self.config.camera_id)

    async def _flushed(self) -> None:
        """Wait until what was placed is in the spool and reported."""
        reported = asyncio.Event()
        self._writer.notify(lambda: self._loop.call_soon_threadsafe(reported.set))
        try:
            async with asyncio.timeout(self._settings.stall_seconds + FLUSH_SECONDS):
                await reported.wait()
        except TimeoutError:
            log.error("spool.slow", camera_id=self.config.camera_id)
