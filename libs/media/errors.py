"""SourceError, the only error a camera's stream raises, and how libav's errors become one.

A message names the camera without credentials, what was being done, what happened and what a
person can do about it. libav puts the whole URL in its errors and logs, so nothing of theirs is
repeated word for word but status codes and the system's own error text.
"""

import re
from collections.abc import Iterable
from enum import StrEnum

import av.error

from libs.media.libav_log import LogLine

_SECRET = re.compile(
    r"(?i)(?<![a-z])((?:pass\w*?|pwd|psw|token|secret|auth|key)\s*=)[^&/?;#_\s]*",
)
_STATUS = re.compile(r"method (\w+) failed: (\d{3})\s*([^\r\n]{0,60})")


class SourceErrorKind(StrEnum):
    """Why a camera's stream cannot be had: a closed set, fit for a metric label."""

    REFUSED = "refused"
    TIMEOUT = "timeout"
    UNAUTHORIZED = "unauthorized"
    NOT_FOUND = "not_found"
    NO_VIDEO = "no_video"
    UNSUPPORTED_CODEC = "unsupported_codec"
    INVALID_DATA = "invalid_data"
    CONNECTION_LOST = "connection_lost"
    SESSION_LIMIT = "session_limit"
    TLS = "tls"


_ADVICE = {
    SourceErrorKind.REFUSED: "check the address and port, and that RTSP is enabled on the camera",
    SourceErrorKind.TIMEOUT: "check the camera's power and network, and try the other transport",
    SourceErrorKind.UNAUTHORIZED: (
        "check user name and password, and that the user may watch the stream; "
        "many cameras lock the account after several wrong attempts"
    ),
    SourceErrorKind.NOT_FOUND: "check the path of the stream in the URL",
    SourceErrorKind.NO_VIDEO: "choose a stream (profile, channel) that carries video",
    SourceErrorKind.UNSUPPORTED_CODEC: "set the camera to H.264, H.265 or MPEG-4 part 2",
    SourceErrorKind.INVALID_DATA: ("check that this port speaks RTSP, and try the other transport"),
    SourceErrorKind.CONNECTION_LOST: "it is worth trying again; if it repeats, check the network",
    SourceErrorKind.SESSION_LIMIT: (
        "the camera allows no more sessions: close other viewers, or lower the stream's bitrate"
    ),
    SourceErrorKind.TLS: (
        "check that the port speaks RTSP over TLS; a self-signed certificate needs verify_tls off"
    ),
}

_KIND_BY_STATUS = {
    401: SourceErrorKind.UNAUTHORIZED,
    403: SourceErrorKind.UNAUTHORIZED,
    404: SourceErrorKind.NOT_FOUND,
    453: SourceErrorKind.SESSION_LIMIT,  # not enough bandwidth: how most cameras say "full"
    454: SourceErrorKind.CONNECTION_LOST,  # session not found: it expired or the camera restarted
    503: SourceErrorKind.SESSION_LIMIT,
}

# First match wins, so the narrow classes stand before the wide ones.
_KIND_BY_CLASS: tuple[tuple[type[BaseException], SourceErrorKind], ...] = (
    (av.error.HTTPUnauthorizedError, SourceErrorKind.UNAUTHORIZED),
    (av.error.HTTPForbiddenError, SourceErrorKind.UNAUTHORIZED),
    (av.error.HTTPNotFoundError, SourceErrorKind.NOT_FOUND),
    (ConnectionRefusedError, SourceErrorKind.REFUSED),
    (TimeoutError, SourceErrorKind.TIMEOUT),
    (av.error.ExitError, SourceErrorKind.TIMEOUT),  # the limit for opening interrupted libav
    (ConnectionError, SourceErrorKind.CONNECTION_LOST),
    (EOFError, SourceErrorKind.CONNECTION_LOST),
)


class SourceError(Exception):
    """A camera's stream could not be opened or has ended; `kind` decides what to do next.

    `url` carries no credentials; `state` is what was being done ("opening", "DESCRIBE",
    "reading"); `happened` and `advice` are sentences for a person.
    """

    def __init__(self, kind: SourceErrorKind, *, url: str, state: str, happened: str) -> None:
        self.kind = kind
        self.url = without_credentials(url)
        self.state = state
        self.happened = happened
        self.advice = _ADVICE[kind]
        self.told = f"{state}: {happened}; {self.advice}"
        """For those who may not know the address: in its path may stand what opens the camera."""
        super().__init__(f"{self.url}: {self.told}")


def without_credentials(url: str) -> str:
    """Return the URL without user info, and with masked values where a query looks secret."""
    scheme, separator, rest = url.partition("://")
    if not separator:
        return _SECRET.sub(r"\1***", url.rpartition("@")[2])
    # libav takes the last "@" before the path, and a raw password may hold more of them.
    authority, slash, path = rest.partition("/")
    masked_path = _SECRET.sub(r"\1***", path)
    return f"{scheme}://{authority.rpartition('@')[2]}{slash}{masked_path}"


def from_libav(
    error: BaseException,
    *,
    url: str,
    state: str,
    log: Iterable[LogLine] = (),
    timed_out: bool = False,
) -> SourceError:
    """Translate what PyAV raised; also takes the credentials out of `error`, to be its cause.

    `log` are libav's lines of this thread, the newest last; they hold the status the camera
    answered. `timed_out` says that the failure came no sooner than the time limit: libav reports
    a port that never answers as invalid data.
    """
    _scrub(error)
    lines = tuple(log)
    status = _last_status(lines)
    if status is not None:
        method, code, reason = status
        return SourceError(
            _kind_of_status(code, error),
            url=url,
            state=method,
            happened=f"the camera answered {code} {without_credentials(reason)}".rstrip(),
        )
    kind = _kind_of_class(error) or _kind_without_status(error, state, timed_out=timed_out)
    happened = _happened(kind, error, state)
    if _mentions(lines, "Failed to resolve hostname"):
        kind, happened = SourceErrorKind.REFUSED, "the host name is not known"
    elif state == "opening" and kind is not SourceErrorKind.TIMEOUT and _is_tls(lines):
        kind, happened = SourceErrorKind.TLS, _tls_failure(lines)
    return SourceError(kind, url=url, state=state, happened=happened)


def _scrub(error: BaseException) -> None:
    # args[2:] of an FFmpegError are the URL as libav got it and the last line of its log.
    error.args = error.args[:2]


def _last_status(log: Iterable[LogLine]) -> tuple[str, int, str] | None:
    found = None
    for _, _, message in log:
        match = _STATUS.search(message)
        if match:
            found = (match[1], int(match[2]), match[3].strip())
    return found


def _kind_of_status(code: int, error: BaseException) -> SourceErrorKind:
    return _KIND_BY_STATUS.get(code) or _kind_of_class(error) or SourceErrorKind.INVALID_DATA


def _kind_of_class(error: BaseException) -> SourceErrorKind | None:
    for error_class, kind in _KIND_BY_CLASS:
        if isinstance(error, error_class):
            return kind
    return None


def _mentions(lines: Iterable[LogLine], text: str) -> bool:
    return any(text in message for _, _, message in lines)


def _is_tls(lines: Iterable[LogLine]) -> bool:
    return any(name == "tls" for _, name, _ in lines)


def _tls_failure(lines: Iterable[LogLine]) -> str:
    if _mentions(lines, "certificate"):
        return "the camera's certificate cannot be verified"
    return "the TLS handshake failed"


def _kind_without_status(error: BaseException, state: str, *, timed_out: bool) -> SourceErrorKind:
    if timed_out:
        return SourceErrorKind.TIMEOUT
    if state == "reading":
        return SourceErrorKind.CONNECTION_LOST
    if isinstance(error, OSError):  # no route, host or network unreachable
        return SourceErrorKind.REFUSED
    return SourceErrorKind.INVALID_DATA


def _happened(kind: SourceErrorKind, error: BaseException, state: str) -> str:
    if kind is SourceErrorKind.TIMEOUT:
        return "the camera stopped sending" if state == "reading" else "the camera did not answer"
    system_text = getattr(error, "strerror", None)
    return (
        f"libav reports {system_text!r}" if system_text else f"libav raised {type(error).__name__}"
    )
