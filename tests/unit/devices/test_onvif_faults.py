"""SOAP faults and HTTP statuses of ONVIF devices, and what they mean."""

import pytest

from libs.contracts.devices import FailureReason
from libs.devices.errors import DeviceError
from libs.devices.onvif.faults import OnvifFault, printable, status_error
from libs.devices.onvif.soap import answer_in

_FAULT = """<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"
  xmlns:ter="http://www.onvif.org/ver10/error"><s:Body><s:Fault>
  <s:Code><s:Value>s:Receiver</s:Value><s:Subcode><s:Value>ter:Action</s:Value>
  <s:Subcode><s:Value>ter:ResourceProblem</s:Value></s:Subcode></s:Subcode></s:Code>
  <s:Reason><s:Text xml:lang="en">Too many\nsearches</s:Text></s:Reason>
  </s:Fault></s:Body></s:Envelope>"""


@pytest.mark.parametrize(
    ("codes", "text", "reason"),
    [
        (("Sender", "NotAuthorized"), "Sender not authorized", FailureReason.UNAUTHORIZED),
        (("Sender", "FailedAuthentication"), "", FailureReason.UNAUTHORIZED),
        (("Sender", "NotAuthorized"), "The account is locked", FailureReason.LOCKED),
        (("Sender", "NotAuthorized"), "clock skew, blocking", FailureReason.UNAUTHORIZED),
        (("Sender", "OperationProhibited"), "", FailureReason.NO_PERMISSION),
        (("Receiver", "ActionNotSupported"), "", FailureReason.UNSUPPORTED),
        (("Receiver", "Action", "ResourceProblem"), "", FailureReason.BUSY),
        (("Sender", "InvalidArgVal", "NoProfile"), "", FailureReason.NOT_FOUND),
        (("Sender", "InvalidArgVal"), "", FailureReason.PROTOCOL),
        ((), "", FailureReason.PROTOCOL),
    ],
)
def test_the_innermost_known_code_is_the_reason(codes, text, reason):
    assert OnvifFault(codes, text).reason is reason


def test_a_fault_in_an_answer_is_raised_with_its_codes_and_words():
    with pytest.raises(OnvifFault) as failed:
        answer_in(500, _FAULT.encode(), "GetProfiles")

    assert failed.value.codes == ("Receiver", "Action", "ResourceProblem")
    assert failed.value.detail == "Receiver/Action/ResourceProblem: Too many searches"


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (403, FailureReason.NO_PERMISSION),
        (404, FailureReason.NOT_FOUND),
        (503, FailureReason.BUSY),
        (500, FailureReason.PROTOCOL),
        (302, FailureReason.PROTOCOL),
        (999, FailureReason.PROTOCOL),
    ],
)
def test_a_status_without_a_fault_is_the_reason(status, reason):
    error = status_error(status)

    assert error is not None
    assert error.reason is reason
    with pytest.raises(DeviceError) as failed:
        answer_in(status, b"<html><p>sorry</html>", "GetProfiles")
    assert failed.value.reason is reason


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\0\xff",
        b"<a/>",
        b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>",
        _FAULT.encode()[:-40],
        _FAULT.replace("s:Fault", "s:Other").encode(),
    ],
)
def test_an_answer_that_is_none_is_a_protocol_error(body):
    with pytest.raises(DeviceError) as failed:
        answer_in(200, body, "GetProfiles")

    assert failed.value.reason is FailureReason.PROTOCOL


def test_a_devices_words_fit_on_one_line():
    assert printable(" a\r\n\tb\x1b[31m" + "c" * 999, 10) == "a b[31mccc"
    assert printable(None) == ""
