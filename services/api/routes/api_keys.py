"""API keys of machines and programs, for those who may change what others may do."""

from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated

import structlog
from fastapi import APIRouter, Path, Request, Response

from libs.web.problems import Problem, not_found
from services.api import keys
from services.api.access import Permission
from services.api.audit import audit
from services.api.context import Ctx
from services.api.rights import Who, needs
from services.api.schemas_users import KeyCreate, KeyCreated, KeyView
from services.api.user_grants import check_grants, granted

if TYPE_CHECKING:
    import asyncpg

log = structlog.get_logger()
router = APIRouter(
    prefix="/api-keys",
    tags=["users"],
    dependencies=[needs(Permission.USERS_WRITE, all_cameras=True)],
)


@router.get("")
async def list_keys(ctx: Ctx) -> list[KeyView]:
    """List the valid keys, oldest first."""
    async with ctx.database.connection() as db:
        rows = await keys.list_keys(db)
    return [_view(row) for row in rows if row["revoked_at"] is None]


@router.post("", status_code=HTTPStatus.CREATED)
async def add_key(
    body: KeyCreate, ctx: Ctx, request: Request, response: Response, who: Who
) -> KeyCreated:
    """Make a key; it is shown this once."""
    grants = granted(body)
    scopes = sorted(set(body.permissions))
    async with ctx.database.transaction() as db:
        await check_grants(db, body.camera_ids, body.group_ids)
        try:
            key = await keys.create_key(
                db, body.name, permissions=scopes, created_by=who.name, **grants
            )
        except keys.NameTaken as error:
            raise Problem(HTTPStatus.CONFLICT, str(error)) from None
        row = await keys.read_key(db, key)
        shown = _view(row)
        await audit(
            ctx,
            request,
            "key.created",
            subject=shown.prefix,
            db=db,
            name=body.name,
            permissions=scopes,
            **grants,
        )
    log.info("key.created", prefix=shown.prefix, by=who.name)
    response.headers["Location"] = f"/api/v1/api-keys/{shown.prefix}"
    return KeyCreated(key=key, **shown.model_dump())


@router.delete("/{prefix}", status_code=HTTPStatus.NO_CONTENT)
async def revoke_key(
    prefix: Annotated[str, Path(pattern=r"^evf_[A-Za-z0-9_-]{6}$")], ctx: Ctx, request: Request
) -> None:
    """End a key at once."""
    async with ctx.database.transaction() as db:
        if not await keys.revoke_key(db, prefix):
            raise not_found(f"there is no valid key {prefix}")
        await audit(ctx, request, "key.revoked", subject=prefix, db=db)
    ctx.principals.forget(prefix)
    log.info("key.revoked", prefix=prefix)


def _view(row: "asyncpg.Record") -> KeyView:
    return KeyView(
        prefix=row["prefix"],
        name=row["name"],
        permissions=[each for each in Permission if each.value in row["permissions"]],
        all_cameras=row["all_cameras"],
        camera_ids=row["camera_ids"],
        group_ids=row["group_ids"],
        created_at=row["created_at"],
        created_by=row["created_by"],
        last_used_at=row["last_used_at"],
    )
