-- What is recorded, by UTC day, so that a year can be drawn without reading a year of recordings.
-- Triggers keep it: whatever writes recordings, the days change in the same transaction.

-- Until this is committed nobody may add a recording that the days would lack.
lock table recordings in share mode;

create function utc_day(moment timestamptz) returns date
language sql immutable parallel safe
return (moment at time zone 'UTC')::date;

create function day_span(day date) returns tstzrange
language sql immutable parallel safe
return tstzrange(day::timestamp at time zone 'UTC', (day + 1)::timestamp at time zone 'UTC');

-- Join ranges that are not further apart than `within`. Each is made longer by it, so that
-- neighbours touch and become one, and the results are made shorter again.
create function join_closer(ranges tstzmultirange, within interval) returns tstzmultirange
language sql immutable parallel safe
return (
    select coalesce(range_agg(tstzrange(lower(long), upper(long) - within)), '{}')
    from unnest((select range_agg(tstzrange(lower(r), upper(r) + within))
                 from unnest(ranges) as r)) as long);

-- [[start, end], ...] in Unix milliseconds, without those shorter than `shortest`.
create function unix_spans(ranges tstzmultirange, shortest interval) returns bigint[]
language sql immutable parallel safe
return array(
    select array[round(date_part('epoch', lower(r)) * 1000)::bigint,
                 round(date_part('epoch', upper(r)) * 1000)::bigint]
    from unnest(ranges) as r where upper(r) - lower(r) >= shortest order by lower(r));

create table recorded_days (
    camera_id text not null,
    stream    text not null,
    day       date not null,
    recorded  tstzmultirange not null,
    objects   integer not null,
    bytes     bigint not null,
    length    interval not null,
    oldest    timestamptz,
    newest    timestamptz,
    primary key (camera_id, stream, day)
) with (fillfactor = 80);
comment on table recorded_days is 'derived from recordings; a UTC day without any has no row';
comment on column recorded_days.recorded is
    'what of the day is recorded; a recording over midnight belongs to both days';
comment on column recorded_days.objects is
    'recordings that begin on this day; bytes, length, oldest and newest are of the same ones';
comment on column recorded_days.length is 'sum over the recordings: overlaps count here';
comment on column recorded_days.newest is 'end of the last one; may lie on the next day';

-- A row for each recording and day that it touches; sums belong to the day on which it begins.
create view recording_parts as
select r.recording_id, r.camera_id, r.stream, r.span, d.day, r.span * day_span(d.day) as part,
       case when n = 0 then 1 else 0 end as objects,
       case when n = 0 then r.bytes else 0 end as bytes,
       case when n = 0 then r.ended_at - r.started_at else interval '0' end as length,
       case when n = 0 then r.started_at end as oldest,
       case when n = 0 then r.ended_at end as newest
from recordings r
cross join lateral generate_series(
    0, utc_day(r.ended_at - interval '1 microsecond') - utc_day(r.started_at)) as n
cross join lateral (select utc_day(r.started_at) + n as day) as d;

insert into recorded_days
select camera_id, stream, day, range_agg(part), sum(objects), sum(bytes), sum(length),
       min(oldest), max(newest)
from recording_parts group by camera_id, stream, day;

-- Whoever changes the days of a camera's stream does it alone until the end of the transaction: a
-- day that is computed anew must not miss a recording that another transaction is just adding.
create function lock_recorded_days(camera_id text, stream text) returns void
language sql volatile
as $$ select pg_advisory_xact_lock(hashtextextended(camera_id || '/' || stream, 5)) $$;

create function add_to_recorded_days() returns trigger language plpgsql as $$
begin
    perform lock_recorded_days(a.camera_id, a.stream)
    from (select distinct camera_id, stream from added order by camera_id, stream) as a;
    insert into recorded_days as d
    select camera_id, stream, day, range_agg(part), sum(objects), sum(bytes), sum(length),
           min(oldest), max(newest)
    from recording_parts where recording_id = any(array(select recording_id from added))
    group by camera_id, stream, day
    on conflict (camera_id, stream, day) do update set
        recorded = d.recorded + excluded.recorded, objects = d.objects + excluded.objects,
        bytes = d.bytes + excluded.bytes, length = d.length + excluded.length,
        oldest = least(d.oldest, excluded.oldest), newest = greatest(d.newest, excluded.newest);
    return null;
end $$;

create function recompute_recorded_days(for_camera text, for_stream text, for_days date[])
returns void language plpgsql as $$
begin
    perform lock_recorded_days(for_camera, for_stream);
    delete from recorded_days
    where camera_id = for_camera and stream = for_stream and day = any(for_days);
    insert into recorded_days
    select p.camera_id, p.stream, p.day, range_agg(p.part), sum(p.objects), sum(p.bytes),
           sum(p.length), min(p.oldest), max(p.newest)
    from unnest(for_days) as a (day)
    join recording_parts p on p.camera_id = for_camera and p.stream = for_stream
        and p.span && day_span(a.day) and p.day = a.day
    group by p.camera_id, p.stream, p.day;
end $$;

-- Reported again: only where time or size changed do the days change.
create function renew_days_of_changed() returns trigger language plpgsql as $$
begin
    perform recompute_recorded_days(camera_id, stream, array_agg(distinct day))
    from (select t.camera_id, t.stream, utc_day(t.started_at) + n as day
          from old_rows o full join new_rows r using (recording_id)
          cross join lateral (values (o.camera_id, o.stream, o.started_at, o.ended_at),
                                     (r.camera_id, r.stream, r.started_at, r.ended_at)
          ) as t (camera_id, stream, started_at, ended_at)
          cross join lateral generate_series(0, utc_day(t.ended_at) - utc_day(t.started_at)) as n
          where (o.camera_id, o.stream, o.span, o.bytes)
                is distinct from (r.camera_id, r.stream, r.span, r.bytes)
          order by t.camera_id, t.stream) as touched
    group by camera_id, stream;
    return null;
end $$;

create function renew_days_of_deleted() returns trigger language plpgsql as $$
begin
    perform recompute_recorded_days(camera_id, stream, array_agg(distinct day))
    from (select o.camera_id, o.stream, utc_day(o.started_at) + n as day
          from old_rows o
          cross join lateral generate_series(0, utc_day(o.ended_at) - utc_day(o.started_at)) as n
          order by o.camera_id, o.stream) as touched
    group by camera_id, stream;
    return null;
end $$;

create trigger recordings_added after insert on recordings
    referencing new table as added
    for each statement execute function add_to_recorded_days();
create trigger recordings_changed after update on recordings
    referencing old table as old_rows new table as new_rows
    for each statement execute function renew_days_of_changed();
create trigger recordings_deleted after delete on recordings
    referencing old table as old_rows
    for each statement execute function renew_days_of_deleted();
