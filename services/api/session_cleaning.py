"""Deletes sessions that ended long ago, once a day."""

import asyncio
from collections.abc import Callable
from datetime import datetime

import asyncpg
import structlog

from services.api.database import Database, DatabaseUnavailable
from services.api.sessions import clean_sessions

log = structlog.get_logger()

EVERY_SECONDS = 86_400.0
RETRY_SECONDS = 60.0


async def clean_daily(database: Database, now: Callable[[], datetime]) -> None:
    """Delete them until cancelled; a database that is away or not migrated yet is asked again."""
    while True:
        try:
            async with database.connection() as db:
                deleted = await clean_sessions(db, now())
        except (DatabaseUnavailable, asyncpg.PostgresError):
            await asyncio.sleep(RETRY_SECONDS)
            continue
        if deleted:
            log.info("sessions.cleaned", deleted=deleted)
        await asyncio.sleep(EVERY_SECONDS)
