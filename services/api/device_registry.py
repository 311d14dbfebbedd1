"""The registry of devices. The database is the record."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from libs.contracts.devices import DeviceConfig, DriverName
from services.api.stored import Source, Stored

if TYPE_CHECKING:
    import asyncpg

    from services.api.database import Connection

Device = Stored[DeviceConfig]

SELECT_DEVICES = """
select * from devices
where ($1::text is null or device_id = $1) and ($2 or deleted_at is null)
order by device_id
"""

INSERT_DEVICE = """
insert into devices (device_id, site, name, driver, host, port, use_tls, verify_tls, credentials,
                     endpoint_id, version)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
"""

# Only a real change counts a version.
UPDATE_DEVICE = """
update devices set name = $2, driver = $3, host = $4, port = $5, use_tls = $6, verify_tls = $7,
    credentials = $8, endpoint_id = $9, version = version + 1
where device_id = $1
"""

DELETE_DEVICE = """
update devices set deleted_at = $2, credentials = null, version = version + 1
where device_id = $1 and deleted_at is null
"""

TAKEN_DEVICE_IDS = "select device_id from devices"


async def read_devices(db: "Connection", *, with_deleted: bool = False) -> list[Device]:
    """Return the devices by id."""
    return [_device(row) for row in await db.fetch(SELECT_DEVICES, None, with_deleted)]


async def read_device(db: "Connection", device_id: str) -> Device | None:
    """Return one device, also a deleted one."""
    row = await db.fetchrow(SELECT_DEVICES, device_id, True)
    return None if row is None else _device(row)


async def taken_device_ids(db: "Connection") -> frozenset[str]:
    """Return every id that was ever given."""
    return frozenset(row["device_id"] for row in await db.fetch(TAKEN_DEVICE_IDS))


async def insert_device(db: "Connection", config: DeviceConfig) -> None:
    """Add a device."""
    await db.execute(INSERT_DEVICE, *_columns(config), config.version)


async def update_device(db: "Connection", config: DeviceConfig) -> None:
    """Store changed settings; counts the version up."""
    device_id, _site, *rest = _columns(config)
    await db.execute(UPDATE_DEVICE, device_id, *rest)


async def delete_device(db: "Connection", device_id: str, now: datetime) -> None:
    """Mark a device deleted and forget its login."""
    await db.execute(DELETE_DEVICE, device_id, now)


def _columns(config: DeviceConfig) -> Sequence[Any]:
    return (
        config.device_id,
        config.site,
        config.name,
        config.driver.value,
        config.host,
        config.port,
        config.use_tls,
        config.verify_tls,
        config.credentials,
        config.endpoint_id,
    )


def _device(row: "asyncpg.Record") -> Device:
    config = DeviceConfig(
        device_id=row["device_id"],
        site=row["site"],
        name=row["name"],
        driver=DriverName(row["driver"]),
        host=row["host"],
        port=row["port"],
        use_tls=row["use_tls"],
        verify_tls=row["verify_tls"],
        credentials=row["credentials"],
        endpoint_id=row["endpoint_id"],
        version=row["version"],
    )
    return Device(config, row["published_version"], row["created_at"], row["deleted_at"])


async def _read_everything(db: "Connection") -> list[Device]:
    return await read_devices(db, with_deleted=True)


DEVICES = Source(
    kind="device",
    table="devices",
    id_of=lambda config: config.device_id,
    read_all=_read_everything,
    read_one=read_device,
    insert=insert_device,
)
