"""A catalog of years, made inside PostgreSQL: recordings, gaps and the files that devices hold.

Nothing in it is random, so two runs ask the same questions. Every 60th hour of a camera is missing
and told as a gap; now and then a recording ends five seconds early, or two recorders overlap; the
first camera flaps. Every device holds all the time in files of a quarter of an hour.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from services.api.database import Connection

ORIGIN = datetime(2025, 1, 1, tzinfo=UTC)
BUSY_CAMERAS = 2
"""So many record in files of a minute, the others of five."""

ADD_CAMERAS = """
insert into cameras (camera_id, name, url, transport, verify_tls, recording_seconds, part_seconds,
                     audio)
select camera_id, camera_id, 'rtsp://192.0.2.1/' || camera_id, 'tcp', false, 60, 0.2, 'keep'
from unnest($1::text[]) as camera_id
"""
ADD_WANTED = """
insert into camera_wanted (camera_id, started_at)
select camera_id, $2 from unnest($1::text[]) as camera_id
"""

# One day of all cameras, in the order of time as it would arrive. $1 cameras, $2 seconds of each
# one's recordings, $3 of how many one is short, $4 when the day begins, $5 its number.
ADD_RECORDINGS = """
insert into recordings (
    recording_id, camera_id, site, stream, epoch, object_key, started_at, ended_at, duration_90k,
    bytes, sha256, init_bytes, init_sha256, video_codec, width, height, fps, fragment_offset,
    fragment_bytes, fragment_duration_90k, source, end_reason, clock_source, recorder, reported_at,
    event_id)
select c.id || '~' || to_char(t.start at time zone 'UTC', 'YYYYMMDD"T"HH24MISS000Z~') || e.epoch,
       c.id, 'main', 'main', e.epoch, 'recordings/' || c.id || '/' || n || '-' || e.epoch || '.mp4',
       t.start, t.start + s.seconds * interval '1 second', s.seconds * 90000,
       f.count * 500000 + 900, md5(c.id || n) || md5(n || c.id), 900, md5(c.id) || md5(c.id || 'i'),
       'avc1.640028', 1920, 1080, 25, f.offsets, f.sizes, f.lengths, 'live', 'rotation', 'arrival',
       'recorder-1', t.start + s.seconds * interval '1 second', md5(n || c.id || e.epoch)
from unnest($1::text[], $2::int[], $3::int[]) as c (id, length, short_of)
cross join lateral generate_series(
    $5::bigint * 86400 / c.length, ($5::bigint + 1) * 86400 / c.length - 1) as n
cross join lateral (
    select abs(hashtext(c.id || ':' || n)) as dice, n * c.length / 3600 as hour) as h
cross join lateral (
    select c.length - case when dice % c.short_of = 0 then 5 else 0 end as seconds) as s
cross join lateral generate_series(1, case when dice % 1000 = 1 then 2 else 1 end) as e (epoch)
cross join lateral (
    select $4::timestamptz + interval '1 second' * (
        (n - $5::bigint * 86400 / c.length) * c.length + (e.epoch - 1) * c.length / 2) as start
) as t
cross join lateral (
    select count(*) as count, array_agg(900 + 500000::bigint * i order by i) as offsets,
           array_agg(500000) as sizes, array_agg(180000) as lengths
    from generate_series(0, c.length / 2 - 1) as i
) as f
where abs(hashtext(c.id || '/' || h.hour)) % 60 <> 0
order by t.start, c.id
"""

# What is missing of them, by the same dice.
ADD_GAPS = """
insert into gaps (gap_id, camera_id, site, stream, started_at, ended_at, reason, detail, recorder,
                  reported_at, event_id)
select 'main/' || id || '/' || start, id, 'main', 'main', start, ended, reason, detail,
       'recorder-1', ended, md5(id || start)
from (
    select c.id, $4::timestamptz + (hour - $5::bigint * 24) * interval '1 hour' as start,
           $4::timestamptz + (hour + 1 - $5::bigint * 24) * interval '1 hour' as ended,
           'camera_offline' as reason, 'no answer from the camera' as detail
    from unnest($1::text[], $2::int[], $3::int[]) as c (id, length, short_of)
    cross join generate_series($5::bigint * 24, $5::bigint * 24 + 23) as hour
    where abs(hashtext(c.id || '/' || hour)) % 60 = 0
    union all
    select c.id, e.ends - interval '5 seconds', e.ends, 'stream_stalled', 'no packet for 5 s'
    from unnest($1::text[], $2::int[], $3::int[]) as c (id, length, short_of)
    cross join lateral generate_series(
        $5::bigint * 86400 / c.length, ($5::bigint + 1) * 86400 / c.length - 1) as n
    cross join lateral (
        select $4::timestamptz + interval '1 second'
               * ((n + 1 - $5::bigint * 86400 / c.length) * c.length) as ends) as e
    where abs(hashtext(c.id || ':' || n)) % c.short_of = 0
      and abs(hashtext(c.id || '/' || n * c.length / 3600)) % 60 <> 0
) as g
order by start, id
"""

# Files of a quarter of an hour. $1 cameras, $2 when the day begins, $3 its number.
ADD_FOOTAGE = """
insert into stored_footage (
    footage_id, camera_id, site, device_id, channel, stream, file_id, started_at, ended_at,
    device_started_at, device_ended_at, clock_offset_seconds, bytes, found_at, reported_at,
    event_id)
select left(md5(id || n), 24), id, 'main', 'box', '1', 'main', 'file-' || n, f.start, f.ended,
       f.start, f.ended, 0, 1000000, f.ended, f.ended, md5(n || id)
from unnest($1::text[]) as id
cross join generate_series($3::bigint * 96, $3::bigint * 96 + 95) as n
cross join lateral (
    select $2::timestamptz + (n - $3::bigint * 96) * interval '15 minutes' as start,
           $2::timestamptz + (n - $3::bigint * 96 + 1) * interval '15 minutes' as ended) as f
order by f.start, id
"""


@dataclass(frozen=True)
class Rows:
    """How large a catalog to make."""

    recordings: int
    cameras: int = 16

    @property
    def names(self) -> list[str]:
        return [f"camera-{number:02d}" for number in range(1, self.cameras + 1)]

    @property
    def days(self) -> int:
        """How many days it takes to have so many."""
        per_day = sum(86_400 / length for length in self.lengths)
        return max(1, round(self.recordings / per_day))

    @property
    def end(self) -> datetime:
        """Where the newest footage ends."""
        return ORIGIN + timedelta(days=self.days)

    @property
    def lengths(self) -> list[int]:
        """Seconds of each camera's recordings."""
        return [60 if number < BUSY_CAMERAS else 300 for number in range(self.cameras)]


async def fill(db: "Connection", rows: Rows) -> None:
    """Fill the empty tables of a migrated database."""
    await db.execute(ADD_CAMERAS, rows.names)
    await db.execute(ADD_WANTED, rows.names, ORIGIN)
    short_of = [20, *[500] * (rows.cameras - 1)]
    for number in range(rows.days):
        day = ORIGIN + timedelta(days=number)
        some = (rows.names, rows.lengths, short_of, day, number)
        await db.execute(ADD_RECORDINGS, *some)
        await db.execute(ADD_GAPS, *some)
        await db.execute(ADD_FOOTAGE, rows.names, day, number)
    await db.execute("analyze")


def describe(rows: Rows) -> str:
    """Say what the catalog holds."""
    return f"{rows.cameras} cameras from {ORIGIN:%Y-%m-%d} to {rows.end:%Y-%m-%d}"
