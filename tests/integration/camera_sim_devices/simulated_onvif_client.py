"""A client for tests that writes its SOAP by hand, so that it can also write what is wrong."""

import base64
import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from secrets import token_bytes
from typing import Self

import httpx
from lxml import etree

from tools.camera_sim.devices.device import SimulatedDevice
from tools.camera_sim.devices.onvif.names import NAMESPACES, PASSWORD_DIGEST

Element = etree._Element
PATHS = {
    "tds": "/onvif/device_service",
    "trt": "/onvif/Media",
    "tr2": "/onvif/Media2",
    "tse": "/onvif/Search",
    "trc": "/onvif/Recording",
    "trp": "/onvif/Replay",
}
UNICAST = """<{0}:StreamSetup><tt:Stream>RTP-Unicast</tt:Stream>
<tt:Transport><tt:Protocol>RTSP</tt:Protocol></tt:Transport></{0}:StreamSetup>"""


@dataclass(frozen=True)
class OnvifAnswer:
    status: int
    headers: httpx.Headers
    content: bytes

    @property
    def root(self) -> Element:
        return etree.fromstring(self.content)

    def all(self, path: str) -> list[Element]:
        return self.root.findall(f".//{path}", NAMESPACES)

    def texts(self, path: str) -> list[str]:
        return [element.text or "" for element in self.all(path)]

    @property
    def fault(self) -> list[str]:
        return self.texts("s:Code/s:Value") + self.texts("s:Subcode/s:Value")


class OnvifClient:
    """Asks one device; `login` None shows none."""

    def __init__(self, device: SimulatedDevice, *, auth: httpx.Auth | None = None) -> None:
        self.device = device
        self.http = httpx.AsyncClient(base_url=device.url, auth=auth, trust_env=False, timeout=20)
        self.login: tuple[str, str] | None = (device.spec.username, device.spec.password)
        if auth is not None:
            self.login = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.http.aclose()

    async def ask(
        self, name: str, inner: str = "", *, header: str | None = None, path: str | None = None
    ) -> OnvifAnswer:
        """Ask `tds:GetHostname` and the like; `header` replaces the login."""
        prefix = name.partition(":")[0]
        if header is None:
            header = "" if self.login is None else token_header(*self.login)
        content = envelope(header, f"<{name}>{inner}</{name}>")
        return await self.post(path or PATHS[prefix], content)

    async def post(self, path: str, content: str | bytes) -> OnvifAnswer:
        answer = await self.http.post(
            path, content=content, headers={"Content-Type": "application/soap+xml"}
        )
        return OnvifAnswer(answer.status_code, answer.headers, answer.content)


def envelope(header: str, body: str) -> str:
    names = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in NAMESPACES.items())
    return f"<s:Envelope {names}><s:Header>{header}</s:Header><s:Body>{body}</s:Body></s:Envelope>"


def token_header(
    username: str,
    password: str,
    *,
    created: datetime | str | None = None,
    nonce: bytes | None = None,
) -> str:
    """A UsernameToken; empty `created` or `nonce` are left out of it."""
    moment = created if created is not None else datetime.now(UTC)
    text = moment if isinstance(moment, str) else f"{moment:%Y-%m-%dT%H:%M:%S.%f}Z"
    raw = token_bytes(16) if nonce is None else nonce
    digest = base64.b64encode(hashlib.sha1(raw + text.encode() + password.encode()).digest())
    nonce_part = f"<wsse:Nonce>{base64.b64encode(raw).decode()}</wsse:Nonce>" if raw else ""
    created_part = f"<wsu:Created>{text}</wsu:Created>" if text else ""
    return (
        f"<wsse:Security><wsse:UsernameToken><wsse:Username>{username}</wsse:Username>"
        f'<wsse:Password Type="{PASSWORD_DIGEST}">{digest.decode()}</wsse:Password>'
        f"{nonce_part}{created_part}</wsse:UsernameToken></wsse:Security>"
    )
