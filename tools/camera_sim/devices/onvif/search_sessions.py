"""Search sessions: results that are handed out once, until the end or until nobody asks."""

import asyncio
import copy
import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from tools.camera_sim.devices.onvif.soap import SoapFault, invalid_argument
from tools.camera_sim.devices.onvif.xml import Element

SearchKind = Literal["recordings", "events"]
_POLL_SECONDS: Final = 0.02
_BUSY_REASON: Final = "Too many searches are running"


@dataclass(slots=True)
class SearchSession:
    """One search; `results` become known evenly over `duration` seconds."""

    token: str
    kind: SearchKind
    results: Sequence[Element]
    duration: float
    keep_alive: float
    started: float
    expires: float
    delivered: int = 0
    waiting: int = 0
    """Requests that wait in it now; it does not expire under them."""
    is_ended: bool = False

    def known(self, now: float) -> int:
        """How many results were found so far."""
        elapsed = now - self.started
        if elapsed >= self.duration:
            return len(self.results)
        return int(len(self.results) * elapsed / self.duration)


@dataclass(frozen=True, slots=True)
class SearchPage:
    """Some results, and whether the search is completed with them."""

    results: list[Element]
    is_last: bool


class SearchSessions:
    """All searches of a device; the clock is in seconds and never goes back."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._sessions: dict[str, SearchSession] = {}

    @property
    def open_count(self) -> int:
        """Sessions that neither ended nor expired."""
        self._forget_expired()
        return len(self._sessions)

    def begin(
        self,
        kind: SearchKind,
        results: Sequence[Element],
        *,
        duration: float,
        keep_alive: float,
        limit: int,
    ) -> SearchSession:
        """Start a search; raises ResourceProblem when `limit` of them are there."""
        if self.open_count >= limit:
            raise resource_problem()
        now = self._clock()
        token = f"search-{secrets.token_hex(8)}"
        session = SearchSession(
            token, kind, results, duration, keep_alive, now, expires=now + keep_alive
        )
        self._sessions[token] = session
        return session

    def find(self, token: str | None, kind: SearchKind | None = None) -> SearchSession:
        """Return a session and keep it alive; raises InvalidToken."""
        self._forget_expired()
        session = self._sessions.get(token or "")
        if session is None or (kind is not None and session.kind != kind):
            raise invalid_argument("InvalidToken", "There is no such search")
        session.expires = self._clock() + session.keep_alive
        return session

    async def next_page(
        self,
        session: SearchSession,
        *,
        least: int,
        most: int,
        wait: float,
        repeats_seam: bool = False,
        never_ends: bool = False,
    ) -> SearchPage:
        """Return results that were not returned before.

        Waits for `least` of them, for the end of the search or for `wait` seconds. The last two
        switches are lies: the last result comes again, and the search is never completed.
        """
        deadline = self._clock() + wait
        session.waiting += 1
        try:
            while not self._has_enough(session, least, never_ends) and self._clock() < deadline:  # noqa: ASYNC110 - time makes results known
                await asyncio.sleep(_POLL_SECONDS)
        finally:
            session.waiting -= 1
            session.expires = self._clock() + session.keep_alive
        if session.is_ended:
            raise invalid_argument("InvalidToken", "The search was ended")
        seam = max(0, session.delivered - repeats_seam)
        until = min(session.known(self._clock()), session.delivered + most)
        page = [copy.deepcopy(result) for result in session.results[seam:until]]
        session.delivered = until
        is_last = self.is_searched(session) and until == len(session.results) and not never_ends
        if is_last:  # ONVIF Recording Search 5.2: a completed session is over
            self.end(session)
        return SearchPage(page, is_last)

    def is_searched(self, session: SearchSession) -> bool:
        """Whether nothing more will be found."""
        return self._clock() - session.started >= session.duration

    def end(self, session: SearchSession) -> None:
        """Forget a search; whoever waits in it is told."""
        session.is_ended = True
        self._sessions.pop(session.token, None)

    def _has_enough(self, session: SearchSession, least: int, never_ends: bool) -> bool:
        ready = session.known(self._clock()) - session.delivered
        is_over = self.is_searched(session) and not (never_ends and ready == 0)
        return session.is_ended or ready >= least or is_over

    def _forget_expired(self) -> None:
        now = self._clock()
        for session in list(self._sessions.values()):
            if session.expires < now and not session.waiting:
                self.end(session)


def resource_problem() -> SoapFault:
    """The device has too much to do; asking later may help."""
    return SoapFault("Receiver", "Action", "ResourceProblem", reason=_BUSY_REASON)
