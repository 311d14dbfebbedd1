"""When a login that a device rejected may be tried again, by any of its cameras.

Devices lock an account after a few wrong passwords, mostly for half an hour, and a try during the
lock begins it anew. The channels of one device share address and login, so they share this.
Called from the camera threads.
"""

import hashlib
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from libs.runtime.credentials import CameraCredentials

FIRST_ALONE_SECONDS = 3.0
"""How long others wait for what becomes of a login that nobody has tried yet."""
LOOK_AGAIN_SECONDS = 0.1

Place = tuple[str, int | None]


def place_of(url: str) -> Place:
    """Return host and port of an RTSP URL."""
    parts = urlsplit(url)
    return parts.hostname or "", parts.port


@dataclass(slots=True)
class _Login:
    rejections: int = 0
    next_at: float = 0.0
    """When it may be tried again, while it is rejected."""
    tried_until: float = 0.0
    """Somebody finds out what becomes of it; others wait so long at most."""
    is_accepted: bool = False


class RejectedLogins:
    """One table for all cameras of a recorder."""

    def __init__(
        self,
        *,
        first_seconds: float,
        longest_seconds: float,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """A rejected login rests for `first_seconds`, then for twice as long each time."""
        self._first = first_seconds
        self._longest = longest_seconds
        self._now = monotonic
        self._lock = threading.Lock()
        self._logins: dict[tuple[Place, str], _Login] = {}

    def turn(self, place: Place, login: CameraCredentials) -> float:
        """Return 0 when the login may be tried now, else after how many seconds to ask again."""
        with self._lock:
            known = self._logins.setdefault(_key(place, login), _Login())
            now = self._now()
            if known.is_accepted:
                return 0.0
            if known.next_at > now:
                return known.next_at - now
            if known.tried_until > now:
                return LOOK_AGAIN_SECONDS
            known.tried_until = now + FIRST_ALONE_SECONDS
            return 0.0

    def is_rejected(self, place: Place, login: CameraCredentials) -> bool:
        """Whether the last word of the device was no."""
        with self._lock:
            known = self._logins.get(_key(place, login))
            return known is not None and known.rejections > 0

    def accepted(self, place: Place, login: CameraCredentials) -> None:
        """The device took it: everybody may use it."""
        with self._lock:
            self._logins[_key(place, login)] = _Login(is_accepted=True)

    def rejected(self, place: Place, login: CameraCredentials) -> float:
        """The device rejected it; return for how many seconds it rests."""
        with self._lock:
            known = self._logins.setdefault(_key(place, login), _Login())
            now = self._now()
            if known.next_at > now:
                return known.next_at - now  # rejected twice at once counts once
            rest = min(self._longest, self._first * 2.0 ** min(known.rejections, 30))
            known.rejections += 1
            known.next_at, known.tried_until, known.is_accepted = now + rest, 0.0, False
            return rest

    def undecided(self, place: Place, login: CameraCredentials) -> None:
        """The device was not reached: others need not wait for it."""
        with self._lock:
            known = self._logins.get(_key(place, login))
            if known is not None:
                known.tried_until = 0.0

    def forget(self, place: Place) -> None:
        """Somebody changed a camera there: what was rejected may be good now."""
        with self._lock:
            for key in [key for key in self._logins if key[0] == place]:
                del self._logins[key]


class CameraLogin:
    """One camera's use of its login; having none is treated like one."""

    def __init__(self, logins: RejectedLogins, url: str, login: CameraCredentials | None) -> None:
        self._logins = logins
        self._key = place_of(url), login or CameraCredentials("", "")

    @property
    def is_rejected(self) -> bool:
        """Whether the last word of the device was no."""
        return self._logins.is_rejected(*self._key)

    def seconds_to_wait(self) -> float:
        """Return 0 when it is this camera's turn to try, else when to ask again."""
        return self._logins.turn(*self._key)

    def accepted(self) -> None:
        """The device took it."""
        self._logins.accepted(*self._key)

    def undecided(self) -> None:
        """The device was not reached, or failed for another reason."""
        self._logins.undecided(*self._key)

    def rejected(self) -> float:
        """The device rejected it, or wants one; return for how many seconds it rests."""
        return self._logins.rejected(*self._key)


def _key(place: Place, login: CameraCredentials) -> tuple[Place, str]:
    text = f"{login.username}\n{login.password}"
    return place, hashlib.sha256(text.encode()).hexdigest()
