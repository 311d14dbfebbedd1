from libs.contracts.asks import FoundDevice, ScanState
from libs.contracts.devices import Channel, DeviceDetails, DeviceIdentity, DriverName, StreamInfo
from services.discovery.candidates import found_id_of
from services.discovery.findings import MOST_BYTES, MOST_DEVICES, Findings, fitting
from tests.unit.discovery.discovery_fakes import NOW


def found(number: int, *, channels: int = 1, serial: str | None = None) -> FoundDevice:
    url = "rtsp://192.0.2.1/" + "x" * 200
    return FoundDevice(
        found_id=found_id_of(str(number)),
        host="192.0.2.1",
        port=1000 + number,
        driver=DriverName.ONVIF,
        details=DeviceDetails(
            identity=DeviceIdentity(model="M", serial=serial or f"SERIAL{number:06d}"),
            channels=tuple(
                Channel(channel=str(n), streams=(StreamInfo(stream="main", url=url),))
                for n in range(channels)
            ),
        ),
        seen_at=NOW,
    )


def state(devices: tuple[FoundDevice, ...]) -> ScanState:
    return ScanState(scan_id="0" * 16, state="running", started_at=NOW, devices=devices)


def test_a_device_that_is_found_twice_is_one_and_keeps_its_id():
    findings = Findings()
    again = found(2, serial="SERIAL000001").model_copy(update={"driver": DriverName.ISAPI})

    assert [findings.add(found(1)), findings.add(again)] == [True, False]

    (only,) = findings.devices
    assert only.found_id == found_id_of("1")
    assert only.also == (DriverName.ISAPI,)


def test_different_endpoints_are_different_devices_whatever_their_serials():
    findings = Findings()
    for number in (1, 2):
        one = found(number, serial="SERIAL000001")
        findings.add(one.model_copy(update={"endpoint_id": f"urn:uuid:{number}"}))

    assert len(findings.devices) == 2


def test_more_devices_than_are_kept_are_counted():
    findings = Findings()
    for number in range(MOST_DEVICES + 3):
        findings.add(found(number))

    assert len(findings.devices) == MOST_DEVICES
    assert findings.left_out == 3


def test_a_state_that_is_too_large_loses_channels_first_and_says_so():
    devices = tuple(found(number, channels=32) for number in range(200))

    small = fitting(state(devices))

    assert len(small.model_dump_json(exclude_none=True).encode()) <= MOST_BYTES
    assert len(small.devices) == 200
    assert small.devices[0].details is not None
    assert small.devices[0].details.channels
    assert small.devices[-1].details is not None
    assert not small.devices[-1].details.channels
    assert small.notes


def test_a_state_that_fits_is_left_alone():
    assert fitting(state((found(1),))) == state((found(1),))


def test_nothing_is_too_large_in_the_end():
    scopes = tuple("s" * 200 for _ in range(40))
    devices = tuple(
        found(n).model_copy(update={"details": None, "scopes": scopes, "host": "h" * 253})
        for n in range(MOST_DEVICES)
    )

    small = fitting(state(devices))

    assert len(small.model_dump_json(exclude_none=True).encode()) <= MOST_BYTES
