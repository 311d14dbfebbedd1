"""Files that devices hold, and how much of each is recorded too: computed when it is asked."""

from datetime import datetime
from typing import TYPE_CHECKING

from services.api.catalog import Position, Scope

if TYPE_CHECKING:
    import asyncpg

    from services.api.database import Connection

# What recordings cover of a file, and how it counts. Devices count in whole seconds and their
# clocks are measured to about half of one, so up to a second (or a tenth of a short file) may lack
# where a file counts as stored.
_RECORDED = """
cross join lateral (
    select range_agg(r.recorded) * tstzmultirange(f.span) as covered
    from recorded_days r
    where r.camera_id = f.camera_id and r.stream = f.stream
      and r.day between utc_day(f.started_at) and utc_day(f.ended_at)
) as c
cross join lateral (
    select date_part('epoch', f.ended_at - f.started_at) as seconds,
           coalesce(sum(date_part('epoch', upper(s) - lower(s))), 0) as recorded_seconds
    from unnest(c.covered) as s
) as l
cross join lateral (
    select case when l.recorded_seconds = 0 then 'on_device'
                when l.seconds - l.recorded_seconds <= least(1.0, l.seconds / 10) then 'stored'
                else 'partial' end as state
) as s
"""

# What of a stream's files touches a range and lies behind the page before. How long files are is
# the device's affair, so the index starts at the oldest one that reaches into the range, not a day
# before it; or where that page ended.
_ON_THE_PAGE = """
f.stream = $2 and f.started_at < $4 and f.ended_at > $3
  and f.started_at >= greatest($6::timestamptz, (
      select least($3::timestamptz, min(o.started_at)) from stored_footage o
      where ($1::text[] is null or o.camera_id = any($1)) and o.stream = $2
        and o.span @> $3::timestamptz))
  and ($6 is null or (f.started_at, f.footage_id) > ($6, $7))
order by f.started_at, f.footage_id
limit $8
"""

# One page of all files ($1 is null), each with what recordings cover of it.
LIST_FOOTAGE = """
select f.*, l.seconds, l.recorded_seconds, s.state
from stored_footage f :recorded
where $1::text[] is null and ($5::text is null or s.state = $5) and :page
""".replace(":recorded", _RECORDED).replace(":page", _ON_THE_PAGE)

# One page of those of some cameras. Each is looked up by itself: one without files costs nothing,
# however many the others have. What is recorded of a file is computed for those on the page.
LIST_FOOTAGE_OF = """
select f.*, l.seconds, l.recorded_seconds, s.state
from stored_footage f :recorded
where f.footage_id in (
    select footage_id from (
        select p.* from (select distinct unnest($1::text[]) as camera_id) as asked
        cross join lateral (
            select f.started_at, f.footage_id from stored_footage f
            where f.camera_id = asked.camera_id and $5::text is null and :page
        ) as p
        order by started_at, footage_id limit $8
    ) as page
)
order by f.started_at, f.footage_id
""".replace(":recorded", _RECORDED).replace(":page", _ON_THE_PAGE)

# The same, of those that count so.
LIST_FOOTAGE_OF_IN_STATE = LIST_FOOTAGE_OF.replace(
    "f.footage_id from stored_footage f", "f.footage_id from stored_footage f" + _RECORDED
).replace("$5::text is null", "s.state = $5::text")


async def list_footage(
    db: "Connection", scope: Scope, *, state: str | None, after: Position | None, limit: int
) -> list["asyncpg.Record"]:
    """Return a page of files that touch the scope, oldest first."""
    started_at: datetime | None = after.started_at if after else None
    of_some = LIST_FOOTAGE_OF if state is None else LIST_FOOTAGE_OF_IN_STATE
    return await db.fetch(
        LIST_FOOTAGE if scope.cameras is None else of_some,
        scope.cameras,
        scope.stream,
        scope.start,
        scope.end,
        state,
        started_at,
        after.row_id if after else None,
        limit,
    )
