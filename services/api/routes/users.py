"""Users and what they may do, for those who may change that."""

from collections.abc import Awaitable
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import structlog
from fastapi import APIRouter, Request, Response

from libs.web.problems import Problem, invalid, not_found
from services.api import user_registry
from services.api.access import Permission
from services.api.audit import audit
from services.api.context import Context, Ctx
from services.api.passwords import new_password, password_problem
from services.api.rights import Who, needs
from services.api.schemas_users import (
    NewPassword,
    UserCreate,
    UserCreated,
    UserId,
    UserPatch,
    UserView,
)
from services.api.sessions import end_sessions_of
from services.api.user_grants import changed_user, check_grants, granted
from services.api.user_registry import NameTaken, User

if TYPE_CHECKING:
    from services.api.database import Connection

log = structlog.get_logger()
router = APIRouter(
    prefix="/users", tags=["users"], dependencies=[needs(Permission.USERS_WRITE, all_cameras=True)]
)


@router.get("")
async def list_users(ctx: Ctx) -> list[UserView]:
    """List the users by name."""
    async with ctx.database.connection() as db:
        return [_view(user) for user in await user_registry.read_users(db)]


@router.post("", status_code=HTTPStatus.CREATED)
async def add_user(body: UserCreate, ctx: Ctx, request: Request, response: Response) -> UserCreated:
    """Add a user; without a `password` one is made and shown once."""
    sent = body.password.get_secret_value() if body.password else None
    password = sent or new_password()
    user = User(
        user_registry.new_user_id(),
        body.name,
        body.role,
        created_at=ctx.now(),
        **granted(body),
    )
    password_hash = await _checked_hash(ctx, password, user.name)
    async with ctx.database.transaction() as db:
        await user_registry.lock_users(db)
        await check_grants(db, user.camera_ids, user.group_ids)
        await _unless_taken(user_registry.insert_user(db, user, password_hash))
        await audit(ctx, request, "user.created", subject=user.user_id, db=db, **_rights(user))
    log.info("user.created", user_id=user.user_id, role=user.role)
    response.headers["Location"] = f"/api/v1/users/{user.user_id}"
    return UserCreated(user=_view(user), password=None if sent else password)


@router.get("/{user_id}")
async def get_user(user_id: UserId, ctx: Ctx) -> UserView:
    """Show one user."""
    async with ctx.database.connection() as db:
        return _view(await _existing(db, user_id))


@router.patch("/{user_id}")
async def change_user(user_id: UserId, body: UserPatch, ctx: Ctx, request: Request) -> UserView:
    """Change what is named; other rights count from the next request on."""
    async with ctx.database.transaction() as db:
        await user_registry.lock_users(db)
        user = await _existing(db, user_id)
        changed = changed_user(user, body, ctx.now())
        if not changed.is_acting_admin:
            await _unless_last_admin(db, user)
        await check_grants(db, body.camera_ids or (), body.group_ids or ())
        await _unless_taken(user_registry.update_user(db, changed))
        if changed.disabled_at is not None:
            await end_sessions_of(db, user_id, ctx.now())
        await audit(ctx, request, "user.changed", subject=user_id, db=db, **_rights(changed))
    ctx.principals.forget(user_id)
    log.info("user.changed", user_id=user_id, fields=sorted(body.model_fields_set))
    return _view(changed)


@router.delete("/{user_id}", status_code=HTTPStatus.NO_CONTENT)
async def delete_user(user_id: UserId, ctx: Ctx, request: Request) -> None:
    """Delete a user and end all sessions; the audit log keeps what it says of them."""
    async with ctx.database.transaction() as db:
        await user_registry.lock_users(db)
        user = await _existing(db, user_id)
        await _unless_last_admin(db, user)
        await user_registry.delete_user(db, user_id)
        await audit(ctx, request, "user.deleted", subject=user_id, db=db, name=user.name)
    ctx.principals.forget(user_id)
    log.info("user.deleted", user_id=user_id)


@router.post("/{user_id}/password")
async def reset_password(user_id: UserId, ctx: Ctx, request: Request, who: Who) -> NewPassword:
    """Make a new password, shown once; ends all sessions of the user but this one."""
    password = new_password()
    password_hash = await ctx.identity.passwords.hash(password)
    async with ctx.database.transaction() as db:
        await _existing(db, user_id)
        await user_registry.set_password(db, user_id, password_hash, ctx.now())
        await end_sessions_of(db, user_id, ctx.now(), but=who.session_id)
        await audit(ctx, request, "user.changed", subject=user_id, db=db, fields=["password"])
    ctx.principals.forget(user_id)
    log.info("user.password_reset", user_id=user_id)
    return NewPassword(password=password)


async def _checked_hash(ctx: Context, password: str, name: str) -> str:
    problem = password_problem(password, name)
    if problem is not None:
        raise invalid("password", problem)
    return await ctx.identity.passwords.hash(password)


async def _existing(db: "Connection", user_id: str) -> User:
    user = await user_registry.read_user(db, user_id)
    if user is None:
        raise not_found(f"there is no user {user_id}")
    return user


async def _unless_last_admin(db: "Connection", user: User) -> None:
    if await user_registry.is_last_admin(db, user):
        raise Problem(
            HTTPStatus.CONFLICT,
            f"{user.name} is the last admin who can sign in; make another user an admin first",
        )


async def _unless_taken(work: Awaitable[None]) -> None:
    try:
        await work
    except NameTaken as error:
        raise Problem(HTTPStatus.CONFLICT, str(error)) from None


def _rights(user: User) -> dict[str, Any]:
    """Return what the audit log says of a user."""
    return {
        "name": user.name,
        "role": user.role.value,
        "all_cameras": user.all_cameras,
        "camera_ids": user.camera_ids,
        "group_ids": user.group_ids,
        "disabled": user.disabled_at is not None,
    }


def _view(user: User) -> UserView:
    return UserView(
        user_id=user.user_id,
        name=user.name,
        role=user.role,
        all_cameras=user.all_cameras,
        camera_ids=list(user.camera_ids),
        group_ids=list(user.group_ids),
        created_at=user.created_at,
        last_sign_in_at=user.last_sign_in_at,
        disabled_at=user.disabled_at,
    )
