from libs.contracts.asks import FoundDevice
from libs.contracts.devices import DriverName, FailureReason
from libs.devices.driver import Login
from libs.devices.errors import DeviceError
from services.discovery.breakers import REMEMBERED_SECONDS, BreakerTable, why_not_tried
from services.discovery.candidates import candidates
from services.discovery.inspection import Inspector
from services.discovery.recognition import Speaker
from tests.unit.discovery.discovery_fakes import NOW, FakeDevice, FakeDrivers

ISAPI, DAHUA, ONVIF = DriverName.ISAPI, DriverName.DAHUA, DriverName.ONVIF
HOST = "192.0.2.7"
GOOD, WRONG = Login("admin", "good"), Login("admin", "wrong")


async def inspect(
    devices: dict[int, FakeDevice], login: Login | None, *rtsp_ports: int
) -> list[FoundDevice]:
    drivers = FakeDrivers({(HOST, port): device for port, device in devices.items()})
    inspector = Inspector(drivers, BreakerTable(lambda: NOW, lambda: 0.0), lambda: NOW)
    order = (ISAPI, DAHUA, ONVIF)
    speakers = [
        Speaker(port, drivers=tuple(n for n in order if n in device.protocols))
        for port, device in devices.items()
    ] + [Speaker(port, is_rtsp=True) for port in rtsp_ports]
    found = candidates(HOST, speakers, ())
    return [d async for d in inspector.devices(HOST, speakers, found, login)]


async def test_a_device_with_two_protocols_gets_a_wrong_login_once():
    device = FakeDevice(frozenset({ISAPI, ONVIF}))

    (found,) = await inspect({80: device}, WRONG)

    assert device.attempts == 1
    assert found.failure is not None
    assert found.failure.reason is FailureReason.UNAUTHORIZED
    assert found.also == (ONVIF,)


async def test_another_port_that_may_be_the_same_device_does_not_get_it_either():
    one, two = FakeDevice(frozenset({ISAPI})), FakeDevice(frozenset({ONVIF}))

    found = await inspect({80: one, 8899: two}, WRONG)

    assert (one.attempts, two.attempts) == (1, 0)
    assert [d.failure.reason for d in found if d.failure] == [FailureReason.UNAUTHORIZED] * 2
    assert found[1].failure is not None
    assert found[1].failure.detail.startswith("not asked")


async def test_without_a_login_nobody_is_told_that_a_wrong_one_was_tried():
    device = FakeDevice(
        frozenset({ISAPI}), broken=DeviceError(FailureReason.UNAUTHORIZED, "no login is set")
    )

    (found,) = await inspect({80: device}, None)

    assert found.failure is not None
    assert found.failure.reason is FailureReason.UNAUTHORIZED
    assert found.failure.advice == "Enter the user name and password of this device."


async def test_two_devices_of_one_kind_behind_one_address_get_it_once_each():
    one, two = FakeDevice(frozenset({ISAPI})), FakeDevice(frozenset({ISAPI}), serial="CD87654321")

    await inspect({81: one, 82: two}, WRONG)

    assert (one.attempts, two.attempts) == (1, 1)


async def test_what_fails_after_the_identity_leaves_the_rest():
    device = FakeDevice(
        frozenset({ISAPI}), broken=DeviceError(FailureReason.NO_PERMISSION, "not for you")
    )

    (found,) = await inspect({80: device}, GOOD)

    assert found.details is not None
    assert found.details.identity.serial == device.serial
    assert found.failure is not None
    assert found.failure.reason is FailureReason.NO_PERMISSION


async def test_a_fault_in_a_driver_is_an_internal_failure_without_its_words():
    device = FakeDevice(frozenset({ISAPI}), broken=RuntimeError("the password is good"))

    (found,) = await inspect({80: device}, GOOD)

    assert found.failure is not None
    assert found.failure.reason is FailureReason.INTERNAL
    assert "password" not in found.failure.detail
    assert device.closed == 1


async def test_rtsp_ports_go_to_the_device_that_names_them_and_the_others_stand_alone():
    device = FakeDevice(frozenset({ISAPI}), rtsp_port=7000)

    found = await inspect({80: device}, GOOD, 7000, 7001)

    assert [(d.port, d.driver, d.rtsp_port) for d in found] == [
        (80, ISAPI, 7000),
        (7001, None, 7001),
    ]


def test_a_rejected_login_is_remembered_for_ten_minutes_and_others_are_not_held_up():
    moment = 0.0
    table = BreakerTable(lambda: NOW, lambda: moment)
    table.of(HOST, 80, WRONG).note(DeviceError(FailureReason.UNAUTHORIZED, "rejected"))

    assert why_not_tried(table.of(HOST, 80, Login("admin", "wrong"))) is not None
    assert why_not_tried(table.of(HOST, 80, GOOD)) is None
    assert why_not_tried(table.of(HOST, 81, WRONG)) is None
    moment = REMEMBERED_SECONDS + 1
    assert why_not_tried(table.of(HOST, 80, WRONG)) is None


def test_a_locked_account_is_locked_for_every_login():
    table = BreakerTable(lambda: NOW, lambda: 0.0)
    table.of(HOST, 80, WRONG).note(DeviceError(FailureReason.LOCKED, "locked"))

    failure = why_not_tried(table.of(HOST, 80, GOOD))
    assert failure is not None
    assert failure.reason is FailureReason.LOCKED
