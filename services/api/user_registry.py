"""The registry of users: who they are, what they may do, which cameras they may see."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import asyncpg

from services.api.access import Role

if TYPE_CHECKING:
    from services.api.database import Connection

# One statement for names that exist and names that do not, so that timing tells them apart less.
FIND_FOR_SIGN_IN = """
select u.user_id, u.name, u.password_hash, u.password_changed_at, u.disabled_at,
    exists (select from sessions s where s.user_id = u.user_id and s.address = $2) as is_known,
    (select s.session_id from sessions s where s.user_id = u.user_id
        and (s.refresh_sha256 = $3 or s.previous_sha256 = $3)) as session_id
from users u where lower(u.name) = lower($1)
"""

INSERT_USER = """
insert into users (user_id, name, password_hash, role, all_cameras, camera_ids, group_ids,
                   created_at, password_changed_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $8)
"""

UPDATE_USER = """
update users set name = $2, role = $3, all_cameras = $4, camera_ids = $5, group_ids = $6,
    disabled_at = $7
where user_id = $1
"""

STORE_HASH = """
update users set password_hash = $2, password_changed_at = $3 where user_id = $1
"""

# Locks the user: who changes the password or disables meanwhile does it before, or ends this
# session with the others.
NOTE_SIGN_IN = """
update users set last_sign_in_at = $3
where user_id = $1 and password_changed_at = $2 and disabled_at is null
"""

# The same password in another hash: not a change that anybody should be told of.
REHASH = "update users set password_hash = $2 where user_id = $1 and password_hash = $3"

SELECT_USERS = """
select * from users where $1::text is null or user_id = $1 order by lower(name)
"""

OTHER_ADMINS = """
select exists (select from users
               where role = 'admin' and disabled_at is null and user_id <> $1)
"""


class NameTaken(Exception):
    """There is a user of this name; case does not matter."""


@dataclass(frozen=True)
class User:
    """A user, without the password."""

    user_id: str
    name: str
    role: Role
    all_cameras: bool
    created_at: datetime
    camera_ids: tuple[str, ...] = ()
    group_ids: tuple[str, ...] = ()
    last_sign_in_at: datetime | None = None
    disabled_at: datetime | None = None

    @property
    def is_acting_admin(self) -> bool:
        """Whether this user can put everybody else's rights right."""
        return self.role is Role.ADMIN and self.disabled_at is None


async def lock_users(db: "Connection") -> None:
    """Keep others from changing users until this transaction ends."""
    await db.execute("lock table users in share row exclusive mode")


async def find_for_sign_in(
    db: "Connection", name: str, address: str, token_sha256: bytes
) -> asyncpg.Record | None:
    """Return the user of a name, and whether the caller is known from earlier sessions."""
    return await db.fetchrow(FIND_FOR_SIGN_IN, name, address, token_sha256)


async def read_users(db: "Connection") -> list[User]:
    """Return all users by name."""
    return [_user(row) for row in await db.fetch(SELECT_USERS, None)]


async def read_user(db: "Connection", user_id: str) -> User | None:
    """Return one user."""
    rows = await db.fetch(SELECT_USERS, user_id)
    return _user(rows[0]) if rows else None


async def insert_user(db: "Connection", user: User, password_hash: str) -> None:
    """Add a user; raises NameTaken."""
    await _unless_taken(
        user.name,
        db.execute(
            INSERT_USER,
            user.user_id,
            user.name,
            password_hash,
            user.role.value,
            user.all_cameras,
            list(user.camera_ids),
            list(user.group_ids),
            user.created_at,
        ),
    )


async def update_user(db: "Connection", user: User) -> None:
    """Store what may be changed of a user; raises NameTaken."""
    await _unless_taken(
        user.name,
        db.execute(
            UPDATE_USER,
            user.user_id,
            user.name,
            user.role.value,
            user.all_cameras,
            list(user.camera_ids),
            list(user.group_ids),
            user.disabled_at,
        ),
    )


async def set_password(db: "Connection", user_id: str, password_hash: str, now: datetime) -> None:
    """Store another password."""
    await db.execute(STORE_HASH, user_id, password_hash, now)


async def read_password_hash(db: "Connection", user_id: str) -> str | None:
    """Return what is stored of a user's password."""
    stored: str | None = await db.fetchval(
        "select password_hash from users where user_id = $1", user_id
    )
    return stored


async def renew_hash(db: "Connection", user_id: str, *, old: str, new: str) -> None:
    """Replace the hash of a password by another hash of the same password."""
    await db.execute(REHASH, user_id, new, old)


async def delete_user(db: "Connection", user_id: str) -> None:
    """Delete a user with sessions and layouts; what the audit log says of them stays."""
    await db.execute("delete from users where user_id = $1", user_id)


async def note_sign_in(
    db: "Connection", user_id: str, password_changed_at: datetime, now: datetime
) -> bool:
    """Note when a user last signed in; False where the password is another one by now.

    Also where the user was disabled or deleted meanwhile.
    """
    done = await db.execute(NOTE_SIGN_IN, user_id, password_changed_at, now)
    return not done.endswith(" 0")


async def is_last_admin(db: "Connection", user: User) -> bool:
    """Whether nobody else could give rights back; hold `lock_users`."""
    return user.is_acting_admin and not await db.fetchval(OTHER_ADMINS, user.user_id)


async def unknown_grants(
    db: "Connection", camera_ids: Iterable[str], group_ids: Iterable[str]
) -> tuple[set[str], set[str]]:
    """Return which of some cameras and groups there never were."""
    cameras, groups = set(camera_ids), set(group_ids)
    known = await db.fetch(
        "select camera_id from cameras where camera_id = any($1)", sorted(cameras)
    )
    named = await db.fetch(
        "select group_id from camera_groups where group_id = any($1)", sorted(groups)
    )
    return cameras - {row["camera_id"] for row in known}, groups - {
        row["group_id"] for row in named
    }


def new_user_id() -> str:
    """Return an id that was never given."""
    return uuid4().hex


async def _unless_taken(name: str, work: Any) -> None:
    try:
        await work
    except asyncpg.UniqueViolationError:
        raise NameTaken(f"there is a user named {name}; take another name") from None


def _user(row: asyncpg.Record) -> User:
    return User(
        user_id=row["user_id"],
        name=row["name"],
        role=Role(row["role"]),
        all_cameras=row["all_cameras"],
        camera_ids=tuple(row["camera_ids"]),
        group_ids=tuple(row["group_ids"]),
        created_at=row["created_at"],
        last_sign_in_at=row["last_sign_in_at"],
        disabled_at=row["disabled_at"],
    )
