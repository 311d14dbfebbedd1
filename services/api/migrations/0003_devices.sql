create table devices (
    device_id         text primary key check (device_id ~ '^[a-z0-9][a-z0-9-]{0,39}$'),
    site              text not null default 'main',
    name              text not null,
    driver            text not null,
    host              text not null,
    port              integer not null,
    use_tls           boolean not null,
    verify_tls        boolean not null,
    credentials       text,
    endpoint_id       text not null,
    version           integer not null default 1,
    published_version integer,
    created_at        timestamptz not null default now(),
    deleted_at        timestamptz
);
comment on table devices is 'cameras and recorders as what answers at a network address';
comment on column devices.credentials is 'Fernet token over JSON {username, password}; never plain text';
comment on column devices.endpoint_id is 'WS-Discovery endpoint; empty where it is not known';
comment on column devices.version is 'counts changes; discovery never goes back to a lower one';
comment on column devices.published_version is 'the version last put on the bus; null when none was';
comment on column devices.deleted_at is 'a deleted device keeps its row: its id is never reused';

alter table cameras
    add column device_id text,
    add column channel text,
    add column footage_check_seconds integer not null default 600;
comment on column cameras.device_id is
    'the device that the camera is a channel of; no foreign key, because a lost database adopts '
    'cameras and devices from the bus in any order';
comment on column cameras.footage_check_seconds is
    'how often the footage that the device holds is listed; 0: never';
create index cameras_of_a_device on cameras (device_id, channel) where device_id is not null;

create table camera_health (
    camera_id   text primary key,
    state       text not null,
    since       timestamptz not null,
    checked_at  timestamptz not null,
    detail      text not null,
    is_flapping boolean not null,
    reported_at timestamptz not null,
    event_id    text not null
);
comment on table camera_health is
    'the newest health event of each camera; the live value comes from the bus';
comment on column camera_health.reported_at is 'when the event was published';

create table stored_footage (
    footage_id           text primary key,
    camera_id            text not null,
    site                 text not null,
    device_id            text not null,
    channel              text not null,
    stream               text not null,
    file_id              text not null,
    started_at           timestamptz not null,
    ended_at             timestamptz not null check (ended_at > started_at),
    span                 tstzrange not null
                         generated always as (tstzrange(started_at, ended_at, '[)')) stored,
    device_started_at    timestamptz not null,
    device_ended_at      timestamptz not null,
    clock_offset_seconds double precision not null,
    bytes                bigint,
    found_at             timestamptz not null,
    reported_at          timestamptz not null,
    event_id             text not null
);
comment on table stored_footage is 'files that devices hold, as they were found; what of it is recorded too is computed';
comment on column stored_footage.footage_id is
    'hash of camera, device, channel, stream, file id and start by the device''s clock';
comment on column stored_footage.file_id is 'what the device calls it; never holds a login';
comment on column stored_footage.started_at is 'on the server''s clock: device_started_at minus the offset';
comment on column stored_footage.device_started_at is 'UTC by the device''s clock';
comment on column stored_footage.clock_offset_seconds is 'device''s clock minus ours, when it was listed';
comment on column stored_footage.bytes is 'null where the device does not tell';
create index stored_footage_by_time on stored_footage (camera_id, stream, started_at, footage_id);
create index stored_footage_of_all_by_time on stored_footage (stream, started_at, footage_id);
create index stored_footage_by_span on stored_footage using gist (camera_id, stream, span);
