"""API keys: `python -m services.api.keys create --name admin | ensure | list | revoke`.

A key is 256 random bits. Only its hash is stored, so it is shown once and never again.
"""

import argparse
import asyncio
import hashlib
import re
import secrets
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import asyncpg

from libs.runtime.settings import load_settings_or_exit
from services.api.database import Database, DatabaseUnavailable
from services.api.settings import ApiSettings, DatabaseSettings

if TYPE_CHECKING:
    from services.api.database import Connection

KEY_PREFIX = "evf_"
SHOWN_CHARACTERS = 10
FRESH_SECONDS = 10.0
"""How long a key that was found is not looked up again; a revoked key dies after this."""
STALE_SECONDS = 600.0
"""How long a key that was found counts while the database is away."""
CACHED_KEYS = 1000

_KEY = re.compile(r"^evf_[A-Za-z0-9_-]{43}$")

INSERT_KEY = "insert into api_keys (key_sha256, name, prefix) values ($1, $2, $3)"
FIND_KEY = "select name from api_keys where key_sha256 = $1 and revoked_at is null"
TOUCH_KEY = """
update api_keys set last_used_at = now()
where key_sha256 = $1 and (last_used_at is null or last_used_at < now() - interval '1 minute')
"""
REVOKE_KEY = """
update api_keys set revoked_at = now() where (name = $1 or prefix = $1) and revoked_at is null
"""
LIST_KEYS = """
select name, prefix, created_at, last_used_at, revoked_at from api_keys order by created_at, name
"""


class NameTaken(Exception):
    """There is a valid key of this name; revoke it or take another name."""


def new_key() -> str:
    """Return a new random key."""
    return KEY_PREFIX + secrets.token_urlsafe(32)


def key_hash(key: str) -> bytes:
    """Return what is stored of a key."""
    return hashlib.sha256(key.encode()).digest()


async def create_key(db: "Connection", name: str) -> str:
    """Store a new key and return it."""
    key = new_key()
    try:
        await db.execute(INSERT_KEY, key_hash(key), name, key[:SHOWN_CHARACTERS])
    except asyncpg.UniqueViolationError:
        raise NameTaken(
            f"there is a valid key named {name}; revoke it or take another name"
        ) from None
    return key


async def ensure_key(db: "Connection", name: str) -> str | None:
    """Create the first key; return None when any valid one exists."""
    async with db.transaction():
        await db.execute("lock table api_keys in share row exclusive mode")
        if await db.fetchval("select exists (select from api_keys where revoked_at is null)"):
            return None
        return await create_key(db, name)


async def revoke_key(db: "Connection", name_or_prefix: str) -> bool:
    """End a key; return False when there is none that is valid."""
    return not (await db.execute(REVOKE_KEY, name_or_prefix)).endswith(" 0")


@dataclass(frozen=True)
class _Seen:
    name: str
    at: float


class Keyring:
    """Checks keys against the database, remembering the valid ones for a moment."""

    def __init__(self, database: Database, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._database = database
        self._monotonic = monotonic
        self._seen: dict[bytes, _Seen] = {}

    async def name_of(self, key: str) -> str | None:
        """Return the name of a valid key, None for any other.

        The lookup is by hash, so its timing tells nothing about the key. While the database is
        away, a key seen lately is believed; raises DatabaseUnavailable for the others.
        """
        if not _KEY.fullmatch(key):
            return None
        digest, now = key_hash(key), self._monotonic()
        seen = self._seen.get(digest)
        if seen is not None and now - seen.at < FRESH_SECONDS:
            return seen.name
        try:
            name = await self._find(digest)
        except DatabaseUnavailable:
            if seen is not None and now - seen.at < STALE_SECONDS:
                return seen.name
            raise
        self._remember(digest, name, now)
        return name

    def _remember(self, digest: bytes, name: str | None, now: float) -> None:
        self._seen.pop(digest, None)
        if name is None:
            return
        if len(self._seen) >= CACHED_KEYS:
            del self._seen[next(iter(self._seen))]
        self._seen[digest] = _Seen(name, now)

    async def _find(self, digest: bytes) -> str | None:
        async with self._database.connection() as db:
            name: str | None = await db.fetchval(FIND_KEY, digest)
            if name is not None:
                await db.execute(TOUCH_KEY, digest)
            return name


async def _run(options: argparse.Namespace, settings: DatabaseSettings) -> int:
    async with Database.open(settings) as database, database.connection() as db:
        match options.command:
            case "create":
                if options.replace:
                    await revoke_key(db, options.name)
                sys.stdout.write(await create_key(db, options.name) + "\n")
            case "ensure":
                key = await ensure_key(db, options.name)
                sys.stdout.write(f"{key}\n" if key else "")
            case "list":
                sys.stdout.writelines(_line(row) for row in await db.fetch(LIST_KEYS))
            case "revoke" if not await revoke_key(db, options.name):
                sys.stderr.write(f"keys: there is no valid key {options.name}\n")
                return 1
    return 0


def _line(row: asyncpg.Record) -> str:
    state = "revoked" if row["revoked_at"] else "valid"
    used = f"{row['last_used_at']:%Y-%m-%d %H:%MZ}" if row["last_used_at"] else "never"
    return f"{row['name']}\t{row['prefix']}...\t{state}\tlast used {used}\n"


def main() -> int:
    """Run one command; exit status 1 when it failed."""
    parser = argparse.ArgumentParser(prog="python -m services.api.keys")
    commands = parser.add_subparsers(dest="command", required=True)
    create = commands.add_parser("create", help="print a new key")
    create.add_argument("--name", required=True)
    create.add_argument(
        "--replace", action="store_true", help="end the valid key of this name, if there is one"
    )
    ensure = commands.add_parser("ensure", help="print a key if there is none yet, else nothing")
    ensure.add_argument("--name", default="admin")
    commands.add_parser("list", help="names, first characters, last use")
    commands.add_parser("revoke", help="end a key").add_argument(
        "name", metavar="NAME", help="the key's name or its first characters"
    )
    options = parser.parse_args()
    try:
        return asyncio.run(
            _run(options, load_settings_or_exit(DatabaseSettings, service=ApiSettings))
        )
    except (NameTaken, DatabaseUnavailable, asyncpg.UndefinedTableError) as error:
        hint = "run python -m services.api.migrate first: "
        undefined = isinstance(error, asyncpg.UndefinedTableError)
        sys.stderr.write(f"keys: {hint if undefined else ''}{error}\n")
        return 1


if __name__ == "__main__":
    raise SystemExit(main())
