"""Twenty thousand recordings: what the catalog answers against the slow and obvious way."""

import itertools
import random
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import asyncpg
import pytest
from anyio.from_thread import start_blocking_portal
from pydantic import SecretStr

from benchmarks.catalog_asked import VIEWS, Round
from benchmarks.catalog_rows import ORIGIN, Rows, fill
from libs.contracts.times import from_unix_seconds
from services.api import catalog, timeline
from services.api.catalog import EARLIEST, LATEST, Position, Scope
from services.api.coverage import coverage_by_day
from services.api.database import Database
from services.api.days import local_days
from services.api.migrate import migrate
from services.api.settings import DatabaseSettings
from tests.infra import Infra, fresh_database

ROWS = Rows(20_000, cameras=4)
Span = tuple[datetime, datetime]


@pytest.fixture(scope="module")
def filled(infra: Infra) -> Iterator[str]:
    """DSN of the catalog, made once; tests only read it."""

    async def make(stack: AsyncExitStack) -> str:
        dsn = await stack.enter_async_context(fresh_database(infra.pg_dsn))
        await migrate(dsn)
        connection = await asyncpg.connect(dsn)
        await fill(connection, ROWS)
        await connection.close()
        return dsn

    with start_blocking_portal() as portal:
        stack = AsyncExitStack()
        yield portal.call(make, stack)
        portal.call(stack.aclose)


@pytest.fixture
async def database(filled: str) -> AsyncIterator[Database]:
    async with Database.open(DatabaseSettings(pg_dsn=SecretStr(filled))) as opened:
        yield opened


async def spans_of(database: Database, table: str, *cameras: str) -> list[Span]:
    async with database.connection() as db:
        rows = await db.fetch(
            f"select started_at, ended_at from {table} where camera_id = any($1)", cameras
        )
    return [(row[0], row[1]) for row in rows]


def join(spans: Iterable[Span], within: timedelta = timedelta(0)) -> list[Span]:
    joined: list[Span] = []
    for start, end in sorted(spans):
        if joined and start - joined[-1][1] <= within:
            joined[-1] = joined[-1][0], max(joined[-1][1], end)
        else:
            joined.append((start, end))
    return joined


def cut(spans: Iterable[Span], start: datetime, end: datetime) -> list[Span]:
    found = [(max(s, start), min(e, end)) for s, e in spans]
    return [(s, e) for s, e in found if s < e]


def without(spans: Iterable[Span], taken: Iterable[Span]) -> list[Span]:
    left = list(spans)
    for start, end in taken:
        left = [
            piece
            for s, e in left
            for piece in ((s, min(e, start)), (max(s, end), e))
            if piece[0] < piece[1]
        ]
    return left


def in_ms(spans: Iterable[Span]) -> list[list[int]]:
    return [[round(s.timestamp() * 1000), round(e.timestamp() * 1000)] for s, e in spans]


def seconds(spans: Iterable[Span]) -> float:
    return sum((e - s).total_seconds() for s, e in spans)


def from_unix_ms(milliseconds: int) -> datetime:
    return from_unix_seconds(milliseconds / 1000)


def random_window(chance: random.Random) -> tuple[datetime, datetime]:
    length = timedelta(seconds=chance.choice([7, 600, 5000, 40_000, 86_400, 300_000]))
    start = ORIGIN + (ROWS.end - ORIGIN) * chance.uniform(-0.1, 1)
    start = start.replace(microsecond=0)
    return start, start + length


async def test_recorded_and_stored_spans_are_those_of_the_single_rows(database: Database):
    chance = random.Random(1)
    for _ in range(40):
        camera = chance.choice(ROWS.names)
        start, end = random_window(chance)
        step = timedelta(seconds=chance.choice([0.001, 1, 5, 60, 3600]))
        window = timeline.Window("main", start, end, step)

        async with database.connection() as db:
            tracks = await timeline.timeline(db, {camera: None}, window, ROWS.end)

        recorded = join(await spans_of(database, "recordings", camera), window.step)
        stored = join(await spans_of(database, "stored_footage", camera), window.step)
        only_stored = cut(without(stored, recorded), start, end)
        assert tracks[camera].recorded == in_ms(cut(recorded, start, end))
        assert tracks[camera].stored == in_ms(
            (s, e) for s, e in only_stored if e - s >= timeline.SHORTEST_STORED
        )


async def test_gaps_are_drawn_where_one_was_told_and_nothing_is_recorded(database: Database):
    chance = random.Random(2)
    for _ in range(40):
        camera = chance.choice(ROWS.names)
        start, end = random_window(chance)
        step = timedelta(seconds=chance.choice([0.001, 1, 60, 3600]))
        window = timeline.Window("main", start, end, step)

        async with database.connection() as db:
            tracks = await timeline.timeline(db, {camera: None}, window, ROWS.end)

        shown = [(from_unix_ms(g.start_ms), from_unix_ms(g.end_ms)) for g in tracks[camera].gaps]
        recorded = join(await spans_of(database, "recordings", camera), window.step)
        told = await spans_of(database, "gaps", camera)
        missing = cut(without(told, recorded), start, end)
        near = [(s - window.step, e + window.step) for s, e in told]
        assert without(missing, shown) == []
        assert without(shown, without(shown, recorded)) == []
        assert without(shown, near) == []


async def test_no_hole_that_could_be_seen_is_hidden_at_any_zoom(database: Database):
    camera = ROWS.names[0]
    recorded = join(await spans_of(database, "recordings", camera))
    for step in (1, 6, 100, 4000, 100_000):
        window = timeline.Window("main", ORIGIN, ROWS.end, timedelta(seconds=step))

        async with database.connection() as db:
            tracks = await timeline.timeline(db, {camera: None}, window, ROWS.end)

        shown = tracks[camera].recorded
        holes = [(a[1], b[0]) for a, b in itertools.pairwise(shown)]
        wide = [(a[1], b[0]) for a, b in itertools.pairwise(recorded) if b[0] - a[1] > window.step]
        assert holes == [tuple(span) for span in in_ms(wide)]
        assert len(shown) <= timeline.MAX_SPANS + 1


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kathmandu", "America/New_York"])
async def test_calendar_and_coverage_count_each_second_of_a_day_once(database: Database, zone: str):
    cameras = ROWS.names[1:3]
    days = local_days(ORIGIN + timedelta(hours=5), ROWS.end, ZoneInfo(zone))

    async with database.connection() as db:
        calendar = await timeline.calendar(db, cameras, "main", days)
        coverage = await coverage_by_day(db, dict.fromkeys(cameras), "main", days)

    either = join(await spans_of(database, "recordings", *cameras))
    assert {row["day"]: row["seconds"] for row in calendar} == {
        day.day: seconds(cut(either, day.start, day.end)) for day in days
    }
    for camera in cameras:
        recorded = join(await spans_of(database, "recordings", camera))
        told = join(await spans_of(database, "gaps", camera))
        rows = {row["day"]: row for row in coverage if row["camera_id"] == camera}
        for day in days:
            here = cut(recorded, day.start, day.end)
            missing = without([(day.start, day.end)], here)
            unexplained = without(missing, told)
            row = rows[day.day]
            assert row["recorded"] == seconds(here)
            assert row["missing"] == seconds(missing)
            assert row["unexplained"] == seconds(unexplained)
            assert row["explained"] == seconds(missing) - seconds(unexplained)


async def test_storage_is_the_sum_of_the_recordings(database: Database):
    async with database.connection() as db:
        figures = await catalog.storage(db, None)
        expected = await db.fetch(
            """select camera_id, count(*) as objects, sum(bytes)::bigint as bytes,
                      sum(extract(epoch from ended_at - started_at))::double precision as seconds,
                      min(started_at) as oldest, max(ended_at) as newest
               from recordings group by camera_id order by camera_id"""
        )

    assert [dict(row) for row in figures] == [dict(row) for row in expected]


def in_order(row: asyncpg.Record) -> tuple[datetime, str]:
    return row["started_at"], row["recording_id"]


async def test_pages_of_recordings_are_those_of_the_whole_sorted_list(database: Database):
    async with database.connection() as db:
        rows = await db.fetch(
            "select recording_id, camera_id, started_at, ended_at from recordings"
        )
        chance = random.Random(3)
        for _ in range(30):
            cameras = chance.choice([None, ("camera-02",), ("camera-01", "camera-04")])
            start, end = chance.choice([(EARLIEST, LATEST), random_window(chance)])
            backwards = chance.random() < 0.5
            last = chance.choice([None, chance.choice(rows)])
            after = Position(last["started_at"], last["recording_id"]) if last else None

            page = await catalog.list_recordings(
                db,
                Scope(cameras, "main", start, end),
                after=after,
                newest_first=backwards,
                limit=50,
            )

            wanted = [
                row
                for row in rows
                if (cameras is None or row["camera_id"] in cameras)
                and row["started_at"] < end
                and row["ended_at"] > start
                and (
                    last is None
                    or (
                        in_order(row) < in_order(last)
                        if backwards
                        else in_order(row) > in_order(last)
                    )
                )
            ]
            wanted.sort(key=in_order, reverse=backwards)
            assert [r["recording_id"] for r in page] == [r["recording_id"] for r in wanted[:50]]


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: f"{view.page}, {view.what}")
async def test_every_view_that_is_measured_gets_an_answer(database: Database, view):
    async with database.connection() as db:
        answer = await view.ask(db, Round(ROWS, 7, 30))

    assert answer or "open" in view.what or "filled" in view.what or "not recorded" in view.what
