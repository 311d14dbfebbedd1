"""WS-Discovery messages of 2005/04, as ONVIF devices send them (ONVIF Core 7.3); without I/O."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal, TypeVar

from libs.devices.errors import DeviceError
from libs.devices.xml import Element, local_child, local_children, local_text, parse_xml

MAX_DATAGRAM_BYTES: Final = 32 * 1024
"""Answers of real devices have one to four kilobytes."""

ProbedTypes = Literal["dn:NetworkVideoTransmitter", "tds:Device", ""]
PROBED_TYPES: Final[tuple[ProbedTypes, ...]] = ("dn:NetworkVideoTransmitter", "tds:Device", "")
"""What old devices answer to, what the specification obliges to, and everything."""

_MAX_ADDRESSES = 20
_MAX_SCOPES = 200
_MAX_TYPES = 50
_MAX_MATCHES = 500
_MAX_WORD = 500
_PROBE = """<?xml version="1.0" encoding="utf-8"?>\
<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" \
xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing" \
xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery" \
xmlns:dn="http://www.onvif.org/ver10/network/wsdl" \
xmlns:tds="http://www.onvif.org/ver10/device/wsdl">\
<s:Header>\
<a:Action s:mustUnderstand="1">\
http://schemas.xmlsoap.org/ws/2005/04/discovery/Probe</a:Action>\
<a:MessageID>{message_id}</a:MessageID>\
<a:ReplyTo><a:Address>\
http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous</a:Address></a:ReplyTo>\
<a:To s:mustUnderstand="1">urn:schemas-xmlsoap-org:ws:2005:04:discovery</a:To>\
</s:Header>\
<s:Body><d:Probe>{types}</d:Probe></s:Body></s:Envelope>"""


@dataclass(frozen=True, slots=True)
class _Described:
    """A device in its own words; any of them may be false."""

    endpoint_id: str
    """`urn:uuid:...` in lower case, stable over restarts; empty where the device has none."""
    xaddrs: tuple[str, ...]
    """Addresses of its device service; their hosts may be those of another network."""
    scopes: tuple[str, ...]
    types: tuple[str, ...]
    """Without their prefixes."""
    metadata_version: int
    from_host: str
    """Where the message came from."""


class ProbeMatch(_Described):
    """A device that answered a probe."""

    __slots__ = ()


class Hello(_Described):
    """A device tells that it is there, unasked."""

    __slots__ = ()


DescribedT = TypeVar("DescribedT", ProbeMatch, Hello)


@dataclass(frozen=True, slots=True)
class Bye:
    """A device tells that it goes."""

    endpoint_id: str
    from_host: str


@dataclass(frozen=True, slots=True)
class Received:
    """What a datagram held."""

    message_id: str
    relates_to: str
    """Which message it answers; both are bare UUIDs."""
    items: tuple[ProbeMatch | Hello | Bye, ...]


def new_message_id() -> str:
    """Return a bare UUID."""
    return str(uuid.uuid4())


def probe_message(message_id: str, types: ProbedTypes) -> bytes:
    """Return a Probe for devices of these types.

    The one without types carries its name as `uuid:`, which is all that some devices take.
    """
    prefix = "urn:uuid:" if types else "uuid:"
    asked = f"<d:Types>{types}</d:Types>" if types else ""
    return _PROBE.format(message_id=prefix + message_id, types=asked).encode()


def read_message(datagram: bytes, from_host: str) -> Received | None:
    """Return what a datagram says; None for all that is no answer and no announcement."""
    if len(datagram) > MAX_DATAGRAM_BYTES:
        return None
    try:
        envelope = parse_xml(datagram)
    except DeviceError:
        return None
    header, body = local_child(envelope, "Header"), local_child(envelope, "Body")
    if header is None or body is None:
        return None
    items = tuple(_items(body, from_host))
    if not items:
        return None
    return Received(
        message_id=bare_id(local_text(header, "MessageID")),
        relates_to=bare_id(local_text(header, "RelatesTo")),
        items=items,
    )


def bare_id(name: str) -> str:
    """Return a message's name without `urn:` and `uuid:`, which devices drop at will."""
    return name.strip()[:_MAX_WORD].lower().removeprefix("urn:").removeprefix("uuid:")


def _items(body: Element, from_host: str) -> Iterator[ProbeMatch | Hello | Bye]:
    for told in local_children(body, "ProbeMatches", "ProbeMatch")[:_MAX_MATCHES]:
        yield _described(ProbeMatch, told, from_host)
    for told in local_children(body, "Hello")[:1]:
        yield _described(Hello, told, from_host)
    for told in local_children(body, "Bye")[:1]:
        yield Bye(endpoint_id=_endpoint(told), from_host=from_host)


def _described(kind: type[DescribedT], told: Element, from_host: str) -> DescribedT:
    return kind(
        endpoint_id=_endpoint(told),
        xaddrs=_addresses(told),
        scopes=_words(told, "Scopes", _MAX_SCOPES),
        types=_types(told),
        metadata_version=_version(told),
        from_host=from_host,
    )


def _endpoint(told: Element) -> str:
    name = local_text(told, "EndpointReference", "Address").lower()
    if not name.isprintable() or len(name) > 200 or " " in name:
        return ""
    return f"urn:{name}" if name.startswith("uuid:") else name


def _addresses(told: Element) -> tuple[str, ...]:
    found = _words(told, "XAddrs", _MAX_ADDRESSES)
    return tuple(word for word in found if word.lower().startswith(("http://", "https://")))


def _types(told: Element) -> tuple[str, ...]:
    return tuple(word.rpartition(":")[2] for word in _words(told, "Types", _MAX_TYPES))


def _words(told: Element, name: str, most: int) -> tuple[str, ...]:
    words = local_text(told, name).split()
    usable = (word for word in words if word.isprintable() and len(word) <= _MAX_WORD)
    return tuple(dict.fromkeys(usable))[:most]


def _version(told: Element) -> int:
    text = local_text(told, "MetadataVersion")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 11 else 0
