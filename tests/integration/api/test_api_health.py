from datetime import timedelta
from typing import Any

from libs.bus.keyvalue import Change, ChangeKind
from libs.contracts.health import CameraHealth, CameraHealthChanged, HealthState
from tests.integration.api.conftest import NOW, Api

DOOR = "/api/v1/cameras/front-door"


def health(state: HealthState = HealthState.ONLINE, **fields: Any) -> Change[CameraHealth]:
    value = CameraHealth(
        camera_id="front-door", state=state, since=NOW, checked_at=NOW, rtt_ms=1.5, **fields
    )
    return Change("main.front-door", value, 1)


def changed(state: HealthState, minutes: float = 0) -> CameraHealthChanged:
    moment = NOW + timedelta(minutes=minutes)
    return CameraHealthChanged(
        camera_id="front-door",
        state=state,
        previous=HealthState.UNKNOWN,
        since=moment,
        checked_at=moment,
        detail="told by an event",
    )


async def test_health_is_shown_with_cameras_and_their_status(api: Api):
    await api.add_camera()
    unknown = (await api.client.get(DOOR)).json()["health"]

    api.followers.health.on_health(health(is_flapping=True))

    expected = {
        "state": "online",
        "since": "2026-11-20T23:30:00.000Z",
        "checked_at": "2026-11-20T23:30:00.000Z",
        "detail": "",
        "proof": "probe",
        "rtt_ms": 1.5,
        "is_flapping": True,
    }
    assert (unknown["state"], unknown["since"]) == ("unknown", None)
    for path in (DOOR, f"{DOOR}/status"):
        assert (await api.client.get(path)).json()["health"] == expected
    for path in ("/api/v1/cameras", "/api/v1/status"):
        assert (await api.client.get(path)).json()[0]["health"] == expected


async def test_newest_event_counts_where_the_bus_is_silent(api: Api):
    await api.add_camera()
    await api.apply(
        changed(HealthState.OFFLINE, 1),
        changed(HealthState.ONLINE),
        changed(HealthState.OFFLINE, 1),
    )

    reported = (await api.client.get(DOOR)).json()["health"]
    api.followers.health.on_health(health())
    live = (await api.client.get(DOOR)).json()["health"]
    gone = Change[CameraHealth]("main.front-door", None, 2, ChangeKind.DELETED)
    api.followers.health.on_health(gone)
    again = (await api.client.get(DOOR)).json()["health"]

    assert (reported["state"], reported["proof"]) == ("offline", None)
    assert reported["detail"] == "told by an event"
    assert (live["state"], again["state"]) == ("online", "offline")


async def test_lists_are_filtered_by_health(api: Api):
    await api.add_camera()
    await api.add_camera("Garage")
    api.followers.health.on_health(health(HealthState.OFFLINE))

    for path in ("/api/v1/cameras", "/api/v1/status"):
        offline = await api.client.get(path, params={"health": "offline"})
        unknown = await api.client.get(path, params={"health": "unknown"})
        wrong = await api.client.get(path, params={"health": "fine"})
        assert [each["camera_id"] for each in offline.json()] == ["front-door"]
        assert [each["camera_id"] for each in unknown.json()] == ["garage"]
        assert wrong.status_code == 422


async def test_deleted_camera_has_no_health(api: Api):
    await api.add_camera()
    api.followers.health.on_health(health())

    answer = await api.client.delete(DOOR)

    assert answer.json()["camera"]["health"]["state"] == "unknown"


async def test_how_often_footage_is_listed_can_be_changed(api: Api):
    added = await api.add_camera(footage_check_seconds=0)
    answer = await api.client.patch(DOOR, json={"footage_check_seconds": 300})

    assert added["footage_check_seconds"] == 0
    assert (answer.json()["footage_check_seconds"], answer.json()["version"]) == (300, 2)
