"""XML from devices."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.contracts.devices import FailureReason
from libs.devices.errors import DeviceError
from libs.devices.xml import local_child, local_children, local_name, local_text, parse_xml

BOMB = (
    b'<!DOCTYPE a [<!ENTITY b0 "bbbbbbbbbb">'
    + b"".join(b'<!ENTITY b%d "%s">' % (n, b"&b%d;" % (n - 1) * 10) for n in range(1, 10))
    + b"]><a>&b9;</a>"
)


@pytest.mark.parametrize(
    "namespace", [b"", b' xmlns="http://www.hikvision.com/x"', b' xmlns="u:y"']
)
def test_elements_are_found_by_local_names(namespace):
    root = parse_xml(b"<a" + namespace + b"><b><c> one </c></b><b><c>two</c></b><d/></a>")

    assert local_name(root) == "a"
    assert local_text(root, "b", "c") == "one"
    assert [child.text for child in local_children(root, "b", "c")] == [" one ", "two"]
    assert local_text(root, "d") == local_text(root, "no", "where") == ""
    assert local_child(root, "no") is None


def test_padding_around_a_document_does_no_harm():
    assert local_name(parse_xml(b"\r\n <?xml version='1.0'?><a/>\n\0\0")) == "a"


def test_comments_and_instructions_are_not_elements():
    root = parse_xml(b"<a><!-- b --><?b c?><b>1</b></a>")

    assert local_text(root, "b") == "1"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\0\0",
        b"It works!",
        b"<a>",
        b"<a>&nbsp;</a>",
        b"<x:a/>",
        b"<!DOCTYPE html><html/>",
        b'<!DOCTYPE a SYSTEM "http://127.0.0.1:1/x.dtd"><a/>',
        b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]><a>&x;</a>',
        BOMB,
        b'<?xml version="1.0" encoding="klingon"?><a/>',
        b'<?xml version="1.0" encoding="UTF-16"?><a/>',
        "<!DOCTYPE a><a/>".encode("utf-16"),
        b"<a>" * 5000 + b"</a>" * 5000,
        b"<a>\x01</a>",
        b"\xff\xfe\x00",
    ],
)
def test_what_is_no_plain_xml_is_a_protocol_error(body):
    with pytest.raises(DeviceError) as raised:
        parse_xml(body)

    assert raised.value.reason is FailureReason.PROTOCOL


@given(st.binary(max_size=200) | st.text(alphabet="<>/a!?&;[]='\" \0", max_size=80).map(str.encode))
def test_any_bytes_are_xml_or_a_protocol_error(body):
    try:
        root = parse_xml(body)
    except DeviceError:
        return
    assert local_name(root)
