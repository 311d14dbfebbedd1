"""Which services a device has, and where: GetServices, or GetCapabilities of older ones."""

from typing import Any, Final

from libs.contracts.devices import FailureReason
from libs.devices.errors import LOGIN_REASONS, DeviceError
from libs.devices.onvif.answers import field_of, items_of, text_of
from libs.devices.onvif.client import OnvifClient
from libs.devices.xml import Element, local_name, local_text

MEDIA: Final = "http://www.onvif.org/ver10/media/wsdl"
MEDIA2: Final = "http://www.onvif.org/ver20/media/wsdl"
SEARCH: Final = "http://www.onvif.org/ver10/search/wsdl"
RECORDING: Final = "http://www.onvif.org/ver10/recording/wsdl"
RECEIVER: Final = "http://www.onvif.org/ver10/receiver/wsdl"

_MAX_SERVICES = 100
_FIRST_LEVEL = {"Media": MEDIA}
_EXTENSION = {
    "Recording": RECORDING,
    "Search": SEARCH,
    "Receiver": RECEIVER,
}
_FINAL = LOGIN_REASONS | {
    FailureReason.TIMEOUT,
    FailureReason.REFUSED,
    FailureReason.UNREACHABLE,
    FailureReason.NAME_UNKNOWN,
    FailureReason.TLS,
}
"""What GetCapabilities would meet too."""


async def find_services(client: OnvifClient) -> None:
    """Fill the client's map of services. Both questions need no login by the specification."""
    try:
        answer = await client.call(
            "devicemgmt", "GetServices", {"IncludeCapability": False}, login="if_asked"
        )
        found = {
            text_of(service, "Namespace"): text_of(service, "XAddr")
            for service in items_of(answer)[:_MAX_SERVICES]
        }
    except DeviceError as error:
        if error.reason in _FINAL:
            raise
        found = {}
    if not found:
        found = _from_capabilities(
            await client.call(
                "devicemgmt", "GetCapabilities", {"Category": "All"}, login="if_asked"
            )
        )
    client.xaddrs = {namespace: xaddr for namespace, xaddr in found.items() if namespace and xaddr}


def _from_capabilities(answer: Any) -> dict[str, str]:
    first = {namespace: text_of(answer, name, "XAddr") for name, namespace in _FIRST_LEVEL.items()}
    # Search and its like stand one level deeper, where onvif-zeep does not look.
    extension = field_of(answer, "Extension")
    deeper = {
        namespace: text_of(extension, name, "XAddr") for name, namespace in _EXTENSION.items()
    }
    # The old schema begins the extension with "anything", which takes them all.
    unread = {
        _EXTENSION[local_name(element)]: local_text(element, "XAddr")
        for element in items_of(extension, "_value_1")
        if isinstance(element, Element) and local_name(element) in _EXTENSION
    }
    return first | deeper | unread
