"""Which addresses a camera or device may have.

Everframe connects to addresses that operators type and devices tell. What only this machine or
its cloud can reach must not get in, in no spelling.
"""

import ipaddress
import socket
from typing import Final

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
IpNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network

_LOOPBACK: Final = ("127.0.0.0/8", "::1/128")
_FORBIDDEN: Final = {
    # connecting to 0.0.0.0 reaches this machine
    "0.0.0.0/8": "an unspecified address",
    "::/128": "an unspecified address",
    "169.254.0.0/16": "a link-local address",
    "fe80::/10": "a link-local address",
    # a metadata service of clouds, which no camera is
    "fd00:ec2::254/128": "a link-local address",
    "224.0.0.0/4": "a multicast address",
    "ff00::/8": "a multicast address",
    "240.0.0.0/4": "a broadcast or reserved address",
    # only in ranges: a single one of these is taken for the IPv4 address inside
    "::/96": "an address with an IPv4 address inside",
    "::ffff:0:0/96": "an address with an IPv4 address inside",
    "64:ff9b::/96": "an address with an IPv4 address inside",
    "2002::/16": "an address with an IPv4 address inside",
}
_RULES: Final[tuple[tuple[IpNetwork, str], ...]] = tuple(
    (ipaddress.ip_network(text), what) for text, what in _FORBIDDEN.items()
)
_LOOPBACK_RULES: Final[tuple[tuple[IpNetwork, str], ...]] = tuple(
    (ipaddress.ip_network(text), "a loopback address") for text in _LOOPBACK
)
_LOOPBACK_6: Final = ipaddress.ip_address("::1")
_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")


def parse_address(text: str) -> IpAddress | None:
    """Return the address that a host spells, None for a name.

    Also the old spellings (127.1, 0x7f000001, 017700000001), which resolvers take, and the IPv4
    address inside an IPv6 one that stands for it. Raises ValueError for a broken IPv6 address.
    """
    try:
        return _innermost(ipaddress.ip_address(text))
    except ValueError:
        pass
    if ":" in text:
        raise ValueError("the host is not a valid IPv6 address")
    try:
        # what resolvers use, so it accepts exactly the spellings that would connect
        return ipaddress.IPv4Address(socket.inet_aton(text.rstrip(".")))
    except (OSError, UnicodeError):
        return None


def parse_range(text: str) -> tuple[IpAddress, IpAddress]:
    """Return first and last of an address, a CIDR range or `first-last`; ValueError for others."""
    try:
        if "/" in text:
            network = ipaddress.ip_network(text.strip(), strict=False)
            return network[0], network[-1]
        first_text, dash, last_text = text.partition("-")
        first = ipaddress.ip_address(first_text.strip())
        last = ipaddress.ip_address(last_text.strip()) if dash else first
    except ValueError:
        raise ValueError(
            "must be an address, a range such as 192.0.2.0/24, or first-last"
        ) from None
    if first.version != last.version or int(last) < int(first):
        raise ValueError("the last address must come after the first")
    if first == last:
        first = last = _innermost(first)
    return first, last


def refusal(address: IpAddress, *, allow_loopback: bool) -> str:
    """Return what an address is that may not be connected to; empty where it may."""
    inner = _innermost(address)
    found = range_refusal(inner, inner, allow_loopback=allow_loopback)
    return found[1] if found else ""


def host_refusal(host: str, *, allow_loopback: bool) -> str:
    """Return what a host is that may not be connected to, whatever its name; empty where it may.

    Blocks while a name is looked up. A name without an address is let through: connecting says so.
    """
    try:
        addresses = [parse_address(host)]
        if addresses[0] is None:
            found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
            addresses = [parse_address(str(info[4][0]).partition("%")[0]) for info in found]
    except (OSError, UnicodeError, ValueError):
        return ""
    refused = (refusal(a, allow_loopback=allow_loopback) for a in addresses if a is not None)
    return next(filter(None, refused), "")


def range_refusal(
    first: IpAddress, last: IpAddress, *, allow_loopback: bool
) -> tuple[IpAddress, str] | None:
    """Return the first address of a range that may not be used, and what it is; None: all may."""
    rules = _RULES if allow_loopback else (*_LOOPBACK_RULES, *_RULES)
    if allow_loopback and first == last == _LOOPBACK_6:
        return None  # it lies within ::/96, and is no IPv4 address
    found = [
        (type(first)(max(int(first), int(network[0]))), what)
        for network, what in rules
        if network.version == first.version
        and int(first) <= int(network[-1])
        and int(network[0]) <= int(last)
    ]
    return min(found, key=lambda refused: int(refused[0]), default=None)


def _innermost(address: IpAddress) -> IpAddress:
    """Return the IPv4 address that an IPv6 address stands for, where it does."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address.ipv4_mapped or address.sixtofour:
        return address.ipv4_mapped or address.sixtofour or address
    is_compatible = int(address) >> 32 == 0 and int(address) > 1
    if address in _NAT64 or is_compatible:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address
