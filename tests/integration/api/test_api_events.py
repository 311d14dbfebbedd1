"""Live events followed over a real connection."""

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import Any

import httpx
import pytest

from libs.bus.client import Delivery
from libs.bus.keyvalue import Change
from libs.contracts.cameras import CameraConfig, CameraState
from libs.contracts.health import CameraHealth, HealthState
from libs.contracts.messages import Event
from libs.contracts.ownership import RecordingProgress
from services.api import event_clients
from services.api.access import PERMISSIONS, Principal, Role
from services.api.database import DatabaseUnavailable
from services.api.handlers import Projector
from services.api.rights import principal_of
from services.api.routes import events as route
from services.api.routes.status import live_status
from tests.integration.api.conftest import NOW, Api, gap, recording
from tests.integration.api.live_worlds import served
from tests.waiting import eventually, running

EVENTS = "/api/v1/events"
GUEST = Principal("user", "u2", "ben", PERMISSIONS[Role.VIEWER], cameras=frozenset({"front-door"}))
Told = tuple[str, Any]


@asynccontextmanager
async def following(api: Api) -> AsyncIterator[AsyncIterator[Told]]:
    """What a client is told: names and data; a comment has the name `""`."""
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(served(api.app))
        await stack.enter_async_context(
            running(api.followers.events.run(partial(live_status, api.context)))
        )
        url = f"http://127.0.0.1:{server.port}"
        client = await stack.enter_async_context(httpx.AsyncClient(base_url=url, timeout=20))
        answer = await stack.enter_async_context(
            client.stream("GET", EVENTS, headers={"X-API-Key": api.key})
        )
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert answer.headers["cache-control"] == "no-store"
        yield _events(answer)


async def _events(answer: httpx.Response) -> AsyncIterator[Told]:
    fields: dict[str, str] = {}
    async for line in answer.aiter_lines():
        if line.startswith(":"):
            yield "", None
        elif line:
            name, _, value = line.partition(": ")
            fields[name] = value
        elif "event" in fields:
            yield fields["event"], json.loads(fields["data"])
            fields = {}


async def until(events: AsyncIterator[Told], name: str) -> Any:
    """The data of the next event of a name."""
    return next(data for told, data in [await _next(events, name)] if told == name)


async def _next(events: AsyncIterator[Told], name: str) -> Told:
    async for told in events:
        if told[0] == name:
            return told
    raise AssertionError(f"the stream ended without {name}")


def configure(api: Api, camera_id: str) -> None:
    config = CameraConfig(camera_id=camera_id, name=camera_id, url="rtsp://192.0.2.1/x")
    api.followers.events.on_camera(Change(config.key, config, 1))


def progress(api: Api, camera_id: str, state: CameraState) -> None:
    value = RecordingProgress(
        camera_id=camera_id,
        recorder="r1",
        epoch=1,
        seen_at=NOW,
        accounted_until=NOW,
        state=state,
        state_since=NOW,
    )
    api.followers.board.on_progress(Change(f"main.{camera_id}", value, 1))


async def stored(api: Api, *events: Event) -> None:
    """Let events come from the bus, as the projector takes them."""
    projector = Projector(api.database, api.link.bus, api.followers.events.on_stored)
    await projector.catch_up()
    for number, event in enumerate(events, start=1):
        await projector.handle(Delivery(event, event.event_id, event.type, number, NOW))


async def test_what_a_recorder_and_discovery_say_is_told_as_the_status_routes_show_it(api: Api):
    await api.add_camera()
    async with following(api) as events:
        configure(api, "front-door")
        assert await until(events, "cameras") == {}
        progress(api, "front-door", CameraState.OFFLINE)
        api.followers.health.on_health(
            Change(
                "main.front-door",
                CameraHealth(
                    camera_id="front-door",
                    state=HealthState.UNAUTHORIZED,
                    since=NOW,
                    checked_at=NOW,
                ),
                1,
            )
        )
        health = await until(events, "camera-health")
        while health["health"]["state"] != "unauthorized":
            health = await until(events, "camera-health")
        shown = (await api.client.get("/api/v1/cameras/front-door/status")).json()
        progress(api, "front-door", CameraState.RECORDING)
        status = await until(events, "camera-status")
        while status["state"] != "recording":
            status = await until(events, "camera-status")

    assert health["camera_id"] == "front-door"
    assert status.keys() == shown.keys()
    assert status["health"] == health["health"] == shown["health"]


async def test_stored_recordings_and_gaps_are_told_once_they_are_in_the_catalog(api: Api):
    made = recording(NOW)
    async with following(api) as events:
        await stored(api, made, gap(NOW, None))
        told = await until(events, "recording")
        found = await api.client.get(f"/api/v1/recordings/{told['id']}")
        missing = await until(events, "gap")

    assert found.status_code == 200
    assert (told["camera_id"], told["bytes"]) == ("front-door", made.bytes)
    assert told["started_at"] == found.json()["started_at"]
    assert (missing["state"], missing["reason"]) == ("open", "camera_offline")


async def test_only_visible_cameras_are_told_of(api: Api):
    api.app.dependency_overrides[principal_of] = lambda: GUEST
    async with following(api) as events:
        await stored(api, recording(NOW, camera_id="garage"), recording(NOW))
        told = await until(events, "recording")

    assert told["camera_id"] == "front-door"


async def test_silence_keeps_the_connection_alive(api: Api, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(route, "HEARTBEAT_SECONDS", 0.01)
    async with following(api) as events:
        told = [await anext(events) for _ in range(3)]

    assert told == [("", None)] * 3


async def test_stream_ends_when_the_right_is_gone_and_tells_when_other_cameras_are_visible(
    api: Api, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(route, "HEARTBEAT_SECONDS", 0.01)
    async with following(api) as events:
        assert await anext(events) == ("", None)
        await change_key(api, "all_cameras = false, camera_ids = array['front-door']")
        assert await until(events, "cameras") == {}
        await stored(api, recording(NOW, camera_id="garage"), recording(NOW))
        told = await until(events, "recording")
        await change_key(api, "revoked_at = now()")
        rest = [name async for name, _ in events]

    assert told["camera_id"] == "front-door"
    assert set(rest) <= {""}
    await eventually(lambda: not api.followers.events.clients)


async def change_key(api: Api, change: str) -> None:
    """Change the rights of the key that follows, as seen at once."""
    async with api.database.connection() as db:
        await db.execute(f"update api_keys set {change} where name = 'test'")
    api.context.principals.forget()


async def test_stream_goes_on_while_nobody_can_tell_of_rights(
    api: Api, monkeypatch: pytest.MonkeyPatch
):
    async def away(*_: object) -> None:
        raise DatabaseUnavailable("away")

    monkeypatch.setattr(route, "HEARTBEAT_SECONDS", 0.01)
    monkeypatch.setattr(route, "principal_now", away)
    async with following(api) as events:
        told = [await anext(events) for _ in range(3)]

    assert told == [("", None)] * 3


async def test_stream_ends_with_the_server_and_those_who_left_are_not_counted(api: Api):
    async with following(api) as events:
        configure(api, "front-door")
        await until(events, "cameras")
        assert len(api.followers.events.clients) == 1
    await eventually(lambda: not api.followers.events.clients)

    async with following(api) as events:
        api.followers.events.close()
        rest = [each async for each in events]

    assert rest == []
    assert (await api.client.get(EVENTS)).status_code == 503


async def test_too_many_streams_are_refused_with_a_word_when_to_come_again(
    api: Api, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(event_clients, "MOST_PER_PRINCIPAL", 0)

    answer = await api.client.get(EVENTS)

    assert answer.status_code == 429
    assert answer.headers["content-type"] == "application/problem+json"
    assert int(answer.headers["retry-after"]) > 0
