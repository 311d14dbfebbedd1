create table users (
    user_id             text primary key,
    name                text not null,
    password_hash       text not null,
    role                text not null check (role in ('admin', 'operator', 'viewer')),
    all_cameras         boolean not null,
    camera_ids          text[] not null default '{}',
    group_ids           text[] not null default '{}',
    created_at          timestamptz not null default now(),
    password_changed_at timestamptz not null default now(),
    last_sign_in_at     timestamptz,
    disabled_at         timestamptz
);
comment on column users.name is 'what is typed at sign-in; case does not matter';
comment on column users.password_hash is 'Argon2id, in PHC string format';
comment on column users.camera_ids is 'granted one by one; ids are never reused';
create unique index users_by_name on users (lower(name));

create table sessions (
    session_id      text primary key,
    user_id         text not null references users on delete cascade,
    refresh_sha256  bytea not null unique,
    previous_sha256 bytea unique,
    rotated_at      timestamptz not null default now(),
    created_at      timestamptz not null default now(),
    last_used_at    timestamptz not null default now(),
    expires_at      timestamptz not null,
    revoked_at      timestamptz,
    address         text not null,
    user_agent      text not null
);
comment on column sessions.refresh_sha256 is 'hash of the one refresh token that is good now';
comment on column sessions.previous_sha256 is
    'the token before; whoever shows it later than a moment after the change has a stolen one';
create index sessions_of_a_user on sessions (user_id);

create table camera_groups (
    group_id   text primary key check (group_id ~ '^[a-z0-9][a-z0-9-]{0,39}$'),
    name       text not null,
    camera_ids text[] not null default '{}',
    created_at timestamptz not null default now()
);
create unique index camera_groups_by_name on camera_groups (lower(name));

alter table api_keys
    add column permissions text[] not null default '{}',
    add column all_cameras boolean not null default true,
    add column camera_ids  text[] not null default '{}',
    add column group_ids   text[] not null default '{}',
    add column created_by  text not null default '';
comment on column api_keys.permissions is 'scopes: the permissions that it has';
create unique index api_keys_by_prefix on api_keys (prefix);

create table audit_log (
    entry_id  bigint generated always as identity primary key,
    at        timestamptz not null default now(),
    kind      text not null check (kind in ('user', 'key', 'nobody', 'system')),
    actor_id  text not null,
    actor     text not null,
    address   text not null,
    action    text not null,
    camera_id text,
    subject   text not null default '',
    detail    jsonb not null default '{}'
);
comment on table audit_log is 'who signed in, watched, downloaded, changed or deleted what; only grows';
comment on column audit_log.actor is 'the name at that time';
comment on column audit_log.subject is 'id of what was acted on, where it is no camera';
create index audit_log_by_time on audit_log (at desc, entry_id desc);
create index audit_log_by_camera on audit_log (camera_id, at desc) where camera_id is not null;
create index audit_log_by_actor on audit_log (actor_id, at desc);

create table layouts (
    user_id    text not null references users on delete cascade,
    name       text not null,
    layout     jsonb not null,
    updated_at timestamptz not null default now(),
    primary key (user_id, name)
);
comment on table layouts is 'how a user arranged cameras on the live page';
