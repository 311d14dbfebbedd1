"""Links that work without a key: HMAC-SHA256 over what they open and until when.

A scope names one thing (a recording, or one camera's playback of one range), so that a link to
one recording opens no other. A link also says who made it, and opens no more than its maker may
see when it is used.
"""

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import datetime

ALIGN_SECONDS = 900
"""Expiry times are rounded up to this, so that a playlist read again has the same links."""

_EXPIRY = re.compile(r"^[0-9]{1,12}$")


@dataclass(frozen=True)
class Signature:
    """The query parameters `by` (who made the link), `exp` (Unix seconds) and `sig`."""

    by: str
    exp: int
    sig: str

    @property
    def query(self) -> str:
        return f"by={self.by}&exp={self.exp}&sig={self.sig}"


class LinkSigner:
    """Signs and checks links."""

    def __init__(self, key: str) -> None:
        self._key = hashlib.sha256(b"everframe link " + key.encode()).digest()

    def sign(
        self, scope: str, *, maker: str, now: float, valid_seconds: float, align: bool = False
    ) -> Signature:
        """Return a signature that is valid for at least `valid_seconds` from Unix time `now`.

        `maker` is who makes the link, as `grants.maker_id` tells.
        """
        exp = int(now + valid_seconds) + 1
        if align:
            exp = -(-exp // ALIGN_SECONDS) * ALIGN_SECONDS
        return Signature(maker, exp, self._mac(scope, maker, exp))

    def is_valid(self, scope: str, *, maker: str, exp: str, sig: str, now: float) -> bool:
        """Whether a link by `maker` opens `scope` at Unix time `now`."""
        if not _EXPIRY.fullmatch(exp) or int(exp) <= now:
            return False
        return hmac.compare_digest(self._mac(scope, maker, int(exp)).encode(), sig.encode())

    def _mac(self, scope: str, maker: str, exp: int) -> str:
        text = f"{scope}\n{maker}\n{exp}"
        mac = hmac.new(self._key, text.encode(), hashlib.sha256).digest()
        return base64.urlsafe_b64encode(mac).rstrip(b"=").decode()


def media_scope(recording_id: str) -> str:
    """Return the scope of one recording's bytes."""
    return f"media\n{recording_id}"


def playback_scope(camera_id: str, stream: str, start: datetime, end: datetime | None) -> str:
    """Return the scope of one stream's playlist for one range."""
    until = "" if end is None else end.isoformat()
    return f"playback\n{camera_id}\n{stream}\n{start.isoformat()}\n{until}"
