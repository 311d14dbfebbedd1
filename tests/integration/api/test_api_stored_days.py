"""The table of what devices hold by day, against the files that it is made from."""

from datetime import UTC, datetime, timedelta

import asyncpg

from libs.contracts.footage import FootageFile, StoredFootageFound
from services.api.migrate import migrate, read_migrations
from services.api.projection import Report, store_footage
from tests.integration.api.conftest import NOW, Api

T0 = datetime(2026, 11, 18, tzinfo=UTC)
DAY_SECONDS = 86_400


def at(seconds: float) -> datetime:
    return T0 + timedelta(seconds=seconds)


def file(start: float, end: float, *, offset: float = 0.0, later: float = 0) -> StoredFootageFound:
    """A file by the device's clock, which is ahead by `offset`, as found so many minutes later."""
    return StoredFootageFound.of(
        FootageFile(channel="1", file_id=f"file-{start}", started_at=at(start), ended_at=at(end)),
        camera_id="front-door",
        device_id="box",
        clock_offset_seconds=offset,
        found_at=NOW + timedelta(minutes=later),
    )


async def days_of(api: Api) -> dict[int, list[tuple[float, float]]]:
    """Return the spans of each day (0: the first) in seconds from the beginning of the first."""
    async with api.database.connection() as db:
        rows = await db.fetch("select * from stored_days order by day")
    assert all((row["camera_id"], row["stream"]) == ("front-door", "main") for row in rows)
    return {
        (row["day"] - T0.date()).days: [
            ((r.lower - T0).total_seconds(), (r.upper - T0).total_seconds()) for r in row["stored"]
        ]
        for row in rows
    }


async def test_adjoining_files_are_one_span_and_midnight_divides_them(api: Api):
    await api.apply(file(0, 900), file(900, 1800), file(DAY_SECONDS - 60, DAY_SECONDS + 60))

    assert await days_of(api) == {
        0: [(0, 1800), (DAY_SECONDS - 60, DAY_SECONDS)],
        1: [(DAY_SECONDS, DAY_SECONDS + 60)],
    }


async def test_file_that_moves_with_its_device_s_clock_leaves_the_day_where_it_was(api: Api):
    await api.apply(file(DAY_SECONDS + 10, DAY_SECONDS + 30), file(0, 900))

    await api.apply(file(DAY_SECONDS + 10, DAY_SECONDS + 30, offset=100, later=1))

    assert await days_of(api) == {0: [(0, 900), (DAY_SECONDS - 90, DAY_SECONDS - 70)]}


async def test_file_that_grows_over_midnight_is_on_both_days(api: Api):
    await api.apply(file(DAY_SECONDS - 60, DAY_SECONDS))

    await api.apply(file(DAY_SECONDS - 60, DAY_SECONDS + 5, later=1))

    assert await days_of(api) == {
        0: [(DAY_SECONDS - 60, DAY_SECONDS)],
        1: [(DAY_SECONDS, DAY_SECONDS + 5)],
    }


async def test_what_was_found_earlier_and_told_late_changes_nothing(api: Api):
    await api.apply(file(0, 900))

    await api.apply(file(0, 60, later=-1))

    assert await days_of(api) == {0: [(0, 900)]}


async def test_files_that_are_deleted_are_gone_from_their_days(api: Api):
    await api.apply(file(0, 900), file(3600, 4500), file(DAY_SECONDS, DAY_SECONDS + 60))

    async with api.database.connection() as db:
        await db.execute("delete from stored_footage where started_at <> $1", at(0))

    assert await days_of(api) == {0: [(0, 900)]}


async def test_migration_fills_the_days_of_what_was_found_before(database: str):
    await migrate(database, [m for m in read_migrations() if m.name < "0008"])
    connection = await asyncpg.connect(database)
    for event in (file(0, 900), file(900, 1800), file(DAY_SECONDS - 60, DAY_SECONDS + 60)):
        await store_footage(connection, event, Report(event.event_id, NOW))

    await migrate(database)

    rows = await connection.fetch("select day, stored from stored_days order by day")
    assert [(row["day"] - T0.date()).days for row in rows] == [0, 1]
    assert [(r.lower, r.upper) for r in rows[0]["stored"]] == [
        (at(0), at(1800)),
        (at(DAY_SECONDS - 60), at(DAY_SECONDS)),
    ]
    await connection.close()
