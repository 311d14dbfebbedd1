"""HTTP authentication without I/O: Digest (RFC 7616, RFC 2069) and, where nothing else, Basic.

RTSP uses the same headers, with its own methods and URIs.
"""

import base64
import hashlib
import re
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from libs.contracts.devices import FailureReason
from libs.devices.driver import Login
from libs.devices.errors import DeviceError

_TOKEN = re.compile(r'([\w-]+)(?:\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]*)))?')


@dataclass(frozen=True, slots=True)
class Challenge:
    """One way to log in that a server offers; names are in lower case."""

    scheme: str
    fields: dict[str, str] = field(default_factory=dict)

    @property
    def nonce(self) -> str:
        """What a digest is made with; empty for Basic."""
        return self.fields.get("nonce", "")

    @property
    def algorithm(self) -> str:
        """In upper case; without `-SESS`."""
        return self.fields.get("algorithm", "MD5").upper().removesuffix("-SESS")


def parse_challenges(values: Iterable[str]) -> list[Challenge]:
    """Return what WWW-Authenticate headers offer; one value may hold several challenges."""
    found: list[Challenge] = []
    for value in values:
        for match in _TOKEN.finditer(value):
            name, quoted, plain = match.groups()
            if quoted is None and plain is None:
                found.append(Challenge(name.lower()))
            elif found:
                found[-1].fields.setdefault(name.lower(), quoted if plain is None else plain)
    return found


def is_stale(values: Iterable[str]) -> bool:
    """Whether a server says that the login was right and only the nonce too old."""
    return any(
        challenge.fields.get("stale", "").lower() == "true"
        for challenge in parse_challenges(values)
    )


class Authorizer:
    """Makes Authorization headers of one login; remembers the nonce that the server gave."""

    def __init__(self, login: Login) -> None:
        self._login = login
        self._challenge: Challenge | None = None
        self._nonce_count = 0

    @property
    def nonce(self) -> str:
        """The nonce in use; empty before the first challenge and with Basic."""
        return self._challenge.nonce if self._challenge else ""

    def take(self, values: Iterable[str]) -> None:
        """Use the strongest of the offered challenges from now on.

        Raises DeviceError where it offers none that can be answered: no login has been sent then,
        so this is no rejection.
        """
        offered = parse_challenges(values)
        digests = [one for one in offered if _can_digest(one)]
        # MD5 first: devices that offer more often compute only this one right.
        digests.sort(key=lambda one: one.algorithm != "MD5")
        basic = [one for one in offered if one.scheme == "basic"]
        # A broken Digest is no reason to send the password readable.
        may_use_basic = basic and all(one.scheme != "digest" for one in offered)
        chosen = digests or (basic if may_use_basic else [])
        if not chosen and offered:
            raise DeviceError(
                FailureReason.UNSUPPORTED, "the device wants an unknown kind of login"
            )
        if not chosen:
            raise DeviceError(
                FailureReason.PROTOCOL, "the device wants a login and does not say how"
            )
        self._challenge = chosen[0]
        self._nonce_count = 0

    def forget(self) -> None:
        """Forget the nonce; the next request goes without a login first."""
        self._challenge = None

    def repeated(self, method: str, uri: str) -> str | None:
        """Return a header with the nonce in hand; None where there is none, and for Basic."""
        return self.header(method, uri) if self.nonce else None

    def header(self, method: str, uri: str) -> str:
        """Return the value of Authorization for one request; `uri` as in the request line."""
        assert self._challenge is not None
        if self._challenge.scheme == "basic":
            pair = f"{self._login.username}:{self._login.password}"
            return f"Basic {base64.b64encode(pair.encode()).decode()}"
        self._nonce_count += 1
        return _digest_header(self._login, self._challenge, method, uri, self._nonce_count)


def _can_digest(challenge: Challenge) -> bool:
    qop = challenge.fields.get("qop")
    return (
        challenge.scheme == "digest"
        and bool(challenge.nonce)
        and "realm" in challenge.fields
        and challenge.algorithm in _HASHES
        and (not qop or "auth" in _options(qop))
    )


def _digest_header(
    login: Login, challenge: Challenge, method: str, uri: str, nonce_count: int
) -> str:
    digest = _HASHES[challenge.algorithm]
    realm, nonce = challenge.fields["realm"], challenge.nonce
    count, cnonce = f"{nonce_count:08x}", secrets.token_hex(8)
    who = digest(f"{login.username}:{realm}:{login.password}")
    if challenge.fields.get("algorithm", "").upper().endswith("-SESS"):
        who = digest(f"{who}:{nonce}:{cnonce}")
    what = digest(f"{method}:{uri}")
    quoted = {
        "username": login.username.replace("\\", "\\\\").replace('"', '\\"'),
        "realm": realm,
        "nonce": nonce,
        "uri": uri,
    }
    plain = {}
    if challenge.fields.get("qop"):
        quoted["response"] = digest(f"{who}:{nonce}:{count}:{cnonce}:auth:{what}")
        quoted["cnonce"] = cnonce
        plain = {"qop": "auth", "nc": count}
    else:
        quoted["response"] = digest(f"{who}:{nonce}:{what}")
    if "opaque" in challenge.fields:
        quoted["opaque"] = challenge.fields["opaque"]
    if "algorithm" in challenge.fields:
        plain["algorithm"] = challenge.fields["algorithm"]
    return "Digest " + ", ".join(
        [f'{name}="{value}"' for name, value in quoted.items()]
        + [f"{name}={value}" for name, value in plain.items()]
    )


def _options(qop: str) -> list[str]:
    return [option.strip().lower() for option in qop.split(",")]


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


_HASHES: dict[str, Callable[[str], str]] = {"MD5": _md5, "SHA-256": _sha256}
