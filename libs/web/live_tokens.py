"""Live access: who may watch one camera, until when; checked by whoever has the key (RFC 7519).

The gateway issues, a streamer checks without asking anybody.
"""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass

import jwt

from libs.contracts.live import Rendition

COOKIE = "everframe_live"
PARAMETER = "token"
"""Where a request carries its token: this cookie, or this parameter of the address."""

_AUDIENCE = "everframe-live"
_ALGORITHM = "HS256"
_CLAIMS = ["exp", "jti", "sub", "cam", "site", "ren"]
_ONLY_MAIN = frozenset({Rendition.MAIN})


class InvalidToken(Exception):
    """Not signed by us, for another camera, or expired; the text is for the viewer."""


@dataclass(frozen=True)
class LiveAccess:
    """What a token grants.

    `viewer_id` is opaque: new with every token, but kept when a viewer's access is prolonged.
    `viewer` says who made it (`user:<id>`, `key:<prefix>`); the gateway looks whether they may
    still watch.
    """

    camera_id: str
    site: str
    viewer_id: str
    viewer: str
    expires_at: int
    """Unix seconds."""
    renditions: frozenset[Rendition] = _ONLY_MAIN
    """What the camera has, and the viewer may watch."""


class LiveTokens:
    """Issues and checks tokens with one shared key of at least 32 characters."""

    def __init__(self, key: str) -> None:
        self._key = key

    def issue(
        self,
        *,
        camera_id: str,
        site: str,
        viewer: str,
        now: float,
        valid_seconds: float,
        renditions: Iterable[Rendition] = _ONLY_MAIN,
        viewer_id: str | None = None,
    ) -> tuple[str, LiveAccess]:
        """Return a token for `viewer`; with a `viewer_id` it prolongs that viewer's access."""
        access = LiveAccess(
            camera_id,
            site,
            viewer_id or uuid.uuid4().hex[:16],
            viewer,
            int(now + valid_seconds),
            frozenset(renditions),
        )
        claims = {
            "aud": _AUDIENCE,
            "cam": access.camera_id,
            "site": access.site,
            "jti": access.viewer_id,
            "sub": access.viewer,
            "exp": access.expires_at,
            "ren": sorted(access.renditions),
        }
        return jwt.encode(claims, self._key, algorithm=_ALGORITHM), access

    def check(self, token: str, *, camera_id: str, now: float) -> LiveAccess:
        """Return what the token grants; raise InvalidToken when it is not for this camera, now."""
        try:
            claims = jwt.decode(
                token,
                self._key,
                algorithms=[_ALGORITHM],
                audience=_AUDIENCE,
                # the clock is the caller's, so that tests and services agree on it
                options={"verify_exp": False, "require": _CLAIMS},
            )
            access = LiveAccess(
                str(claims["cam"]),
                str(claims["site"]),
                str(claims["jti"]),
                str(claims["sub"]),
                int(claims["exp"]),
                frozenset(Rendition(value) for value in claims["ren"]),
            )
        except (jwt.InvalidTokenError, ValueError, TypeError) as error:
            raise InvalidToken("this live address is not valid; ask for a new one") from error
        if access.camera_id != camera_id:
            raise InvalidToken("this live address is for another camera")
        if access.expires_at <= now:
            raise InvalidToken("this live address has expired; ask for a new one")
        return access
