"""Scan targets: addresses, CIDR ranges and ranges from one address to another."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from libs.contracts.devices import FailureReason
from libs.devices.errors import DeviceError
from libs.runtime.addresses import IpAddress, parse_range
from services.discovery.addresses import AddressRules


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
    try:
        first, last = parse_range(target)
    except ValueError as error:
        raise DeviceError(FailureReason.NAME_UNKNOWN, f"{target} {error}") from None
    if "/" in target and first.version == 4 and int(last) - int(first) > 1:
        # the network's own address and its broadcast address belong to no device
        return _Range(first + 1, last - 1)
    return _Range(first, last)
