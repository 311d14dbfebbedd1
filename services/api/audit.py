"""The audit log: who signed in, watched, downloaded, changed or deleted what.

A change writes its entry in its own transaction: no entry, no change. Viewing must go on while
the database is away, so its entries wait in memory until it is back.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from starlette.requests import HTTPConnection

from libs.contracts.times import to_milliseconds
from services.api.access import Principal

if TYPE_CHECKING:
    from services.api.context import Context
    from services.api.database import Connection

LONGEST_TEXT = 300
LONGEST_LIST = 100

INSERT_ENTRY = """
insert into audit_log (at, kind, actor_id, actor, address, action, camera_id, subject, detail)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
"""


COMMAND_LINE = "command line"
"""Who acts where no user and no key does."""


@dataclass(frozen=True)
class Entry:
    """One line of the log; `clean` makes sure that the database takes it."""

    at: datetime
    kind: str
    """`user`, `key`, `nobody` (not signed in), or `system` (commands, the service itself)."""
    actor_id: str
    actor: str
    """Name at that time."""
    address: str
    action: str
    """`noun.past_verb`."""
    camera_id: str | None = None
    subject: str = ""
    """Id of what was acted on, where it is no camera."""
    detail: Mapping[str, Any] | None = None

    def columns(self) -> tuple[object, ...]:
        """Return what is stored: texts bounded, and without what PostgreSQL cannot hold."""
        return (
            to_milliseconds(self.at),  # as cursors name it
            self.kind,
            _clean(self.actor_id),
            _clean(self.actor),
            _clean(self.address),
            self.action,
            self.camera_id,
            _clean(self.subject),
            json.dumps(_clean(dict(self.detail or {}))),
        )


async def audit(
    ctx: "Context",
    request: HTTPConnection,
    action: str,
    camera_id: str | None = None,
    subject: str = "",
    *,
    db: "Connection | None" = None,
    by: Principal | None = None,
    **detail: object,
) -> None:
    """Write down a change, in the transaction of `db` where there is one.

    `by` is who did it, where that is not who the request came from (a sign-in). Never pass a
    password, key or token, nor text that people may have typed one into. Raises
    DatabaseUnavailable.
    """
    entry = entry_of(ctx, request, action, camera_id, subject, by=by, **detail)
    if db is not None:
        await write_entry(db, entry)
        return
    async with ctx.database.connection() as own:
        await write_entry(own, entry)


def audit_view(
    ctx: "Context",
    request: HTTPConnection,
    action: str,
    camera_id: str | None = None,
    subject: str = "",
    *,
    by: Principal | None = None,
    **detail: object,
) -> None:
    """Note that somebody looked at something; written soon, never failing the request."""
    ctx.audit_log.note(entry_of(ctx, request, action, camera_id, subject, by=by, **detail))


def entry_of(
    ctx: "Context",
    request: HTTPConnection,
    action: str,
    camera_id: str | None = None,
    subject: str = "",
    *,
    by: Principal | None = None,
    **detail: object,
) -> Entry:
    """Return the entry for a request."""
    principal: Principal | None = by or request.scope.get("state", {}).get("principal")
    who = (
        ("nobody", "", "") if principal is None else (principal.kind, principal.id, principal.name)
    )
    address = request.client.host if request.client else ""
    return Entry(ctx.now(), *who, address, action, camera_id, subject, detail)


async def write_entry(db: "Connection", entry: Entry) -> None:
    """Store one entry."""
    await db.execute(INSERT_ENTRY, *entry.columns())


def _clean(value: Any) -> Any:
    """Bound a value, and replace what is no text to PostgreSQL: NUL and lone surrogates."""
    if isinstance(value, Mapping):
        return {_clean(str(key)): _clean(each) for key, each in list(value.items())[:LONGEST_LIST]}
    if isinstance(value, list | tuple | set | frozenset):
        return [_clean(each) for each in list(value)[:LONGEST_LIST]]
    if value is None or isinstance(value, bool | int | float):
        return value
    text = str(value)[:LONGEST_TEXT]
    return text.encode(errors="replace").decode().replace("\x00", "\N{REPLACEMENT CHARACTER}")


async def audit_command(
    db: "Connection", at: datetime, action: str, subject: str = "", **detail: object
) -> None:
    """Store what somebody did on the command line of this machine."""
    entry = Entry(at, "system", "", COMMAND_LINE, "", action, subject=subject, detail=detail)
    await write_entry(db, entry)
