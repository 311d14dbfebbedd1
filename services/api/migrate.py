"""Forward-only migrations: `python -m services.api.migrate`.

Files are applied once, in order, each in a transaction. An edited file and a database that is
newer than this code are refused: both mean that what the code expects is not what is there.
"""

import asyncio
import contextlib
import hashlib
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg

from libs.runtime.settings import load_settings_or_exit
from services.api.database import is_away
from services.api.settings import ApiSettings, DatabaseSettings

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

FOLDER = Path(__file__).parent / "migrations"
LOCK_KEY = 0x65766672616D65  # "evframe"
_NAME = re.compile(r"^\d{4}_[a-z0-9_]+\.sql$")


class MigrationRefused(Exception):
    """The database does not fit this code; the text says how."""


@dataclass(frozen=True)
class Migration:
    name: str
    sql: str

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.sql.encode()).hexdigest()

    @property
    def in_transaction(self) -> bool:
        """False for `create index concurrently`, which asks so in the file's first line."""
        return not self.sql.startswith("-- no-transaction")


def read_migrations(folder: Path = FOLDER) -> list[Migration]:
    """Return the migrations that belong to this code, in order."""
    files = sorted(path for path in folder.iterdir() if _NAME.match(path.name))
    return [Migration(path.name, path.read_text()) for path in files]


async def migrate(dsn: str, migrations: list[Migration] | None = None) -> list[str]:
    """Bring the database up to this code; return the names of what was applied.

    Raises MigrationRefused, or asyncpg's errors when the database is away.
    """
    wanted = read_migrations() if migrations is None else migrations
    connection = await asyncpg.connect(dsn, timeout=10)
    try:
        # Polled: a session that waits inside the server holds a snapshot, and
        # `create index concurrently` in the session that has the lock would deadlock with it.
        while not await connection.fetchval("select pg_try_advisory_lock($1)", LOCK_KEY):  # noqa: ASYNC110 - see above
            await asyncio.sleep(0.2)
        return await _apply_pending(connection, wanted)
    finally:
        with contextlib.suppress(Exception):
            await connection.close(timeout=5)


async def _apply_pending(connection: "Connection", wanted: list[Migration]) -> list[str]:
    await connection.execute(
        """create table if not exists schema_migrations (
               name text primary key, sha256 text not null,
               applied_at timestamptz not null default now())"""
    )
    rows = await connection.fetch("select name, sha256 from schema_migrations order by name")
    to_do = pending_migrations(wanted, {row["name"]: row["sha256"] for row in rows})
    for migration in to_do:
        await _apply(connection, migration)
    return [migration.name for migration in to_do]


async def pending(dsn: str) -> list[str]:
    """Return the names of what is still to be applied, changing nothing; raises as `migrate`."""
    connection = await asyncpg.connect(dsn, timeout=10)
    try:
        if await connection.fetchval("select to_regclass('schema_migrations')") is None:
            return [migration.name for migration in read_migrations()]
        rows = await connection.fetch("select name, sha256 from schema_migrations")
        applied = {row["name"]: row["sha256"] for row in rows}
        return [migration.name for migration in pending_migrations(read_migrations(), applied)]
    finally:
        with contextlib.suppress(Exception):
            await connection.close(timeout=5)


def pending_migrations(wanted: list[Migration], applied: dict[str, str]) -> list[Migration]:
    """Return what is still to be applied; raise MigrationRefused where history differs."""
    unknown = sorted(applied.keys() - {migration.name for migration in wanted})
    if unknown:
        raise MigrationRefused(
            f"the database is newer than this code (it has {', '.join(unknown)}); "
            "run the version that made it, or a later one"
        )
    for migration in wanted:
        if migration.name in applied and applied[migration.name] != migration.sha256:
            raise MigrationRefused(
                f"{migration.name} was changed after it was applied; put the change in a new file"
            )
    return [migration for migration in wanted if migration.name not in applied]


async def _apply(connection: "Connection", migration: Migration) -> None:
    insert = "insert into schema_migrations (name, sha256) values ($1, $2)"
    if not migration.in_transaction:
        await connection.execute(migration.sql)
        await connection.execute(insert, migration.name, migration.sha256)
        return
    async with connection.transaction():
        await connection.execute("set local lock_timeout = '5s'")
        await connection.execute(migration.sql)
        await connection.execute(insert, migration.name, migration.sha256)


def main() -> int:
    """Apply what is pending and say so."""
    settings = load_settings_or_exit(DatabaseSettings, service=ApiSettings)
    try:
        applied = asyncio.run(migrate(settings.pg_dsn.get_secret_value()))
    except MigrationRefused as error:
        sys.stderr.write(f"migrate: {error}\n")
        return 1
    except Exception as error:
        if not is_away(error):
            raise
        sys.stderr.write(f"migrate: no database: {error}\n")
        return 1
    sys.stdout.write("".join(f"applied {name}\n" for name in applied) or "nothing to apply\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
