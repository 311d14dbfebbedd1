"""API keys: `python -m services.api.keys create --name doorbell | list | revoke`.

A key is 256 random bits. Only its hash is stored, so it is shown once and never again.
"""

import argparse
import hashlib
import re
import secrets
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import asyncpg

from services.api.access import Permission
from services.api.audit import COMMAND_LINE, audit_command
from services.api.command import run_command
from services.api.database import Database
from services.api.settings import DatabaseSettings

if TYPE_CHECKING:
    from services.api.database import Connection

KEY_PREFIX = "evf_"
SHOWN_CHARACTERS = 10
TRIES = 5

_KEY = re.compile(r"^evf_[A-Za-z0-9_-]{43}$")

INSERT_KEY = """
insert into api_keys (key_sha256, name, prefix, permissions, all_cameras, camera_ids, group_ids,
                      created_by)
values ($1, $2, $3, $4, $5, $6, $7, $8)
on conflict (prefix) do nothing
"""
REVOKE_KEY = """
update api_keys set revoked_at = now() where prefix = $1 and revoked_at is null
"""
FIND_VALID = """
select prefix from api_keys where (prefix = $1 or name = $1) and revoked_at is null
order by prefix = $1 desc limit 1
"""
LIST_KEYS = "select * from api_keys order by created_at, name"


class NameTaken(Exception):
    """There is a valid key of this name; revoke it or take another name."""


def new_key() -> str:
    """Return a new random key."""
    return KEY_PREFIX + secrets.token_urlsafe(32)


def key_hash(key: str) -> bytes:
    """Return what is stored of a key."""
    return hashlib.sha256(key.encode()).digest()


def looks_like_key(text: str) -> bool:
    """Whether this may be a key at all; what is not need not be looked up."""
    return _KEY.fullmatch(text) is not None


async def create_key(
    db: "Connection",
    name: str,
    *,
    permissions: Iterable[Permission] = Permission,
    all_cameras: bool = True,
    camera_ids: Sequence[str] = (),
    group_ids: Sequence[str] = (),
    created_by: str = "",
) -> str:
    """Store a new key and return it; raises NameTaken, which ends a transaction."""
    scopes = [permission.value for permission in permissions]
    for _ in range(TRIES):
        key = new_key()
        try:
            done = await db.execute(
                INSERT_KEY,
                key_hash(key),
                name,
                key[:SHOWN_CHARACTERS],
                scopes,
                all_cameras,
                list(camera_ids),
                list(group_ids),
                created_by,
            )
        except asyncpg.UniqueViolationError:
            raise NameTaken(
                f"there is a valid key named {name}; revoke it or take another name"
            ) from None
        if not done.endswith(" 0"):
            return key
    raise RuntimeError("no free beginning for a key was found")


async def revoke_key(db: "Connection", prefix: str) -> bool:
    """End a key; False when there is none that is valid."""
    return not (await db.execute(REVOKE_KEY, prefix)).endswith(" 0")


async def revoke_named(db: "Connection", name_or_prefix: str) -> str | None:
    """End the key of a name, or of these first characters; return these, None as above."""
    prefix: str | None = await db.fetchval(FIND_VALID, name_or_prefix)
    return prefix if prefix is not None and await revoke_key(db, prefix) else None


async def read_key(db: "Connection", key: str) -> asyncpg.Record:
    """Return what is stored of a key that there is."""
    row = await db.fetchrow("select * from api_keys where key_sha256 = $1", key_hash(key))
    assert row is not None
    return row


async def list_keys(db: "Connection") -> "list[asyncpg.Record]":
    """Return all keys, also those that were revoked, oldest first."""
    return await db.fetch(LIST_KEYS)


async def _run(options: argparse.Namespace, settings: DatabaseSettings) -> int:
    async with Database.open(settings) as database, database.connection() as db:
        match options.command:
            case "create":
                sys.stdout.write(await _create(db, options) + "\n")
            case "list":
                sys.stdout.writelines(_line(row) for row in await list_keys(db))
            case "revoke" if not await _revoke(db, options.name):
                sys.stderr.write(f"keys: there is no valid key {options.name}\n")
                return 1
    return 0


async def _create(db: "Connection", options: argparse.Namespace) -> str:
    async with db.transaction():
        if options.replace:
            await _revoke(db, options.name)
        rights: dict[str, Any] = {
            "permissions": list(options.permission or Permission),
            "all_cameras": not options.camera,
            "camera_ids": options.camera or (),
        }
        key = await create_key(db, options.name, created_by=COMMAND_LINE, **rights)
        prefix = key[:SHOWN_CHARACTERS]
        await audit_command(
            db, datetime.now(UTC), "key.created", prefix, name=options.name, **rights
        )
    return key


async def _revoke(db: "Connection", name_or_prefix: str) -> bool:
    async with db.transaction():
        prefix = await revoke_named(db, name_or_prefix)
        if prefix is not None:
            await audit_command(db, datetime.now(UTC), "key.revoked", prefix)
    return prefix is not None


def _line(row: asyncpg.Record) -> str:
    state = "revoked" if row["revoked_at"] else "valid"
    used = f"{row['last_used_at']:%Y-%m-%d %H:%MZ}" if row["last_used_at"] else "never"
    scopes = ",".join(row["permissions"])
    return f"{row['name']}\t{row['prefix']}...\t{state}\tlast used {used}\t{scopes}\n"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m services.api.keys")
    commands = parser.add_subparsers(dest="command", required=True)
    create = commands.add_parser("create", help="print a new key")
    create.add_argument("--name", required=True)
    create.add_argument(
        "--permission",
        action="append",
        type=Permission,
        metavar="|".join(Permission),
        help="what it may do; again for more; all when left out",
    )
    create.add_argument(
        "--camera", action="append", metavar="CAMERA_ID", help="what it may see; all when left out"
    )
    create.add_argument(
        "--replace", action="store_true", help="end the valid key of this name, if there is one"
    )
    commands.add_parser("list", help="names, first characters, last use, permissions")
    commands.add_parser("revoke", help="end a key").add_argument(
        "name", metavar="NAME", help="the key's name or its first characters"
    )
    return parser


def main() -> int:
    """Run one command; exit status 1 when it failed."""
    options = _parser().parse_args()
    return run_command(
        "keys", DatabaseSettings, lambda settings: _run(options, settings), NameTaken
    )


if __name__ == "__main__":
    raise SystemExit(main())
