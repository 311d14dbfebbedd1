"""Seal all logins with the newest key: `python -m services.api.rotate_credentials`.

Run it while the api runs, after every service has got the new key before the old one. When it
says so, no login is left, in the database or on the bus, that needs the old key. It may be run
any number of times.
"""

import argparse
import asyncio
import sys
import time
from dataclasses import dataclass, field

from libs.runtime.credentials import CredentialBox, CredentialsUnreadable
from services.api import registry
from services.api.audit import audit_command
from services.api.command import run_command
from services.api.database import Database
from services.api.device_registry import DEVICES
from services.api.registry import CAMERAS
from services.api.settings import SealingSettings

WAIT_SECONDS = 45.0
"""Longer than the api takes to see that a row was changed by another (`reconcile_seconds`)."""
LOOK_SECONDS = 0.5

# the names come from this code
SELECT = "select {kind}_id, credentials from {table} where credentials is not null order by 1"
# Not where somebody has changed the login since it was read.
RESEAL = """
update {table} set credentials = $3, version = version + 1
where {kind}_id = $1 and credentials = $2
"""
UNPUBLISHED = """
select count(*) from {table}
where credentials is not null and deleted_at is null
  and published_version is distinct from version
"""
KINDS = tuple((source.kind, source.table) for source in (CAMERAS, DEVICES))


@dataclass
class Rotation:
    """What was done."""

    sealed: int = 0
    """Logins that were sealed with an older key."""
    unreadable: list[str] = field(default_factory=list)
    """What holds a login that no key opens."""


async def rotate(database: Database, box: CredentialBox) -> Rotation:
    """Seal every login with the newest key, all or none; raises DatabaseUnavailable."""
    done = Rotation()
    async with database.transaction() as db:
        await registry.lock_registry(db)
        for kind, table in KINDS:
            for row_id, token in await db.fetch(SELECT.format(kind=kind, table=table)):
                try:
                    renewed = box.renewed(token)
                except CredentialsUnreadable:
                    done.unreadable.append(f"{kind} {row_id}")
                    continue
                if renewed != token:
                    statement = RESEAL.format(kind=kind, table=table)
                    await db.execute(statement, row_id, token, renewed)
                    done.sealed += 1
        if done.sealed:
            now = await db.fetchval("select now()")
            await audit_command(db, now, "credentials.rotated", logins=done.sealed)
    return done


async def unpublished(database: Database) -> int:
    """Return how many changed cameras and devices with a login are not on the bus yet."""
    async with database.connection() as db:
        counts = [await db.fetchval(UNPUBLISHED.format(table=table)) for _, table in KINDS]
    return sum(counts)


async def _wait_until_published(database: Database, wait_seconds: float) -> int:
    """Return how many are left at the end."""
    end = time.monotonic() + wait_seconds
    while (left := await unpublished(database)) and time.monotonic() < end:  # noqa: ASYNC110 - another process does it
        await asyncio.sleep(LOOK_SECONDS)
    return left


async def _run(settings: SealingSettings, wait_seconds: float) -> int:
    box = CredentialBox(settings.credential_keys.get_secret_value())
    async with Database.open(settings) as database:
        done = await rotate(database, box)
        sys.stdout.write(f"{done.sealed} logins were sealed with the newest key\n")
        left = await _wait_until_published(database, wait_seconds)
    if done.unreadable:
        sys.stderr.write(
            "rotate_credentials: no key opens the logins of "
            f"{', '.join(done.unreadable)}; enter them again\n"
        )
    if left:
        sys.stderr.write(
            f"rotate_credentials: {left} are not on the bus yet; while the api and the bus run, "
            "run this again before you drop the old key\n"
        )
    if done.unreadable or left:
        return 1
    sys.stdout.write("nothing needs an older key any more\n")
    return 0


def main() -> int:
    """Rotate; exit status 1 while anything still needs an older key."""
    parser = argparse.ArgumentParser(prog="python -m services.api.rotate_credentials")
    parser.add_argument(
        "--wait-seconds",
        type=float,
        default=WAIT_SECONDS,
        help="how long to wait until the api has put everything on the bus",
    )
    options = parser.parse_args()
    return run_command(
        "rotate_credentials",
        SealingSettings,
        lambda settings: _run(settings, options.wait_seconds),
        ValueError,
    )


if __name__ == "__main__":
    raise SystemExit(main())
