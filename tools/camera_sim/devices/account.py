"""The one account of a simulated device, and the lock after wrong passwords."""

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from tools.camera_sim.devices.faults import DeviceFaults

_FIELD: Final = re.compile(r'(\w+)=(?:"([^"]*)"|([^\s,]+))')
_KEPT_NONCES: Final = 1000

Outcome = Literal["allowed", "challenged", "stale", "rejected", "locked"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the device thinks of a login."""

    outcome: Outcome
    retries_left: int = 0
    """Wrong passwords until the lock."""
    unlock_seconds: int = 0
    """Until the lock ends; 0 without one."""

    @property
    def allows(self) -> bool:
        """Whether the request may go on."""
        return self.outcome == "allowed"


@dataclass(slots=True)
class _Tries:
    wrong: int = 0
    locked_until: datetime | None = None


class Account:
    """Judges HTTP logins (RFC 7616 with qop=auth, and Basic), and others by `judge`.

    A lock holds for one source address and user name. Wrong tries are forgotten with a good one.
    """

    def __init__(
        self,
        username: str,
        password: str,
        *,
        realm: str,
        faults: DeviceFaults,
        now: Callable[[], datetime],
    ) -> None:
        self.username, self.password, self.realm = username, password, realm
        self.attempts = 0
        """Logins that were judged, during a lock too; stale nonces are not among them."""
        self.rejected = 0
        """How many of these were not allowed."""
        self._faults, self._now = faults, now
        self._tries: dict[tuple[str, str], _Tries] = {}
        self._nonces: dict[str, bool] = {}  # in the order of their making; True: was used

    def challenges(self, *, stale: bool = False) -> list[str]:
        """Values for WWW-Authenticate, with a new nonce."""
        scheme = self._faults.auth_scheme
        digest = f'Digest realm="{self.realm}", qop="auth", nonce="{self._new_nonce()}"'
        digest += f', stale="{"true" if stale else "false"}"'
        sha256 = f"{digest}, algorithm=SHA-256"
        basic = f'Basic realm="{self.realm}"'
        return {
            "digest": [digest],
            "digest_sha256": [sha256],
            "basic": [basic],
            "both": [digest, basic],
            "none": [],
        }[scheme]

    def check(self, source: str, method: str, target: str, authorization: str | None) -> Verdict:
        """Judges the value of an Authorization header; `target` is the path with its query."""
        if self._faults.auth_scheme == "none":
            return Verdict("allowed")
        kind, _, rest = (authorization or "").partition(" ")
        kind = kind.lower()
        if kind == "basic":
            return self._check_basic(source, rest)
        if kind == "digest":
            return self._check_digest(source, method, target, rest)
        return self.lock_of(source)

    def lock_of(self, source: str) -> Verdict:
        """How matters stand for a source that shows no login."""
        mine = [tries for (address, _), tries in self._tries.items() if address == source]
        wrong = max((tries.wrong for tries in mine), default=0)
        seconds = max((self._remaining(tries) for tries in mine), default=0)
        left = 0 if seconds else max(0, self._faults.lockout_tries - wrong)
        return Verdict("challenged", retries_left=left, unlock_seconds=seconds)

    def judge(self, source: str, username: str, *, is_right: bool) -> Verdict:
        """Counts one try to log in, whatever the protocol; a lock refuses the right one too."""
        faults = self._faults
        self.attempts += 1
        tries = self._tries.setdefault((source, username), _Tries())
        if self._remaining(tries):
            self.rejected += 1
            if faults.lockout_restarts:
                self._lock(tries)
            return Verdict("locked", unlock_seconds=self._remaining(tries))
        if tries.locked_until is not None:
            tries.wrong, tries.locked_until = 0, None
        if is_right:
            tries.wrong = 0
            return Verdict("allowed", retries_left=faults.lockout_tries)
        self.rejected += 1
        tries.wrong += 1
        if faults.lockout_tries and tries.wrong >= faults.lockout_tries:
            self._lock(tries)
        left = max(0, faults.lockout_tries - tries.wrong)
        return Verdict("rejected", retries_left=left, unlock_seconds=self._remaining(tries))

    def _lock(self, tries: _Tries) -> None:
        tries.locked_until = self._now() + timedelta(seconds=self._faults.lockout_seconds)

    def _remaining(self, tries: _Tries) -> int:
        if tries.locked_until is None:
            return 0
        left = (tries.locked_until - self._now()).total_seconds()
        return max(1, round(left)) if left > 0 else 0

    def _check_basic(self, source: str, value: str) -> Verdict:
        try:
            username, _, password = base64.b64decode(value, validate=True).decode().partition(":")
        except ValueError:
            return self.judge(source, "", is_right=False)
        is_right = (
            self._faults.auth_scheme in {"basic", "both"}
            and hmac.compare_digest(username.encode(), self.username.encode())
            and hmac.compare_digest(password.encode(), self.password.encode())
        )
        return self.judge(source, username, is_right=is_right)

    def _check_digest(self, source: str, method: str, target: str, value: str) -> Verdict:
        given = {name: quoted or plain for name, quoted, plain in _FIELD.findall(value)}
        username, nonce = given.get("username", ""), given.get("nonce", "")
        is_right = (
            self._faults.auth_scheme != "basic"
            and username == self.username
            and given.get("uri") == target
            and hmac.compare_digest(
                self._expected(given, method).encode(), given.get("response", "").encode()
            )
        )
        if is_right and (nonce not in self._nonces or self._is_spent(nonce)):
            return Verdict("stale")
        self._nonces[nonce] = True
        return self.judge(source, username, is_right=is_right)

    def _is_spent(self, nonce: str) -> bool:
        return self._faults.stale_nonce and self._nonces[nonce]

    def _expected(self, given: dict[str, str], method: str) -> str:
        sha256 = self._faults.auth_scheme == "digest_sha256"
        realm = f"{self.realm}." if self._faults.wrong_realm else self.realm

        def digest(text: str) -> str:
            raw = text.encode()
            return (
                hashlib.sha256(raw).hexdigest()
                if sha256
                else hashlib.md5(raw, usedforsecurity=False).hexdigest()
            )

        account = digest(f"{self.username}:{realm}:{self.password}")
        request = digest(f"{method}:{given.get('uri', '')}")
        middle = [given.get("nonce", "")]
        if "qop" in given:  # without it as in RFC 2069
            middle += [given.get("nc", ""), given.get("cnonce", ""), given["qop"]]
        return digest(":".join([account, *middle, request]))

    def _new_nonce(self) -> str:
        nonce = secrets.token_hex(16)
        self._nonces[nonce] = False
        for old in list(self._nonces)[:-_KEPT_NONCES]:
            del self._nonces[old]
        return nonce
