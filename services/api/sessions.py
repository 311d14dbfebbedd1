"""Browser sessions, as the database keeps them: begun, refreshed, listed, ended.

Of a refresh token only the hash is stored, of the one that is good now and of the one before.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

import structlog

from services.api.session_tokens import (
    REFRESH_SECONDS,
    SessionTokens,
    token_hash,
)

if TYPE_CHECKING:
    import asyncpg

    from services.api.database import Connection

log = structlog.get_logger()

LASTS = timedelta(seconds=REFRESH_SECONDS)
GRACE = timedelta(seconds=10)
"""How long after a refresh the token before it is taken for another tab's, not for a thief's."""
KEPT = timedelta(days=30)
"""How long an ended session is remembered: it tells that a user's address is known."""
MOST_PER_USER = 100
LONGEST_AGENT = 200

INSERT_SESSION = """
insert into sessions (session_id, user_id, refresh_sha256, rotated_at, created_at, last_used_at,
                      expires_at, address, user_agent)
values ($1, $2, $3, $4, $4, $4, $5, $6, $7)
"""

# The session of a refresh token; nobody else refreshes it meanwhile.
FIND_PRESENTED = """
select s.session_id, s.refresh_sha256 = $1 as is_current, s.rotated_at
from sessions s join users u using (user_id)
where (s.refresh_sha256 = $1 or s.previous_sha256 = $1)
  and s.revoked_at is null and s.expires_at > $2 and u.disabled_at is null
for update of s
"""

ROTATE = """
update sessions set refresh_sha256 = $2, previous_sha256 = refresh_sha256, rotated_at = $3,
    last_used_at = $3, expires_at = $4, address = $5, user_agent = $6
where session_id = $1
"""

# Only the newest of a user stay.
END_SURPLUS = """
update sessions set revoked_at = $2 where session_id in (
    select session_id from sessions where user_id = $1 and revoked_at is null and expires_at > $2
    order by last_used_at desc, session_id offset $3)
"""

END_ONE = "update sessions set revoked_at = $2 where session_id = $1 and revoked_at is null"

END_PRESENTED = """
update sessions set revoked_at = $2
where (refresh_sha256 = $1 or previous_sha256 = $1 or session_id = $3) and revoked_at is null
returning session_id
"""

END_OF_USER = """
update sessions set revoked_at = $2
where user_id = $1 and revoked_at is null and session_id is distinct from $3
"""

LIST = """
select s.session_id, s.user_id, u.name as user_name, s.created_at, s.last_used_at, s.expires_at,
       s.address, s.user_agent
from sessions s join users u using (user_id)
where s.revoked_at is null and s.expires_at > $2 and ($1::text is null or s.user_id = $1)
order by s.last_used_at desc, s.session_id limit 1000
"""

OWNER = """
select user_id from sessions where session_id = $1 and revoked_at is null and expires_at > $2
"""

CLEAN = "delete from sessions where expires_at < $1 or revoked_at < $1"


@dataclass(frozen=True)
class Caller:
    """Where a request for a session comes from."""

    address: str
    user_agent: str


@dataclass(frozen=True)
class Held:
    """A session and the refresh token that its browser is to hold."""

    session_id: str
    refresh_token: str


async def begin_session(
    db: "Connection", user_id: str, tokens: SessionTokens, caller: Caller, now: datetime
) -> Held:
    """Begin a session; beyond MOST_PER_USER the one that rested longest ends."""
    session_id = uuid4().hex
    held = Held(session_id, tokens.new_refresh_token(session_id))
    await db.execute(
        INSERT_SESSION,
        held.session_id,
        user_id,
        token_hash(held.refresh_token),
        now,
        now + LASTS,
        caller.address,
        caller.user_agent[:LONGEST_AGENT],
    )
    await db.execute(END_SURPLUS, user_id, now, MOST_PER_USER)
    return held


async def refresh_session(
    db: "Connection", token: str, tokens: SessionTokens, caller: Caller, now: datetime
) -> Held | None:
    """Rotate a refresh token; None when it is not good. Needs a transaction.

    A token that was replaced some time ago can only come from whoever copied it, or from the
    browser that it was copied from: the session ends for both.
    """
    row = await db.fetchrow(FIND_PRESENTED, token_hash(token), now)
    if row is None:
        old_session_id = tokens.session_of(token)
        if old_session_id is not None:
            await _end_copied(db, old_session_id, caller, now)
        return None
    session_id, is_fresh = row["session_id"], abs(now - row["rotated_at"]) <= GRACE
    if row["is_current"] and is_fresh:
        return Held(session_id, token)
    successor = tokens.successor(session_id, token)
    if row["is_current"]:
        await db.execute(
            ROTATE,
            session_id,
            token_hash(successor),
            now,
            now + LASTS,
            caller.address,
            caller.user_agent[:LONGEST_AGENT],
        )
        return Held(session_id, successor)
    if is_fresh:
        return Held(session_id, successor)
    await _end_copied(db, session_id, caller, now)
    return None


async def _end_copied(db: "Connection", session_id: str, caller: Caller, now: datetime) -> None:
    user_id = await owner_of(db, session_id, now)
    if user_id is None:
        return
    await end_session(db, session_id, now)
    log.warning(
        "session.token_reused", session_id=session_id, user_id=user_id, address=caller.address
    )


async def end_session(db: "Connection", session_id: str, now: datetime) -> bool:
    """End one session; False when it had ended."""
    return not (await db.execute(END_ONE, session_id, now)).endswith(" 0")


async def end_session_of_token(
    db: "Connection", token: str, tokens: SessionTokens, now: datetime
) -> str | None:
    """End the session that a refresh token belongs to, or once did, and return its id."""
    session_id: str | None = await db.fetchval(
        END_PRESENTED, token_hash(token), now, tokens.session_of(token)
    )
    return session_id


async def end_sessions_of(
    db: "Connection", user_id: str, now: datetime, *, but: str | None = None
) -> None:
    """End a user's sessions, all or all but one."""
    await db.execute(END_OF_USER, user_id, now, but)


async def list_sessions(
    db: "Connection", user_id: str | None, now: datetime
) -> "list[asyncpg.Record]":
    """Return the sessions that go on, of one user or of all, lately used first; 1000 at most."""
    return await db.fetch(LIST, user_id, now)


async def owner_of(db: "Connection", session_id: str, now: datetime) -> str | None:
    """Return whose session this is; None where it does not go on."""
    user_id: str | None = await db.fetchval(OWNER, session_id, now)
    return user_id


async def clean_sessions(db: "Connection", now: datetime) -> int:
    """Delete what ended long ago; return how many."""
    return int((await db.execute(CLEAN, now - KEPT)).rpartition(" ")[2])
