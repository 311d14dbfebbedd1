import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.contracts.asks import ScanNetwork
from services.api.scan_targets import check_target


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("192.0.2.7", "192.0.2.7"),
        (" 192.0.2.7 ", "192.0.2.7"),
        ("192.0.2.7/24", "192.0.2.7/24"),
        ("192.0.2.7/32", "192.0.2.7"),
        ("192.0.2.10-192.0.2.20", "192.0.2.10-192.0.2.20"),
        ("192.0.2.10 - 192.0.2.20", "192.0.2.10-192.0.2.20"),
        ("2001:db8::7", "2001:db8::7"),
        ("2001:db8::/120", "2001:db8::/120"),
    ],
)
def test_addresses_and_ranges_may_be_scanned(text, target):
    assert check_target(text, allow_loopback=False) == target


@pytest.mark.parametrize(
    "text",
    [
        "127.0.0.1",
        "127.0.0.0/8",
        "126.255.255.255-127.0.0.1",
        "::1",
        "::ffff:127.0.0.1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
        "::ffff:0:0/96",
        "2002::/16",
        "0.0.0.0",
        "0.0.0.0/0",
        "::/0",
        "169.254.0.0/16",
        "169.254.169.254",
        "fe80::1",
        "224.0.0.1",
        "255.255.255.255",
        "fd00:ec2::254",
        "fd00:ec2::/64",
    ],
)
def test_ranges_that_contain_what_must_not_be_connected_to_are_refused(text):
    with pytest.raises(ValueError, match="may not be scanned"):
        check_target(text, allow_loopback=False)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-",
        "192.0.2.1-",
        "camera",
        "192.0.2.1/33",
        "192.0.2.2-192.0.2.1",
        "1.2.3.4-::9",
        "2001:db8::1%a",
    ],
)
def test_what_is_no_target_is_refused(text):
    with pytest.raises(ValueError, match=r"must (be|come)"):
        check_target(text, allow_loopback=True)


def test_loopback_may_be_scanned_where_that_is_allowed():
    assert check_target("127.0.0.0/30", allow_loopback=True) == "127.0.0.0/30"
    with pytest.raises(ValueError, match="link-local"):
        check_target("127.0.0.1-169.254.0.1", allow_loopback=True)


@given(st.ip_addresses(), st.integers(0, 128))
def test_no_range_that_is_let_through_reaches_this_machine(address, bits):
    text = f"{address}/{min(bits, address.max_prefixlen)}"
    network = ipaddress.ip_network(text, strict=False)
    loopback = ipaddress.ip_network("127.0.0.0/8" if address.version == 4 else "::1/128")

    try:
        check_target(text, allow_loopback=False)
    except ValueError as error:
        told = str(error)
    else:
        told = ""

    assert told or not network.overlaps(loopback)


@given(st.text("0123456789abf.:/- %x", max_size=70))
def test_what_is_let_through_can_be_asked(text):
    try:
        target = check_target(text, allow_loopback=False)
    except ValueError as error:
        target, told = "192.0.2.1", str(error)
    else:
        told = target

    assert told
    assert ScanNetwork(scan_id="0" * 16, targets=(target,)).targets == (target,)
