create table health_changes (
    event_id    text primary key,
    camera_id   text not null,
    kind        text not null check (kind in ('health', 'recording')),
    at          timestamptz not null,
    state       text not null,
    detail      text not null,
    reported_at timestamptz not null
);
comment on table health_changes is
    'when a camera''s health, or what its recorder does, became another; pruned after 400 days';
comment on column health_changes.event_id is 'made of camera, moment and state: a repeat is no change';
comment on column health_changes.kind is
    'health: can it be reached, by discovery; recording: what its recorder does';
comment on column health_changes.reported_at is 'when the event was published; a later report wins';
create index health_changes_by_time on health_changes (camera_id, kind, at desc);
create index health_changes_by_age on health_changes (at);

-- What is known already: how each camera is now, and since when.
insert into health_changes (event_id, camera_id, kind, at, state, detail, reported_at)
select event_id, camera_id, 'health', since, state, detail, reported_at from camera_health
union all
select event_id, camera_id, 'recording', since, state, detail, reported_at from camera_status;
