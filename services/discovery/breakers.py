"""Circuit breakers for what is not registered: a login that was just rejected is not sent again."""

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from libs.contracts.devices import Failure, FailureReason
from libs.devices.breaker import Breaker
from libs.devices.driver import Login

REMEMBERED_SECONDS = 600.0
"""How long a rejection keeps the same login from being tried again."""
MOST_REMEMBERED = 4096


@dataclass(slots=True)
class _Entry:
    breaker: Breaker
    used_at: float


class BreakerTable:
    """One breaker for each address, port and login; in memory, bounded, oldest forgotten first.

    A lock holds for every login: each try would make it longer.
    """

    def __init__(self, now: Callable[[], datetime], monotonic: Callable[[], float]) -> None:
        self._now = now
        self._monotonic = monotonic
        self._salt = secrets.token_bytes(16)
        self._entries: dict[tuple[str, int, str], _Entry] = {}

    def of(self, host: str, port: int, login: Login | None) -> Breaker:
        """Return the breaker to use; the same one for the same login within ten minutes."""
        moment = self._monotonic()
        self._forget(moment)
        locked = self._locked(host, port)
        if locked is not None:
            return locked
        key = (host, port, self._digest(login))
        entry = self._entries.pop(key, None) or _Entry(Breaker(self._now), moment)
        if not entry.breaker.is_open:
            entry.used_at = moment
        self._entries[key] = entry
        return entry.breaker

    def _locked(self, host: str, port: int) -> Breaker | None:
        return next(
            (
                entry.breaker
                for key, entry in self._entries.items()
                if key[:2] == (host, port)
                and entry.breaker.reason is FailureReason.LOCKED
                and entry.breaker.is_open
            ),
            None,
        )

    def _forget(self, moment: float) -> None:
        old = [k for k, e in self._entries.items() if moment - e.used_at > REMEMBERED_SECONDS]
        for key in old[:]:
            failure = self._entries[key].breaker.state.failure
            if failure is None or failure.locked_until is None or not self._is_open(key):
                del self._entries[key]
        while len(self._entries) >= MOST_REMEMBERED:
            del self._entries[next(iter(self._entries))]

    def _is_open(self, key: tuple[str, int, str]) -> bool:
        return self._entries[key].breaker.is_open

    def _digest(self, login: Login | None) -> str:
        if login is None:
            return ""
        # salted for this process alone: it tells logins apart and nothing else
        text = f"{len(login.username)}:{login.username}{login.password}"
        return hashlib.blake2b(text.encode(), key=self._salt, digest_size=16).hexdigest()


def why_not_tried(breaker: Breaker) -> Failure | None:
    """Return why a login is not sent now; None when it may be."""
    return breaker.state.failure if breaker.is_open else None


def why_not_tried_again(breaker: Breaker) -> Failure | None:
    """Return the same, with advice for who tries a login out."""
    failure = why_not_tried(breaker)
    if failure is None or failure.reason is not FailureReason.UNAUTHORIZED:
        return failure
    advice = (
        "This login was rejected a moment ago and was not sent again, so that the account is not "
        "locked. Enter another one, or wait ten minutes."
    )
    return failure.model_copy(update={"advice": advice})
