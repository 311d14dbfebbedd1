-- What devices hold, by UTC day, beside what is recorded; and what makes a year fast to draw.

-- A camera that flaps has hundreds of spans a day, and a year of it is drawn from these.
alter table recorded_days add column outline tstzmultirange
    generated always as (join_closer(recorded, interval '1 minute')) stored;
comment on column recorded_days.outline is 'recorded, with holes of up to a minute closed';

-- Which stretches, counted from one, a UTC day touches; 0 is what lies before the first. `begins`
-- are their beginnings, in order: midnights of some time zone.
create function stretches_of(day date, begins timestamptz[]) returns setof integer
language sql immutable parallel safe
return generate_series(
    width_bucket(lower(day_span(day)), begins),
    width_bucket(upper(day_span(day)) - interval '1 microsecond', begins));

-- Until this is committed nobody may add a file that the days would lack.
lock table stored_footage in share mode;

create table stored_days (
    camera_id text not null,
    stream    text not null,
    day       date not null,
    stored    tstzmultirange not null,
    primary key (camera_id, stream, day)
) with (fillfactor = 80);
comment on table stored_days is
    'derived from stored_footage by triggers; a UTC day without any has no row';

-- The days that stretches of time touch, with the files of each; ends are exclusive.
insert into stored_days
select f.camera_id, f.stream, utc_day(f.started_at) + n as day,
       range_agg(f.span * day_span(utc_day(f.started_at) + n))
from stored_footage f
cross join lateral generate_series(
    0, utc_day(f.ended_at - interval '1 microsecond') - utc_day(f.started_at)) as n
group by f.camera_id, f.stream, day;

-- Files grow and move with the clock of their device, so the days that one touches are computed
-- anew: a day has some hundred files. One transaction after the other, as with recorded_days.
create function recompute_stored_days(for_camera text, for_stream text, for_days date[])
returns void language plpgsql as $$
begin
    perform pg_advisory_xact_lock(hashtextextended(for_camera || '/' || for_stream, 8));
    delete from stored_days
    where camera_id = for_camera and stream = for_stream and day = any(for_days);
    insert into stored_days
    select for_camera, for_stream, a.day, range_agg(f.span * day_span(a.day))
    from unnest(for_days) as a (day)
    join stored_footage f on f.camera_id = for_camera and f.stream = for_stream
        and f.span && day_span(a.day)
    group by a.day;
end $$;

create function renew_stored_days() returns trigger language plpgsql as $$
begin
    perform recompute_stored_days(camera_id, stream, array_agg(distinct day))
    from (select camera_id, stream, utc_day(started_at) + n as day
          from touched
          cross join lateral generate_series(0, utc_day(ended_at) - utc_day(started_at)) as n
          order by camera_id, stream) as t
    group by camera_id, stream;
    return null;
end $$;

create trigger footage_added after insert on stored_footage
    referencing new table as touched
    for each statement execute function renew_stored_days();
create trigger footage_left after update on stored_footage
    referencing old table as touched
    for each statement execute function renew_stored_days();
create trigger footage_moved after update on stored_footage
    referencing new table as touched
    for each statement execute function renew_stored_days();
create trigger footage_deleted after delete on stored_footage
    referencing old table as touched
    for each statement execute function renew_stored_days();

-- What a gap spans can be read from the index alone.
drop index gaps_by_time;
create index gaps_by_time on gaps (camera_id, stream, started_at, gap_id) include (ended_at);
-- Gaps that go on are few and asked for often.
create index gaps_open_by_time on gaps (stream, started_at, gap_id) where ended_at is null;
