"""A scan followed over a real connection."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from services.api.keys import revoke_key
from services.api.routes import scan_events
from tests.integration.api.conftest import Api
from tests.integration.api.discovery_worlds import SCAN, SCAN_ID, found, scan, tell
from tests.integration.api.live_worlds import served
from tests.waiting import eventually

EVENTS = f"{SCAN}/events"


@dataclass(frozen=True)
class Told:
    """One event, or a comment (`name` empty)."""

    name: str
    data: Any = None
    event_id: str | None = None


@asynccontextmanager
async def following(
    api: Api, last_event_id: str | None = None
) -> AsyncIterator[AsyncIterator[Told]]:
    headers = {"X-API-Key": api.key}
    if last_event_id is not None:
        headers["Last-Event-ID"] = last_event_id
    async with (
        served(api.app) as server,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{server.port}", timeout=20) as client,
        client.stream("GET", EVENTS, headers=headers) as answer,
    ):
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield _events(answer)


async def _events(answer: httpx.Response) -> AsyncIterator[Told]:
    fields: dict[str, str] = {}
    async for line in answer.aiter_lines():
        if line.startswith(":"):
            yield Told("")
        elif line:
            name, _, value = line.partition(": ")
            fields[name] = value
        elif "event" in fields:
            yield Told(fields["event"], json.loads(fields["data"]), fields.get("id"))
            fields = {}


async def whole(api: Api, last_event_id: str | None = None) -> list[Told]:
    async with following(api, last_event_id) as events:
        return [each async for each in events if each.name]


def names(events: list[Told]) -> list[str]:
    return [
        f"device {each.data['found_id'][-1]}" if each.name == "device" else each.name
        for each in events
    ]


async def test_scan_is_told_as_it_goes_on_and_the_stream_ends_with_it(api: Api):
    board = api.followers.scans
    tell(board, scan(found(1), state="running", checked=1), 5)
    async with following(api) as events:
        first = [await anext(events), await anext(events)]
        tell(board, scan(found(1), found(2), state="running", checked=4), 6)
        second = [await anext(events), await anext(events)]
        changed = found(1, rtsp_port=8554)
        tell(board, scan(changed, found(2), state="finished", checked=9), 7)
        rest = [each async for each in events]

    assert names(first + second) == ["device 1", "progress", "device 2", "progress"]
    assert [each.event_id for each in first + second] == [None, "5", None, "6"]
    assert [each.data["checked"] for each in (first[1], second[1])] == [1, 4]
    assert names(rest) == ["device 1", "progress", "end"]
    assert rest[0].data["rtsp_port"] == 8554
    assert (rest[-1].data["state"], rest[-1].event_id) == ("finished", "7.end")


async def test_whoever_comes_again_is_told_the_rest(api: Api):
    board = api.followers.scans
    tell(board, scan(found(1), state="running"), 5)
    tell(board, scan(found(1), found(2), state="running"), 6)
    tell(board, scan(found(1), found(2), found(3)), 7)

    assert names(await whole(api, "5")) == ["device 2", "device 3", "progress", "end"]
    assert names(await whole(api, "7")) == ["end"]
    everything = ["device 1", "device 2", "device 3", "progress", "end"]
    # An id that was never given, and one of a bus that was made anew.
    assert names(await whole(api, "strange")) == everything
    assert names(await whole(api, "99")) == everything


async def test_finished_scan_that_was_told_to_its_end_is_not_asked_for_again(api: Api):
    tell(api.followers.scans, scan(found(1)), 7)

    answer = await api.client.get(EVENTS, headers={"Last-Event-ID": "7.end"})

    assert answer.status_code == 204


async def test_silent_scan_keeps_the_connection_alive(api: Api, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(scan_events, "HEARTBEAT_SECONDS", 0.01)
    tell(api.followers.scans, scan(state="running"), 1)

    async with following(api) as events:
        told = [await anext(events) for _ in range(3)]

    assert [each.name for each in told] == ["progress", "", ""]


async def test_stream_ends_with_the_right_of_who_follows(api: Api, monkeypatch: pytest.MonkeyPatch):
    # Rights were looked at when it was opened only: a revoked key was told for ten minutes more.
    monkeypatch.setattr(scan_events, "HEARTBEAT_SECONDS", 0.01)
    tell(api.followers.scans, scan(state="running"), 1)

    async with following(api) as events:
        await anext(events)
        async with api.database.connection() as db:
            await revoke_key(db, api.key[:10])
        api.context.principals.forget()
        async with asyncio.timeout(5):
            rest = [each async for each in events if each.name]

    assert rest == []


async def test_forgotten_scan_ends_the_stream(api: Api):
    board = api.followers.scans
    tell(board, scan(state="running"), 1)
    async with following(api) as events:
        await anext(events)
        tell(board, scan(state="running"), 2)
        await anext(events)
        board.forget(f"main.{SCAN_ID}")
        rest = [each async for each in events]

    assert rest == []


async def test_stream_ends_after_a_while_and_those_who_left_are_not_counted(
    api: Api, monkeypatch: pytest.MonkeyPatch
):
    tell(api.followers.scans, scan(state="running"), 1)
    async with following(api) as events:
        await anext(events)
        assert api.followers.scans.followers == 1
    await eventually(lambda: api.followers.scans.followers == 0)

    monkeypatch.setattr(scan_events, "LONGEST_SECONDS", 0.0)
    assert await whole(api) == []
    monkeypatch.setattr(scan_events, "MOST_AT_ONCE", 0)
    assert (await api.client.get(EVENTS)).status_code == 503


async def test_unknown_scan_cannot_be_followed(api: Api):
    assert (await api.client.get(EVENTS)).status_code == 404
