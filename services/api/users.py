"""Users from the command line: `python -m services.api.users ensure | reset NAME | list`.

`ensure` makes the first admin; `reset` is the way back in for whoever lost a password. Both print
a password once: only its hash is stored.
"""

import argparse
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from services.api import user_registry
from services.api.access import Role
from services.api.audit import audit_command
from services.api.command import run_command
from services.api.database import Database
from services.api.passwords import Passwords, new_password
from services.api.sessions import end_sessions_of
from services.api.settings import DatabaseSettings
from services.api.user_registry import User

if TYPE_CHECKING:
    pass

FIRST_ADMIN = "admin"


class NoSuchUser(Exception):
    """There is no user of this name; `list` tells the names."""


async def ensure_admin(database: Database, passwords: Passwords) -> str | None:
    """Make the first admin and return the password; None when there is any user."""
    password = new_password()
    password_hash, now = await passwords.hash(password), datetime.now(UTC)
    async with database.transaction() as db:
        await user_registry.lock_users(db)
        if await db.fetchval("select exists (select from users)"):
            return None
        admin = User(
            user_registry.new_user_id(),
            FIRST_ADMIN,
            Role.ADMIN,
            all_cameras=True,
            created_at=now,
        )
        await user_registry.insert_user(db, admin, password_hash)
        await audit_command(db, now, "user.created", admin.user_id)
    return password


async def reset_password(database: Database, passwords: Passwords, name: str) -> str:
    """Give a user a new password, enable it and end its sessions; raises NoSuchUser.

    Return the password.
    """
    password = new_password()
    password_hash, now = await passwords.hash(password), datetime.now(UTC)
    async with database.transaction() as db:
        await user_registry.lock_users(db)
        user_id = await db.fetchval(
            "update users set disabled_at = null where lower(name) = lower($1) returning user_id",
            name,
        )
        if user_id is None:
            raise NoSuchUser(f"there is no user {name}; `list` tells the names")
        await user_registry.set_password(db, user_id, password_hash, now)
        await end_sessions_of(db, user_id, now)
        await audit_command(db, now, "user.changed", user_id)
    return password


async def _run(options: argparse.Namespace, settings: DatabaseSettings) -> int:
    async with Database.open(settings) as database:
        match options.command:
            case "ensure":
                password = await ensure_admin(database, Passwords())
                sys.stdout.write(f"{password}\n" if password else "")
            case "reset":
                password = await reset_password(database, Passwords(), options.name)
                sys.stdout.write(f"{password}\n")
            case "list":
                async with database.connection() as db:
                    users = await user_registry.read_users(db)
                sys.stdout.writelines(_line(user) for user in users)
    return 0


def _line(user: User) -> str:
    seen = f"{user.last_sign_in_at:%Y-%m-%d %H:%MZ}" if user.last_sign_in_at else "never"
    state = "disabled" if user.disabled_at else "enabled"
    return f"{user.name}\t{user.role}\t{state}\tlast signed in {seen}\n"


def main() -> int:
    """Run one command; exit status 1 when it failed."""
    parser = argparse.ArgumentParser(prog="python -m services.api.users")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser(
        "ensure", help=f"make `{FIRST_ADMIN}` and print its password if there is no user yet"
    )
    reset = commands.add_parser("reset", help="print a new password for a user")
    reset.add_argument("name", metavar="NAME")
    commands.add_parser("list", help="names, roles, last sign-in")
    options = parser.parse_args()
    return run_command(
        "users", DatabaseSettings, lambda settings: _run(options, settings), NoSuchUser
    )


if __name__ == "__main__":
    raise SystemExit(main())
