import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.contracts.devices import FailureReason
from libs.devices.errors import DeviceError
from services.discovery.addresses import AddressRules, with_host
from services.discovery.targets import parse_targets

STRICT = AddressRules(allow_loopback=False)
LOCAL = AddressRules(allow_loopback=True)


def reason(target: str, *, rules: AddressRules = STRICT, most: int = 1024) -> FailureReason:
    with pytest.raises(DeviceError) as caught:
        parse_targets((target,), rules, max_addresses=most)
    return caught.value.reason


def test_addresses_networks_and_ranges_are_told_apart_and_repeats_left_out():
    found = parse_targets(
        ("192.0.2.9", "192.0.2.8/30", "192.0.2.10-192.0.2.12"), STRICT, max_addresses=100
    )

    assert found == ("192.0.2.9", "192.0.2.10", "192.0.2.11", "192.0.2.12")


@pytest.mark.parametrize(
    "target",
    [
        "127.0.0.1",
        "127.0.0.0/24",
        "126.255.255.250-127.0.0.2",
        "0.0.0.0",
        "169.254.169.254",
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "fe80::1",
        "::ffff:127.0.0.1",
        "::",
        "64:ff9b::7f00:1",
    ],
)
def test_addresses_that_no_camera_has_are_refused(target: str):
    assert reason(target) is FailureReason.NOT_ALLOWED


def test_this_machine_is_scanned_only_where_settings_allow_it():
    assert parse_targets(("127.0.0.1",), LOCAL, max_addresses=10) == ("127.0.0.1",)


@pytest.mark.parametrize("target", ["10.0.0.0/8", "10.0.0.1-10.255.0.1", "2001:db8::/32"])
def test_large_targets_are_refused_without_being_enumerated(target: str):
    assert reason(target) is FailureReason.NOT_ALLOWED


@pytest.mark.parametrize(
    "target", ["1.2.3", "1.2.3.4/33", "192.0.2.9-192.0.2.1", "192.0.2.1-::1", "-", "/", "dead"]
)
def test_what_is_no_target_is_named(target: str):
    assert reason(target) is FailureReason.NAME_UNKNOWN


@given(st.text(alphabet="0123456789abcdef.:/-", max_size=64))
def test_any_text_gives_addresses_or_a_device_error(text: str):
    try:
        found = parse_targets((text,), STRICT, max_addresses=256)
    except DeviceError:
        return
    assert 0 < len(found) <= 256
    for address in found:
        assert not ipaddress.ip_address(address).is_loopback


async def test_a_name_is_refused_when_any_of_its_addresses_is():
    with pytest.raises(DeviceError) as caught:
        await STRICT.resolve("localhost", timeout_seconds=5)

    assert caught.value.reason is FailureReason.NOT_ALLOWED


def test_a_url_keeps_port_path_and_query_with_another_host():
    assert with_host("rtsp://cam:8554/a?b=1", "192.0.2.1") == "rtsp://192.0.2.1:8554/a?b=1"
    assert with_host("rtsp://cam/a", "2001:db8::1") == "rtsp://[2001:db8::1]/a"
