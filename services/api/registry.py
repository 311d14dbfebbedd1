"""The registry of cameras and of when each was wanted. The database is the record."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from libs.contracts.cameras import CameraConfig, WantedInterval
from services.api.stored import Source, Stored

if TYPE_CHECKING:
    import asyncpg

    from services.api.database import Connection

WANTED_ON_THE_BUS = 32
"""How many intervals a CameraConfig carries; older ones stay in the database."""

# Cameras with their newest wanted intervals, newest first.
SELECT_CAMERAS = """
select c.*, w.starts, w.ends
from cameras c
cross join lateral (
    select array_agg(n.started_at) as starts, array_agg(n.ended_at) as ends
    from (select started_at, ended_at from camera_wanted
          where camera_id = c.camera_id order by started_at desc limit $1) as n
) as w
where ($2::text is null or c.camera_id = $2) and ($3 or c.deleted_at is null)
  and ($4::text is null or c.device_id = $4)
  and ($5::text[] is null or c.camera_id = any($5))
order by c.camera_id
"""

INSERT_CAMERA = """
insert into cameras (camera_id, site, name, url, transport, verify_tls, credentials,
                     recording_seconds, part_seconds, audio, sub_url, device_id, channel,
                     footage_check_seconds, version)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
"""

# Only a real change counts a version.
UPDATE_CAMERA = """
update cameras set name = $2, url = $3, transport = $4, verify_tls = $5, credentials = $6,
    recording_seconds = $7, part_seconds = $8, audio = $9, sub_url = $10,
    device_id = $11, channel = $12, footage_check_seconds = $13, version = version + 1
where camera_id = $1
"""

# Switch on: a new interval, unless one is open.
START_WANTED = """
insert into camera_wanted (camera_id, started_at)
select $1, $2 where not exists (
    select from camera_wanted where camera_id = $1 and ended_at is null)
on conflict (camera_id, started_at) do update set ended_at = null
"""

# Switch off; an interval that the clock's setting back would end before its start ends at once.
STOP_WANTED = """
update camera_wanted set ended_at = greatest($2, started_at)
where camera_id = $1 and ended_at is null
"""

BUMP_VERSION = "update cameras set version = version + 1 where camera_id = $1"

TAKEN_IDS = """
select camera_id from cameras
union select camera_id from camera_status
union select camera_id from camera_health
"""

DELETE_CAMERA = """
update cameras set deleted_at = $2, credentials = null, version = version + 1
where camera_id = $1 and deleted_at is null
"""

Camera = Stored[CameraConfig]


async def read_cameras(
    db: "Connection", *, with_deleted: bool = False, only: Collection[str] | None = None
) -> list[Camera]:
    """Return the cameras by id, all or `only` these."""
    ids = None if only is None else list(only)
    rows = await db.fetch(SELECT_CAMERAS, WANTED_ON_THE_BUS, None, with_deleted, None, ids)
    return [_camera(row) for row in rows]


async def read_cameras_of(db: "Connection", device_id: str) -> list[Camera]:
    """Return the cameras of a device by id, without deleted ones."""
    rows = await db.fetch(SELECT_CAMERAS, WANTED_ON_THE_BUS, None, False, device_id, None)
    return [_camera(row) for row in rows]


async def read_camera(db: "Connection", camera_id: str) -> Camera | None:
    """Return one camera, also a deleted one."""
    row = await db.fetchrow(SELECT_CAMERAS, WANTED_ON_THE_BUS, camera_id, True, None, None)
    return None if row is None else _camera(row)


async def taken_ids(db: "Connection") -> frozenset[str]:
    """Return every id that was ever given, and those that footage exists of."""
    rows = await db.fetch(TAKEN_IDS)
    return frozenset(row["camera_id"] for row in rows)


async def lock_registry(db: "Connection") -> None:
    """Keep others from changing cameras and devices until this transaction ends."""
    await db.execute("lock table cameras in share row exclusive mode")


async def insert_camera(db: "Connection", config: CameraConfig) -> None:
    """Add a camera with its wanted intervals."""
    await db.execute(INSERT_CAMERA, *_columns(config), config.version)
    await db.executemany(
        "insert into camera_wanted (camera_id, started_at, ended_at) values ($1, $2, $3)",
        [(config.camera_id, w.started_at, w.ended_at) for w in config.wanted],
    )


async def update_camera(db: "Connection", config: CameraConfig) -> None:
    """Store changed settings; counts the version up."""
    camera_id, _site, *rest = _columns(config)
    await db.execute(UPDATE_CAMERA, camera_id, *rest)


async def set_wanted(db: "Connection", camera_id: str, *, is_wanted: bool, now: datetime) -> bool:
    """Switch recording on or off from `now`; return False when it already was so."""
    done = await db.execute(START_WANTED if is_wanted else STOP_WANTED, camera_id, now)
    changed = not done.endswith(" 0")
    if changed:
        await db.execute(BUMP_VERSION, camera_id)
    return changed


async def delete_camera(db: "Connection", camera_id: str, now: datetime) -> None:
    """Mark a camera deleted, forget its login and end its wanted time."""
    await db.execute(STOP_WANTED, camera_id, now)
    await db.execute(DELETE_CAMERA, camera_id, now)


def _columns(config: CameraConfig) -> Sequence[Any]:
    return (
        config.camera_id,
        config.site,
        config.name,
        config.url,
        config.transport,
        config.verify_tls,
        config.credentials,
        config.recording_seconds,
        config.part_seconds,
        config.audio,
        config.sub_url,
        config.device_id,
        config.channel,
        config.footage_check_seconds,
    )


def _camera(row: "asyncpg.Record") -> Camera:
    pairs = zip(row["starts"] or (), row["ends"] or (), strict=True)
    config = CameraConfig(
        camera_id=row["camera_id"],
        site=row["site"],
        name=row["name"],
        url=row["url"],
        transport=row["transport"],
        verify_tls=row["verify_tls"],
        credentials=row["credentials"],
        recording_seconds=row["recording_seconds"],
        part_seconds=row["part_seconds"],
        audio=row["audio"],
        sub_url=row["sub_url"],
        device_id=row["device_id"],
        channel=row["channel"],
        footage_check_seconds=row["footage_check_seconds"],
        wanted=tuple(WantedInterval(started_at=s, ended_at=e) for s, e in pairs),
        version=row["version"],
    )
    return Camera(config, row["published_version"], row["created_at"], row["deleted_at"])


async def _read_everything(db: "Connection") -> list[Camera]:
    return await read_cameras(db, with_deleted=True)


CAMERAS = Source(
    kind="camera",
    table="cameras",
    id_of=lambda config: config.camera_id,
    read_all=_read_everything,
    read_one=read_camera,
    insert=insert_camera,
)
