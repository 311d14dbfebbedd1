"""Sends a clip to all sessions of a camera on one shared timeline."""

from collections.abc import Iterable, Sequence
from typing import Final

from tools.camera_sim.faults import FaultState
from tools.camera_sim.media_clock import MediaClock
from tools.camera_sim.rtp_track import Cursor, RtpTrack
from tools.camera_sim.session import Session

# a process that was stopped for longer goes on with the present, as a camera does
_MAX_LAG_SECONDS: Final = 3.0


class Feed:
    """One cursor per track; whoever plays gets what passes by."""

    def __init__(self, tracks: Sequence[RtpTrack], clock: MediaClock, faults: FaultState) -> None:
        self.clock = clock
        self._faults = faults
        self._cursors = self._cursors_of(tracks)
        self._next_video: Cursor | None = None

    @property
    def tracks(self) -> list[RtpTrack]:
        """What is sent at present, video first."""
        return [cursor.track for cursor in self._cursors]

    def replace(self, tracks: Sequence[RtpTrack]) -> None:
        """Sends something else from now on; sessions must have ended."""
        self._cursors, self._next_video = self._cursors_of(tracks), None

    def switch_video(self, track: RtpTrack) -> None:
        """Goes over to another video of the same codec at that one's next keyframe."""
        self._next_video = Cursor(track, self._ticks(track.media.clock_rate))
        self._next_video.seek_key()

    def send_due(self, sessions: Iterable[Session]) -> None:
        """Sends all that is due; a stalled camera's media passes unsent."""
        playing = [] if self._faults.stalls else [s for s in sessions if s.is_playing]
        for number, cursor in enumerate(self._cursors):
            now = self._ticks(cursor.track.media.clock_rate)
            if now - cursor.sent_at > _MAX_LAG_SECONDS * cursor.track.media.clock_rate:
                cursor = self._cursors[number] = Cursor(cursor.track, now)  # noqa: PLW2901 - the old one is void
            while cursor.sent_at <= now:
                cursor = self._switched(number, cursor)  # noqa: PLW2901 - the old one is void
                self._send(number, cursor, playing)
                cursor.advance()

    def seconds_until_next(self) -> float:
        """Real seconds until something is due."""
        return min(
            self.clock.seconds_until(cursor.sent_at / cursor.track.media.clock_rate)
            for cursor in self._cursors
        )

    def report(self, sessions: Iterable[Session]) -> None:
        """Sends a sender report for each track of each session."""
        if self._faults.mutes_rtcp or self._faults.stalls:
            return
        for session in sessions:
            if session.is_playing:
                for number in session.tracks:
                    unix_time = self.clock.now() + self._faults.clock_step_seconds
                    session.report(number, self.stamped_now(number), unix_time)

    def now(self) -> dict[int, tuple[int, int]]:
        """What each track's packets would be stamped with at this moment, and its clock rate."""
        return {
            number: (self.stamped_now(number), cursor.track.media.clock_rate)
            for number, cursor in enumerate(self._cursors)
        }

    def stamped_now(self, number: int) -> int:
        """The same of one track; faults included."""
        rate = self._cursors[number].track.media.clock_rate
        return self._stamp(number, self._ticks(rate))

    def _send(self, number: int, cursor: Cursor, sessions: Iterable[Session]) -> None:
        is_video = cursor.track.is_video
        if is_video and self._faults.drops_keyframes and cursor.unit.is_key:
            return
        if not is_video and self._faults.mutes_audio:
            return
        ticks = self._stamp(number, cursor.pts)
        for session in sessions:
            session.send(number, cursor.unit, ticks)

    def _switched(self, number: int, cursor: Cursor) -> Cursor:
        """The other clip's cursor as soon as this one has reached its first picture."""
        following = self._next_video
        if following is None or not cursor.track.is_video or cursor.pts < following.pts:
            return cursor
        self._cursors[number], self._next_video = following, None
        return following

    def _stamp(self, number: int, ticks: int) -> int:
        rate = self._cursors[number].track.media.clock_rate
        if self._faults.frozen_at is not None:
            ticks = int(self._faults.frozen_at * rate)
        return ticks + round(self._faults.jump_seconds * rate)

    def _ticks(self, rate: int) -> int:
        return int(self.clock.now() * rate)

    def _cursors_of(self, tracks: Sequence[RtpTrack]) -> list[Cursor]:
        return [Cursor(track, self._ticks(track.media.clock_rate)) for track in tracks]
