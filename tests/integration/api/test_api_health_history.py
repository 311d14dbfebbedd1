"""When a camera went and came, from events in any order."""

import random
from datetime import datetime, timedelta

from libs.contracts.cameras import CameraState, CameraStatusChanged
from libs.contracts.health import CameraHealthChanged, HealthState
from libs.contracts.times import isoformat_z
from services.api import health_history
from services.api.health_history import prune
from tests.integration.api.conftest import NOW, Api

HISTORY = "/api/v1/cameras/front-door/health-history"


def at(minutes: float) -> datetime:
    return NOW + timedelta(minutes=minutes)


def health(state: HealthState, minutes: float, detail: str = "") -> CameraHealthChanged:
    return CameraHealthChanged(
        camera_id="front-door",
        state=state,
        previous=HealthState.UNKNOWN,
        since=at(minutes),
        checked_at=at(minutes),
        detail=detail,
    )


def status(state: CameraState, minutes: float) -> CameraStatusChanged:
    return CameraStatusChanged(
        camera_id="front-door", state=state, since=at(minutes), recorder="r1"
    )


EVENTS = (
    health(HealthState.ONLINE, -60),
    status(CameraState.RECORDING, -59),
    status(CameraState.OFFLINE, -30),
    health(HealthState.OFFLINE, -29, "no answer"),
    health(HealthState.ONLINE, -10),
    status(CameraState.RECORDING, -9),
)


async def history(api: Api, **query: str | int) -> list[str]:
    answer = await api.client.get(HISTORY, params=query)
    assert answer.status_code == 200, answer.text
    return [f"{each['kind']} {each['state']}" for each in answer.json()]


async def test_changes_end_in_order_however_often_and_late_they_come(api: Api):
    await api.add_camera()
    events = [*EVENTS, *EVENTS]
    random.Random(4).shuffle(events)
    await api.apply(*events)

    answer = (await api.client.get(HISTORY)).json()

    assert [each["at"] for each in answer] == [isoformat_z(e.since) for e in EVENTS]
    assert answer[3] == {
        "at": isoformat_z(at(-29)),
        "kind": "health",
        "state": "offline",
        "detail": "no answer",
    }


async def test_a_range_begins_with_what_held_before_it(api: Api):
    await api.add_camera()
    await api.apply(*EVENTS)
    later = {"from": isoformat_z(at(-20)), "to": isoformat_z(at(-9))}

    assert await history(api, **later) == ["recording offline", "health offline", "health online"]
    assert await history(api, **later, kind="recording") == ["recording offline"]
    assert await history(api, **{"from": isoformat_z(at(-70)), "to": isoformat_z(at(-65))}) == []


async def test_where_there_are_more_changes_than_asked_for_the_newest_are_told(api: Api):
    await api.add_camera()
    await api.apply(*EVENTS)

    assert await history(api, limit=2) == ["health online", "recording recording"]


async def test_what_is_older_than_400_days_goes_but_for_the_last_state_before(api: Api):
    await api.add_camera()
    day = timedelta(days=1) / timedelta(minutes=1)
    old = (
        health(HealthState.ONLINE, -3000 * day),
        health(HealthState.OFFLINE, -2000 * day),
        health(HealthState.ONLINE, -1500 * day),
        status(CameraState.RECORDING, -1500 * day),
    )
    await api.apply(*old)
    async with api.database.connection() as db:
        pruned = await prune(db)
        again = await prune(db)

    assert (pruned, again) == (2, 0)
    assert await history(api) == ["recording recording", "health online"] or await history(api) == [
        "health online",
        "recording recording",
    ]
    assert health_history.KEPT_DAYS == 400


async def test_unknown_camera_and_ranges_that_are_none_are_refused(api: Api):
    missing = await api.client.get(HISTORY)
    await api.add_camera()
    turned = {"from": isoformat_z(at(0)), "to": isoformat_z(at(-1))}

    assert missing.status_code == 404
    assert (await api.client.get(HISTORY, params=turned)).status_code == 422
    assert (await api.client.get(HISTORY, params={"from": "yesterday"})).status_code == 422
    assert await history(api, **{"from": "2000-01-01T00:00:00Z", "to": isoformat_z(at(0))}) == []
