"""Groups of cameras, in the database: what is granted to a group is granted to its members."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from libs.contracts.ids import camera_id_from_name

if TYPE_CHECKING:
    import asyncpg

    from services.api.database import Connection

SELECT_GROUPS = """
select group_id, name, camera_ids from camera_groups
where $1::text is null or group_id = $1 order by lower(name), group_id
"""
INSERT_GROUP = "insert into camera_groups (group_id, name, camera_ids) values ($1, $2, $3)"
UPDATE_GROUP = "update camera_groups set name = $2, camera_ids = $3 where group_id = $1"
DELETE_GROUP = "delete from camera_groups where group_id = $1"

# An id that is granted somewhere must not become another group's: that would be granted too.
TAKEN_GROUP_IDS = """
select group_id from camera_groups
union select unnest(group_ids) from users
union select unnest(group_ids) from api_keys
"""
TAKE_FROM_USERS = """
update users set group_ids = array_remove(group_ids, $1) where $1 = any(group_ids)
"""
TAKE_FROM_KEYS = """
update api_keys set group_ids = array_remove(group_ids, $1) where $1 = any(group_ids)
"""


@dataclass(frozen=True)
class Group:
    """A group as the database holds it."""

    group_id: str
    name: str
    camera_ids: tuple[str, ...]


async def lock_groups(db: "Connection") -> None:
    """Keep others from changing groups until this transaction ends."""
    await db.execute("lock table camera_groups in share row exclusive mode")


async def read_groups(db: "Connection") -> list[Group]:
    """Return the groups by name."""
    return [_group(row) for row in await db.fetch(SELECT_GROUPS, None)]


async def read_group(db: "Connection", group_id: str) -> Group | None:
    """Return one group."""
    row = await db.fetchrow(SELECT_GROUPS, group_id)
    return None if row is None else _group(row)


async def new_group_id(db: "Connection", name: str) -> str:
    """Return a free id for a group's name."""
    taken = frozenset(row["group_id"] for row in await db.fetch(TAKEN_GROUP_IDS))
    made = camera_id_from_name(name)
    # what has no latin letter or digit is called a camera there
    base = "group" if made == "camera" and not re.search("camera", name, re.IGNORECASE) else name
    return camera_id_from_name(base, taken=taken)


async def insert_group(db: "Connection", group: Group) -> None:
    """Add a group."""
    await db.execute(INSERT_GROUP, group.group_id, group.name, list(group.camera_ids))


async def update_group(db: "Connection", group: Group) -> None:
    """Store a changed group."""
    await db.execute(UPDATE_GROUP, group.group_id, group.name, list(group.camera_ids))


async def delete_group(db: "Connection", group_id: str) -> None:
    """Forget a group, also where it was granted."""
    await db.execute(DELETE_GROUP, group_id)
    await db.execute(TAKE_FROM_USERS, group_id)
    await db.execute(TAKE_FROM_KEYS, group_id)


def is_name_taken(groups: Sequence[Group], name: str, *, but: str | None = None) -> bool:
    """Whether another group has this name; case does not matter."""
    return any(each.name.lower() == name.lower() for each in groups if each.group_id != but)


def _group(row: "asyncpg.Record") -> Group:
    return Group(row["group_id"], row["name"], tuple(row["camera_ids"]))
