"""The demo's check of what was promised."""

from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import av

from tools.local.api_client import ApiClient, ApiFailed
from tools.local.demo import check_promise

SINCE = datetime(2026, 11, 20, 12, tzinfo=UTC)


class LateApi(ApiClient):
    """Its catalog holds 40 s of a camera, the last half of it only from the second question on."""

    def __init__(self, folder: Path) -> None:
        super().__init__("http://127.0.0.1:9", "key")
        self._folder = folder
        self._questions = 0

    async def get(self, path: str, **params: Any) -> Any:
        if path == "/cameras":
            return [{"camera_id": "front-door"}]
        starts = range(0, self._catch_up(), 20)
        return {"items": [recording(start) for start in starts], "next_cursor": None}

    async def coverage(self, camera_id: str, start: datetime) -> dict[str, float]:
        recorded = self._catch_up()
        missing = 40.0 - recorded
        return {"recorded": recorded, "explained": 0.0, "pending": 0.0, "unexplained": missing}

    async def playlist_url(self, camera_id: str, start: datetime, end: datetime) -> str:
        return write_video(
            self._folder / "played.mp4", seconds=round((end - start).total_seconds())
        )

    def _catch_up(self) -> int:
        self._questions += 1
        return 20 if self._questions == 1 else 40


class LongApi(ApiClient):
    """Its catalog holds 200 recordings of a camera on pages of 50; it plays at most an hour."""

    def __init__(self, folder: Path) -> None:
        super().__init__("http://127.0.0.1:9", "key")
        self._folder = folder

    async def get(self, path: str, **params: Any) -> Any:
        if path == "/cameras":
            return [{"camera_id": "front-door"}]
        first = int(params.get("cursor", 0))
        items = [recording(number * 20) for number in range(first, first + 50)]
        return {"items": items, "next_cursor": None if first == 150 else str(first + 50)}

    async def coverage(self, camera_id: str, start: datetime) -> dict[str, float]:
        return {"recorded": 4000.0, "explained": 0.0, "pending": 0.0, "unexplained": 0.0}

    async def playlist_url(self, camera_id: str, start: datetime, end: datetime) -> str:
        if end - start > timedelta(hours=1):
            raise ApiFailed("a playlist is of at most an hour")
        return write_video(
            self._folder / "played.mp4", seconds=round((end - start).total_seconds())
        )


def recording(start: int) -> dict[str, str]:
    started_at = SINCE + timedelta(seconds=start)
    ended_at = started_at + timedelta(seconds=20)
    return {"started_at": started_at.isoformat(), "ended_at": ended_at.isoformat()}


def write_video(path: Path, *, seconds: int) -> str:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=1)
        stream.width = stream.height = 64
        stream.time_base = Fraction(1)
        for second in range(seconds + 1):
            frame = av.VideoFrame(64, 64)
            frame.pts = second
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return str(path)


async def test_the_check_waits_for_a_catalog_that_is_behind(tmp_path):
    # After the api was killed the catalog went on while the check listed and counted: it played
    # up to the older end and told of footage that does not play back.
    api = LateApi(tmp_path)

    (found,) = await check_promise(api, SINCE)

    assert found.problem is None
    assert found.recordings == 2
    assert found.recorded_seconds == 40.0
    assert found.played_seconds >= 38.0
    await api.aclose()


async def test_the_check_of_a_long_run_follows_the_pages_and_plays_piece_by_piece(tmp_path):
    # It read one page of recordings and asked for one playlist: a run of more than 2.8 hours
    # could not pass, and one of more than six had no playlist at all.
    api = LongApi(tmp_path)

    (found,) = await check_promise(api, SINCE)

    assert found.problem is None
    assert found.recordings == 200
    assert found.played_seconds >= 3990.0
    await api.aclose()
