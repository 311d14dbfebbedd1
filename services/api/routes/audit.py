"""Reading the audit log."""

import json
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Query, Request

from services.api.access import Permission
from services.api.audit_log import read_entries
from services.api.catalog import Position
from services.api.context import Ctx
from services.api.rights import Who, needs
from services.api.schemas import Page
from services.api.schemas_groups import AuditEntryView, AuditQuery
from services.api.schemas_queries import encode_cursor
from services.api.viewings import note_audit_read

if TYPE_CHECKING:
    import asyncpg

router = APIRouter(tags=["users"])


@router.get("/audit", dependencies=[needs(Permission.USERS_WRITE, all_cameras=True)])
async def audit_log(
    query: Annotated[AuditQuery, Query()], ctx: Ctx, who: Who, request: Request
) -> Page[AuditEntryView]:
    """List who did what, newest first: sign-ins, viewing, downloads, changes, deletions."""
    note_audit_read(ctx, request, who)
    async with ctx.database.connection() as db:
        rows = await read_entries(db, query, limit=query.limit + 1)
    items = [_view(row) for row in rows[: query.limit]]
    cursor = None
    if len(rows) > query.limit:
        last = items[-1]
        cursor = encode_cursor(Position(last.at, str(last.entry_id)))
    return Page(items=items, next_cursor=cursor)


def _view(row: "asyncpg.Record") -> AuditEntryView:
    return AuditEntryView.model_validate({**row, "detail": json.loads(row["detail"])})
