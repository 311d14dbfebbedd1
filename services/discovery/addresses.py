"""Which addresses discovery may connect to, and names turned into checked addresses."""

import asyncio
import socket
from urllib.parse import urlsplit, urlunsplit

from libs.contracts.devices import FailureReason
from libs.devices.errors import DeviceError
from libs.runtime.addresses import IpAddress, parse_address, range_refusal


class AddressRules:
    """What may be scanned, probed and checked."""

    def __init__(self, *, allow_loopback: bool) -> None:
        self._allow_loopback = allow_loopback

    def check(self, address: IpAddress) -> None:
        """Raise DeviceError (NOT_ALLOWED) for an address that may not be used."""
        self.check_range(address, address)

    def check_text(self, text: str) -> None:
        """Raise DeviceError for what is no address (NAME_UNKNOWN), or a forbidden one."""
        address = address_of(text)
        if address is None:
            raise DeviceError(FailureReason.NAME_UNKNOWN, f"{text[:60]} is no address")
        self.check(address)

    def check_range(self, first: IpAddress, last: IpAddress) -> None:
        """Raise DeviceError (NOT_ALLOWED) when any address from `first` to `last` is forbidden."""
        refused = range_refusal(first, last, allow_loopback=self._allow_loopback)
        if refused is not None:
            raise DeviceError(FailureReason.NOT_ALLOWED, f"{refused[0]} is {refused[1]}")

    async def resolve(self, host: str, *, timeout_seconds: float) -> str:
        """Return the address to connect to; every address that the name has is checked.

        Raises DeviceError: NAME_UNKNOWN, NOT_ALLOWED or TIMEOUT.
        """
        literal = address_of(host)
        if literal is not None:
            self.check(literal)
            return str(literal)
        found = await _look_up(host, timeout_seconds)
        for address in found:
            self.check(address)
        # devices have IPv4 addresses nearly always, and names of both kinds often no IPv6 route
        return str(min(found, key=lambda address: address.version))


def address_of(host: str) -> IpAddress | None:
    """Return the address that a host spells, None for a name or what is neither."""
    try:
        return parse_address(host.strip("[]"))
    except ValueError:
        return None


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
    found = [address_of(str(info[4][0]).partition("%")[0]) for info in infos]
    addresses = [address for address in found if address is not None]
    if not addresses:
        raise DeviceError(FailureReason.NAME_UNKNOWN, f"{host} has no address")
    return addresses
