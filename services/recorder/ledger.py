"""The gap ledger of one camera. No I/O: what was recorded and what went wrong in, gaps out.

Every wanted moment before `accounted_until` is recorded or in a gap that was handed out.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from libs.contracts.gaps import GapReason

_NEVER = datetime.min.replace(tzinfo=UTC)
_RETRACTION = timedelta(milliseconds=1)
"""An announced gap that proves not to be one shrinks to this: a gap cannot be empty."""
_CLOCK_SET_BACK = timedelta(seconds=60)
"""Footage never runs ahead of the clock by this much, however a camera's clock drifts."""


@dataclass(frozen=True, slots=True)
class Gap:
    """Missing footage; `ended_at` None while it goes on."""

    started_at: datetime
    ended_at: datetime | None
    reason: GapReason
    detail: str = ""


class GapLedger:
    """Accounts for one camera's wanted time.

    Call `recorded` for every stretch that is safely in the spool, `failed` when recording is
    interrupted, `tick` about once a second. Each returns the gaps to announce.
    """

    def __init__(
        self,
        *,
        accounted_until: datetime,
        reason: GapReason,
        announce_after: timedelta,
    ) -> None:
        self.accounted_until = accounted_until
        self._reason = reason
        self._detail = ""
        self._announce_after = announce_after
        self._announced: datetime | None = None
        self._ticked_at: datetime | None = None
        self._newest_start = self._failed_at = self._failed_recording = _NEVER

    @property
    def is_recording(self) -> bool:
        """Whether the last word was footage, and no failure after it."""
        return self._reason is GapReason.CONNECTING and self._announced is None

    @property
    def open_gap(self) -> Gap | None:
        """The announced gap that goes on."""
        if self._announced is None:
            return None
        return Gap(self._announced, None, self._reason, self._detail)

    def recorded(self, start: datetime, end: datetime) -> list[Gap]:
        """Account for footage from `start` to `end`; `start` is that of its recording."""
        if self._ticked_at is not None and start - self._ticked_at > _CLOCK_SET_BACK:
            return []  # placed by a clock that was set since; the next tick knows which way
        self._newest_start = max(self._newest_start, start)
        if end <= self.accounted_until:
            return []
        gaps: list[Gap] = []
        if start > self.accounted_until:
            gaps = self._end_gap(start)
        elif self._announced is not None:
            # footage was only slow to reach the disk: the announced gap shrinks to nothing
            gaps = self._end_gap(self._announced + _RETRACTION)
        self.accounted_until = end
        # what the disk was slow to take of the recording that failed does not undo the failure
        if end > self._failed_at and start > self._failed_recording:
            self._reason, self._detail = GapReason.CONNECTING, ""
        return gaps

    def failed(self, reason: GapReason, detail: str, now: datetime) -> list[Gap]:
        """Note why nothing is recorded from now on.

        A known reason is kept until another one is learnt; then the gap is split at `now`.
        """
        gaps: list[Gap] = []
        self._failed_at, self._failed_recording = now, self._newest_start
        if reason is self._reason or reason is GapReason.CONNECTING:
            self._detail = self._detail or detail
            return gaps
        is_known = self._reason is not GapReason.CONNECTING
        if is_known and now > self.accounted_until:
            gaps = self._end_gap(now)
            self.accounted_until = now
        elif self._announced is not None:
            gaps = [Gap(self._announced, None, reason, detail)]
        self._reason, self._detail = reason, detail
        return gaps

    def tick(self, now: datetime) -> list[Gap]:
        """Announce a gap that lasts."""
        self._ticked_at = now
        if self.accounted_until - now > _CLOCK_SET_BACK:
            return self._restart(now)
        is_long = now - self.accounted_until > self._announce_after
        if self._announced is not None or not is_long:
            return []
        self._announced = self.accounted_until
        return [Gap(self._announced, None, self._reason, self._detail)]

    def unwanted(self, at: datetime) -> list[Gap]:
        """Recording was switched off at `at`: what is missing before that is a gap."""
        gaps: list[Gap] = []
        if at > self.accounted_until:
            gaps = self._end_gap(at)
        elif self._announced is not None:
            # footage reached beyond `at`, then failed: nothing that was wanted is missing
            gaps = self._end_gap(self._announced + _RETRACTION)
        self.accounted_until = max(self.accounted_until, at)
        return gaps

    def left(self) -> list[Gap]:
        """Another recorder accounts for this time, and does not know what was announced of it."""
        return self._end_gap(self._announced + _RETRACTION) if self._announced else []

    def _restart(self, now: datetime) -> list[Gap]:
        """The clock was ahead and has been put right: the future is not accounted for."""
        gaps = self.left()
        self.accounted_until = self._failed_at = now
        self._newest_start = self._failed_recording = _NEVER
        return gaps

    def _end_gap(self, at: datetime) -> list[Gap]:
        gap = Gap(self.accounted_until, at, self._reason, self._detail)
        self._announced = None
        return [gap]
