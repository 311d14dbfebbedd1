"""How completely cameras were recorded, day by day, from the recorded days.

Several recorders may have recorded the same moment; every figure in seconds counts it once.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from services.api.days import DaySpan

if TYPE_CHECKING:
    import asyncpg

    from services.api.database import Connection

# Per camera and local day, which are stretches one after the other: what was wanted, what of it is
# recorded, what of the rest has a gap, and what of the remainder is in a spool, not stored yet ($6:
# since when, null where unknown). Everything is read once and dealt out to the days. The figures
# are summed in one go: a call of range_seconds for each would take most of the time.
COVERAGE = """
with recorded as (
    select r.camera_id, n, range_agg(r.recorded) as ranges
    from recorded_days r cross join lateral stretches_of(r.day, $4::timestamptz[]) as n
    where r.camera_id = any($1) and r.stream = $2
      and r.day between utc_day($7) and utc_day($8::timestamptz - interval '1 microsecond')
    group by r.camera_id, n
), explained as (
    select camera_id, n, range_agg(span) as ranges
    from (
        select camera_id, tstzrange(started_at, ended_at) as span,
               generate_series(width_bucket(started_at, $4),
                               width_bucket(coalesce(ended_at, 'infinity'), $4)) as n
        from gaps
        where camera_id = any($1) and stream = $2
          and started_at < $8 and coalesce(ended_at, 'infinity') > $7
          and started_at >= (
              select least($7::timestamptz, min(o.started_at)) from gaps o
              where o.camera_id = any($1) and o.stream = $2
                and tstzrange(o.started_at, o.ended_at) @> $7::timestamptz)
    ) as told
    group by camera_id, n
)
select c.camera_id, d.day, d.starts, d.ends, s.*,
       s.recorded + s.explained + s.pending + s.unexplained as wanted,
       s.explained + s.pending + s.unexplained as missing
from unnest($1::text[], $6::timestamptz[]) as c (camera_id, pending_since)
cross join lateral (
    select coalesce(range_agg(tstzrange(started_at, ended_at)), '{}') as ranges
    from camera_wanted
    where camera_id = c.camera_id
      and started_at < $8 and coalesce(ended_at, 'infinity') > $7
) as wanted
cross join unnest($3::date[], $4::timestamptz[], $5::timestamptz[]) with ordinality
    as d (day, starts, ends, n)
left join recorded on recorded.camera_id = c.camera_id and recorded.n = d.n
left join explained on explained.camera_id = c.camera_id and explained.n = d.n
cross join lateral (select tstzmultirange(tstzrange(d.starts, d.ends)) as whole) as b
cross join lateral (
    select wanted.ranges * b.whole as wanted,
           coalesce(recorded.ranges, '{}') * b.whole as recorded,
           coalesce(explained.ranges, '{}') as explained,
           case when c.pending_since < d.ends
                then tstzmultirange(tstzrange(greatest(c.pending_since, d.starts), d.ends))
                else '{}'::tstzmultirange end as pending
    offset 0
) as r
cross join lateral (
    select r.wanted - r.recorded as missing, r.wanted - r.recorded - r.explained as untold offset 0
) as m
cross join lateral (
    select coalesce(sum(t) filter (where figure = 1), 0) as recorded,
           coalesce(sum(t) filter (where figure = 2), 0) as unasked,
           coalesce(sum(t) filter (where figure = 3), 0) as explained,
           coalesce(sum(t) filter (where figure = 4), 0) as pending,
           coalesce(sum(t) filter (where figure = 5), 0) as unexplained
    from (
        select 1 as figure, unnest(r.wanted * r.recorded) as span
        union all select 2, unnest(r.recorded - r.wanted)
        union all select 3, unnest(m.missing * r.explained)
        union all select 4, unnest(m.untold * r.pending)
        union all select 5, unnest(m.untold - r.pending)
    ) as spans
    cross join lateral (select date_part('epoch', upper(span) - lower(span)) as t) as length
) as s
order by c.camera_id, d.starts
"""


async def coverage_by_day(
    db: "Connection",
    pending_since: Mapping[str, datetime | None],
    stream: str,
    days: Sequence[DaySpan],
) -> list["asyncpg.Record"]:
    """Return one row per camera (the keys of `pending_since`) and day.

    The days follow each other without a hole.
    """
    if not days:
        return []
    return await db.fetch(
        COVERAGE,
        list(pending_since),
        stream,
        [day.day for day in days],
        [day.start for day in days],
        [day.end for day in days],
        list(pending_since.values()),
        days[0].start,
        days[-1].end,
    )
