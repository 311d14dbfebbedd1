"""Addresses that a device tells, repaired: behind NAT it knows neither its host nor its port.

The host is always the one that the device was reached at; path and query are the device's.
XAddrs: when the device names our host, its port is right and kept; another host means that the
device does not know how it is reached, so port and scheme are those that worked. Never from TLS
down to plain HTTP. Stream addresses keep their port: the HTTP port says nothing about RTSP.
"""

import re
from dataclasses import dataclass, replace
from urllib.parse import SplitResult, urlsplit, urlunsplit

from libs.contracts.devices import FailureReason
from libs.devices.driver import Address
from libs.devices.errors import DeviceError

_MAX_URL = 1700
# Some brands carry the login in path or query: `/user=a&password=b&channel=1&stream=0.sdp`.
_PASSWORD_VALUE = re.compile(r"(?i)\b(pass|passwd|password|pwd|loginpas)=[^&/?#]*")
_QUERY_LOGIN = re.compile(
    r"(?i)(?:^|&)(?:pass|passwd|password|pwd|loginpas|user|username|usr|loginuse)=[^&#]*"
)
_HTTP_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a request goes: a port of the device, and a path with its query."""

    address: Address
    target: str


def repaired_endpoint(url: str, address: Address) -> Endpoint:
    """Return where an HTTP address of the device really is. Raises PROTOCOL when it is none."""
    parts = _parts(url)
    if parts.scheme not in _HTTP_PORTS or not parts.hostname:
        raise DeviceError(FailureReason.PROTOCOL, "an address of a service is not HTTP")
    target = urlunsplit(("", "", parts.path or "/", parts.query, ""))
    uses_tls = parts.scheme == "https"
    if parts.hostname != _plain(address.host) or (address.use_tls and not uses_tls):
        return Endpoint(address, target)
    port = parts.port or _HTTP_PORTS[parts.scheme]
    return Endpoint(replace(address, port=port, use_tls=uses_tls), target)


def repaired_stream_url(url: str, address: Address) -> str:
    """Return an RTSP address with our host and without a login. Raises PROTOCOL for others."""
    parts = _parts(url)
    if parts.scheme not in {"rtsp", "rtsps"} or not parts.hostname:
        raise DeviceError(FailureReason.PROTOCOL, "the address of a stream is not RTSP")
    return _with_host(parts, address, parts.port)


def snapshot_url(endpoint: Endpoint) -> str:
    """Return an endpoint as a URL without a login."""
    parts = urlsplit(endpoint.address.base_url + endpoint.target)
    return _with_host(parts, endpoint.address, parts.port)


def _with_host(parts: SplitResult, address: Address, port: int | None) -> str:
    host = f"[{address.host}]" if ":" in address.host else address.host
    authority = f"{host}:{port}" if port else host
    path = _PASSWORD_VALUE.sub(r"\1=", parts.path)
    query = _QUERY_LOGIN.sub("", parts.query).lstrip("&")
    return urlunsplit((parts.scheme, authority, path, query, ""))


def _parts(url: str) -> SplitResult:
    text = url.strip()
    if len(text) > _MAX_URL or not text.isprintable() or " " in text:
        raise DeviceError(FailureReason.PROTOCOL, "an address of the device makes no sense")
    try:
        parts = urlsplit(text)
        _ = parts.port, parts.hostname
    except ValueError as error:
        raise DeviceError(
            FailureReason.PROTOCOL, "an address of the device makes no sense"
        ) from error
    return parts


def _plain(host: str) -> str:
    return host.strip("[]").lower()
