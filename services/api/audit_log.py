"""The part of the audit log that waits in memory, and how long entries are kept."""

import asyncio
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Hashable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import asyncpg
import structlog

from services.api import metrics
from services.api.audit import INSERT_ENTRY, Entry, write_entry
from services.api.database import Database, DatabaseUnavailable

if TYPE_CHECKING:
    from services.api.database import Connection
    from services.api.schemas_groups import AuditQuery

log = structlog.get_logger()

MOST_PENDING = 10_000
"""Entries that wait for the database; the oldest is dropped and counted when there are more."""
MOST_REMEMBERED = 10_000
"""Viewings that are remembered as told already; the oldest is forgotten first."""
AT_ONCE = 500
RETRY_SECONDS = 2.0
END_SECONDS = 3.0
EXPIRE_SECONDS = 86_400.0
DELETED_AT_ONCE = 10_000

DELETE_OLD = """
delete from audit_log where entry_id in (
    select entry_id from audit_log where at < $1 order by at limit $2
)
"""

# Newest first. Somebody is named by id, or by the name of now.
SELECT_ENTRIES = """
select * from audit_log
where at >= $1 and at < $2
  and ($3::text is null or actor_id = any(array(
      select $3 union select user_id from users where lower(name) = lower($3)
      union select prefix from api_keys where name = $3)))
  and ($4::text is null or action = $4 or starts_with(action, $4 || '.'))
  and ($5::text is null or camera_id = $5)
  and ($6::timestamptz is null or (at, entry_id) < ($6, $7))
order by at desc, entry_id desc
limit $8
"""


class AuditLog:
    """Entries about viewing, on their way to the database.

    Holds at most MOST_PENDING of them: then the oldest is dropped, and a counter counts it. A
    process that is killed loses those that it held.
    """

    def __init__(self, database: Database, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._database = database
        self._monotonic = monotonic
        self._pending: deque[Entry] = deque()
        self._has_some = asyncio.Event()
        self._told: OrderedDict[Hashable, float] = OrderedDict()

    def note(self, entry: Entry) -> None:
        """Take an entry; it is written soon."""
        if len(self._pending) >= MOST_PENDING:
            self._pending.popleft()
            metrics.AUDIT_DROPPED.inc()
        self._pending.append(entry)
        metrics.AUDIT_PENDING.set(len(self._pending))
        self._has_some.set()

    def is_new(self, key: Hashable, seconds: float, *, prolongs: bool = False) -> bool:
        """Whether `key` was not asked about in the last `seconds`; then it counts as told.

        With `prolongs` each asking begins the time anew, so that somebody who goes on looking is
        told of once.
        """
        now = self._monotonic()
        told_at = self._told.get(key)
        is_new = told_at is None or now - told_at >= seconds
        if is_new or prolongs:
            self._told[key] = now
            self._told.move_to_end(key)
        if len(self._told) > MOST_REMEMBERED:
            self._told.popitem(last=False)
        return is_new

    async def run(self) -> None:
        """Write entries as they come, until cancelled."""
        while True:
            await self._has_some.wait()
            try:
                await self.flush()
            except (DatabaseUnavailable, asyncpg.PostgresError) as error:
                log.warning("audit.waits", entries=len(self._pending), reason=type(error).__name__)
                await asyncio.sleep(RETRY_SECONDS)

    async def flush(self) -> None:
        """Write what is pending; raises DatabaseUnavailable, and keeps it then."""
        while self._pending:
            batch = list(self._pending)[:AT_ONCE]
            async with self._database.connection() as db:
                await _write(db, batch)
            for entry in batch:
                # while they were written, the oldest may have been dropped
                if self._pending and self._pending[0] is entry:
                    self._pending.popleft()
            metrics.AUDIT_PENDING.set(len(self._pending))
        self._has_some.clear()

    async def flush_at_end(self) -> None:
        """Write what is pending before the process ends, if that can be done in a moment."""
        try:
            async with asyncio.timeout(END_SECONDS):
                await self.flush()
        except (DatabaseUnavailable, asyncpg.PostgresError, TimeoutError) as error:
            log.error("audit.lost", entries=len(self._pending), reason=type(error).__name__)

    async def expire(self, before: datetime) -> int:
        """Delete what is older; return how many. Raises DatabaseUnavailable."""
        deleted = 0
        while True:
            async with self._database.connection() as db:
                done = await db.execute(DELETE_OLD, before, DELETED_AT_ONCE)
            count = int(done.rpartition(" ")[2])
            deleted += count
            if count < DELETED_AT_ONCE:
                return deleted

    async def expire_daily(self, now: Callable[[], datetime], days: int) -> None:
        """Delete what is older than `days`, once a day, until cancelled."""
        while True:
            try:
                deleted = await self.expire(now() - timedelta(days=days))
            except (DatabaseUnavailable, asyncpg.PostgresError):
                await asyncio.sleep(RETRY_SECONDS)
                continue
            if deleted:
                log.info("audit.expired", entries=deleted)
            await asyncio.sleep(EXPIRE_SECONDS)


async def read_entries(
    db: "Connection", query: "AuditQuery", *, limit: int
) -> list[asyncpg.Record]:
    """Return a page of entries, newest first."""
    after = query.position
    return await db.fetch(
        SELECT_ENTRIES,
        query.start,
        query.end,
        query.actor,
        query.action,
        query.camera,
        after.started_at if after else None,
        int(after.row_id) if after else None,
        limit,
    )


async def _write(db: "Connection", batch: list[Entry]) -> None:
    try:
        await db.executemany(INSERT_ENTRY, [entry.columns() for entry in batch])
    except asyncpg.PostgresError:
        await _write_singly(db, batch)


async def _write_singly(db: "Connection", batch: list[Entry]) -> None:
    """One entry that the database does not take must not hold up all others."""
    for entry in batch:
        try:
            await write_entry(db, entry)
        except (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError) as error:
            metrics.AUDIT_DROPPED.inc()
            log.error("audit.entry_refused", action=entry.action, reason=type(error).__name__)
