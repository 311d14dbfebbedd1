from libs.contracts.devices import DeviceIdentity, DriverName
from services.discovery.candidates import (
    Announced,
    Candidate,
    candidates,
    free_rtsp_ports,
    is_same,
)
from services.discovery.recognition import Speaker

ISAPI, DAHUA, ONVIF = DriverName.ISAPI, DriverName.DAHUA, DriverName.ONVIF
HOST = "192.0.2.7"


def test_devices_at_different_ports_of_one_address_stay_different():
    found = candidates(HOST, [Speaker(81, drivers=(ISAPI,)), Speaker(82, drivers=(ISAPI,))], ())

    assert [c.port for c in found] == [81, 82]
    assert not found[0].may_be(found[1])


def test_one_server_with_and_without_tls_is_one_device():
    speakers = [Speaker(443, use_tls=True, drivers=(ISAPI, ONVIF)), Speaker(80, drivers=(ISAPI,))]

    (only,) = candidates(HOST, speakers, ())

    assert (only.port, only.use_tls, only.drivers) == (80, False, (ISAPI, ONVIF))


def test_another_protocol_at_another_port_may_be_the_same_device():
    speakers = [Speaker(80, drivers=(ISAPI,)), Speaker(8899, drivers=(ONVIF,))]

    one, two = candidates(HOST, speakers, ())

    assert one.may_be(two)


def test_endpoints_tell_devices_apart_and_together():
    speakers = [Speaker(80, drivers=(ISAPI,)), Speaker(8899, drivers=(ONVIF,))]
    told = [Announced(HOST, port, False, f"urn:uuid:{name}") for port, name in ((80, 1), (8899, 2))]
    one, two = candidates(HOST, speakers, told)
    assert not one.may_be(two)

    same = [Announced(HOST, port, False, "urn:uuid:1") for port in (80, 8899)]
    (only,) = candidates(HOST, speakers, same)
    assert only.drivers == (ISAPI, ONVIF)


def test_an_announced_port_where_nothing_was_recognised_is_no_device():
    assert candidates(HOST, (), [Announced(HOST, 80, False, "urn:uuid:1")]) == ()


def test_the_usual_rtsp_port_belongs_to_the_only_device():
    one = Candidate(HOST, 80, False, (ONVIF,))
    speakers = [Speaker(554, is_rtsp=True), Speaker(7000, is_rtsp=True)]

    assert free_rtsp_ports(speakers, [one], ()) == (554, (7000,))
    assert free_rtsp_ports(speakers, [one, one], ()) == (None, (554, 7000))
    assert free_rtsp_ports(speakers, [one], [554, 7000]) == (None, ())


def test_identities_are_the_same_by_serial_or_mac_and_not_by_what_all_have():
    def identity(**fields: str) -> DeviceIdentity:
        return DeviceIdentity(model="M", firmware="1", **fields)

    assert is_same(identity(serial="AB123456"), identity(serial="AB123456"), same_host=False)
    assert is_same(
        identity(mac="02:00:00:00:00:0A"), identity(mac="02-00-00-00-00-0a"), same_host=False
    )
    assert not is_same(identity(serial="000000"), identity(serial="000000"), same_host=False)
    assert not is_same(
        identity(mac="00:00:00:00:00:00"), identity(mac="00:00:00:00:00:00"), same_host=False
    )
    assert is_same(identity(), identity(), same_host=True)
    assert not is_same(identity(), identity(), same_host=False)
