"""What pages are told, whom, and when."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from libs.bus.keyvalue import Change, ChangeKind
from libs.contracts.cameras import CameraConfig, CameraState
from libs.contracts.gaps import GapDetected, GapReason
from libs.contracts.health import HealthState
from libs.web.problems import Problem
from services.api import event_clients
from services.api.access import Permission, Principal
from services.api.event_clients import Client
from services.api.event_hub import EventHub
from services.api.schemas import HealthView, StatusView
from tests.waiting import eventually, running

T0 = datetime(2026, 11, 20, tzinfo=UTC)
ADMIN = Principal("user", "u1", "ada", frozenset(Permission))
GUEST = Principal("user", "u2", "ben", frozenset(Permission), cameras=frozenset({"door"}))


class World:
    """A hub, the time, and what its cameras' recorders say."""

    def __init__(self) -> None:
        self.now = 100.0
        self.hub = EventHub(monotonic=lambda: self.now)
        self.status: dict[str, dict[str, Any]] = {}
        self.health: dict[str, dict[str, Any]] = {}
        self.revision = 0

    def configure(self, camera_id: str, name: str = "Door") -> None:
        config = CameraConfig(camera_id=camera_id, name=name, url="rtsp://192.0.2.1/x")
        self.change(config.key, config)

    def change(self, key: str, config: CameraConfig | None) -> None:
        self.revision += 1
        kind = ChangeKind.DELETED if config is None else ChangeKind.PUT
        self.hub.on_camera(Change(key, config, self.revision, kind))

    def say(self, camera_id: str, **fields: Any) -> None:
        self.status.setdefault(camera_id, {}).update(fields)
        self.hub.heard(f"main.{camera_id}")

    def view(self, config: CameraConfig) -> StatusView:
        values: dict[str, Any] = {
            "camera_id": config.camera_id,
            "name": config.name,
            "record": True,
            "state": CameraState.RECORDING,
            "since": T0,
            "detail": "",
            "recorder": "r1",
            "seen_at": T0,
            "accounted_until": T0,
            "open_gap": None,
            "last_recording_at": None,
            "pending_uploads": 0,
            "bitrate_bps": 1000,
            "codec": "h264",
            "resolution": "1920x1080",
            "transport": "tcp",
            "health": HealthView(**self.health.get(config.camera_id, {})),
            **self.status.get(config.camera_id, {}),
        }
        return StatusView(**values)

    def tell(self) -> None:
        self.hub.tell_changes(self.view)


@pytest.fixture
def world() -> World:
    """Two cameras about which everything has been told."""
    found = World()
    with found.hub.clients.one(ADMIN):
        found.configure("door")
        found.configure("yard", "Yard")
        found.tell()
    return found


async def told(client: Client) -> list[tuple[str, Any]]:
    """Every event that waits, as name and data."""
    text = (await client.take(0)).decode()
    found = []
    for block in text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines())
        if fields:
            found.append((fields["event"], json.loads(fields["data"])))
    return found


async def names(client: Client) -> list[str]:
    return [name for name, _ in await told(client)]


async def test_a_changed_state_is_told_at_once_and_once(world: World):
    with world.hub.clients.one(ADMIN) as client:
        world.say("door", state=CameraState.OFFLINE, detail="no route")
        world.tell()
        first = await told(client)
        world.say("door")
        world.tell()
        second = await told(client)

    assert [(name, data["camera_id"], data["state"]) for name, data in first] == [
        ("camera-status", "door", "offline")
    ]
    assert first[0][1]["detail"] == "no route"
    assert second == []


async def test_figures_are_told_every_ten_seconds_at_most(world: World):
    with world.hub.clients.one(ADMIN) as client:
        counts = []
        for _ in range(12):
            world.now += 2
            world.say("door", bitrate_bps=int(world.now))
            world.tell()
            counts.append(len(await told(client)))

    assert counts == [0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0]


async def test_health_is_told_when_it_changes(world: World):
    with world.hub.clients.one(ADMIN) as client:
        world.health["yard"] = {"state": HealthState.UNAUTHORIZED, "detail": "rejected"}
        world.hub.heard("main.yard")
        world.tell()
        found = await told(client)

    assert [name for name, _ in found] == ["camera-health"]
    assert found[0][1]["camera_id"] == "yard"
    assert found[0][1]["health"]["state"] == "unauthorized"


async def test_silence_that_nobody_speaks_of_is_noticed(world: World):
    with world.hub.clients.one(ADMIN) as client:
        world.status["door"] = {"state": "unknown"}
        world.tell()
        before = await told(client)
        world.now += 2
        world.tell()
        after = await told(client)

    assert before == []
    assert [(name, data["state"]) for name, data in after] == [("camera-status", "unknown")]


async def test_a_changed_configuration_is_told_once_and_a_repeated_one_is_not(world: World):
    with world.hub.clients.one(ADMIN) as client:
        world.configure("door", "Front door")
        world.configure("gate", "Gate")
        world.tell()
        first = await names(client)
        world.configure("door", "Front door")
        world.tell()
        second = await names(client)
        world.change("main.gate", None)
        world.tell()
        third = await names(client)

    assert sorted(first) == ["camera-health", "camera-status", "camera-status", "cameras"]
    assert second == []
    assert third == ["cameras"]


async def test_nobody_is_told_of_a_camera_that_they_may_not_see(world: World):
    with world.hub.clients.one(GUEST) as guest, world.hub.clients.one(ADMIN) as admin:
        world.configure("yard", "Back yard")
        world.say("yard", state=CameraState.OFFLINE)
        world.hub.on_stored(gap("yard"))
        world.tell()
        hidden, seen = await names(guest), await names(admin)
        world.configure("door", "Front door")
        world.tell()
        own = await names(guest)

    assert hidden == []
    assert sorted(seen) == ["camera-status", "cameras", "gap"]
    assert sorted(own) == ["camera-status", "cameras"]


async def test_footage_is_told_only_to_those_who_may_see_footage(world: World):
    # A key with `cameras:read` alone heard of every recording and gap, which the lists refuse it.
    wall = Principal("key", "evf_abcdef", "wall", frozenset({Permission.CAMERAS_READ}))
    with world.hub.clients.one(wall) as client:
        world.hub.on_stored(gap("yard"))
        world.say("yard", state=CameraState.OFFLINE)
        world.tell()
        heard = await names(client)

    assert heard == ["camera-status"]


def gap(camera_id: str = "door", end: datetime | None = None) -> GapDetected:
    return GapDetected(
        camera_id=camera_id,
        started_at=T0,
        ended_at=end,
        reason=GapReason.CAMERA_OFFLINE,
        recorder="r1",
    )


async def test_a_gap_is_told_when_it_opens_and_when_it_ends(world: World):
    with world.hub.clients.one(ADMIN) as client:
        world.hub.on_stored(gap())
        world.hub.on_stored(gap(end=T0 + timedelta(seconds=9)))
        found = [data for _, data in await told(client)]

    assert [(each["state"], each["missing_seconds"]) for each in found] == [
        ("open", 0),
        ("missing", 9),
    ]
    assert found[0]["gap_id"] == found[1]["gap_id"]


async def test_a_client_that_takes_nothing_is_cut_and_its_place_is_free(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(event_clients, "MOST_WAITING", 3)
    monkeypatch.setattr(event_clients, "MOST_AT_ONCE", 2)
    with world.hub.clients.one(ADMIN) as slow, world.hub.clients.one(ADMIN) as quick:
        for _ in range(4):
            world.hub.on_stored(gap())
            await quick.take(0)

        assert slow.is_over
        assert await slow.take(0) == b""
        assert not quick.is_over
        with world.hub.clients.one(ADMIN):
            assert len(world.hub.clients) == 2


async def test_there_is_a_limit_for_all_and_one_for_each_user(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(event_clients, "MOST_AT_ONCE", 3)
    monkeypatch.setattr(event_clients, "MOST_PER_PRINCIPAL", 2)
    clients = world.hub.clients
    with clients.one(ADMIN), clients.one(ADMIN):
        with pytest.raises(Problem) as too_many_of_one, clients.one(ADMIN):
            pass
        with clients.one(GUEST), pytest.raises(Problem) as too_many, clients.one(GUEST):
            pass
    with clients.one(ADMIN):
        assert len(clients) == 1

    assert (too_many_of_one.value.status, too_many.value.status) == (429, 503)
    for refusal in (too_many.value, too_many_of_one.value):
        assert int((refusal.headers or {})["Retry-After"]) > 0


async def test_closing_sends_everybody_away_and_takes_nobody_new(world: World):
    with world.hub.clients.one(ADMIN) as client:
        world.hub.close()

        assert await client.take(60) == b""
        assert client.is_over
        with pytest.raises(Problem, match="stops"), world.hub.clients.one(ADMIN):
            pass


async def test_changes_are_told_as_they_come_while_somebody_follows(world: World):
    async with running(world.hub.run(world.view)):
        with world.hub.clients.one(ADMIN) as client:
            world.say("door", state=CameraState.ERROR)
            text = await client.take(20)
        world.say("yard", state=CameraState.ERROR)
        await eventually(lambda: not world.hub._heard)
        with world.hub.clients.one(ADMIN) as later:
            world.now += 60
            caught_up = await later.take(20)

    assert b'"error"' in text
    assert b'"error"' in caught_up
