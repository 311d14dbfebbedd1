"""SOAP 1.2 envelopes and faults as ONVIF devices write them (ONVIF Core 5.8, SOAP 1.2 part 1)."""

from dataclasses import dataclass

from lxml import etree

from tools.camera_sim.devices.onvif.names import qname
from tools.camera_sim.devices.onvif.xml import Element, el

CONTENT_TYPE = "application/soap+xml; charset=utf-8"


class SoapFault(Exception):
    """A request is refused; `subcodes` are ONVIF's, the general one first."""

    def __init__(
        self, code: str, *subcodes: str, reason: str = "", status: int | None = None
    ) -> None:
        super().__init__(reason or "/".join((code, *subcodes)))
        self.code = code
        self.subcodes = subcodes
        self.status = status or (400 if code == "Sender" else 500)


def invalid_argument(detail: str, reason: str = "") -> SoapFault:
    """Sender, ter:InvalidArgVal and what is wrong with it."""
    return SoapFault("Sender", "InvalidArgVal", detail, reason=reason)


def not_authorized() -> SoapFault:
    """What devices answer with HTTP 400 that know UsernameToken only."""
    return SoapFault("Sender", "NotAuthorized", reason="The action requires authorization")


@dataclass(frozen=True, slots=True)
class SoapRequest:
    """What was asked: the first element of the body, and the header if there is one."""

    header: Element | None
    body: Element


def read_request(data: bytes) -> SoapRequest:
    """Take an envelope apart; raises SoapFault."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        envelope = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise SoapFault("Sender", "WellFormed", reason="The XML is not well-formed") from error
    if envelope.getroottree().docinfo.internalDTD is not None:
        raise SoapFault("Sender", "WellFormed", reason="No DTD in SOAP")
    if envelope.tag != qname("s:Envelope"):
        raise SoapFault("VersionMismatch", reason="Not an envelope of SOAP 1.2")
    body = envelope.find(qname("s:Body"))
    if body is None or len(body) == 0 or not isinstance(body[0].tag, str):
        raise SoapFault("Sender", "WellFormed", reason="The body is empty")
    return SoapRequest(header=envelope.find(qname("s:Header")), body=body[0])


def write_answer(body: Element) -> bytes:
    """Return the bytes of an envelope around a body."""
    envelope = el("s:Envelope", el("s:Body", body))
    return bytes(etree.tostring(envelope, xml_declaration=True, encoding="UTF-8"))


def write_fault(fault: SoapFault) -> bytes:
    """Return the bytes of a fault, its subcodes one within the other."""
    code: Element | None = None
    for subcode in reversed(fault.subcodes):
        code = el("s:Subcode", el("s:Value", f"ter:{subcode}"), code)
    reason = el("s:Text", str(fault))
    reason.set("{http://www.w3.org/XML/1998/namespace}lang", "en")
    return write_answer(
        el(
            "s:Fault",
            el("s:Code", el("s:Value", f"s:{fault.code}"), code),
            el("s:Reason", reason),
        )
    )
