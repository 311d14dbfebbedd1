"""What the catalog is asked: recordings, gaps, coverage and storage figures.

Several recorders may have recorded the same moment; every figure in seconds counts it once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from services.api.days import DaySpan
from services.api.playlist import Fragment, Playable

if TYPE_CHECKING:
    import asyncpg

    from services.api.database import Connection

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
LATEST = datetime(2100, 1, 1, tzinfo=UTC)

# One page of recordings that touch a range, oldest first. A recording is far shorter than a day
# (an hour at most), so the first bound lets the index start there and not at the oldest footage.
LIST_RECORDINGS = """
select * from recordings
where ($1::text[] is null or camera_id = any($1)) and stream = $2
  and started_at > $3::timestamptz - interval '1 day' and started_at < $4 and ended_at > $3
  and ($5::timestamptz is null or (started_at, recording_id) > ($5, $6))
order by started_at, recording_id
limit $7
"""

# The same, newest first.
LIST_RECORDINGS_BACKWARDS = LIST_RECORDINGS.replace(
    "(started_at, recording_id) >", "(started_at, recording_id) <"
).replace("by started_at, recording_id", "by started_at desc, recording_id desc")

FIND_RECORDING = "select * from recordings where recording_id = $1"

# What a playlist needs of every recording that touches a range.
PLAYABLE = """
select recording_id, started_at, ended_at, init_bytes, init_sha256,
       fragment_offset, fragment_bytes, fragment_duration_90k
from recordings
where camera_id = $1 and stream = $2 and span && tstzrange($3, $4)
order by started_at, recording_id
limit $5
"""

# One page of gaps that touch a range, each with what is really missing of it: footage may have
# come later, from another recorder's spool or from the camera's own storage.
LIST_GAPS = """
select g.*, m.missing, range_seconds(m.missing) as missing_seconds, s.state
from gaps g
cross join lateral (
    select tstzrange(g.started_at, greatest(coalesce(g.ended_at, $5), g.started_at)) as span
) as w
cross join lateral (
    select tstzmultirange(w.span) - coalesce(range_agg(r.span), '{}') as missing
    from recordings r
    where r.camera_id = g.camera_id and r.stream = g.stream and r.span && w.span
) as m
cross join lateral (
    select case when g.ended_at is null then 'open'
                when isempty(m.missing) then 'filled'
                else 'missing' end as state
) as s
where ($1::text[] is null or g.camera_id = any($1)) and g.stream = $2
  and g.started_at < $4 and coalesce(g.ended_at, 'infinity') > $3
  and ($6::text is null or s.state = $6)
  and ($7::timestamptz is null or (g.started_at, g.gap_id) > ($7, $8))
order by g.started_at, g.gap_id
limit $9
"""

# Per camera and day: what was wanted, what of it is recorded, what of the rest has a gap, and
# what of the remainder is in a spool, not stored yet ($6: since when, null where unknown).
COVERAGE = """
select c.camera_id, d.day, d.starts, d.ends,
       range_seconds(w.wanted) as wanted,
       range_seconds(w.wanted * r.recorded) as recorded,
       range_seconds(r.recorded - w.wanted) as unasked,
       range_seconds(w.wanted - r.recorded) as missing,
       range_seconds((w.wanted - r.recorded) * g.explained) as explained,
       range_seconds((w.wanted - r.recorded - g.explained) * p.pending) as pending,
       range_seconds(w.wanted - r.recorded - g.explained - p.pending) as unexplained
from unnest($1::text[], $6::timestamptz[]) as c (camera_id, pending_since)
cross join unnest($3::date[], $4::timestamptz[], $5::timestamptz[]) as d (day, starts, ends)
cross join lateral (select tstzmultirange(tstzrange(d.starts, d.ends)) as whole) as b
cross join lateral (
    select coalesce(range_agg(tstzrange(started_at, ended_at)), '{}') * b.whole as wanted
    from camera_wanted
    where camera_id = c.camera_id
      and started_at < d.ends and coalesce(ended_at, 'infinity') > d.starts
) as w
cross join lateral (
    select coalesce(range_agg(recorded), '{}') * b.whole as recorded
    from recorded_days
    where camera_id = c.camera_id and stream = $2
      and day between utc_day(d.starts) and utc_day(d.ends - interval '1 microsecond')
) as r
cross join lateral (
    select coalesce(range_agg(tstzrange(started_at, ended_at)), '{}') * b.whole as explained
    from gaps
    where camera_id = c.camera_id and stream = $2
      and tstzrange(started_at, ended_at) && tstzrange(d.starts, d.ends)
) as g
cross join lateral (
    select case when c.pending_since < d.ends
                then tstzmultirange(tstzrange(greatest(c.pending_since, d.starts), d.ends))
                else '{}'::tstzmultirange end as pending
) as p
order by c.camera_id, d.starts
"""

# Seconds are summed per recording: overlaps count here.
STORAGE = """
select camera_id, sum(objects) as objects, sum(bytes)::bigint as bytes,
       extract(epoch from sum(length))::double precision as seconds,
       min(oldest) as oldest, max(newest) as newest
from recorded_days where $1::text[] is null or camera_id = any($1)
group by camera_id order by camera_id
"""

KNOWS_CAMERA = """
select exists (select from cameras where camera_id = $1)
    or exists (select from recordings where camera_id = $1)
"""


@dataclass(frozen=True)
class Scope:
    """Which cameras (None: all), which stream, from when to when."""

    cameras: tuple[str, ...] | None
    stream: str
    start: datetime = EARLIEST
    end: datetime = LATEST


@dataclass(frozen=True)
class Position:
    """The last row of a page; the next page goes on behind it."""

    started_at: datetime
    row_id: str


async def list_recordings(
    db: "Connection", scope: Scope, *, after: Position | None, newest_first: bool, limit: int
) -> list["asyncpg.Record"]:
    """Return a page of recordings that touch the scope."""
    return await db.fetch(
        LIST_RECORDINGS_BACKWARDS if newest_first else LIST_RECORDINGS,
        scope.cameras,
        scope.stream,
        scope.start,
        scope.end,
        after.started_at if after else None,
        after.row_id if after else None,
        limit,
    )


async def find_recording(db: "Connection", recording_id: str) -> "asyncpg.Record | None":
    """Return one recording."""
    return await db.fetchrow(FIND_RECORDING, recording_id)


async def playable(
    db: "Connection", camera_id: str, stream: str, start: datetime, end: datetime, *, limit: int
) -> list[Playable]:
    """Return the recordings that touch a range, oldest first, at most `limit`."""
    return [
        _playable(row) for row in await db.fetch(PLAYABLE, camera_id, stream, start, end, limit)
    ]


async def list_gaps(
    db: "Connection",
    scope: Scope,
    *,
    now: datetime,
    state: str | None = None,
    after: Position | None = None,
    limit: int,
) -> list["asyncpg.Record"]:
    """Return a page of gaps that touch the scope, oldest first; open ones run to `now`."""
    return await db.fetch(
        LIST_GAPS,
        scope.cameras,
        scope.stream,
        scope.start,
        scope.end,
        now,
        state,
        after.started_at if after else None,
        after.row_id if after else None,
        limit,
    )


async def coverage(
    db: "Connection",
    pending_since: dict[str, datetime | None],
    stream: str,
    days: Sequence[DaySpan],
) -> list["asyncpg.Record"]:
    """Return one row per camera (the keys of `pending_since`) and day."""
    return await db.fetch(
        COVERAGE,
        list(pending_since),
        stream,
        [day.day for day in days],
        [day.start for day in days],
        [day.end for day in days],
        list(pending_since.values()),
    )


async def storage(db: "Connection", cameras: tuple[str, ...] | None) -> list["asyncpg.Record"]:
    """Return objects, bytes, seconds, oldest and newest per camera (None: of all)."""
    return await db.fetch(STORAGE, cameras)


async def knows_camera(db: "Connection", camera_id: str) -> bool:
    """Whether the camera is, or was, registered, or has footage."""
    return bool(await db.fetchval(KNOWS_CAMERA, camera_id))


def _playable(row: "asyncpg.Record") -> Playable:
    columns = (row["fragment_offset"], row["fragment_bytes"], row["fragment_duration_90k"])
    return Playable(
        recording_id=row["recording_id"],
        started_at=row["started_at"],
        ended_at=row["ended_at"],
        init_bytes=row["init_bytes"],
        init_sha256=row["init_sha256"],
        fragments=tuple(Fragment(*entry) for entry in zip(*columns, strict=True)),
    )
