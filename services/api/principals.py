"""Who a session, a user or a key is and what it may see, looked up and remembered for a moment."""

import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal

import asyncpg

from services.api.access import PERMISSIONS, Permission, Principal, Role
from services.api.database import Database, DatabaseUnavailable
from services.api.keys import key_hash, looks_like_key

if TYPE_CHECKING:
    from services.api.database import Connection

FRESH_SECONDS = 10.0
"""How long somebody who was found is not looked up again; what was changed by others acts then."""
STALE_SECONDS = 600.0
"""How long somebody who was found is believed while the database is away."""
MOST_REMEMBERED = 2000

_CAMERAS = """
array(select unnest({of}.camera_ids)
      union select unnest(g.camera_ids) from camera_groups g
      where g.group_id = any({of}.group_ids)) as cameras
"""
_USER_CAMERAS = _CAMERAS.format(of="u")
_KEY_CAMERAS = _CAMERAS.format(of="k")

# no text in these comes from a caller
FIND_SESSION = f"""
select s.session_id, u.user_id, u.name, u.role, u.all_cameras, {_USER_CAMERAS}
from sessions s join users u using (user_id)
where s.session_id = $1 and s.revoked_at is null and s.expires_at > $2 and u.disabled_at is null
"""  # noqa: S608
FIND_USER = f"""
select null as session_id, u.user_id, u.name, u.role, u.all_cameras, {_USER_CAMERAS}
from users u where u.user_id = $1 and u.disabled_at is null
"""  # noqa: S608
FIND_KEY = f"""
select k.prefix, k.name, k.permissions, k.all_cameras, {_KEY_CAMERAS}
from api_keys k
where (k.key_sha256 = $1 or k.prefix = $2) and k.revoked_at is null
"""  # noqa: S608

# To the minute, so that asking often does not write often.
TOUCH_SESSION = """
update sessions set last_used_at = $2
where session_id = $1 and last_used_at < $2::timestamptz - interval '1 minute'
"""
TOUCH_KEY = """
update api_keys set last_used_at = $2
where key_sha256 = $1
  and (last_used_at is null or last_used_at < $2::timestamptz - interval '1 minute')
"""

Kind = Literal["session", "user", "key", "prefix"]


@dataclass(frozen=True)
class _Seen:
    principal: Principal
    at: float


class Principals:
    """Looks principals up; nobody who was not found is remembered.

    While the database is away, whoever was found lately is believed; for all others it raises
    DatabaseUnavailable.
    """

    def __init__(
        self,
        database: Database,
        now: Callable[[], datetime],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._now = now
        self._monotonic = monotonic
        self._seen: OrderedDict[tuple[Kind, str | bytes], _Seen] = OrderedDict()
        self._changes = 0

    async def of_session(self, session_id: str) -> Principal | None:
        """Return the user of a session that goes on."""
        return await self._find(
            ("session", session_id), lambda db: _of_session(db, session_id, self._now())
        )

    async def of_key(self, key: str) -> Principal | None:
        """Return who a valid API key is.

        The lookup is by hash, so its timing tells nothing about the key.
        """
        if not looks_like_key(key):
            return None
        digest = key_hash(key)
        return await self._find(("key", digest), lambda db: _of_key(db, digest, self._now()))

    async def find(self, kind: str, principal_id: str) -> Principal | None:
        """Return the `user` or `key` of an id: for links that carry who made them."""
        if kind == "user":
            return await self._find(("user", principal_id), lambda db: _of_user(db, principal_id))
        return await self._find(("prefix", principal_id), lambda db: _of_prefix(db, principal_id))

    def forget(self, principal_id: str | None = None) -> None:
        """Look one principal, or all, up anew at once; call it when a change is committed."""
        self._changes += 1
        for known, seen in list(self._seen.items()):
            if principal_id is None or seen.principal.id == principal_id:
                del self._seen[known]

    async def _find(
        self,
        known: tuple[Kind, str | bytes],
        look: "Callable[[Connection], Awaitable[Principal | None]]",
    ) -> Principal | None:
        now, changes = self._monotonic(), self._changes
        seen = self._seen.get(known)
        if seen is not None and now - seen.at < FRESH_SECONDS:
            return seen.principal
        try:
            async with self._database.connection() as db:
                principal = await look(db)
        except DatabaseUnavailable:
            # what was forgotten meanwhile must not be believed
            if known in self._seen and seen is not None and now - seen.at < STALE_SECONDS:
                return seen.principal
            raise
        if changes == self._changes:  # or it may be older than what made us forget
            self._remember(known, principal, now)
        return principal

    def _remember(
        self, known: tuple[Kind, str | bytes], principal: Principal | None, now: float
    ) -> None:
        self._seen.pop(known, None)
        if principal is None:
            return
        if len(self._seen) >= MOST_REMEMBERED:
            self._seen.popitem(last=False)
        self._seen[known] = _Seen(principal, now)


async def _of_session(db: "Connection", session_id: str, now: datetime) -> Principal | None:
    row = await db.fetchrow(FIND_SESSION, session_id, now)
    if row is not None:
        await db.execute(TOUCH_SESSION, session_id, now)
    return _user(row)


async def _of_user(db: "Connection", user_id: str) -> Principal | None:
    return _user(await db.fetchrow(FIND_USER, user_id))


async def _of_key(db: "Connection", digest: bytes, now: datetime) -> Principal | None:
    row = await db.fetchrow(FIND_KEY, digest, None)
    if row is not None:
        await db.execute(TOUCH_KEY, digest, now)
    return _key(row)


async def _of_prefix(db: "Connection", prefix: str) -> Principal | None:
    return _key(await db.fetchrow(FIND_KEY, None, prefix))


def _user(row: asyncpg.Record | None) -> Principal | None:
    if row is None:
        return None
    role = Role(row["role"])
    return Principal(
        "user",
        row["user_id"],
        row["name"],
        PERMISSIONS[role],
        _visible(row),
        role,
        row["session_id"],
    )


def _key(row: asyncpg.Record | None) -> Principal | None:
    if row is None:
        return None
    # one that this version does not know opens nothing
    scopes = frozenset(each for each in Permission if each.value in row["permissions"])
    return Principal("key", row["prefix"], row["name"], scopes, _visible(row))


def _visible(row: asyncpg.Record) -> frozenset[str] | None:
    return None if row["all_cameras"] else frozenset(row["cameras"])
