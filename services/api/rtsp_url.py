"""Camera URLs: what is accepted, and taking the login out of them.

The recorder connects to whatever is stored here, so an address that only this server can reach
must not get in, in no spelling. Names are looked up when the recorder connects, not here.
"""

import ipaddress
import re
import socket
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit, urlunsplit

MAX_LENGTH = 2048
_DEFAULT_PORTS = {"rtsp": 554, "rtsps": 322}
_UNSAFE = re.compile(r"[\x00-\x20\x7f-\x9f\s\\<>\"`{}|^]")
_NAME = re.compile(
    r"^(?=.{1,253}\.?$)[A-Za-z0-9_]([A-Za-z0-9_-]{0,62})(\.[A-Za-z0-9_-]{1,63})*\.?$"
)
_LOCAL_NAMES = ("localhost", "localhost.localdomain", "ip6-localhost", "ip6-loopback")
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_METADATA = frozenset({ipaddress.ip_address("fd00:ec2::254")})

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


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


def refusal(address: Address, *, allow_loopback: bool) -> str:
    """Return what an address is that may not be connected to; empty where it may."""
    return _refusal(_innermost(address), allow_loopback=allow_loopback)


def _canonical(host: str) -> str:
    try:
        address = _address(host.lower().removeprefix("[").removesuffix("]"))
    except ValueError:
        address = None
    return host.rstrip(".").lower() if address is None else str(address)


def _login(userinfo: str) -> tuple[str, str]:
    username, _, password = userinfo.partition(":")
    return unquote(username), unquote(password)


def _check_host(host: str, *, allow_loopback: bool) -> None:
    if not host:
        raise ValueError("the URL has no host")
    address = _address(host)
    if address is None:
        if not host.isascii() or not _NAME.fullmatch(host):
            raise ValueError("the host must be a DNS name or an IP address")
        name = host.rstrip(".").lower()
        if not allow_loopback and (name in _LOCAL_NAMES or name.endswith(".localhost")):
            raise ValueError("the host is this machine, which is not allowed as a camera")
        return
    problem = _refusal(_innermost(address), allow_loopback=allow_loopback)
    if problem:
        raise ValueError(f"the host is {problem}, which is not allowed as a camera")


def _address(host: str) -> Address | None:
    """Return the address that a host spells, also in the old ways (127.1, 0x7f000001, 017700...).

    inet_aton is what resolvers use, so it accepts exactly the spellings that would connect.
    """
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        pass
    if ":" in host:
        raise ValueError("the host is not a valid IPv6 address")
    try:
        return ipaddress.IPv4Address(socket.inet_aton(host.rstrip(".")))
    except (OSError, UnicodeError):
        return None


def _innermost(address: Address) -> Address:
    """Return the IPv4 address that an IPv6 address stands for, where it does."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address.ipv4_mapped or address.sixtofour:
        return address.ipv4_mapped or address.sixtofour or address
    is_compatible = int(address) >> 32 == 0 and int(address) > 1
    if address in _NAT64 or is_compatible:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def _refusal(address: Address, *, allow_loopback: bool) -> str:
    if address.is_loopback:
        return "" if allow_loopback else "a loopback address"
    if address.is_unspecified or (address.version == 4 and int(address) >> 24 == 0):
        return "an unspecified address"
    if address.is_link_local or address in _METADATA:
        return "a link-local address"
    if address.is_multicast:
        return "a multicast address"
    if address.version == 4 and address.is_reserved:  # 240.0.0.0/4, broadcast among them
        return "a broadcast or reserved address"
    return ""
