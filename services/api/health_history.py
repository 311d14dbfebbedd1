"""When cameras went, came and were recorded: changes of their state, kept for 400 days."""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import structlog

from libs.contracts.cameras import CameraStatusChanged
from libs.contracts.health import CameraHealthChanged
from services.api.database import Database, DatabaseUnavailable
from services.api.schemas_system import HealthChangeView

if TYPE_CHECKING:
    from services.api.database import Connection

log = structlog.get_logger()

KEPT_DAYS = 400
PRUNE_SECONDS = 3600.0
PRUNED_AT_ONCE = 5000
"""Rows for each statement, so that none takes long."""

# The same change reported again, with other words: the later report counts.
UPSERT_CHANGE = """
insert into health_changes as h (event_id, camera_id, kind, at, state, detail, reported_at)
values ($1, $2, $3, $4, $5, $6, $7)
on conflict (event_id) do update set
    detail = excluded.detail, reported_at = excluded.reported_at
where h.reported_at < excluded.reported_at
"""

# The newest changes in a range, and of each kind the one before it: what held when it began.
SELECT_CHANGES = """
with inside as (
    select at, kind, state, detail, event_id from health_changes
    where camera_id = $1 and kind = any($2::text[]) and at >= $3 and at < $4
    order by at desc, event_id desc limit $5
), before as (
    select b.* from unnest($2::text[]) as wanted (kind)
    cross join lateral (
        select at, kind, state, detail, event_id from health_changes
        where camera_id = $1 and kind = wanted.kind and at < $3
        order by at desc, event_id desc limit 1
    ) as b
)
select * from before where (select count(*) from inside) < $5
union all
select * from inside
order by at, event_id
"""

# What is too old; but the last change before that time says how it was when it began.
PRUNE = """
delete from health_changes where event_id in (
    select h.event_id from health_changes h
    where h.at < now() - make_interval(days => $1) and exists (
        select from health_changes newer
        where newer.camera_id = h.camera_id and newer.kind = h.kind
          and newer.at > h.at and newer.at < now() - make_interval(days => $1))
    order by h.at limit $2)
"""

KINDS = ("health", "recording")


@dataclass(frozen=True)
class Range:
    """Which changes are meant."""

    camera_id: str
    start: datetime
    end: datetime
    kinds: tuple[str, ...] = KINDS


async def store_change(
    db: "Connection", event: CameraHealthChanged | CameraStatusChanged, reported_at: datetime
) -> None:
    """Note a change; may be repeated and come in any order."""
    await db.execute(
        UPSERT_CHANGE,
        event.event_id,
        event.camera_id,
        "health" if isinstance(event, CameraHealthChanged) else "recording",
        event.since,
        event.state.value,
        event.detail,
        reported_at,
    )


async def read_changes(db: "Connection", wanted: Range, *, limit: int) -> list[HealthChangeView]:
    """Return the newest changes of a range, oldest first.

    Where all are told, they are preceded by the last change of each kind before the range.
    """
    rows = await db.fetch(
        SELECT_CHANGES, wanted.camera_id, list(wanted.kinds), wanted.start, wanted.end, limit
    )
    names = HealthChangeView.model_fields
    return [HealthChangeView.model_validate({name: row[name] for name in names}) for row in rows]


async def prune(db: "Connection") -> int:
    """Delete changes that are too old, some of them; return how many."""
    done = await db.execute(PRUNE, KEPT_DAYS, PRUNED_AT_ONCE)
    return int(done.rpartition(" ")[2])


async def keep_pruned(database: Database) -> None:
    """Delete what is too old, every hour until cancelled."""
    while True:
        try:
            await _prune_all(database)
        except DatabaseUnavailable as error:
            log.info("health_history.not_pruned", reason=str(error))
        await asyncio.sleep(PRUNE_SECONDS)


async def _prune_all(database: Database) -> None:
    while True:
        async with database.connection() as db:
            pruned = await prune(db)
        if pruned < PRUNED_AT_ONCE:
            return
