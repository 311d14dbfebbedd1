"""WS-Discovery messages: what is sent, and what is made of answers."""

import pytest
from lxml import etree

from libs.devices.ws_discovery_messages import (
    MAX_DATAGRAM_BYTES,
    Bye,
    Hello,
    ProbeMatch,
    bare_id,
    new_message_id,
    probe_message,
    read_message,
)

_NAME = "5f5a69c2-e0ae-504f-829b-000000000001"


def _answer(body: str, relates_to: str = f"urn:uuid:{_NAME}") -> bytes:
    return f"""<?xml version="1.0"?>
    <SOAP-ENV:Envelope xmlns:SOAP-ENV="http://www.w3.org/2003/05/soap-envelope"
      xmlns:wsa="http://schemas.xmlsoap.org/ws/2004/08/addressing"
      xmlns:wsdd="http://schemas.xmlsoap.org/ws/2005/04/discovery">
      <SOAP-ENV:Header>
        <wsa:MessageID>uuid:0a-1</wsa:MessageID><wsa:RelatesTo>{relates_to}</wsa:RelatesTo>
      </SOAP-ENV:Header>
      <SOAP-ENV:Body>{body}</SOAP-ENV:Body>
    </SOAP-ENV:Envelope>""".encode()


def _match(endpoint: str = f"urn:uuid:{_NAME}") -> str:
    return f"""<wsdd:ProbeMatch>
      <wsa:EndpointReference><wsa:Address>{endpoint}</wsa:Address></wsa:EndpointReference>
      <wsdd:Types>dn:NetworkVideoTransmitter tds:Device</wsdd:Types>
      <wsdd:Scopes> onvif://www.onvif.org/name/Gate
         onvif://www.onvif.org/Profile/G </wsdd:Scopes>
      <wsdd:XAddrs>http://10.0.0.7/onvif/device_service
         http://[fe80::7]/onvif/device_service ftp://10.0.0.7/</wsdd:XAddrs>
      <wsdd:MetadataVersion>10</wsdd:MetadataVersion>
    </wsdd:ProbeMatch>"""


def test_an_answer_is_read_with_its_lists_split():
    received = read_message(
        _answer(f"<wsdd:ProbeMatches>{_match()}</wsdd:ProbeMatches>"), "10.0.0.9"
    )

    assert received is not None
    assert received.relates_to == _NAME
    assert received.items == (
        ProbeMatch(
            endpoint_id=f"urn:uuid:{_NAME}",
            xaddrs=(
                "http://10.0.0.7/onvif/device_service",
                "http://[fe80::7]/onvif/device_service",
            ),
            scopes=("onvif://www.onvif.org/name/Gate", "onvif://www.onvif.org/Profile/G"),
            types=("NetworkVideoTransmitter", "Device"),
            metadata_version=10,
            from_host="10.0.0.9",
        ),
    )


def test_one_answer_may_tell_of_several_devices():
    matches = _match("urn:uuid:a") + _match("UUID:B")

    received = read_message(_answer(f"<wsdd:ProbeMatches>{matches}</wsdd:ProbeMatches>"), "x")

    assert received is not None
    assert [item.endpoint_id for item in received.items] == ["urn:uuid:a", "urn:uuid:b"]


def test_hello_and_bye_are_read():
    hello = read_message(_answer(_match().replace("ProbeMatch>", "Hello>")), "x")
    bye = read_message(_answer(_match().replace("ProbeMatch>", "Bye>")), "x")

    assert hello is not None
    assert isinstance(hello.items[0], Hello)
    assert bye is not None
    assert bye.items == (Bye(f"urn:uuid:{_NAME}", "x"),)


@pytest.mark.parametrize(
    "name", [f"urn:uuid:{_NAME}", f"uuid:{_NAME}", _NAME, f" URN:UUID:{_NAME.upper()} "]
)
def test_a_message_is_known_by_any_form_of_its_name(name):
    assert bare_id(name) == _NAME


_BOMB = (
    b"<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b 'bbbbbbbb'>"
    b"<!ENTITY c '&b;&b;&b;&b;&b;&b;&b;&b;'>]><a>&c;&c;&c;</a>"
)


@pytest.mark.parametrize(
    "datagram",
    [
        b"",
        b"\0\xff\xfe",
        b"not XML",
        b"<a/>",
        _BOMB,
        b"<" * 65_000,
        b"<a>" * 10_000,
        _answer(""),
        _answer("<wsdd:Probe/>"),
        _answer(f"<wsdd:ProbeMatches>{_match()}</wsdd:ProbeMatches>")[:-30],
        _answer(f"<wsdd:ProbeMatches>{_match()}</wsdd:ProbeMatches>").ljust(65_000),
    ],
    ids=range(11),
)
def test_what_is_no_answer_is_nothing(datagram):
    assert read_message(datagram, "10.0.0.9") is None


def test_absurd_words_of_a_device_are_left_out():
    body = (
        "<wsdd:ProbeMatches><wsdd:ProbeMatch>"
        f"<wsdd:XAddrs>http://{'a' * 600} javascript:x</wsdd:XAddrs>"
        "<wsdd:MetadataVersion>-9999999999999999999</wsdd:MetadataVersion>"
        "</wsdd:ProbeMatch></wsdd:ProbeMatches>"
    )

    received = read_message(_answer(body), "x")

    assert received is not None
    assert received.items == (ProbeMatch("", (), (), (), 0, "x"),)


def test_a_largest_answer_is_still_read():
    body = f"<wsdd:ProbeMatches>{_match()}</wsdd:ProbeMatches>"
    padding = MAX_DATAGRAM_BYTES - len(_answer(body))

    assert read_message(_answer(body + " " * padding), "x") is not None
    assert read_message(_answer(body + " " * (padding + 1)), "x") is None


@pytest.mark.parametrize("types", ["dn:NetworkVideoTransmitter", "tds:Device"])
def test_a_probe_names_itself_and_the_types(types):
    name = new_message_id()

    probe = etree.fromstring(probe_message(name, types))

    assert [element.text for element in probe.iter("{*}MessageID")] == [f"urn:uuid:{name}"]
    assert [element.text for element in probe.iter("{*}Types")] == [types]
    prefix = types.partition(":")[0]
    assert probe.nsmap.get(prefix, "").startswith("http://www.onvif.org/ver10/")


def test_a_probe_for_everything_names_no_types():
    probe = etree.fromstring(probe_message("1", ""))

    assert list(probe.iter("{*}Types")) == []
    assert [element.text for element in probe.iter("{*}MessageID")] == ["uuid:1"]
