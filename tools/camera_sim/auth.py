"""Checks a request's credentials: Basic, and Digest as cameras speak it (RFC 2069, MD5, no qop)."""

import base64
import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass, field
from typing import Literal

AuthScheme = Literal["digest", "basic", "both"]

_FIELD = re.compile(r'(\w+)=(?:"([^"]*)"|([^\s,]+))')


@dataclass(slots=True)
class Authenticator:
    """One account; without a user name everything is allowed."""

    username: str | None = None
    password: str = ""
    scheme: AuthScheme = "digest"
    realm: str = "Camera"
    nonce: str = field(default_factory=lambda: secrets.token_hex(16))
    rejects_all: bool = False

    def challenges(self) -> list[str]:
        """Values for WWW-Authenticate, the strongest first."""
        digest = f'Digest realm="{self.realm}", nonce="{self.nonce}"'
        basic = f'Basic realm="{self.realm}"'
        return {"digest": [digest], "basic": [basic], "both": [digest, basic]}[self.scheme]

    def allows(self, method: str, authorization: str | None) -> bool:
        """Whether the value of the Authorization header proves the account."""
        if self.rejects_all:
            return False
        if self.username is None:
            return True
        kind, _, rest = (authorization or "").partition(" ")
        if kind.lower() == "basic" and self.scheme != "digest":
            return self._allows_basic(rest)
        if kind.lower() == "digest" and self.scheme != "basic":
            return self._allows_digest(method, rest)
        return False

    def _allows_basic(self, value: str) -> bool:
        expected = base64.b64encode(f"{self.username}:{self.password}".encode())
        return hmac.compare_digest(expected, value.strip().encode())

    def _allows_digest(self, method: str, value: str) -> bool:
        given = {name: quoted or plain for name, quoted, plain in _FIELD.findall(value)}
        if given.get("username") != self.username or given.get("nonce") != self.nonce:
            return False
        expected = digest_response(
            username=given["username"],
            password=self.password,
            realm=self.realm,
            nonce=self.nonce,
            method=method,
            uri=given.get("uri", ""),
        )
        return hmac.compare_digest(expected, given.get("response", ""))


def digest_response(
    *, username: str, password: str, realm: str, nonce: str, method: str, uri: str
) -> str:
    """MD5(MD5(user:realm:password):nonce:MD5(method:uri)), RFC 2069 2.1.2."""
    account = _md5(f"{username}:{realm}:{password}")
    return _md5(f"{account}:{nonce}:{_md5(f'{method}:{uri}')}")


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
