"""What the launcher asks the API."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

SCAN_SECONDS = 60.0
SCAN_POLL_SECONDS = 1.0
PAGE_ITEMS = 500


class ApiFailed(Exception):
    """The API did not do what the launcher asked; the text holds its answer."""


@dataclass(frozen=True, slots=True)
class CameraRow:
    """One line of the live table."""

    camera_id: str
    name: str
    state: str
    detail: str
    bitrate_bps: int
    recorded_seconds: float
    missing_seconds: float
    gaps: int
    last_recording_at: datetime | None


class ApiClient:
    """A thin client with the launcher's own key."""

    def __init__(self, base_url: str, key: str) -> None:
        self.base_url = base_url
        self.headers = {"Authorization": f"Bearer {key}"}
        self._http = httpx.AsyncClient(base_url=base_url, headers=self.headers, timeout=10.0)

    async def aclose(self) -> None:
        await self._http.aclose()

    async def get(self, path: str, **params: Any) -> Any:
        """Return the decoded answer. Raises ApiFailed."""
        return await self._call("GET", path, params=params)

    async def get_all(self, path: str, **params: Any) -> list[dict[str, Any]]:
        """Return the items of all pages. Raises ApiFailed."""
        items: list[dict[str, Any]] = []
        cursor: dict[str, str] = {}
        while True:
            page = await self.get(path, limit=PAGE_ITEMS, **params, **cursor)
            items += page["items"]
            if page["next_cursor"] is None:
                return items
            cursor = {"cursor": page["next_cursor"]}

    async def call(self, method: str, path: str, body: Any) -> Any:
        """Send a JSON body. Raises ApiFailed."""
        return await self._call(method, path, json=body)

    async def playlist_url(self, camera_id: str, start: datetime, end: datetime) -> str:
        """Return a signed address that a player can open without a key."""
        body = {"camera_id": camera_id, "from": start.isoformat(), "to": end.isoformat()}
        link = await self.call("POST", "/playback-links", body)
        return self.base_url + str(link["path"])

    async def scan(self, **question: Any) -> dict[str, Any]:
        """Look for devices and wait for the end; return what was found. Raises ApiFailed."""
        scan: dict[str, Any] = await self.call("POST", "/discovery/scans", question)
        try:
            async with asyncio.timeout(SCAN_SECONDS):
                while scan["state"] == "running":
                    await asyncio.sleep(SCAN_POLL_SECONDS)
                    scan = await self.get(f"/discovery/scans/{scan['scan_id']}")
        except TimeoutError:
            raise ApiFailed(f"a scan did not end in {SCAN_SECONDS:.0f} s") from None
        return scan

    async def ensure_camera(self, name: str, fields: dict[str, Any]) -> str:
        """Add the camera, or point the one of that name to `fields`; return its id."""
        for camera in await self.get("/cameras"):
            if camera["name"] == name:
                await self.call("PATCH", f"/cameras/{camera['camera_id']}", fields)
                return str(camera["camera_id"])
        added = await self.call("POST", "/cameras", {"name": name, **fields})
        return str(added["camera_id"])

    async def rows(self) -> list[CameraRow]:
        """Return the live table's lines in three requests, however many cameras there are."""
        now = datetime.now(UTC)
        day = {"from": (now - timedelta(hours=24)).isoformat(), "to": now.isoformat()}
        statuses = await self.get("/status")
        coverage = {each["camera_id"]: each["days"] for each in await self.get("/coverage", **day)}
        gaps = (await self.get("/gaps", limit=500, **day))["items"]
        missing = Counter(gap["camera_id"] for gap in gaps if gap["state"] != "filled")
        return [
            _row(status, _seconds(coverage.get(status["camera_id"], [])), missing)
            for status in statuses
        ]

    async def coverage(self, camera_id: str, start: datetime) -> dict[str, float]:
        """Return a camera's wanted, recorded, explained, ... seconds since `start`, summed."""
        times = {"from": start.isoformat(), "to": datetime.now(UTC).isoformat()}
        return _seconds((await self.get(f"/cameras/{camera_id}/coverage", **times))["days"])

    async def _call(self, method: str, path: str, **arguments: Any) -> Any:
        try:
            answer = await self._http.request(method, f"/api/v1{path}", **arguments)
        except httpx.HTTPError as error:
            raise ApiFailed(f"the API does not answer: {type(error).__name__}") from error
        if not answer.is_success:
            raise ApiFailed(f"{method} {path}: {answer.status_code} {answer.text[:300]}")
        return answer.json() if answer.content else None


def _row(status: dict[str, Any], seconds: dict[str, float], gaps: Counter[str]) -> CameraRow:
    last = status["last_recording_at"]
    return CameraRow(
        camera_id=status["camera_id"],
        name=status["name"],
        state=status["state"],
        detail=status["detail"],
        bitrate_bps=status["bitrate_bps"],
        recorded_seconds=seconds["recorded"] + seconds["pending"],
        missing_seconds=seconds["explained"] + seconds["unexplained"],
        gaps=gaps[status["camera_id"]],
        last_recording_at=datetime.fromisoformat(last) if last else None,
    )


def _seconds(days: Sequence[dict[str, Any]]) -> dict[str, float]:
    names = ("wanted", "recorded", "missing", "explained", "pending", "unexplained")
    return {name: sum(day[name] for day in days) for name in names}
