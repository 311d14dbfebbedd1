"""Where a scan may go: addresses, CIDR ranges and first-last, checked before anything is asked."""

import ipaddress

from services.api.rtsp_url import Address, refusal

_FORBIDDEN = tuple(
    (ipaddress.ip_network(network), what)
    for network, what in (
        ("0.0.0.0/8", "unspecified addresses"),
        ("169.254.0.0/16", "link-local addresses"),
        ("224.0.0.0/4", "multicast addresses"),
        ("240.0.0.0/4", "broadcast or reserved addresses"),
        ("::/96", "addresses with an IPv4 address inside"),
        ("::ffff:0:0/96", "addresses with an IPv4 address inside"),
        ("64:ff9b::/96", "addresses with an IPv4 address inside"),
        ("2002::/16", "addresses with an IPv4 address inside"),
        ("fe80::/10", "link-local addresses"),
        ("fd00:ec2::254/128", "link-local addresses"),
        ("ff00::/8", "multicast addresses"),
    )
)
_LOOPBACK = ipaddress.ip_network("127.0.0.0/8")


def check_target(text: str, *, allow_loopback: bool) -> str:
    """Return a target in its usual spelling; ValueError says what is wrong with it."""
    text = text.strip()
    if len(text) > 64 or "%" in text:
        raise ValueError("must be an address, a range such as 192.0.2.0/24, or first-last")
    first, last = _ends(text)
    if first == last:
        what = refusal(first, allow_loopback=allow_loopback)
        if what:
            raise ValueError(f"{first} is {what}, which may not be scanned")
        return str(first)
    forbidden = _FORBIDDEN if allow_loopback else (*_FORBIDDEN, (_LOOPBACK, "loopback addresses"))
    for network, what in forbidden:
        if network.version == first.version and _overlap(network, first, last):
            raise ValueError(f"the range contains {what}, which may not be scanned")
    return text if "/" in text else f"{first}-{last}"


def _ends(text: str) -> tuple[Address, Address]:
    try:
        if "/" in text:
            network = ipaddress.ip_network(text, strict=False)
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
    return first, last


def _overlap(
    network: ipaddress.IPv4Network | ipaddress.IPv6Network, first: Address, last: Address
) -> bool:
    return int(network[0]) <= int(last) and int(first) <= int(network[-1])
