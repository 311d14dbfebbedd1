"""XML from devices: small, without DTD or entities, read by local names.

The same document comes in several namespaces, so namespaces are not looked at.
"""

from typing import Any

from lxml import etree

from libs.contracts.devices import FailureReason
from libs.devices.errors import DeviceError

Element = etree._Element  # noqa: SLF001 - lxml gives the class of elements no public name


def parse_xml(body: bytes) -> Element:
    """Return the root element; raises DeviceError(PROTOCOL) for anything but plain XML."""
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        # Some firmware pads with line ends or NULs, which XML does not allow.
        root = etree.fromstring(body.strip(b" \t\r\n\0"), parser)
    except (etree.XMLSyntaxError, ValueError, LookupError) as error:
        raise DeviceError(FailureReason.PROTOCOL, "the answer is not XML") from error
    docinfo: Any = root.getroottree().docinfo
    if docinfo.doctype:
        raise DeviceError(FailureReason.PROTOCOL, "the answer has a document type definition")
    return root


def local_name(element: Element) -> str:
    """Return the tag without its namespace."""
    return str(element.tag).rpartition("}")[2]


def local_children(element: Element, *path: str) -> list[Element]:
    """Return all elements at the end of a path of local names, in document order."""
    found = [element]
    for name in path:
        found = [child for parent in found for child in parent if local_name(child) == name]
    return found


def local_child(element: Element, *path: str) -> Element | None:
    """Return the first element at the end of a path of local names."""
    return next(iter(local_children(element, *path)), None)


def local_text(element: Element, *path: str) -> str:
    """Return the trimmed text there; empty where the element is missing or has none."""
    child = local_child(element, *path)
    return (child.text or "").strip() if child is not None else ""
