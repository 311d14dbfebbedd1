"""Which addresses discovery may connect to, and names turned into checked addresses."""

import asyncio
import ipaddress
import socket
from urllib.parse import urlsplit, urlunsplit

from libs.contracts.devices import FailureReason
from libs.devices.errors import DeviceError

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
IpNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network

_LOOPBACK = ("127.0.0.0/8", "::1/128")
_FORBIDDEN = {
    # connecting to 0.0.0.0 reaches this machine
    "0.0.0.0/8": "an unspecified address",
    "::/128": "an unspecified address",
    "169.254.0.0/16": "a link-local address",
    "fe80::/10": "a link-local address",
    "224.0.0.0/4": "a multicast address",
    "ff00::/8": "a multicast address",
    "255.255.255.255/32": "the broadcast address",
    "240.0.0.0/4": "a reserved address",
    # a metadata service of clouds, which no camera is
    "fd00:ec2::254/128": "an address of the cloud's own",
    # IPv4 in disguise: the plain address is checked instead
    "::ffff:0:0/96": "a mapped IPv4 address",
    "64:ff9b::/96": "a translated IPv4 address",
    "2002::/16": "a tunnelled IPv4 address",
}


class AddressRules:
    """What may be scanned, probed and checked."""

    def __init__(self, *, allow_loopback: bool) -> None:
        self._forbidden: list[tuple[IpNetwork, str]] = [
            (ipaddress.ip_network(text), why) for text, why in _FORBIDDEN.items()
        ]
        if not allow_loopback:
            self._forbidden += [
                (ipaddress.ip_network(text), "an address of this machine") for text in _LOOPBACK
            ]

    def check(self, address: IpAddress) -> None:
        """Raise DeviceError (NOT_ALLOWED) for an address that may not be used."""
        self.check_range(address, address)

    def check_text(self, text: str) -> None:
        """Raise DeviceError for what is no address (NAME_UNKNOWN), or a forbidden one."""
        address = parse_address(text)
        if address is None:
            raise DeviceError(FailureReason.NAME_UNKNOWN, f"{text[:60]} is no address")
        self.check(address)

    def check_range(self, first: IpAddress, last: IpAddress) -> None:
        """Raise DeviceError (NOT_ALLOWED) when any address from `first` to `last` is forbidden."""
        for network, why in self._forbidden:
            if network.version != first.version:
                continue
            if int(first) <= int(network.broadcast_address) and int(last) >= int(
                network.network_address
            ):
                inside = max(int(first), int(network.network_address))
                shown = type(first)(inside)
                raise DeviceError(FailureReason.NOT_ALLOWED, f"{shown} is {why}")

    async def resolve(self, host: str, *, timeout_seconds: float) -> str:
        """Return the address to connect to; every address that the name has is checked.

        Raises DeviceError: NAME_UNKNOWN, NOT_ALLOWED or TIMEOUT.
        """
        literal = parse_address(host)
        if literal is not None:
            self.check(literal)
            return str(literal)
        found = await _look_up(host, timeout_seconds)
        for address in found:
            self.check(address)
        # devices have IPv4 addresses nearly always, and names of both kinds often no IPv6 route
        return str(min(found, key=lambda address: address.version))


def parse_address(text: str) -> IpAddress | None:
    """Return the address that is written there, None for a name; mapped IPv4 becomes plain."""
    try:
        address = ipaddress.ip_address(text.strip("[]"))
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def with_host(url: str, host: str) -> str:
    """Return the URL with another host; its port and path stay."""
    parts = urlsplit(url)
    shown = f"[{host}]" if ":" in host else host
    port = "" if parts.port is None else f":{parts.port}"
    return urlunsplit(parts._replace(netloc=f"{shown}{port}"))


def host_and_port(url: str) -> tuple[str, int]:
    """Return where an RTSP URL points (RFC 2326 3.2: port 554; rtsps: 322).

    Raises DeviceError (NAME_UNKNOWN) for a URL without a readable host.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host:
        raise DeviceError(FailureReason.NAME_UNKNOWN, "the URL has no readable host and port")
    return host, port or (322 if parts.scheme == "rtsps" else 554)


async def _look_up(host: str, timeout_seconds: float) -> list[IpAddress]:
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(timeout_seconds):
            infos = await loop.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except TimeoutError:
        raise DeviceError(FailureReason.TIMEOUT, f"looking up {host} took too long") from None
    except (OSError, UnicodeError):
        raise DeviceError(FailureReason.NAME_UNKNOWN, f"{host} has no address") from None
    found = [parse_address(str(info[4][0]).partition("%")[0]) for info in infos]
    addresses = [address for address in found if address is not None]
    if not addresses:
        raise DeviceError(FailureReason.NAME_UNKNOWN, f"{host} has no address")
    return addresses
