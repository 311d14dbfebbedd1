"""Scan targets: addresses, CIDR ranges and ranges from one address to another."""

import ipaddress
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from libs.contracts.devices import FailureReason
from libs.devices.errors import DeviceError
from services.discovery.addresses import AddressRules, IpAddress, parse_address


@dataclass(frozen=True, slots=True)
class _Range:
    first: IpAddress
    last: IpAddress

    @property
    def count(self) -> int:
        return int(self.last) - int(self.first) + 1


def parse_targets(
    targets: Sequence[str], rules: AddressRules, *, max_addresses: int
) -> tuple[str, ...]:
    """Return every address of the targets, each once, in their order.

    Raises DeviceError: NAME_UNKNOWN for what is no target, NOT_ALLOWED for forbidden addresses
    and for too many of them. Nothing is enumerated before it is counted.
    """
    ranges = [_parse(target) for target in targets]
    total = sum(found.count for found in ranges)
    if total > max_addresses:
        raise DeviceError(
            FailureReason.NOT_ALLOWED,
            f"{total} addresses are more than the {max_addresses} that one scan may have",
        )
    for found in ranges:
        rules.check_range(found.first, found.last)
    return tuple(dict.fromkeys(_addresses(ranges)))


def _addresses(ranges: Sequence[_Range]) -> Iterator[str]:
    for found in ranges:
        kind = type(found.first)
        for number in range(int(found.first), int(found.last) + 1):
            yield str(kind(number))


def _parse(target: str) -> _Range:
    if "/" in target:
        return _network(target)
    start, dash, end = target.partition("-")
    first = parse_address(start)
    last = parse_address(end) if dash else first
    if first is None or last is None:
        raise DeviceError(FailureReason.NAME_UNKNOWN, f"{target} is no address and no range")
    if first.version != last.version or int(first) > int(last):
        raise DeviceError(FailureReason.NAME_UNKNOWN, f"{target} does not go from low to high")
    return _Range(first, last)


def _network(target: str) -> _Range:
    try:
        network = ipaddress.ip_network(target, strict=False)
    except ValueError:
        raise DeviceError(
            FailureReason.NAME_UNKNOWN, f"{target} is no range of addresses"
        ) from None
    first, last = network.network_address, network.broadcast_address
    if network.num_addresses > 2 and network.version == 4:
        # the network's own address and its broadcast address belong to no device
        return _Range(first + 1, last - 1)
    return _Range(first, last)
