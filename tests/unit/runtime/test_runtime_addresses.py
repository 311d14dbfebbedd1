"""Addresses that cameras may have, in every spelling of those that they may not."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.runtime.addresses import parse_address, parse_range, range_refusal, refusal


@pytest.mark.parametrize(
    "text",
    ["127.0.0.1", "127.1", "0x7f000001", "017700000001", "::ffff:127.0.0.1", "2002:7f00:1::"],
)
def test_this_machine_is_found_out_in_every_spelling(text: str) -> None:
    address = parse_address(text)

    assert address is not None
    assert "loopback" in refusal(address, allow_loopback=False)
    assert refusal(address, allow_loopback=True) == ""


def test_the_loopback_address_of_ipv6_is_allowed_with_the_other() -> None:
    address = ipaddress.ip_address("::1")

    assert "loopback" in refusal(address, allow_loopback=False)
    assert refusal(address, allow_loopback=True) == ""


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("0.0.0.0", "unspecified"),
        ("::", "unspecified"),
        ("169.254.169.254", "link-local"),
        ("64:ff9b::a9fe:a9fe", "link-local"),
        ("fd00:ec2::254", "link-local"),
        ("224.0.0.1", "multicast"),
        ("255.255.255.255", "broadcast"),
    ],
)
def test_what_no_camera_has_is_refused_also_where_loopback_is_allowed(text: str, what: str) -> None:
    address = parse_address(text)

    assert address is not None
    assert what in refusal(address, allow_loopback=True)


@pytest.mark.parametrize("text", ["camera", "camera.example", "1.2.3.4.5", ""])
def test_a_name_is_no_address(text: str) -> None:
    assert parse_address(text) is None


def test_the_first_address_of_a_range_that_is_refused_is_told() -> None:
    first, last = parse_range("126.255.255.255-127.0.0.9")

    refused = range_refusal(first, last, allow_loopback=False)

    assert refused is not None
    assert str(refused[0]) == "127.0.0.0"


@given(st.ip_addresses(), st.integers(0, 128))
def test_no_range_that_is_let_through_has_an_address_that_is_refused(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address, bits: int
) -> None:
    network = ipaddress.ip_network(f"{address}/{min(bits, address.max_prefixlen)}", strict=False)
    first, last = parse_range(str(network))

    refused = range_refusal(first, last, allow_loopback=False)

    if refused is None:
        assert not any(refusal(end, allow_loopback=False) for end in (first, last))
    else:
        assert first <= refused[0] <= last  # type: ignore[operator]
