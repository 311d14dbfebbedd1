"""The table of recorded days against the recordings that it is made from."""

import random
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

import asyncpg
import pytest

from libs.bus.errors import Permanent
from libs.contracts.footage import FootageFile, StoredFootageFound
from libs.contracts.messages import Event
from libs.contracts.recordings import RecordingCompleted
from services.api.migrate import migrate, read_migrations
from services.api.projection import Report, store_recording
from tests.integration.api.conftest import NOW, Api, recording
from tests.waiting import eventually_async, running

if TYPE_CHECKING:
    from services.api.database import Connection

T0 = datetime(2026, 11, 18, tzinfo=UTC)
DAY = timedelta(days=1)
Span = tuple[datetime, datetime]


def at(seconds: float) -> datetime:
    return T0 + timedelta(seconds=seconds)


async def stored_days(db: "Connection") -> list[dict[str, Any]]:
    rows = await db.fetch("select * from recorded_days order by camera_id, stream, day")
    return [
        {
            name: [(r.lower, r.upper) for r in value] if name in {"recorded", "outline"} else value
            for name, value in row.items()
        }
        for row in rows
    ]


async def days_of(api: Api) -> list[dict[str, Any]]:
    async with api.database.connection() as db:
        return await stored_days(db)


def expected_days(recordings: list[RecordingCompleted]) -> list[dict[str, Any]]:
    """Return the same rows, computed in the plainest way."""
    keys = sorted({(r.camera_id, r.stream, day) for r in recordings for day in touched(r)})
    return [expected_day(camera, stream, day, recordings) for camera, stream, day in keys]


def touched(item: RecordingCompleted) -> list[date]:
    last = (item.ended_at - timedelta(milliseconds=1)).date()
    return [
        item.started_at.date() + DAY * n for n in range((last - item.started_at.date()).days + 1)
    ]


def expected_day(
    camera: str, stream: str, day: date, recordings: list[RecordingCompleted]
) -> dict[str, Any]:
    begins = datetime.combine(day, time(), UTC)
    mine = [r for r in recordings if (r.camera_id, r.stream) == (camera, stream)]
    parts = [(max(r.started_at, begins), min(r.ended_at, begins + DAY)) for r in mine]
    spans = sorted((start, end) for start, end in parts if start < end)
    own = [r for r in mine if r.started_at.date() == day]
    return {
        "camera_id": camera,
        "stream": stream,
        "day": day,
        "recorded": joined(spans, timedelta(0)),
        "outline": joined(spans, timedelta(minutes=1)),
        "objects": len(own),
        "bytes": sum(r.bytes for r in own),
        "length": sum((r.ended_at - r.started_at for r in own), timedelta()),
        "oldest": min((r.started_at for r in own), default=None),
        "newest": max((r.ended_at for r in own), default=None),
    }


def joined(spans: list[Span], within: timedelta) -> list[Span]:
    found: list[Span] = []
    for start, end in spans:
        if found and start - found[-1][1] <= within:
            found[-1] = found[-1][0], max(found[-1][1], end)
        else:
            found.append((start, end))
    return found


def some_recordings(chance: random.Random, count: int) -> list[RecordingCompleted]:
    """Return recordings of two cameras that overlap, adjoin and cross midnight."""
    found = {}
    for _ in range(count):
        made = recording(
            at(chance.randrange(4 * 86_400 // 20) * 20),
            20 * chance.choice([2, 3, 30, 180, 1500]),
            camera_id=chance.choice(["a", "b"]),
            epoch=chance.choice([1, 2]),
            stream=chance.choice(["main", "main", "sub"]),
            fragment_seconds=20,
        )
        found[made.natural_key()] = made
    return list(found.values())


async def test_days_hold_what_the_recordings_say(api: Api):
    for seed in range(5):
        made = some_recordings(random.Random(seed), 100)
        async with api.database.connection() as db:
            await db.execute("truncate recordings, recorded_days")

        await api.apply(*made, *random.Random(seed).choices(made, k=10))

        assert await days_of(api) == expected_days(made), f"seed {seed}"


async def store(db: "Connection", event: RecordingCompleted, minutes: float = 0) -> None:
    """Store what was reported that much later."""
    at_that_time = Report(f"{event.event_id}-{minutes}", NOW + timedelta(minutes=minutes))
    await store_recording(db, event, at_that_time)


async def store_and_commit(api: Api, event: RecordingCompleted, minutes: float) -> None:
    async with api.database.transaction() as db:
        await store(db, event, minutes)


async def test_later_report_that_changes_a_recording_takes_back_what_it_said(api: Api):
    long = recording(at(86_400 - 60), 300)
    beside = recording(at(86_400 + 120), 60, epoch=2)
    await api.apply(long, beside)

    shorter = recording(at(86_400 - 60), 30)
    await store_and_commit(api, shorter, 1)

    assert await days_of(api) == expected_days([shorter, beside])


async def test_earlier_report_that_comes_late_changes_no_day(api: Api):
    now = recording(at(0), 60)
    await api.apply(now)

    await store_and_commit(api, recording(at(0), 600), -1)

    assert await days_of(api) == expected_days([now])


async def test_day_whose_only_recording_is_deleted_is_gone(api: Api):
    kept = recording(at(100), 60)
    await api.apply(kept, recording(at(0), 60), recording(at(86_400 - 30), 60))

    async with api.database.connection() as db:
        await db.execute("delete from recordings where started_at <> $1", kept.started_at)

    assert await days_of(api) == expected_days([kept])


async def test_transaction_that_fails_leaves_the_days_as_they_were(api: Api):
    kept = recording(at(0), 60)
    await api.apply(kept)

    async with api.database.connection() as db:
        change = db.transaction()
        await change.start()
        await store(db, recording(at(0), 600), 1)
        await store(db, recording(at(86_400), 600), 1)
        await change.rollback()

    assert await days_of(api) == expected_days([kept])


@pytest.mark.parametrize("added_at", [600, 86_400 + 600], ids=["same day", "day without a row"])
async def test_recording_that_is_added_while_its_day_is_computed_anew_is_not_lost(
    api: Api, added_at: float
):
    begins = at(86_400 - 60)
    await api.apply(recording(begins, 30))
    changed, added = recording(begins, 120), recording(at(added_at), 60)

    async with api.database.connection() as adder:
        adding = adder.transaction()
        await adding.start()
        await store(adder, added)
        async with running(store_and_commit(api, changed, 1)) as changing:
            await eventually_async(lambda: somebody_waits(api))
            await adding.commit()
            await changing

    assert await days_of(api) == expected_days([changed, added])


async def somebody_waits(api: Api) -> bool:
    async with api.database.connection() as db:
        return bool(
            await db.fetchval(
                "select count(*) from pg_stat_activity "
                "where datname = current_database() and wait_event_type = 'Lock'"
            )
        )


@pytest.mark.parametrize(
    "event",
    [
        recording(at(0), 60, ended_at=at(86_401)),
        StoredFootageFound.of(
            FootageFile(channel="1", file_id="a", started_at=at(-401 * 86_400), ended_at=at(0)),
            camera_id="front-door",
            device_id="box",
            clock_offset_seconds=0.0,
            found_at=NOW,
        ),
    ],
    ids=["recording", "file"],
)
async def test_event_that_would_fill_a_year_of_days_by_itself_is_never_stored(
    api: Api, event: Event
):
    with pytest.raises(Permanent, match="lasts longer"):
        await api.apply(event)

    assert await days_of(api) == []


async def test_migration_fills_the_days_of_a_catalog_that_has_recordings(database: str):
    made = some_recordings(random.Random(7), 100)
    before = [m for m in read_migrations() if m.name < "0005"]
    await migrate(database, before)
    connection = await asyncpg.connect(database)
    for event in made:
        await store(connection, event)

    await migrate(database)

    assert await stored_days(connection) == expected_days(made)
    await connection.close()
