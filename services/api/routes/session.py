"""Signing in and out: who am I, and the tokens of one's own browser."""

from datetime import datetime
from http import HTTPStatus
from typing import Annotated

import structlog
from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse

from libs.contracts.times import from_unix_seconds
from libs.web.problems import Problem, invalid, problem_response
from services.api import sign_in as signing
from services.api import user_registry
from services.api.access import Principal
from services.api.audit import audit
from services.api.auth import address_of
from services.api.context import Context, Ctx
from services.api.passwords import password_problem
from services.api.rights import Who
from services.api.schemas_users import Me, PasswordChange, SignIn
from services.api.session_tokens import (
    clear_cookies,
    refresh_token_of,
    set_cookies,
    token_hash,
)
from services.api.sessions import (
    Caller,
    Held,
    end_session,
    end_session_of_token,
    end_sessions_of,
    refresh_session,
)
from services.api.throttle import Attempts

log = structlog.get_logger()
router = APIRouter(prefix="/session", tags=["session"])


def signed_in(who: Who) -> Principal:
    """Return the user who asks; raises Problem 403 for an API key."""
    if who.session_id is None:
        raise Problem(HTTPStatus.FORBIDDEN, "an API key has no session; sign in as a user")
    return who


SignedIn = Annotated[Principal, Depends(signed_in)]


@router.post("")
async def begin(body: SignIn, ctx: Ctx, request: Request, response: Response) -> Me:
    """Sign in: sets the cookies that browsers send from then on."""
    old_token = refresh_token_of(request)
    attempt = signing.SignInAttempt(
        name=body.name,
        password=body.password.get_secret_value(),
        caller=caller_of(request),
        token_sha256=token_hash(old_token or ""),
    )
    user = await signing.checked(ctx, request, attempt)
    held, principal = await signing.begun(ctx, request, user, attempt.caller, old_token)
    return _hand_over(ctx, request, response, held, principal)


@router.get("")
async def who_am_i(who: Who, request: Request) -> Me:
    """Tell who asks and what they may do."""
    expires_at: int | None = request.scope["state"]["access_expires_at"]
    return _me(who, from_unix_seconds(expires_at) if expires_at else None)


@router.post("/refresh", response_model=Me)
async def refresh(ctx: Ctx, request: Request, response: Response) -> Me | JSONResponse:
    """Exchange the refresh token for new tokens; 401 means: sign in again."""
    token, held, principal = refresh_token_of(request), None, None
    tokens = ctx.identity.tokens
    if token is not None:
        async with ctx.database.transaction() as db:
            held = await refresh_session(db, token, tokens, caller_of(request), ctx.now())
    if held is not None:
        principal = await ctx.principals.of_session(held.session_id)
    if held is None or principal is None:
        if token is not None and tokens.session_of(token) is not None:
            ctx.principals.forget()  # one that was reused has just ended
        refusal = problem_response(
            Problem(HTTPStatus.UNAUTHORIZED, "the session has ended; sign in again")
        )
        clear_cookies(refusal)
        return refusal
    return _hand_over(ctx, request, response, held, principal)


@router.delete("", status_code=HTTPStatus.NO_CONTENT)
async def end(ctx: Ctx, request: Request, response: Response) -> None:
    """Sign out: ends this browser's session, if there is one, and takes its cookies."""
    principal: Principal | None = request.scope["state"]["principal"]
    session_id = principal.session_id if principal else None
    token = refresh_token_of(request)
    async with ctx.database.transaction() as db:
        if session_id is not None and not await end_session(db, session_id, ctx.now()):
            session_id = None
        elif session_id is None and token is not None:
            tokens = ctx.identity.tokens
            session_id = await end_session_of_token(db, token, tokens, ctx.now())
        if session_id is not None:
            await audit(ctx, request, "session.ended", subject=session_id, db=db)
    if session_id is not None:
        ctx.principals.forget(principal.id if principal else None)
        log.info("session.ended", session_id=session_id, address=address_of(request))
    clear_cookies(response)


@router.put("/password", status_code=HTTPStatus.NO_CONTENT)
async def change_password(body: PasswordChange, ctx: Ctx, request: Request, who: SignedIn) -> None:
    """Change one's own password; ends one's other sessions."""
    new = body.new.get_secret_value()
    problem = password_problem(new, who.name)
    if problem is not None:
        raise invalid("new", problem)
    counted_by = [Attempts("session", who.session_id or "")]
    await signing.check_own_password(ctx, who.id, body.current.get_secret_value(), counted_by)
    password_hash = await ctx.identity.passwords.hash(new)
    async with ctx.database.transaction() as db:
        await user_registry.set_password(db, who.id, password_hash, ctx.now())
        await end_sessions_of(db, who.id, ctx.now(), but=who.session_id)
        await audit(ctx, request, "user.changed", subject=who.id, db=db, fields=["password"])
    ctx.principals.forget(who.id)
    log.info("user.password_changed", user_id=who.id, by=who.name)


def caller_of(request: Request) -> Caller:
    """Return where a request comes from, as it is stored."""
    agent = request.headers.get("user-agent", "")
    return Caller(address_of(request), "".join(sign for sign in agent if sign.isprintable()))


def _hand_over(
    ctx: Context, request: Request, response: Response, held: Held, principal: Principal
) -> Me:
    token, access = ctx.identity.tokens.issue(held.session_id, ctx.now().timestamp())
    is_encrypted = request.url.scheme == "https"
    set_cookies(response, access=token, refresh=held.refresh_token, is_encrypted=is_encrypted)
    return _me(principal, from_unix_seconds(access.expires_at))


def _me(who: Principal, expires_at: datetime | None) -> Me:
    return Me(
        kind=who.kind,
        id=who.id,
        name=who.name,
        role=who.role,
        permissions=sorted(who.permissions),
        all_cameras=who.cameras is None,
        session_id=who.session_id,
        expires_at=expires_at,
    )
