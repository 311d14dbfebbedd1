"""Names of ONVIF: namespaces with the prefixes used here, and the services of a device."""

from dataclasses import dataclass
from typing import Final

_ONVIF: Final = "http://www.onvif.org"
_WSS: Final = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss"

NAMESPACES: Final = {
    "s": "http://www.w3.org/2003/05/soap-envelope",
    "tt": f"{_ONVIF}/ver10/schema",
    "tds": f"{_ONVIF}/ver10/device/wsdl",
    "trt": f"{_ONVIF}/ver10/media/wsdl",
    "tr2": f"{_ONVIF}/ver20/media/wsdl",
    "tse": f"{_ONVIF}/ver10/search/wsdl",
    "trc": f"{_ONVIF}/ver10/recording/wsdl",
    "trp": f"{_ONVIF}/ver10/replay/wsdl",
    "ter": f"{_ONVIF}/ver10/error",
    "tns1": f"{_ONVIF}/ver10/topics",
    "wsnt": "http://docs.oasis-open.org/wsn/b-2",
    "wsse": f"{_WSS}-wssecurity-secext-1.0.xsd",
    "wsu": f"{_WSS}-wssecurity-utility-1.0.xsd",
}

PASSWORD_DIGEST: Final = f"{_WSS}-username-token-profile-1.0#PasswordDigest"


@dataclass(frozen=True, slots=True)
class ServiceName:
    """One service: its prefix in NAMESPACES, its path and the version that it tells."""

    prefix: str
    path: str
    major: int
    minor: int

    @property
    def namespace(self) -> str:
        """Namespace of its messages."""
        return NAMESPACES[self.prefix]


DEVICE: Final = ServiceName("tds", "/onvif/device_service", 22, 12)
MEDIA: Final = ServiceName("trt", "/onvif/Media", 22, 6)
MEDIA2: Final = ServiceName("tr2", "/onvif/Media2", 22, 12)
SEARCH: Final = ServiceName("tse", "/onvif/Search", 22, 6)
RECORDING: Final = ServiceName("trc", "/onvif/Recording", 22, 6)
REPLAY: Final = ServiceName("trp", "/onvif/Replay", 21, 6)
SERVICES: Final = (DEVICE, MEDIA, MEDIA2, SEARCH, RECORDING, REPLAY)


def qname(name: str) -> str:
    """Turn `tt:Name` into the form that lxml takes."""
    prefix, _, local = name.partition(":")
    return f"{{{NAMESPACES[prefix]}}}{local}"
