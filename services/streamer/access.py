"""Who may watch: the token that a request brings, checked without asking anybody."""

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from starlette.requests import HTTPConnection

from libs.web.live_tokens import COOKIE, PARAMETER, InvalidToken, LiveAccess, LiveTokens

MOST_REMEMBERED = 4096
_MISSING = "a live address is needed: ask for one at POST /api/v1/cameras/{id}/live-links"


@dataclass(frozen=True)
class Ticket:
    """What a request may see."""

    access: LiveAccess
    suffix: str
    """Goes behind every address in a playlist: `?token=...`; empty where a cookie does it."""


class Gate:
    """Checks tokens and where a page comes from."""

    def __init__(
        self, tokens: LiveTokens, *, now: Callable[[], float], allowed_origins: frozenset[str]
    ) -> None:
        """`now` returns Unix seconds; origins are like `https://nvr.example`."""
        self._tokens = tokens
        self._now = now
        self._allowed_origins = allowed_origins
        self._checked: dict[str, LiveAccess] = {}

    def check(self, connection: HTTPConnection, camera_id: str) -> Ticket:
        """Return what the request's token grants; raise InvalidToken.

        A token in the URL comes before a cookie: it was given for this very request.
        """
        in_url = connection.query_params.get(PARAMETER)
        token = in_url or connection.cookies.get(COOKIE)
        if not token:
            raise InvalidToken(_MISSING)
        suffix = f"?{PARAMETER}={quote(in_url, safe='')}" if in_url else ""
        return Ticket(self._access(token, camera_id), suffix)

    def was_good(self, connection: HTTPConnection, camera_id: str) -> bool:
        """Whether the request's token is one of ours for the camera, though it may have expired."""
        token = connection.query_params.get(PARAMETER) or connection.cookies.get(COOKIE)
        try:
            self._tokens.check(token or "", camera_id=camera_id, now=0.0)
        except InvalidToken:
            return False
        return True

    def _access(self, token: str, camera_id: str) -> LiveAccess:
        """Return what a token grants; its signature is checked once, all else every time."""
        now = self._now()
        known = self._checked.get(token)
        if known is not None and known.camera_id == camera_id and known.expires_at > now:
            return known
        access = self._tokens.check(token, camera_id=camera_id, now=now)
        if len(self._checked) >= MOST_REMEMBERED:
            self._checked.clear()
        self._checked[token] = access
        return access

    def seconds_left(self, access: LiveAccess) -> float:
        """Return for how long a token is still good; not above 0 when it is not."""
        return access.expires_at - self._now()

    def is_allowed_origin(self, connection: HTTPConnection) -> bool:
        """Whether the page that opens a WebSocket may: browsers ask nobody before they do.

        The same host as this one may, whatever the scheme, which a proxy in front changes.
        Clients that are no browsers send no origin.
        """
        origin = connection.headers.get("origin")
        if origin is None or origin in self._allowed_origins:
            return True
        host = connection.headers.get("host", "").lower()
        return bool(host) and urlsplit(origin).netloc.lower() == host


def parse_origins(text: str) -> frozenset[str]:
    """Return the origins of a setting, separated by commas."""
    return frozenset(filter(None, (origin.strip().rstrip("/") for origin in text.split(","))))
