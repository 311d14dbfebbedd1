"""WS-Security UsernameToken with a digest (OASIS UsernameToken profile 1.0, ONVIF Core 5.9.4)."""

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta

from tools.camera_sim.devices.onvif.names import PASSWORD_DIGEST
from tools.camera_sim.devices.onvif.xml import Element, child, child_text, read_time


@dataclass(frozen=True, slots=True)
class UsernameToken:
    """A token as it was sent; `nonce` is what its base64 stands for."""

    username: str
    digest: str
    nonce: bytes
    created_text: str
    created: datetime

    def proves(self, password: str) -> bool:
        """Whether its digest is Base64(SHA1(nonce + created + password))."""
        raw = self.nonce + self.created_text.encode() + password.encode()
        expected = base64.b64encode(hashlib.sha1(raw, usedforsecurity=False).digest())
        return hmac.compare_digest(expected, self.digest.encode())


def find_token(header: Element | None) -> Element | None:
    """Return the UsernameToken of a SOAP header, None where nobody tries to log in."""
    return child(header, "Security", "UsernameToken")


def read_token(element: Element) -> UsernameToken | None:
    """Read a token; None where a part is missing, is no digest or makes no sense."""
    parts = [child_text(element, name) for name in ("Username", "Password", "Nonce", "Created")]
    username, digest, nonce, created = parts
    password = child(element, "Password")
    if not (username and digest and nonce and created) or password is None:
        return None
    if password.get("Type") != PASSWORD_DIGEST:
        return None
    try:
        raw_nonce = base64.b64decode(nonce, validate=True)
        return UsernameToken(username, digest, raw_nonce, created, read_time(created))
    except (ValueError, binascii.Error):
        return None


class NonceMemory:
    """Refuses a nonce that was used, for as long as its Created would be taken."""

    def __init__(self) -> None:
        self._seen: dict[bytes, datetime] = {}

    def is_fresh(self, nonce: bytes, *, now: datetime, keep: timedelta) -> bool:
        """Whether it is new; it is not from now on."""
        self._seen = {old: until for old, until in self._seen.items() if until > now}
        if nonce in self._seen:
            return False
        self._seen[nonce] = now + keep
        return True
