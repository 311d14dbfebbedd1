"""What a browser holds of its session: a short access token (JWT, RFC 7519) and a refresh token.

The access token names the session and nothing else; what the session may do is looked up. Both
travel in cookies that scripts cannot read.
"""

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass

import jwt
from starlette.requests import HTTPConnection
from starlette.responses import Response

ACCESS_COOKIE = "everframe_access"
REFRESH_COOKIE = "everframe_refresh"
REFRESH_PATH = "/api/v1/session"
ACCESS_SECONDS = 600
REFRESH_SECONDS = 30 * 86_400

_ALGORITHM = "HS256"
_AUDIENCE = "everframe-session"
_CLAIMS = ["exp", "sid"]
_LONGEST_TOKEN = 1000


@dataclass(frozen=True)
class Access:
    """What an access token says."""

    session_id: str
    expires_at: int
    """Unix seconds."""


class SessionTokens:
    """Makes and checks tokens with one key of at least 32 characters."""

    def __init__(self, key: str) -> None:
        self._access_key = _derived(key, "access")
        self._refresh_key = _derived(key, "refresh")

    def issue(self, session_id: str, now: float) -> tuple[str, Access]:
        """Return an access token for a session, from Unix time `now` on."""
        access = Access(session_id, int(now) + ACCESS_SECONDS)
        claims = {"aud": _AUDIENCE, "sid": access.session_id, "exp": access.expires_at}
        return jwt.encode(claims, self._access_key, algorithm=_ALGORITHM), access

    def check(self, token: str, now: float) -> Access | None:
        """Return what a token says; None where it is not ours or has expired."""
        if len(token) > _LONGEST_TOKEN:
            return None
        try:
            claims = jwt.decode(
                token,
                self._access_key,
                algorithms=[_ALGORITHM],
                audience=_AUDIENCE,
                # the clock is the caller's, so that all of the service agrees on it
                options={"verify_exp": False, "require": _CLAIMS},
            )
            access = Access(str(claims["sid"]), int(claims["exp"]))
        except (jwt.InvalidTokenError, ValueError, TypeError):
            return None
        return access if access.expires_at > now else None

    def new_refresh_token(self, session_id: str) -> str:
        """Return a token of 256 random bits that tells its session."""
        return self._refresh_token(session_id, secrets.token_urlsafe(32))

    def successor(self, session_id: str, refresh_token: str) -> str:
        """Return the refresh token that follows another one.

        It follows from the other and the key, so that two tabs that refresh at once, or one whose
        answer was lost, get the same; without the key nobody can tell it.
        """
        return self._refresh_token(session_id, self._mac("successor", refresh_token))

    def session_of(self, refresh_token: str) -> str | None:
        """Return the session that a refresh token was made for, however long ago.

        None where this key made no such token.
        """
        session_id, _, rest = refresh_token.partition(".")
        made = self._refresh_token(session_id, rest.partition(".")[0])
        return session_id if hmac.compare_digest(made.encode(), refresh_token.encode()) else None

    def _refresh_token(self, session_id: str, bits: str) -> str:
        text = f"{session_id}.{bits}"
        return f"{text}.{self._mac('token', text)}"

    def _mac(self, purpose: str, text: str) -> str:
        mac = hmac.new(self._refresh_key, f"{purpose}\n{text}".encode(), hashlib.sha256).digest()
        return base64.urlsafe_b64encode(mac).rstrip(b"=").decode()


def token_hash(token: str) -> bytes:
    """Return what is stored of a refresh token."""
    return hashlib.sha256(token.encode()).digest()


def set_cookies(response: Response, *, access: str, refresh: str, is_encrypted: bool) -> None:
    """Hand the tokens to the browser."""
    response.set_cookie(
        ACCESS_COOKIE,
        access,
        max_age=ACCESS_SECONDS,
        path="/",
        secure=is_encrypted,
        httponly=True,
        samesite="strict",
    )
    response.set_cookie(
        REFRESH_COOKIE,
        refresh,
        max_age=REFRESH_SECONDS,
        path=REFRESH_PATH,
        secure=is_encrypted,
        httponly=True,
        samesite="strict",
    )


def clear_cookies(response: Response) -> None:
    """Take the tokens from the browser."""
    response.delete_cookie(ACCESS_COOKIE, path="/", httponly=True, samesite="strict")
    response.delete_cookie(REFRESH_COOKIE, path=REFRESH_PATH, httponly=True, samesite="strict")


def refresh_token_of(request: HTTPConnection) -> str | None:
    """Return the refresh token that a request carries."""
    token = request.cookies.get(REFRESH_COOKIE, "")
    return token if 0 < len(token) <= _LONGEST_TOKEN else None


def _derived(key: str, purpose: str) -> bytes:
    """Return a key for one purpose: what is signed for one must never count for another."""
    return hashlib.sha256(f"everframe session {purpose}\n{key}".encode()).digest()
