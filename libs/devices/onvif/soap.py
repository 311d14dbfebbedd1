"""SOAP 1.2 by hand, for what onvif-zeep has no WSDL for: Media2, and the look without a login."""

from lxml import etree

from libs.contracts.devices import FailureReason
from libs.devices.errors import DeviceError
from libs.devices.onvif.faults import fault_in, status_error
from libs.devices.onvif.token import UsernameToken
from libs.devices.xml import Element, local_child, parse_xml

ENVELOPE = "http://www.w3.org/2003/05/soap-envelope"
CONTENT_TYPE = "application/soap+xml; charset=utf-8"


def request(namespace: str, operation: str, *parameters: tuple[str, str]) -> Element:
    """Return an envelope whose operation has text parameters, in the order of its schema."""
    envelope = etree.Element(f"{{{ENVELOPE}}}Envelope", nsmap={"s": ENVELOPE, "n": namespace})
    etree.SubElement(envelope, f"{{{ENVELOPE}}}Header")
    body = etree.SubElement(envelope, f"{{{ENVELOPE}}}Body")
    asked = etree.SubElement(body, f"{{{namespace}}}{operation}")
    for name, value in parameters:
        etree.SubElement(asked, f"{{{namespace}}}{name}").text = value
    return envelope


def signed(envelope: Element, token: UsernameToken | None) -> bytes:
    """Return the message as bytes, with the login if there is one."""
    if token is not None:
        token.apply(envelope, {})
    return etree.tostring(envelope, xml_declaration=True, encoding="utf-8")


def answer_in(status: int, body: bytes, operation: str) -> Element:
    """Return the answer's element. Raises DeviceError for a fault and for anything else."""
    problem = status_error(status)
    if problem is not None and not body.lstrip().startswith(b"<"):
        raise problem
    try:
        envelope = parse_xml(body)
    except DeviceError as error:
        raise problem or error from error
    if (fault := fault_in(envelope)) is not None:
        raise fault
    found = local_child(envelope, "Body", f"{operation}Response")
    if found is None or problem is not None:
        raise problem or DeviceError(FailureReason.PROTOCOL, f"no answer to {operation}")
    return found
