"""Raw HTTP to a simulated device, and small parts to build one from."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import httpx
from lxml import etree

from tools.camera_sim.devices.device import SimulatedDevice

NOW = datetime(2025, 7, 1, 12, 0, tzinfo=UTC)
SEARCH_ID = "3F2504E0-4F89-11D3-9A0C-0305E82C3301"


class Clock:
    """Time that stands still until a test moves it."""

    def __init__(self, at: datetime = NOW) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at


@asynccontextmanager
async def client(
    device: SimulatedDevice, *, password: str | None = None, login: bool = True, timeout: float = 10
) -> AsyncIterator[httpx.AsyncClient]:
    auth = httpx.DigestAuth(device.spec.username, password or device.spec.password)
    async with httpx.AsyncClient(
        base_url=device.url, auth=auth if login else None, trust_env=False, timeout=timeout
    ) as opened:
        yield opened


def values(body: bytes, name: str) -> list[str]:
    """Texts of all elements of that local name."""
    return [element.text or "" for element in etree.fromstring(body).iter(f"{{*}}{name}")]


def search_body(
    *,
    track: str = "101",
    start: str = "2025-06-01T00:00:00Z",
    end: str = "2025-08-01T00:00:00Z",
    limit: int = 40,
    position: int = 0,
    search_id: str = SEARCH_ID,
    position_name: str = "searchResultPostion",
    list_name: str = "trackIDList",
) -> str:
    return f"""<CMSearchDescription xmlns="http://www.isapi.org/ver20/XMLSchema">
      <searchID>{search_id}</searchID>
      <{list_name}><trackID>{track}</trackID></{list_name}>
      <timeSpanList><timeSpan><startTime>{start}</startTime><endTime>{end}</endTime></timeSpan>
      </timeSpanList>
      <maxResults>{limit}</maxResults><{position_name}>{position}</{position_name}>
      </CMSearchDescription>"""


async def search(opened: httpx.AsyncClient, **query: Any) -> httpx.Response:
    return await opened.post("/ISAPI/ContentMgmt/search", content=search_body(**query))


def fields(text: str) -> dict[str, str]:
    """The `key=value` lines of a CGI answer."""
    pairs = (line.partition("=") for line in text.splitlines() if "=" in line)
    return {key.strip(): value.strip() for key, _, value in pairs}
