"""What the timeline and the calendar are drawn from: spans by day, never single recordings.

A span is `[start, end)` in Unix milliseconds. Spans that are not further apart than the resolution
are joined, so what is drawn has a bounded size, and no hole that could be seen is hidden.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from services.api.days import DaySpan
from services.api.timeline_gaps import Gap, paint

if TYPE_CHECKING:
    import asyncpg

    from services.api.database import Connection

MAX_SPANS = 4000
"""About as many spans as a screen has columns; the range divided by it is the finest resolution."""

# Devices count in whole seconds and their clocks are measured to about half of one: less than
# this beside a recording says nothing about footage that only the device has.
SHORTEST_STORED = timedelta(seconds=1)

# Per camera ($2: since when footage waits to be stored, null where none does): what is recorded,
# what only the device holds, and what is missing. What waits counts as recorded, unless a gap says
# otherwise. Gaps are cut to the range, and those that go on end now ($8). What lies in a hole that
# was joined away is left out. Of those that begin in the same step of the resolution and are
# shorter than it one is left, with the newest reason.
TRACKS = """
with shown as materialized (
    select c.camera_id, c.pending_since, r.recorded
    from unnest($1::text[], $2::timestamptz[]) as c (camera_id, pending_since)
    cross join lateral (
        select join_closer(coalesce(range_agg(
                   case when $6 >= interval '1 minute' then outline else recorded end), '{}'), $6
               ) as recorded
        from recorded_days
        where camera_id = c.camera_id and stream = $3
          and day between utc_day($4::timestamptz - $6) and utc_day($5::timestamptz + $6)
    ) as r
)
select c.camera_id, unix_spans(c.recorded * b.asked, '0') as recorded,
       unix_spans((f.stored - c.recorded - p.pending) * b.asked, $7) as stored, g.gaps
from shown c
cross join (select tstzmultirange(tstzrange($4, $5)) as asked) as b
cross join lateral (
    select join_closer(coalesce(range_agg(stored), '{}'), $6) as stored
    from stored_days
    where camera_id = c.camera_id and stream = $3
      and day between utc_day($4::timestamptz - $6) and utc_day($5::timestamptz + $6)
) as f
cross join lateral (
    select case when c.pending_since is null then '{}'
                else tstzmultirange(tstzrange(c.pending_since, $8))
                     - coalesce(range_agg(tstzrange(started_at, ended_at)), '{}')
           end as pending
    from gaps
    where c.pending_since is not null and camera_id = c.camera_id and stream = $3
      and tstzrange(started_at, ended_at) && tstzrange(c.pending_since, $8)
) as p
cross join lateral (
    select array(
        select row(round(date_part('epoch', min(starts)) * 1000)::bigint,
                   round(date_part('epoch', max(ends)) * 1000)::bigint,
                   (array_agg(reason order by reported_at desc, starts desc))[1],
                   (array_agg(detail order by reported_at desc, starts desc))[1],
                   max(reported_at))
        from (
            select gap_id from gaps
            where camera_id = c.camera_id and stream = $3
              and started_at >= $4 and started_at < least($5, $8)
              and not c.recorded @> tstzrange(started_at, least(coalesce(ended_at, $8), $5))
            union all
            select gap_id from gaps
            where camera_id = c.camera_id and stream = $3
              and tstzrange(started_at, ended_at) @> $4::timestamptz and started_at < $4
        ) as seen
        cross join lateral (
            select *, greatest(started_at, $4) as starts, least(coalesce(ended_at, $8), $5) as ends
            from gaps where gap_id = seen.gap_id offset 0
        ) as cut
        cross join lateral (select ends - starts >= $6 as is_long) as size
        where starts < ends
        group by is_long, case when is_long then started_at
                               else date_bin($6, starts, 'epoch') end
    ) as gaps
) as g
"""

# Seconds of each local day in which any of the cameras was recorded.
CALENDAR = """
with utc as (
    select day, range_agg(recorded) as ranges from recorded_days
    where camera_id = any($1) and stream = $2
      and day between utc_day($6) and utc_day($7::timestamptz - interval '1 microsecond')
    group by day
), recorded as (
    select n, range_agg(ranges) as ranges
    from utc cross join lateral stretches_of(day, $4::timestamptz[]) as n
    group by n
)
select d.day, s.seconds
from unnest($3::date[], $4::timestamptz[], $5::timestamptz[]) with ordinality
    as d (day, starts, ends, n)
left join recorded r using (n)
cross join lateral (
    select coalesce(sum(date_part('epoch', upper(span) - lower(span))), 0) as seconds
    from unnest(r.ranges * tstzmultirange(tstzrange(d.starts, d.ends))) as span
) as s
order by d.day
"""

# Cameras that are or were registered, with their site, and those that have footage all the same.
KNOWN_CAMERAS = """
select asked.camera_id, c.site
from unnest($1::text[]) as asked (camera_id)
left join cameras c using (camera_id)
where c.camera_id is not null
   or exists (select from recorded_days r where r.camera_id = asked.camera_id)
"""


@dataclass(frozen=True)
class Window:
    """What is drawn: a stream, from when to when, how finely."""

    stream: str
    start: datetime
    end: datetime
    resolution: timedelta

    @property
    def step(self) -> timedelta:
        """The resolution, or what keeps the number of spans bounded."""
        return max(self.resolution, (self.end - self.start) / MAX_SPANS, timedelta(milliseconds=1))


@dataclass(frozen=True)
class Track:
    """What there is of one camera."""

    recorded: list[list[int]]
    stored: list[list[int]]
    gaps: list[Gap]


async def timeline(
    db: "Connection", pending_since: Mapping[str, datetime | None], window: Window, now: datetime
) -> dict[str, Track]:
    """Return what there is of each camera (the keys of `pending_since`), in their order."""
    rows = await db.fetch(
        TRACKS,
        list(pending_since),
        [None if since is None else min(since, now) for since in pending_since.values()],
        window.stream,
        window.start,
        window.end,
        window.step,
        SHORTEST_STORED,
        now,
    )
    found = {row["camera_id"]: _track(row, window.step) for row in rows}
    return {camera_id: found[camera_id] for camera_id in pending_since}


async def calendar(
    db: "Connection", cameras: Sequence[str], stream: str, days: Sequence[DaySpan]
) -> list["asyncpg.Record"]:
    """Return `day` and `seconds` of each of some days that follow each other."""
    if not days:  # a zone that crossed the date line left one out
        return []
    columns = [day.day for day in days], [day.start for day in days], [day.end for day in days]
    return await db.fetch(CALENDAR, cameras, stream, *columns, days[0].start, days[-1].end)


async def known_cameras(db: "Connection", cameras: Sequence[str]) -> dict[str, str | None]:
    """Return those of some cameras that anybody heard of, with the site of registered ones."""
    rows = await db.fetch(KNOWN_CAMERAS, cameras)
    return {row["camera_id"]: row["site"] for row in rows}


def _track(row: "asyncpg.Record", step: timedelta) -> Track:
    gaps = [Gap(*values) for values in row["gaps"]]
    recorded = row["recorded"]
    step_ms = step // timedelta(milliseconds=1)
    return Track(recorded, row["stored"], paint(gaps, recorded, step_ms=step_ms))
