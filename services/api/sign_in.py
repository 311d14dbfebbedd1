"""Checking who signs in, without telling strangers which names there are."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus

import asyncpg
import structlog
from starlette.requests import Request

from libs.web.problems import Problem
from services.api import metrics, user_registry
from services.api.access import Principal
from services.api.audit import audit, audit_view
from services.api.context import Context
from services.api.rate_limits import network_of
from services.api.sessions import Caller, Held, begin_session, end_session_of_token
from services.api.throttle import Attempts

log = structlog.get_logger()

REFUSED = "name or password is wrong"
"""The one text for every pair that does not open."""


@dataclass(frozen=True)
class SignInAttempt:
    name: str
    password: str
    caller: Caller
    token_sha256: bytes
    """Hash of the refresh token that the browser holds from before."""


@dataclass(frozen=True)
class Checked:
    """A user whose password fits."""

    user_id: str
    name: str
    password_changed_at: datetime


async def checked(ctx: Context, request: Request, attempt: SignInAttempt) -> Checked:
    """Return the user who signs in; raises Problem: 401, 429, 503."""
    async with ctx.database.connection() as db:
        row = await user_registry.find_for_sign_in(
            db, attempt.name, attempt.caller.address, attempt.token_sha256
        )
    counted_by = _counted_by(attempt, row)
    stored = row["password_hash"] if row else None
    fits = await _verified(ctx, stored, attempt.password, counted_by)
    if row is None or not fits or row["disabled_at"] is not None:
        metrics.SIGN_INS.labels("refused").inc()
        log.warning("session.refused", address=attempt.caller.address, is_known=row is not None)
        # Not the name that was typed: it may be a password.
        audit_view(ctx, request, "session.refused", subject=row["user_id"] if row else "")
        raise Problem(HTTPStatus.UNAUTHORIZED, REFUSED)
    ctx.identity.throttle.succeeded(counted_by)
    await _renew_hash(ctx, row["user_id"], row["password_hash"], attempt.password)
    return Checked(row["user_id"], row["name"], row["password_changed_at"])


async def begun(
    ctx: Context, request: Request, user: Checked, caller: Caller, old_token: str | None
) -> tuple[Held, Principal]:
    """Begin a session in place of the one that the browser held; raises Problem 401."""
    now, ended = ctx.now(), None
    async with ctx.database.transaction() as db:
        if old_token is not None:
            ended = await end_session_of_token(db, old_token, ctx.identity.tokens, now)
        if not await user_registry.note_sign_in(db, user.user_id, user.password_changed_at, now):
            raise Problem(HTTPStatus.UNAUTHORIZED, REFUSED)
        held = await begin_session(db, user.user_id, ctx.identity.tokens, caller, now)
        by = Principal("user", user.user_id, user.name, frozenset())
        await audit(ctx, request, "session.began", subject=held.session_id, db=db, by=by)
    # the session before may be another user's; of this one's, the oldest may have had to go
    ctx.principals.forget(None if ended else user.user_id)
    principal = await ctx.principals.of_session(held.session_id)
    if principal is None:
        raise Problem(HTTPStatus.UNAUTHORIZED, REFUSED)
    metrics.SIGN_INS.labels("accepted").inc()
    log.info("session.began", name=user.name, session_id=held.session_id, address=caller.address)
    return held, principal


async def check_own_password(
    ctx: Context, user_id: str, password: str, counted_by: Sequence[Attempts]
) -> None:
    """Raise Problem 403 unless this is the user's password; 429, 503 as at signing in."""
    async with ctx.database.connection() as db:
        stored = await user_registry.read_password_hash(db, user_id)
    if not await _verified(ctx, stored, password, counted_by):
        raise Problem(HTTPStatus.FORBIDDEN, "the current password is wrong")
    ctx.identity.throttle.succeeded(counted_by)


def _counted_by(attempt: SignInAttempt, row: asyncpg.Record | None) -> list[Attempts]:
    """Return what an attempt counts by.

    A browser that holds a session of the user counts alone, so that strangers who try names and
    passwords lock nobody out who is signed in somewhere.
    """
    name, network = attempt.name.casefold(), network_of(attempt.caller.address)
    if row is not None and row["session_id"] is not None:
        return [Attempts("session", row["session_id"])]
    by_address = Attempts("address", network)
    if row is not None and row["is_known"]:
        return [Attempts("known", f"{name}\n{network}"), by_address]
    return [Attempts("name", name), by_address]


async def _verified(
    ctx: Context, stored: str | None, password: str, counted_by: Sequence[Attempts]
) -> bool:
    throttle = ctx.identity.throttle
    wait_seconds = throttle.begin(counted_by)
    if wait_seconds is not None:
        metrics.SIGN_INS.labels("throttled").inc()
        raise Problem(
            HTTPStatus.TOO_MANY_REQUESTS,
            f"too many wrong passwords; try again in {wait_seconds} s",
            headers={"Retry-After": str(wait_seconds)},
        )
    try:
        return await ctx.identity.passwords.verify(stored, password)
    except BaseException:
        throttle.take_back(counted_by)
        raise


async def _renew_hash(ctx: Context, user_id: str, stored: str, password: str) -> None:
    """Hash a password anew where the parameters are others now; only here it is known."""
    if not ctx.identity.passwords.is_outdated(stored):
        return
    renewed = await ctx.identity.passwords.hash(password)
    async with ctx.database.connection() as db:
        await user_registry.renew_hash(db, user_id, old=stored, new=renewed)
