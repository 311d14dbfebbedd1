"""Files that devices hold, and how much of each is recorded too: computed when it is asked."""

from datetime import datetime
from typing import TYPE_CHECKING

from services.api.catalog import Position, Scope

if TYPE_CHECKING:
    import asyncpg

    from services.api.database import Connection

# One page of files that touch a range, each with what recordings cover of it. Devices count in
# whole seconds and their clocks are measured to about half of one, so up to a second (or a tenth
# of a short file) may lack where a file counts as stored. How long files are is the device's
# affair, so the index starts at the oldest one that reaches into the range, not a day before it.
LIST_FOOTAGE = """
select f.*, range_seconds(tstzmultirange(f.span)) as seconds,
       range_seconds(c.covered) as recorded_seconds, s.state
from stored_footage f
cross join lateral (
    select coalesce(range_agg(r.span), '{}') * tstzmultirange(f.span) as covered
    from recordings r
    where r.camera_id = f.camera_id and r.stream = f.stream and r.span && f.span
) as c
cross join lateral (
    select case when isempty(c.covered) then 'on_device'
                when range_seconds(tstzmultirange(f.span) - c.covered)
                     <= least(1.0, range_seconds(tstzmultirange(f.span)) / 10) then 'stored'
                else 'partial' end as state
) as s
where ($1::text[] is null or f.camera_id = any($1)) and f.stream = $2
  and f.started_at < $4 and f.ended_at > $3
  and f.started_at >= (
      select least($3::timestamptz, min(o.started_at)) from stored_footage o
      where ($1::text[] is null or o.camera_id = any($1)) and o.stream = $2
        and o.span @> $3::timestamptz)
  and ($5::text is null or s.state = $5)
  and ($6::timestamptz is null or (f.started_at, f.footage_id) > ($6, $7))
order by f.started_at, f.footage_id
limit $8
"""


async def list_footage(
    db: "Connection", scope: Scope, *, state: str | None, after: Position | None, limit: int
) -> list["asyncpg.Record"]:
    """Return a page of files that touch the scope, oldest first."""
    started_at: datetime | None = after.started_at if after else None
    return await db.fetch(
        LIST_FOOTAGE,
        scope.cameras,
        scope.stream,
        scope.start,
        scope.end,
        state,
        started_at,
        after.row_id if after else None,
        limit,
    )
