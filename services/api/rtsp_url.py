"""Camera URLs: what is accepted, and taking the login out of them.

The recorder connects to whatever is stored here, so an address that only this server can reach
must not get in, in no spelling. Names are looked up when the recorder connects, not here.
"""

import re
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit, urlunsplit

from libs.runtime.addresses import parse_address, refusal

MAX_LENGTH = 2048
_DEFAULT_PORTS = {"rtsp": 554, "rtsps": 322}
_UNSAFE = re.compile(r"[\x00-\x20\x7f-\x9f\s\\<>\"`{}|^]")
_NAME = re.compile(
    r"^(?=.{1,253}\.?$)[A-Za-z0-9_]([A-Za-z0-9_-]{0,62})(\.[A-Za-z0-9_-]{1,63})*\.?$"
)
_LOCAL_NAMES = ("localhost", "localhost.localdomain", "ip6-localhost", "ip6-loopback")


@dataclass(frozen=True)
class CameraUrl:
    """A checked URL without its login."""

    url: str
    host: str
    username: str | None = None
    password: str | None = field(default=None, repr=False)


def parse_camera_url(text: str, *, allow_loopback: bool) -> CameraUrl:
    """Return the URL and the login that was in it; ValueError says what is wrong."""
    if len(text) > MAX_LENGTH:
        raise ValueError(f"the URL is longer than {MAX_LENGTH} characters")
    if _UNSAFE.search(text):
        raise ValueError("the URL contains white space or characters that must be percent-encoded")
    scheme, separator, rest = text.partition("://")
    scheme = scheme.lower()
    if not separator or scheme not in {"rtsp", "rtsps"}:
        raise ValueError("the URL must start with rtsp:// or rtsps://")
    try:
        parts = urlsplit(f"{scheme}://{rest}")
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise ValueError(
            "host or port cannot be read; the port is 1 to 65535, and special characters in a "
            "password are percent-encoded, or send user name and password as `credentials`"
        ) from None
    if parts.fragment:
        raise ValueError("the URL must not have a #fragment; write # as %23")
    if port == 0:
        raise ValueError("the port must be 1 to 65535")
    _check_host(host, allow_loopback=allow_loopback)
    userinfo, at, hostport = parts.netloc.rpartition("@")
    tail = rest[len(parts.netloc) :].replace("@", "%40")
    return CameraUrl(f"{scheme}://{hostport}{tail}", host, *(_login(userinfo) if at else ()))


def parse_host(text: str, *, allow_loopback: bool) -> str:
    """Return a host in lower case, IPv6 without brackets; ValueError says what is wrong."""
    host = text.lower().removeprefix("[").removesuffix("]")
    has_port = host.count(":") == 1 or "]" in host
    if _UNSAFE.search(host) or has_port or "@" in host or "/" in host or "%" in host:
        raise ValueError("the host must be a DNS name or an IP address, with nothing around it")
    _check_host(host, allow_loopback=allow_loopback)
    return host


def same_host(one: str, other: str) -> bool:
    """Whether two hosts are spelled the same, however they are written."""
    return _canonical(one) == _canonical(other)


def stream_place(url: str) -> tuple[str, int, str] | None:
    """Return host, port and path with query of an RTSP URL; None where it is none."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return None
    default = _DEFAULT_PORTS.get(parts.scheme)
    if default is None or not host:
        return None
    path = parts.path or "/"
    return _canonical(host), port or default, f"{path}?{parts.query}" if parts.query else path


def without_login(url: str) -> str:
    """Return a URL that a device told, without user name and password; empty where in doubt."""
    scheme, separator, rest = url.partition("://")
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    if separator and "@" in authority:
        rest = rest[authority.rindex("@") + 1 :]
    clean = f"{scheme}{separator}{rest}"
    return "" if "@" in clean else clean


def with_host(url: str, host: str) -> str:
    """Return a stored URL with another host; port and path stay."""
    parts = urlsplit(url)
    port = "" if parts.port is None else f":{parts.port}"
    netloc = f"[{host}]{port}" if ":" in host else f"{host}{port}"
    return urlunsplit(parts._replace(netloc=netloc))


def _canonical(host: str) -> str:
    try:
        address = parse_address(host.lower().removeprefix("[").removesuffix("]"))
    except ValueError:
        address = None
    return host.rstrip(".").lower() if address is None else str(address)


def _login(userinfo: str) -> tuple[str, str]:
    username, _, password = userinfo.partition(":")
    return unquote(username), unquote(password)


def _check_host(host: str, *, allow_loopback: bool) -> None:
    if not host:
        raise ValueError("the URL has no host")
    address = parse_address(host)
    if address is None:
        if not host.isascii() or not _NAME.fullmatch(host):
            raise ValueError("the host must be a DNS name or an IP address")
        name = host.rstrip(".").lower()
        if not allow_loopback and (name in _LOCAL_NAMES or name.endswith(".localhost")):
            raise ValueError("the host is this machine, which is not allowed as a camera")
        return
    problem = refusal(address, allow_loopback=allow_loopback)
    if problem:
        raise ValueError(f"the host is {problem}, which is not allowed as a camera")
