"""Addresses that ONVIF devices tell, and where they really are."""

import pytest

from libs.contracts.devices import FailureReason
from libs.devices.driver import Address
from libs.devices.errors import DeviceError
from libs.devices.onvif.addresses import repaired_endpoint, repaired_stream_url, snapshot_url

HERE = Address("203.0.113.5", 8080)


@pytest.mark.parametrize(
    ("told", "port", "target"),
    [
        ("http://203.0.113.5:8899/onvif/media", 8899, "/onvif/media"),
        ("http://203.0.113.5/onvif/media?x=1", 80, "/onvif/media?x=1"),
        ("http://192.168.1.64/onvif/media", 8080, "/onvif/media"),
        ("http://192.168.1.64:80/a%20b?c=d&e=f", 8080, "/a%20b?c=d&e=f"),
        ("http://camera.local:99", 8080, "/"),
        (" http://[fe80::1]:80/x ", 8080, "/x"),
    ],
)
def test_a_service_is_at_our_host_and_keeps_its_port_only_where_it_knows_our_host(
    told, port, target
):
    endpoint = repaired_endpoint(told, HERE)

    assert (endpoint.address.host, endpoint.address.port) == ("203.0.113.5", port)
    assert endpoint.target == target


def test_a_service_is_never_asked_without_tls_when_the_device_is_reached_with_it():
    secure = Address("203.0.113.5", 443, use_tls=True)

    assert repaired_endpoint("http://203.0.113.5:80/x", secure).address == secure
    assert repaired_endpoint("https://203.0.113.5:8443/x", secure).address.port == 8443


@pytest.mark.parametrize(
    "told",
    [
        "",
        "/onvif/media",
        "ftp://203.0.113.5/x",
        "file:///etc/passwd",
        "http://",
        "http://[::1/x",
        "http://203.0.113.5:99999/x",
        "http://203.0.113.5/a b",
        "http://203.0.113.5/\r\nHost: x",
        "http://203.0.113.5/" + "x" * 3000,
    ],
)
def test_what_is_no_http_address_is_a_protocol_error(told):
    with pytest.raises(DeviceError) as failed:
        repaired_endpoint(told, HERE)

    assert failed.value.reason is FailureReason.PROTOCOL


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ("rtsp://192.168.1.64/live", "rtsp://203.0.113.5/live"),
        ("rtsp://192.168.1.64:554/a?b=1&c=2", "rtsp://203.0.113.5:554/a?b=1&c=2"),
        ("rtsp://admin:secret@192.168.1.64:554/live", "rtsp://203.0.113.5:554/live"),
        ("rtsps://[fe80::1]:322/x", "rtsps://203.0.113.5:322/x"),
        ("rtsp://h/a?user=admin&password=secret&channel=1", "rtsp://203.0.113.5/a?channel=1"),
        ("rtsp://h/a?channel=1&pwd=secret", "rtsp://203.0.113.5/a?channel=1"),
        (
            "rtsp://h/user=admin&password=secret&channel=1&stream=0.sdp",
            "rtsp://203.0.113.5/user=admin&password=&channel=1&stream=0.sdp",
        ),
    ],
)
def test_a_stream_keeps_its_port_and_loses_its_login(told, expected):
    assert repaired_stream_url(told, HERE) == expected


def test_a_stream_at_an_ipv6_host_has_brackets():
    address = Address("fe80::5", 80)

    assert repaired_stream_url("rtsp://10.0.0.1:554/x", address) == "rtsp://[fe80::5]:554/x"


@pytest.mark.parametrize("told", ["", "http://h/x", "rtsp:///x", "rtsp://h:port/x"])
def test_what_is_no_stream_address_is_a_protocol_error(told):
    with pytest.raises(DeviceError) as failed:
        repaired_stream_url(told, HERE)

    assert failed.value.reason is FailureReason.PROTOCOL


def test_a_snapshot_address_has_our_port_and_no_login():
    endpoint = repaired_endpoint("http://admin:secret@10.0.0.1/pic?pwd=secret&c=1", HERE)

    assert snapshot_url(endpoint) == "http://203.0.113.5:8080/pic?c=1"
