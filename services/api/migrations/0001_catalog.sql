create extension if not exists btree_gist;

-- Sum of the lengths of a set of time ranges, in seconds. Open-ended ranges are a caller's error.
create function range_seconds(ranges tstzmultirange) returns double precision
language sql immutable parallel safe
return (select coalesce(sum(extract(epoch from upper(r) - lower(r))), 0)
        from unnest(ranges) as r)::double precision;

create table cameras (
    camera_id         text primary key check (camera_id ~ '^[a-z0-9][a-z0-9-]{0,39}$'),
    site              text not null default 'main',
    name              text not null,
    url               text not null,
    transport         text not null,
    verify_tls        boolean not null,
    credentials       text,
    recording_seconds integer not null,
    part_seconds      double precision not null,
    audio             text not null,
    version           integer not null default 1,
    published_version integer,
    created_at        timestamptz not null default now(),
    deleted_at        timestamptz
);
comment on column cameras.url is 'without user name and password';
comment on column cameras.credentials is 'Fernet token over JSON {username, password}; never plain text';
comment on column cameras.version is 'counts changes; recorders never go back to a lower one';
comment on column cameras.published_version is 'the version last put on the bus; null when none was';
comment on column cameras.deleted_at is
    'a deleted camera keeps its row: its footage stays in the catalog and its id is never reused';

create table camera_wanted (
    camera_id  text not null references cameras,
    started_at timestamptz not null,
    ended_at   timestamptz check (ended_at >= started_at),
    primary key (camera_id, started_at)
);
comment on table camera_wanted is 'the record of wanted time: when recording was switched on';
comment on column camera_wanted.ended_at is 'null while recording is switched on';
create unique index camera_wanted_one_open on camera_wanted (camera_id) where ended_at is null;

create table camera_status (
    camera_id   text primary key,
    state       text not null,
    since       timestamptz not null,
    detail      text not null,
    recorder    text not null,
    reported_at timestamptz not null,
    event_id    text not null
);
comment on table camera_status is
    'the newest status event of each camera; the live value comes from the recorder''s progress';
comment on column camera_status.reported_at is 'when the event was published';

create table recordings (
    recording_id          text primary key,
    camera_id             text not null,
    site                  text not null,
    stream                text not null,
    epoch                 bigint not null,
    object_key            text not null,
    started_at            timestamptz not null,
    ended_at              timestamptz not null check (ended_at > started_at),
    span                  tstzrange not null
                          generated always as (tstzrange(started_at, ended_at, '[)')) stored,
    duration_90k          bigint not null,
    bytes                 bigint not null,
    sha256                text not null,
    init_bytes            integer not null,
    init_sha256           text not null,
    video_codec           text not null,
    audio_codec           text,
    width                 integer not null,
    height                integer not null,
    fps                   double precision,
    fragment_offset       bigint[] not null,
    fragment_bytes        integer[] not null,
    fragment_duration_90k integer[] not null,
    source                text not null,
    end_reason            text not null,
    clock_source          text not null,
    camera_skew_seconds   double precision,
    recorder              text not null,
    reported_at           timestamptz not null,
    event_id              text not null
);
comment on column recordings.recording_id is 'as in URLs: camera~start~epoch, with ~sub for a substream';
comment on column recordings.epoch is 'lease epoch of the recorder: two owners may overlap in time';
comment on column recordings.ended_at is 'end of the last frame on the server''s clock';
comment on column recordings.duration_90k is
    'media length in 1/90000 s; differs from ended_at - started_at by the camera''s clock drift';
comment on column recordings.init_bytes is 'the init segment is the object''s first init_bytes bytes';
comment on column recordings.fragment_offset is 'byte offset of each fragment in the object';
comment on column recordings.fragment_duration_90k is 'length of each fragment in 1/90000 s';
comment on column recordings.camera_skew_seconds is 'camera clock minus server clock; null if unknown';
comment on column recordings.reported_at is 'when the event was published; a later report wins';

-- Lists and keyset pages; the included columns let statistics be read from the index alone.
create index recordings_by_time on recordings (camera_id, stream, started_at, recording_id)
    include (ended_at, bytes);
create index recordings_of_all_by_time on recordings (stream, started_at, recording_id);
-- What overlaps a range of time, for playback, gaps and coverage.
create index recordings_by_span on recordings using gist (camera_id, stream, span);

create table gaps (
    gap_id      text primary key,
    camera_id   text not null,
    site        text not null,
    stream      text not null,
    started_at  timestamptz not null,
    ended_at    timestamptz check (ended_at > started_at),
    reason      text not null,
    detail      text not null,
    recorder    text not null,
    reported_at timestamptz not null,
    event_id    text not null
);
comment on table gaps is
    'as reported; what is really missing is the gap minus the recordings that cover it';
comment on column gaps.ended_at is 'null while the gap goes on';
comment on column gaps.reported_at is
    'when the newest event about this gap was published; reason and detail are from that one';
create index gaps_by_time on gaps (camera_id, stream, started_at, gap_id);
create index gaps_of_all_by_time on gaps (stream, started_at, gap_id);
create index gaps_by_span on gaps using gist (camera_id, stream, tstzrange(started_at, ended_at));

create table event_cursor (
    stream            text primary key,
    stream_created_at timestamptz not null,
    last_seq          bigint not null
);
comment on column event_cursor.stream_created_at is
    'sequence numbers mean something within one incarnation of the stream only';
comment on column event_cursor.last_seq is 'every event up to here is in this database';

create table api_keys (
    key_sha256   bytea primary key,
    name         text not null,
    prefix       text not null,
    created_at   timestamptz not null default now(),
    last_used_at timestamptz,
    revoked_at   timestamptz
);
comment on column api_keys.key_sha256 is
    'the key is 256 random bits, so a plain hash is enough and gives an indexed lookup';
comment on column api_keys.prefix is 'first characters, to tell keys apart in lists';
comment on column api_keys.last_used_at is 'to the minute';
create unique index api_keys_active_name on api_keys (name) where revoked_at is null;
