from datetime import UTC, datetime
from typing import Any

import pytest

from libs.contracts.asks import FoundDevice
from libs.contracts.cameras import CameraConfig
from libs.contracts.devices import DeviceConfig, DriverName
from libs.web.problems import Problem
from services.api.checks import check_url
from services.api.device_registry import Device
from services.api.device_setup import changed_camera
from services.api.known_devices import cameras_at, registered, twin_of

T0 = datetime(2026, 11, 20, tzinfo=UTC)


def device(**fields: Any) -> DeviceConfig:
    values = {
        "device_id": "cellar",
        "name": "Cellar",
        "driver": "onvif",
        "host": "192.0.2.20",
        "port": 80,
        **fields,
    }
    return DeviceConfig.model_validate(values)


def known(**fields: Any) -> list[Device]:
    return [Device(device(**fields), None, T0, None)]


def found(**fields: Any) -> FoundDevice:
    values = {"found_id": "0" * 16, "host": "192.0.2.20", "port": 80, "seen_at": T0, **fields}
    return FoundDevice.model_validate({"driver": "onvif", **values})


def camera(**fields: Any) -> CameraConfig:
    values = {"camera_id": "door", "name": "Door", "url": "rtsp://192.0.2.20/1", **fields}
    return CameraConfig.model_validate(values)


@pytest.mark.parametrize(
    ("fields", "is_same"),
    [
        ({}, True),
        ({"port": 81}, False),
        ({"driver": "isapi"}, False),
        ({"driver": "isapi", "also": ("onvif",)}, True),
        ({"driver": None}, False),
        ({"host": "192.0.2.99", "endpoint_id": "urn:uuid:1"}, True),
        ({"host": "192.0.2.99", "endpoint_id": "urn:uuid:2"}, False),
    ],
)
def test_found_device_is_known_by_its_endpoint_or_by_its_address_and_protocol(fields, is_same):
    devices = known(endpoint_id="urn:uuid:1")

    assert (registered(found(**fields), devices) is not None) is is_same


def test_devices_without_an_endpoint_are_not_all_the_same():
    other = device(device_id="attic", host="192.0.2.99")

    assert registered(found(host="192.0.2.50"), known()) is None
    assert twin_of(other, known()) is None


def test_host_is_the_same_however_it_is_written():
    assert registered(found(host="NVR.example."), known(host="nvr.example")) is not None
    assert registered(found(host="2001:DB8:0::1"), known(host="2001:db8::1")) is not None


def test_device_is_not_its_own_twin():
    assert twin_of(device(driver=DriverName.ONVIF), known()) is None


def test_cameras_are_those_of_the_device_and_those_at_its_rtsp_address():
    cameras = [
        camera(camera_id="a", device_id="cellar", channel="1", url="rtsp://198.51.100.1/1"),
        camera(camera_id="b"),
        camera(camera_id="c", url="rtsp://192.0.2.20:8554/1"),
    ]

    assert cameras_at(found(rtsp_port=554), device(), cameras) == ["a", "b"]
    assert cameras_at(found(), None, cameras) == []


def test_camera_moves_with_its_device_and_keeps_port_and_path():
    old, new = device(), device(host="2001:db8::7", credentials="token")
    before = camera(url="rtsp://192.0.2.20:8554/a?b=c", sub_url="rtsp://192.0.2.20/s")

    after = changed_camera(before, old, new)

    assert after.url == "rtsp://[2001:db8::7]:8554/a?b=c"
    assert after.sub_url == "rtsp://[2001:db8::7]/s"
    assert after.credentials == "token"


def test_camera_on_another_host_is_left_alone():
    before = camera(url="rtsp://198.51.100.1/1")

    assert changed_camera(before, device(), device(host="192.0.2.9", credentials="t")) == before


def test_login_is_not_given_to_a_small_stream_on_another_host():
    before = camera(sub_url="rtsp://198.51.100.1/s")

    with pytest.raises(Problem) as refused:
        changed_camera(before, device(), device(credentials="token"))

    assert refused.value.errors[0].field == "credentials"


@pytest.mark.parametrize(
    ("url", "used_by"),
    [
        ("rtsp://192.0.2.20/1", ["door"]),
        ("rtsp://192.0.2.20:554/1", ["door"]),
        ("rtsp://a:b@192.0.2.20/1", ["door"]),
        ("rtsp://192.0.2.20/small", ["door"]),
        ("rtsp://192.0.2.20/2", []),
        ("rtsp://192.0.2.20:8554/1", []),
        ("rtsp://192.0.2.21/1", []),
    ],
)
def test_address_is_taken_by_host_port_and_path(url, used_by):
    cameras = [camera(sub_url="rtsp://192.0.2.20/small")]

    check = check_url(url, cameras, allow_loopback=False)

    assert (check.used_by, check.is_free) == (used_by, not used_by)


def test_camera_without_a_small_stream_does_not_own_what_cannot_be_read():
    assert check_url("rtsp://", [camera()], allow_loopback=False).used_by == []
