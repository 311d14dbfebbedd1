"""Asking an RTSP server what it has, without playing anything: OPTIONS and DESCRIBE (RFC 2326).

Nothing is set up, so the server holds no session for us and needs no TEARDOWN.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from libs.contracts.devices import FailureReason
from libs.devices.breaker import Breaker
from libs.devices.driver import Login
from libs.devices.errors import DeviceError
from libs.devices.http_login import Authorizer, is_stale
from libs.devices.rtsp_connection import RtspConnection, RtspMessage, RtspTarget, connected

_STATUS_REASONS: Final = {
    401: FailureReason.UNAUTHORIZED,
    403: FailureReason.NO_PERMISSION,
    404: FailureReason.NOT_FOUND,
    405: FailureReason.UNSUPPORTED,
    410: FailureReason.NOT_FOUND,
    453: FailureReason.BUSY,
    454: FailureReason.NOT_FOUND,
    501: FailureReason.UNSUPPORTED,
    503: FailureReason.BUSY,
    551: FailureReason.UNSUPPORTED,
}
_STATIC_PAYLOADS: Final = {
    "0": "pcm_mulaw",
    "8": "pcm_alaw",
    "14": "mp3",
    "26": "mjpeg",
    "32": "mpeg2video",
    "33": "mpegts",
}
_CODECS: Final = {
    "hevc": "h265",
    "jpeg": "mjpeg",
    "mp4v-es": "mpeg4",
    "mpeg4-generic": "aac",
    "mp4a-latm": "aac",
    "pcma": "pcm_alaw",
    "pcmu": "pcm_mulaw",
}


@dataclass(frozen=True, slots=True)
class RtspAnswer:
    """What a server answered."""

    status: int
    server: str = ""
    """How it calls itself; empty where it does not."""
    public: tuple[str, ...] = ()
    """Methods that it offers, where it tells."""
    rtt_ms: float = 0.0
    """Round trip of the last request, without connecting, in milliseconds."""
    sdp: str = field(default="", repr=False)


class RtspProbe:
    """Asks RTSP servers, one connection for each call. Raises DeviceError and nothing else."""

    async def options(
        self, url: str, *, timeout_seconds: float, verify_tls: bool = False
    ) -> RtspAnswer:
        """Return what OPTIONS brings, whatever its status; needs no login (RFC 2326 10.1)."""
        target = RtspTarget.of(url)
        async with connected(target, timeout_seconds, verify_tls=verify_tls) as connection:
            return _report(await connection.ask("OPTIONS", {}))

    async def describe(
        self,
        url: str,
        login: Login | None,
        breaker: Breaker,
        *,
        timeout_seconds: float,
        verify_tls: bool = False,
        require: str = "",
    ) -> RtspAnswer:
        """Return the stream's description (RFC 2326 10.2).

        The login goes out once, and only after the server has asked for it. `require` names a
        feature that the server must have (`onvif-replay`), else it is UNSUPPORTED.
        """
        target = RtspTarget.of(url)
        headers = {"Accept": "application/sdp"} | ({"Require": require} if require else {})
        async with connected(target, timeout_seconds, verify_tls=verify_tls) as connection:
            message = await connection.ask("DESCRIBE", headers)
            server = message.header("server")
            if message.status == 401:
                message = await _with_login(connection, headers, message, login, breaker)
        _raise_for(message.status)
        if not message.body:
            raise DeviceError(FailureReason.PROTOCOL, "DESCRIBE was answered without a description")
        # A server that has seen the login could echo it in a header, so the first one counts.
        return _report(message, server=server, sdp=message.body.decode("utf-8", "replace"))


def sdp_media(sdp: str) -> tuple[tuple[str, str], ...]:
    """Return kind (`video`, `audio`, `application`) and codec of each media section, in order.

    The codec is in lower case, `h264`, `h265`, `mjpeg`, `aac`, `pcm_alaw`, ...; empty where the
    section does not tell (RFC 4566 5.14, RFC 3551 6).
    """
    found: list[tuple[str, str]] = []
    payload = ""
    for line in sdp.splitlines():
        if line.startswith("m="):
            words = line[2:].split()
            payload = words[3] if len(words) > 3 else ""
            found.append((words[0].lower() if words else "", _STATIC_PAYLOADS.get(payload, "")))
            continue
        mapped = re.match(r"a=rtpmap:\s*(\d+)\s+([^\s/]+)", line)
        if found and mapped and mapped[1] == payload:
            name = mapped[2].lower()
            found[-1] = found[-1][0], _CODECS.get(name, name)
    return tuple(found)


async def _with_login(
    connection: RtspConnection,
    headers: Mapping[str, str],
    refused: RtspMessage,
    login: Login | None,
    breaker: Breaker,
) -> RtspMessage:
    if login is None:
        raise DeviceError(FailureReason.UNAUTHORIZED, "the stream needs a login and none is set")
    if refused.is_last:
        await connection.reopen()

    authorizer = Authorizer(login)

    async def attempt(challenges: tuple[str, ...]) -> RtspMessage:
        authorizer.take(challenges)
        proof = authorizer.header("DESCRIBE", connection.url)
        return await connection.ask("DESCRIBE", {**headers, "Authorization": proof})

    async with breaker.login() as use:
        message = await attempt(refused.challenges)
        if message.status == 401 and is_stale(message.challenges):
            message = await attempt(message.challenges)
        if message.status == 401:
            raise DeviceError(FailureReason.UNAUTHORIZED, "the stream's login was rejected")
        # Any other status may have been decided before the login was looked at.
        use.was_sent = message.status == 200
    return message


def _report(message: RtspMessage, *, server: str | None = None, sdp: str = "") -> RtspAnswer:
    public = (word.strip().upper() for word in message.header("public").split(","))
    return RtspAnswer(
        status=message.status,
        server=(message.header("server") if server is None else server)[:200],
        public=tuple(word for word in public if word),
        rtt_ms=message.rtt_ms,
        sdp=sdp,
    )


def _raise_for(status: int) -> None:
    if status == 200:
        return
    if 300 <= status < 400:
        raise DeviceError(FailureReason.NOT_FOUND, "the server sends viewers to another address")
    # The server's own words are left out: one that has seen a login could echo it there.
    reason = _STATUS_REASONS.get(status, FailureReason.PROTOCOL)
    raise DeviceError(reason, f"DESCRIBE was answered with status {status}")
