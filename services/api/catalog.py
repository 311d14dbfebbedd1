"""What the catalog is asked: recordings, gaps and storage figures.

Several recorders may have recorded the same moment; every figure in seconds counts it once.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from services.api.playlist import Fragment, Playable

if TYPE_CHECKING:
    import asyncpg

    from services.api.database import Connection

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
LATEST = datetime(2100, 1, 1, tzinfo=UTC)

# Where an index starts: at the oldest recording that reaches into the range.
_FIRST = """(
      select least($3::timestamptz, min(o.started_at)) from recordings o
      where ($1::text[] is null or o.camera_id = any($1)) and o.stream = $2
        and o.span @> $3::timestamptz)"""

# What of a stream's recordings touches a range and lies behind the page before. One bound says
# where to start, there or where that page ended: of several, PostgreSQL may take the wrong one.
_ON_THE_PAGE = """
stream = $2 and started_at >= greatest($5::timestamptz, :first)
  and started_at < $4 and ended_at > $3
  and ($5 is null or (started_at, recording_id) > ($5, $6))
order by started_at, recording_id
limit $7
""".replace(":first", _FIRST)
_ON_THE_PAGE_BACKWARDS = """
stream = $2 and started_at <= least($4::timestamptz - interval '1 microsecond', $5::timestamptz)
  and started_at >= :first and ended_at > $3
  and ($5 is null or (started_at, recording_id) < ($5, $6))
order by started_at desc, recording_id desc
limit $7
""".replace(":first", _FIRST)

# One page of all recordings ($1 is null), oldest first.
LIST_RECORDINGS = "select * from recordings where $1::text[] is null and :page".replace(
    ":page", _ON_THE_PAGE
)

# One page of those of some cameras. Each is looked up by itself: one that has none in the range
# costs nothing, however many the others have.
LIST_RECORDINGS_OF = """
select * from recordings where recording_id in (
    select recording_id from (
        select p.* from (select distinct unnest($1::text[]) as camera_id) as c
        cross join lateral (
            select started_at, recording_id from recordings
            where camera_id = c.camera_id and :page
        ) as p
        order by started_at, recording_id limit $7
    ) as page
)
order by started_at, recording_id
""".replace(":page", _ON_THE_PAGE)


LIST_RECORDINGS_BACKWARDS, LIST_RECORDINGS_OF_BACKWARDS = (
    query.replace(_ON_THE_PAGE, _ON_THE_PAGE_BACKWARDS).replace(
        "order by started_at, recording_id", "order by started_at desc, recording_id desc"
    )
    for query in (LIST_RECORDINGS, LIST_RECORDINGS_OF)
)

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
# come later, from another recorder's spool or from the camera's own storage. The index starts at
# the oldest one that reaches into the range, or where the page before ended.
LIST_GAPS = """
select g.*, m.missing, range_seconds(m.missing) as missing_seconds, s.state
from gaps g
cross join lateral (
    select tstzrange(g.started_at, greatest(coalesce(g.ended_at, $5), g.started_at)) as span
) as w
cross join lateral (
    select tstzmultirange(w.span) - coalesce(range_agg(r.recorded), '{}') as missing
    from recorded_days r
    where r.camera_id = g.camera_id and r.stream = g.stream
      and r.day between utc_day(lower(w.span)) and utc_day(upper(w.span))
) as m
cross join lateral (
    select case when g.ended_at is null then 'open'
                when isempty(m.missing) then 'filled'
                else 'missing' end as state
) as s
where ($1::text[] is null or g.camera_id = any($1)) and g.stream = $2
  and g.started_at < $4 and coalesce(g.ended_at, 'infinity') > $3
  and g.started_at >= greatest($7::timestamptz, (
      select least($3::timestamptz, min(o.started_at)) from gaps o
      where ($1::text[] is null or o.camera_id = any($1)) and o.stream = $2
        and tstzrange(o.started_at, o.ended_at) @> $3::timestamptz))
  and ($6::text is null or s.state = $6) and ($6 is distinct from 'open' or g.ended_at is null)
  and ($7 is null or (g.started_at, g.gap_id) > ($7, $8))
order by g.started_at, g.gap_id
limit $9
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
    of_all, of_some = (
        (LIST_RECORDINGS_BACKWARDS, LIST_RECORDINGS_OF_BACKWARDS)
        if newest_first
        else (LIST_RECORDINGS, LIST_RECORDINGS_OF)
    )
    return await db.fetch(
        of_all if scope.cameras is None else of_some,
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
