"""What the timeline and the calendar are drawn from: spans by day, never single recordings.

A span is `[start, end)` in Unix milliseconds. Spans that are not further apart than the resolution
are joined, so what is drawn has a bounded size, and no hole that could be seen is hidden.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
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
# and what only the device holds. What waits counts as recorded, unless a gap says otherwise.
SPANS = """
select c.camera_id, unix_spans(r.recorded * b.asked, '0') as recorded,
       unix_spans((f.stored - r.recorded - p.pending) * b.asked, $7) as stored
from unnest($1::text[], $2::timestamptz[]) as c (camera_id, pending_since)
cross join (select tstzmultirange(tstzrange($4, $5)) as asked) as b
cross join lateral (
    select join_closer(coalesce(range_agg(recorded), '{}'), $6) as recorded
    from recorded_days
    where camera_id = c.camera_id and stream = $3
      and day between utc_day($4 - $6::interval) and utc_day($5 + $6::interval)
) as r
cross join lateral (
    select join_closer(coalesce(range_agg(span), '{}'), $6) as stored
    from stored_footage
    where camera_id = c.camera_id and stream = $3 and span && tstzrange($4 - $6, $5 + $6)
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
"""

# Gaps that touch the range, cut to it; those that go on end now ($5). Of those that begin in the
# same step of the resolution and are shorter than it one row is left, with the newest reason.
GAPS = """
select camera_id, round(date_part('epoch', min(starts)) * 1000)::bigint as start_ms,
       round(date_part('epoch', max(ends)) * 1000)::bigint as end_ms,
       (array_agg(reason order by reported_at desc, starts desc))[1] as reason,
       (array_agg(detail order by reported_at desc, starts desc))[1] as detail,
       max(reported_at) as reported_at
from gaps
cross join lateral (
    select greatest(started_at, $3) as starts, least(coalesce(ended_at, $5), $4) as ends
) as cut
cross join lateral (select ends - starts >= $6 as is_long) as size
where camera_id = any($1) and stream = $2 and tstzrange(started_at, ended_at) && tstzrange($3, $4)
  and starts < ends
group by camera_id, is_long, case when is_long then started_at
                                  else date_bin($6, starts, 'epoch') end
"""

# Seconds of each local day in which any of the cameras was recorded.
CALENDAR = """
select d.day, range_seconds(r.recorded * tstzmultirange(tstzrange(d.starts, d.ends))) as seconds
from unnest($3::date[], $4::timestamptz[], $5::timestamptz[]) as d (day, starts, ends)
cross join lateral (
    select coalesce(range_agg(recorded), '{}') as recorded
    from recorded_days
    where camera_id = any($1) and stream = $2
      and day between utc_day(d.starts) and utc_day(d.ends - interval '1 microsecond')
) as r
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


@dataclass
class Track:
    """What there is of one camera."""

    recorded: list[list[int]] = field(default_factory=list)
    stored: list[list[int]] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)


async def timeline(
    db: "Connection", pending_since: Mapping[str, datetime | None], window: Window, now: datetime
) -> dict[str, Track]:
    """Return what there is of each camera (the keys of `pending_since`), in their order."""
    tracks = {camera_id: Track() for camera_id in pending_since}
    for row in await _spans(db, pending_since, window, now):
        track = tracks[row["camera_id"]]
        track.recorded, track.stored = row["recorded"], row["stored"]
    reported: dict[str, list[Gap]] = {camera_id: [] for camera_id in tracks}
    for row in await _gaps(db, list(tracks), window, now):
        reported[row["camera_id"]].append(_gap(row))
    step_ms = window.step // timedelta(milliseconds=1)
    for camera_id, track in tracks.items():
        track.gaps = paint(reported[camera_id], track.recorded, step_ms=step_ms)
    return tracks


async def calendar(
    db: "Connection", cameras: Sequence[str], stream: str, days: Sequence[DaySpan]
) -> list["asyncpg.Record"]:
    """Return `day` and `seconds` of each day."""
    columns = [day.day for day in days], [day.start for day in days], [day.end for day in days]
    return await db.fetch(CALENDAR, cameras, stream, *columns)


async def known_cameras(db: "Connection", cameras: Sequence[str]) -> dict[str, str | None]:
    """Return those of some cameras that anybody heard of, with the site of registered ones."""
    rows = await db.fetch(KNOWN_CAMERAS, cameras)
    return {row["camera_id"]: row["site"] for row in rows}


async def _spans(
    db: "Connection", pending_since: Mapping[str, datetime | None], window: Window, now: datetime
) -> list["asyncpg.Record"]:
    waiting = [None if since is None else min(since, now) for since in pending_since.values()]
    return await db.fetch(
        SPANS,
        list(pending_since),
        waiting,
        window.stream,
        window.start,
        window.end,
        window.step,
        SHORTEST_STORED,
        now,
    )


async def _gaps(
    db: "Connection", cameras: Sequence[str], window: Window, now: datetime
) -> list["asyncpg.Record"]:
    return await db.fetch(GAPS, cameras, window.stream, window.start, window.end, now, window.step)


def _gap(row: "asyncpg.Record") -> Gap:
    return Gap(row["start_ms"], row["end_ms"], row["reason"], row["detail"], row["reported_at"])
