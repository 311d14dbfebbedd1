"""Who is signed in where, and ending it."""

from http import HTTPStatus
from typing import Annotated

import structlog
from fastapi import APIRouter, Query, Request

from libs.web.problems import not_found
from services.api import sessions
from services.api.access import Permission, Principal
from services.api.audit import audit
from services.api.context import Ctx
from services.api.rights import Who
from services.api.schemas_users import SessionId, SessionsQuery, SessionView

log = structlog.get_logger()
router = APIRouter(prefix="/sessions", tags=["session"])


@router.get("")
async def list_sessions(
    ctx: Ctx, who: Who, query: Annotated[SessionsQuery, Query()]
) -> list[SessionView]:
    """List the sessions that go on, lately used first.

    One's own, or with users:write for all cameras anybody's.
    """
    user_id = query.user_id if _may_all(who) else who.id
    async with ctx.database.connection() as db:
        rows = await sessions.list_sessions(db, user_id, ctx.now())
    if not _may_all(who) and query.user_id not in {None, who.id}:
        rows = []
    return [SessionView(**row, current=row["session_id"] == who.session_id) for row in rows]


@router.delete("/{session_id}", status_code=HTTPStatus.NO_CONTENT)
async def end_session(session_id: SessionId, ctx: Ctx, who: Who, request: Request) -> None:
    """End a session: one's own, or with users:write for all cameras anybody's."""
    async with ctx.database.transaction() as db:
        owner = await sessions.owner_of(db, session_id, ctx.now())
        if owner is None or not _may_end(who, owner):
            raise not_found(f"there is no session {session_id}")
        await sessions.end_session(db, session_id, ctx.now())
        await audit(ctx, request, "session.ended", subject=session_id, db=db)
    ctx.principals.forget(owner)
    log.info("session.ended", session_id=session_id, by=who.name)


def _may_end(who: Principal, owner: str) -> bool:
    return _may_all(who) or (who.kind == "user" and who.id == owner)


def _may_all(who: Principal) -> bool:
    """Whether anybody's sessions are theirs to see and end, as users are."""
    return who.may(Permission.USERS_WRITE) and who.cameras is None
