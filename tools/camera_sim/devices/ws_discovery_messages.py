"""Messages of WS-Discovery: Probe and Resolve in, matches, Hello and Bye out."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal
from urllib.parse import unquote, urlsplit
from uuid import uuid4

from lxml import etree

from tools.camera_sim.devices.onvif.scopes import scopes_of
from tools.camera_sim.devices.spec import DeviceSpec

_SOAP: Final = "http://www.w3.org/2003/05/soap-envelope"
_ADDRESSING: Final = "http://schemas.xmlsoap.org/ws/2004/08/addressing"
_DISCOVERY: Final = "http://schemas.xmlsoap.org/ws/2005/04/discovery"
_NETWORK: Final = "http://www.onvif.org/ver10/network/wsdl"
_DEVICE: Final = "http://www.onvif.org/ver10/device/wsdl"
_NSMAP: Final = {
    "s": _SOAP,
    "a": _ADDRESSING,
    "d": _DISCOVERY,
    "dn": _NETWORK,
    "tds": _DEVICE,
}
_ANONYMOUS: Final = f"{_ADDRESSING}/role/anonymous"
_EVERYBODY: Final = "urn:schemas-xmlsoap-org:ws:2005:04:discovery"
_INSTANCE: Final = 1
_MATCH_EXACTLY: Final = f"{_DISCOVERY}/strcmp0"
_MATCH_URI: Final = frozenset({"", f"{_DISCOVERY}/rfc2396", f"{_DISCOVERY}/rfc3986"})

TYPES: Final = frozenset({f"{{{_NETWORK}}}NetworkVideoTransmitter", f"{{{_DEVICE}}}Device"})
_TYPES_TEXT: Final = "dn:NetworkVideoTransmitter tds:Device"

Element = etree._Element  # noqa: SLF001 - the only name that lxml gives its elements


@dataclass(frozen=True, slots=True)
class Announced:
    """A device in the words of WS-Discovery."""

    endpoint_id: str
    scopes: tuple[str, ...]
    addresses: tuple[str, ...]
    """XAddrs."""

    @classmethod
    def of(
        cls, spec: DeviceSpec, addresses: Iterable[str], missing_services: Iterable[str]
    ) -> "Announced":
        """Describe a device; which profiles its scopes name follows from its services."""
        return cls(spec.endpoint_id, scopes_of(spec, missing_services), tuple(addresses))


@dataclass(frozen=True, slots=True)
class Query:
    """A Probe, or a Resolve of one endpoint."""

    kind: Literal["Probe", "Resolve"]
    message_id: str
    types: frozenset[str] = frozenset()
    """`{namespace}name` each; what has no known prefix is here as it was written."""
    scopes: tuple[str, ...] = ()
    match_by: str = ""
    endpoint_id: str = ""

    def asks_for(self, announced: Announced) -> bool:
        """Whether a device has to answer."""
        if self.kind == "Resolve":
            return self.endpoint_id == announced.endpoint_id
        return self.types <= TYPES and all(
            any(_is_within(wanted, scope, self.match_by) for scope in announced.scopes)
            for wanted in self.scopes
        )


def read_query(data: bytes) -> Query | None:
    """Read a datagram; None for whatever is no Probe and no Resolve."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        envelope = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError):
        return None
    message_id = _text(envelope, "s:Header/a:MessageID")
    probe = envelope.find("s:Body/d:Probe", _NSMAP)
    if message_id and probe is not None:
        return _probe(probe, message_id)
    endpoint_id = _text(envelope, "s:Body/d:Resolve/a:EndpointReference/a:Address")
    if message_id and endpoint_id:
        return Query("Resolve", message_id, endpoint_id=endpoint_id)
    return None


def matches(query: Query, announced: Announced, relates_to: str, number: int) -> bytes:
    """Return ProbeMatches or ResolveMatches with one match."""
    match = _describe(f"{query.kind}Match", announced)
    body = _element(_DISCOVERY, f"{query.kind}Matches", children=[match])
    relation = _element(_ADDRESSING, "RelatesTo", relates_to)
    return _message(f"{query.kind}Matches", _ANONYMOUS, [relation], body, number)


def announcement(action: str, announced: Announced, number: int) -> bytes:
    """Return a Hello or Bye."""
    return _message(action, _EVERYBODY, [], _describe(action, announced), number)


def _probe(probe: Element, message_id: str) -> Query:
    types = probe.find("d:Types", _NSMAP)
    scopes = probe.find("d:Scopes", _NSMAP)
    return Query(
        "Probe",
        message_id,
        types=frozenset() if types is None else frozenset(_qnames(types)),
        scopes=() if scopes is None else tuple((scopes.text or "").split()),
        match_by="" if scopes is None else scopes.get("MatchBy", ""),
    )


def _qnames(element: Element) -> Iterable[str]:
    for name in (element.text or "").split():
        prefix, _, local = name.rpartition(":")
        namespace = element.nsmap.get(prefix or None)
        yield f"{{{namespace}}}{local}" if namespace else name


def _is_within(wanted: str, scope: str, match_by: str) -> bool:
    """Whether a scope matches (WS-Discovery 5.1): its path begins with the wanted segments."""
    if match_by == _MATCH_EXACTLY:
        return wanted == scope
    if match_by not in _MATCH_URI:
        return False
    want, have = urlsplit(wanted), urlsplit(scope)
    if (want.scheme.lower(), want.netloc.lower()) != (have.scheme.lower(), have.netloc.lower()):
        return False
    segments = _segments(want.path)
    return _segments(have.path)[: len(segments)] == segments


def _segments(path: str) -> Sequence[str]:
    return [unquote(segment) for segment in path.strip("/").split("/") if segment]


def _describe(name: str, announced: Announced) -> Element:
    address = _element(_ADDRESSING, "Address", announced.endpoint_id)
    reference = _element(_ADDRESSING, "EndpointReference", children=[address])
    if name == "Bye":
        return _element(_DISCOVERY, name, children=[reference])
    told = [
        _element(_DISCOVERY, "Types", _TYPES_TEXT),
        _element(_DISCOVERY, "Scopes", " ".join(announced.scopes)),
        _element(_DISCOVERY, "XAddrs", " ".join(announced.addresses)),
        _element(_DISCOVERY, "MetadataVersion", "1"),
    ]
    return _element(_DISCOVERY, name, children=[reference, *told])


def _message(
    action: str, to: str, relations: Sequence[Element], body: Element, number: int
) -> bytes:
    sequence = _element(_DISCOVERY, "AppSequence")
    sequence.set("InstanceId", str(_INSTANCE))
    sequence.set("MessageNumber", str(number))
    header = [
        _element(_ADDRESSING, "MessageID", f"urn:uuid:{uuid4()}"),
        *relations,
        _element(_ADDRESSING, "To", to),
        _element(_ADDRESSING, "Action", f"{_DISCOVERY}/{action}"),
        sequence,
    ]
    envelope = _element(
        _SOAP,
        "Envelope",
        children=[
            _element(_SOAP, "Header", children=header),
            _element(_SOAP, "Body", children=[body]),
        ],
    )
    return bytes(etree.tostring(envelope, xml_declaration=True, encoding="UTF-8"))


def _element(
    namespace: str, name: str, text: str | None = None, *, children: Sequence[Element] = ()
) -> Element:
    element = etree.Element(f"{{{namespace}}}{name}", nsmap=_NSMAP)
    element.text = text
    element.extend(children)
    return element


def _text(envelope: Element, path: str) -> str:
    return (envelope.findtext(path, "", _NSMAP) or "").strip()
