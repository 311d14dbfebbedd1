"""ISAPI documents: written in the namespace that is switched on, read in any."""

from typing import Final, TypeAlias

from lxml import etree
from starlette.responses import Response

from tools.camera_sim.devices.faults import DeviceFaults

NAMESPACES: Final = {
    "hikvision": "http://www.hikvision.com/ver20/XMLSchema",
    "isapi": "http://www.isapi.org/ver20/XMLSchema",
    "std-cgi": "http://www.std-cgi.org/ver20/XMLSchema",
}
_STATUS: Final = {
    1: "OK",
    2: "Device Busy",
    3: "Device Error",
    4: "Invalid Operation",
    5: "Invalid XML Format",
    6: "Invalid XML Content",
}
_MEDIA_TYPE: Final = "application/xml"

Node: TypeAlias = "tuple[str, str | int | bool | list[Node]]"


class IsapiError(Exception):
    """A request is answered with a ResponseStatus."""

    def __init__(self, http: int, code: int, sub_code: str) -> None:
        super().__init__(sub_code)
        self.http, self.code, self.sub_code = http, code, sub_code


def document(
    faults: DeviceFaults, name: str, children: list[Node], *, status: int = 200
) -> Response:
    """An answer with one document."""
    namespace = NAMESPACES[faults.xml_namespace]
    root = etree.Element(
        f"{{{namespace}}}{name}",
        nsmap={None: namespace},  # type: ignore[dict-item] # the stubs do not know None
        version="2.0",
    )
    _fill(root, children, namespace)
    body = etree.tostring(root, encoding="UTF-8", xml_declaration=True, pretty_print=True)
    return Response(body, status, media_type=_MEDIA_TYPE)


def error_document(faults: DeviceFaults, path: str, error: IsapiError) -> Response:
    """A ResponseStatus; some firmware sends it with HTTP status 200."""
    return document(
        faults,
        "ResponseStatus",
        [
            ("requestURL", path),
            ("statusCode", error.code),
            ("statusString", _STATUS[error.code]),
            ("subStatusCode", error.sub_code),
        ],
        status=200 if faults.ok_200_with_xml_error else error.http,
    )


def parse(body: bytes) -> etree._Element:
    """The document of a request. Raises IsapiError when it is not XML."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        return etree.fromstring(body, parser)
    except etree.XMLSyntaxError as error:
        raise IsapiError(400, 5, "badXmlFormat") from error


def texts(root: etree._Element, name: str) -> list[str]:
    """Texts of all elements of that local name, wherever they are."""
    found = root.iter(f"{{*}}{name}")
    return [(element.text or "").strip() for element in found]


def text(root: etree._Element, name: str, default: str = "") -> str:
    """Text of the first element of that local name."""
    return next(iter(texts(root, name)), default)


def _fill(parent: etree._Element, children: list[Node], namespace: str) -> None:
    for name, value in children:
        child = etree.SubElement(parent, f"{{{namespace}}}{name}")
        if isinstance(value, list):
            _fill(child, value, namespace)
        elif isinstance(value, bool):
            child.text = "true" if value else "false"
        else:
            child.text = str(value)
