"""Coverage from SQL against a count of seconds in Python."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from libs.bus.keyvalue import Change
from libs.contracts.cameras import CameraState
from libs.contracts.ownership import RecordingProgress
from libs.contracts.times import isoformat_z
from tests.integration.api.conftest import NOW, Api, gap, recording

STEP = 300
"""Everything in the random histories begins and ends on multiples of this many seconds."""


async def coverage(
    api: Api, start: datetime, end: datetime, tz: str = "UTC"
) -> list[dict[str, Any]]:
    answer = await api.client.get(
        "/api/v1/cameras/front-door/coverage",
        params={"from": isoformat_z(start), "to": isoformat_z(end), "tz": tz},
    )
    assert answer.status_code == 200, answer.text
    days: list[dict[str, Any]] = answer.json()["days"]
    return days


async def want(api: Api, *spans: tuple[datetime, datetime | None]) -> None:
    async with api.database.connection() as db:
        await db.executemany(
            "insert into camera_wanted (camera_id, started_at, ended_at) values ($1, $2, $3)",
            [("front-door", start, end) for start, end in spans],
        )


def random_spans(
    chance: random.Random, base: datetime, count: int, steps: int, longest: int
) -> list[tuple[datetime, datetime]]:
    found = []
    for _ in range(count):
        first = chance.randrange(steps)
        last = first + chance.randint(1, longest)
        found.append(
            (base + timedelta(seconds=first * STEP), base + timedelta(seconds=last * STEP))
        )
    return found


@pytest.mark.parametrize(
    ("tz", "base"),
    [
        ("UTC", datetime(2026, 6, 10, tzinfo=UTC)),
        ("Europe/Berlin", datetime(2026, 3, 27, tzinfo=UTC)),
        ("Europe/Berlin", datetime(2026, 10, 23, tzinfo=UTC)),
        ("America/Havana", datetime(2025, 11, 1, tzinfo=UTC)),
        ("Asia/Kathmandu", datetime(2026, 6, 10, tzinfo=UTC)),
    ],
)
async def test_coverage_agrees_with_counting_moments(api: Api, tz: str, base: datetime):
    chance = random.Random(tz + str(base))
    steps = 4 * 86_400 // STEP
    await api.add_camera(record=False)
    wanted = list(random_spans(chance, base, 6, steps, 100))
    recorded = random_spans(chance, base, 60, steps, 6)
    gaps = random_spans(chance, base, 12, steps, 30)
    unique = {start: (start, end) for start, end in wanted}.values()
    await want(api, *unique)
    await api.apply(
        *(
            recording(s, (e - s).total_seconds(), fragment_seconds=STEP, epoch=n)
            for n, (s, e) in enumerate(recorded)
        ),
        *{s: gap(s, e) for s, e in gaps}.values(),
    )
    gaps = list({s: (s, e) for s, e in gaps}.values())
    start, end = base + timedelta(hours=7), base + timedelta(days=3, hours=5)

    days = await coverage(api, start, end, tz)

    expected: dict[str, dict[str, float]] = {}
    moment = start
    while moment < end:
        day = moment.astimezone(ZoneInfo(tz)).date().isoformat()
        figures = expected.setdefault(
            day, dict.fromkeys(("wanted", "recorded", "missing", "explained", "unexplained"), 0)
        )
        is_in = {
            name: any(s <= moment < e for s, e in spans)
            for name, spans in (("wanted", unique), ("recorded", recorded), ("gap", gaps))
        }
        if is_in["wanted"]:
            figures["wanted"] += STEP
            if is_in["recorded"]:
                figures["recorded"] += STEP
            else:
                figures["missing"] += STEP
                figures["explained" if is_in["gap"] else "unexplained"] += STEP
        moment += timedelta(seconds=STEP)
    assert {d["day"]: {name: d[name] for name in expected[d["day"]]} for d in days} == expected
    assert all(d["pending"] == 0 for d in days)


@pytest.mark.parametrize(("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25)])
async def test_day_of_a_clock_change_is_wanted_for_its_real_length(api: Api, day: str, hours: int):
    await api.add_camera(record=False)
    midnight = datetime.fromisoformat(day).replace(tzinfo=ZoneInfo("Europe/Berlin"))
    noon = midnight + timedelta(hours=12)
    await want(api, (noon - timedelta(days=5), noon + timedelta(days=5)))

    days = await coverage(api, noon - timedelta(days=2), noon + timedelta(days=2), "Europe/Berlin")

    assert next(d["wanted"] for d in days if d["day"] == day) == hours * 3600


async def test_time_that_has_not_come_is_not_missing(api: Api):
    await api.add_camera(record=False)
    await want(api, (NOW - timedelta(hours=1), None))

    days = await coverage(api, NOW - timedelta(days=1), NOW + timedelta(days=3))

    assert sum(d["wanted"] for d in days) == 3600
    assert days[-1]["ended_at"] == isoformat_z(NOW)


async def test_footage_nobody_asked_for_makes_nothing_complete(api: Api):
    await api.add_camera(record=False)
    await want(api, (NOW - timedelta(seconds=100), NOW))
    await api.apply(recording(NOW - timedelta(seconds=160), 120))

    (day,) = await coverage(api, NOW - timedelta(hours=1), NOW)

    assert (day["wanted"], day["recorded"], day["unasked"], day["missing"]) == (100, 60, 60, 40)


def hear_recorder(api: Api, **stored: datetime) -> None:
    """A recorder says that it has recorded all until now, and what of it is stored."""
    progress = RecordingProgress(
        camera_id="front-door",
        recorder="r1",
        epoch=1,
        seen_at=NOW,
        accounted_until=NOW,
        state=CameraState.RECORDING,
        state_since=NOW - timedelta(seconds=100),
        **stored,
    )
    api.context.board.on_progress(Change("main.front-door", progress, 1))


async def test_footage_in_a_live_recorders_spool_is_pending_and_not_unexplained(api: Api):
    await api.add_camera(record=False)
    await want(api, (NOW - timedelta(seconds=100), None))
    await api.apply(recording(NOW - timedelta(seconds=100), 60))
    hear_recorder(api, last_recording_at=NOW - timedelta(seconds=40))

    (live,) = await coverage(api, NOW - timedelta(hours=1), NOW)
    api.set_now(NOW + timedelta(minutes=5))
    (silent,) = await coverage(api, NOW - timedelta(hours=1), NOW)

    assert (live["missing"], live["pending"], live["unexplained"]) == (40, 40, 0)
    assert (silent["pending"], silent["unexplained"]) == (0, 40)


async def test_footage_that_the_catalog_has_yet_to_hear_of_is_pending(api: Api):
    # After the api was killed an event comes again in half a minute. Until then all that was
    # stored meanwhile was told as missing without a reason.
    await api.add_camera(record=False)
    await want(api, (NOW - timedelta(seconds=100), None))
    await api.apply(recording(NOW - timedelta(seconds=100), 20))
    stored_until = NOW - timedelta(seconds=20)
    hear_recorder(api, last_recording_at=stored_until, stored_until=stored_until)

    (behind,) = await coverage(api, NOW - timedelta(hours=1), NOW)
    await api.apply(recording(NOW - timedelta(seconds=60), 40))
    (lost,) = await coverage(api, NOW - timedelta(hours=1), NOW)

    assert (behind["recorded"], behind["pending"], behind["unexplained"]) == (20, 80, 0)
    assert (lost["recorded"], lost["pending"], lost["unexplained"]) == (60, 20, 20)


async def test_coverage_of_all_cameras_is_per_camera(api: Api):
    await api.add_camera("a")
    await api.add_camera("b", record=False)

    answer = await api.client.get(
        "/api/v1/coverage",
        params={"from": isoformat_z(NOW - timedelta(days=1)), "to": isoformat_z(NOW)},
    )

    assert [c["camera_id"] for c in answer.json()] == ["a", "b"]
    assert all(len(c["days"]) == 2 for c in answer.json())


async def test_range_of_too_many_days_is_refused(api: Api):
    await api.add_camera()
    params = {"from": "2026-01-01T00:00:00Z", "to": "2026-11-01T00:00:00Z"}

    for path in ("/api/v1/coverage", "/api/v1/cameras/front-door/coverage"):
        answer = await api.client.get(path, params=params)
        assert answer.status_code == 422
        assert "at most" in answer.json()["errors"][0]["problem"]
