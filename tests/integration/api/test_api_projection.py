"""Events in any order, any number of times, end in the same rows."""

import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import asyncpg
import pytest

from libs.bus.client import Delivery, StreamState
from libs.bus.errors import Permanent, Transient
from libs.contracts.cameras import CameraState, CameraStatusChanged
from libs.contracts.gaps import GapReason
from libs.contracts.messages import Event
from services.api.database import Database
from services.api.handlers import Projector
from services.api.projection import READ_CURSOR, STREAM
from tests.integration.api.conftest import NOW, Api, gap, recording

T0 = NOW - timedelta(hours=3)


def at(seconds: float) -> datetime:
    return T0 + timedelta(seconds=seconds)


def delivery(event: Event, seq: int, *, published: datetime | None = None) -> Delivery:
    return Delivery(event, event.event_id, event.type, seq, published or at(seq))


@dataclass
class FakeBus:
    """A stream that holds what it is given."""

    stored: list[Delivery]
    ack_floor: int = 0
    created_at: datetime = T0
    replayed: list[int] = field(default_factory=list)

    async def stream_state(self) -> StreamState:
        last = self.stored[-1].stream_seq if self.stored else 0
        return StreamState(1, last, self.created_at, self.ack_floor)

    async def replay(self, types, *, from_seq: int, to_seq: int):
        for item in self.stored:
            if from_seq <= item.stream_seq <= to_seq:
                self.replayed.append(item.stream_seq)
                yield item


def status(state: CameraState, since: datetime) -> CameraStatusChanged:
    return CameraStatusChanged(camera_id="front-door", state=state, since=since, recorder="r1")


def history() -> list[Delivery]:
    events = [
        status(CameraState.RECORDING, at(0)),
        recording(at(0)),
        gap(at(60), None),
        status(CameraState.OFFLINE, at(60)),
        gap(at(60), at(90), detail="back again"),
        # A second recorder closed the same gap later, for another reason.
        gap(at(60), at(95), reason=GapReason.RECORDER_DOWN, detail="taken over"),
        recording(at(95)),
        recording(at(95), epoch=2),
        recording(at(155), stream="sub"),
        gap(at(300), at(310)),
        status(CameraState.RECORDING, at(95)),
    ]
    found = [delivery(event, seq) for seq, event in enumerate(events, start=1)]
    # The same recording announced again, long after, with other content: it was stored anew.
    again = recording(at(0), 60, sha256="c" * 64)
    return [*found, delivery(again, 12), delivery(events[2], 13)]


async def tables(database: Database) -> dict[str, list[dict[str, object]]]:
    found = {}
    async with database.connection() as db:
        for table, key in (("recordings", 1), ("gaps", 1), ("camera_status", 1)):
            rows = await db.fetch(f"select * from {table} order by {key}")
            found[table] = [dict(row) for row in rows]
    return found


async def project(database: Database, deliveries: list[Delivery]) -> Projector:
    projector = Projector(database, FakeBus([]))  # type: ignore[arg-type]
    await projector.catch_up()
    for item in deliveries:
        await projector.handle(item)
    return projector


async def empty(database: Database) -> None:
    async with database.connection() as db:
        await db.execute("truncate recordings, gaps, camera_status, event_cursor")


async def test_shuffled_and_repeated_events_end_in_the_same_rows(api: Api):
    events = history()
    await project(api.database, events)
    expected = await tables(api.database)
    assert {name: len(rows) for name, rows in expected.items()} == {
        "recordings": 4,
        "gaps": 2,
        "camera_status": 1,
    }

    for seed in range(25):
        chance = random.Random(seed)
        shuffled = events + chance.choices(events, k=8)
        chance.shuffle(shuffled)
        await empty(api.database)
        await project(api.database, shuffled)
        assert await tables(api.database) == expected, f"seed {seed}"


async def test_newest_report_counts_and_an_end_is_never_undone(api: Api):
    await project(api.database, history())

    found = await tables(api.database)

    taken_over = found["gaps"][0]
    assert taken_over["ended_at"] == at(95)
    # The repeated opening is the newest report; reason and detail are its own.
    assert taken_over["reason"] == "camera_offline"
    assert found["camera_status"][0]["state"] == "recording"
    stored_anew = next(r for r in found["recordings"] if r["started_at"] == at(0))
    assert stored_anew["sha256"] == "c" * 64


async def test_lost_database_is_filled_from_the_stream_up_to_what_was_acknowledged(api: Api):
    events = history()
    bus = FakeBus(events, ack_floor=10)
    projector = Projector(api.database, bus)  # type: ignore[arg-type]

    await projector.catch_up()
    await projector.catch_up()

    assert bus.replayed == list(range(1, 11))
    for item in events[10:]:
        await projector.handle(item)
    replayed = await tables(api.database)
    await empty(api.database)
    await project(api.database, events)
    assert await tables(api.database) == replayed


async def test_restored_database_replays_only_what_it_lacks(api: Api):
    events = history()
    await project(api.database, events[:4])
    bus = FakeBus(events, ack_floor=13)

    await Projector(api.database, bus).catch_up()  # type: ignore[arg-type]

    assert bus.replayed == list(range(5, 14))


async def test_cursor_of_another_stream_is_worth_nothing(api: Api):
    events = history()
    await project(api.database, events)
    renewed = FakeBus(events[:3], ack_floor=3, created_at=T0 + timedelta(days=1))

    await Projector(api.database, renewed).catch_up()  # type: ignore[arg-type]

    assert renewed.replayed == [1, 2, 3]
    async with api.database.connection() as db:
        assert await db.fetchval(READ_CURSOR, STREAM, renewed.created_at) == 3


async def test_database_that_goes_back_while_we_run_is_noticed(api: Api):
    events = history()
    projector = await project(api.database, events[:5])
    await empty(api.database)

    with pytest.raises(Transient, match="back in time"):
        await projector.handle(events[5])

    assert projector._rewound.is_set()
    assert (await tables(api.database))["recordings"] == []


async def test_event_and_cursor_are_stored_together_or_not_at_all(api: Api):
    async with api.database.connection() as db:
        await db.execute("alter table event_cursor add check (last_seq < 2)")
    projector = await project(api.database, [delivery(recording(at(0)), 1)])

    with pytest.raises(Permanent):
        await projector.handle(delivery(recording(at(60)), 2))

    assert len((await tables(api.database))["recordings"]) == 1


async def test_missing_table_is_no_fault_of_the_event(api: Api):
    projector = await project(api.database, [])
    async with api.database.connection() as db:
        await db.execute("drop table gaps")

    with pytest.raises(Transient):
        await projector.handle(delivery(gap(at(0), None), 1))


async def test_recording_that_ends_before_it_starts_can_never_be_stored(api: Api):
    projector = await project(api.database, [])
    broken = recording(at(0), ended_at=at(-1))

    with pytest.raises(Permanent):
        await projector.handle(delivery(broken, 1))


async def test_database_away_is_transient_and_nothing_is_lost(api: Api, migrated: str):
    projector = await project(api.database, [delivery(recording(at(0)), 1)])
    name = migrated.rsplit("/", 1)[1]
    admin = await asyncpg.connect(migrated.rsplit("/", 1)[0] + "/postgres")
    await admin.execute(f"alter database {name} allow_connections false")
    await admin.execute(
        f"select pg_terminate_backend(pid) from pg_stat_activity where datname='{name}'"
    )

    with pytest.raises(Transient):
        await projector.handle(delivery(recording(at(60)), 2))
    with pytest.raises(Transient):
        await projector.handle(delivery(recording(at(60)), 2))
    away = await api.client.get("/api/v1/recordings")
    await admin.execute(f"alter database {name} allow_connections true")
    await admin.close()
    await projector.handle(delivery(recording(at(60)), 2))

    assert len((await tables(api.database))["recordings"]) == 2
    assert away.status_code == 503
    assert away.headers["retry-after"]
    assert "database is away" in away.json()["detail"]
