"""Stored footage: the files that devices hold on their own disks and cards."""

from collections.abc import Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Query, Request

from libs.contracts.asks import SyncFootage
from libs.contracts.ids import CameraId
from libs.web.problems import Problem
from services.api.access import Permission
from services.api.asking import refused
from services.api.audit import audit
from services.api.catalog import Scope
from services.api.context import Context, Ctx
from services.api.grants import narrowed
from services.api.rights import Who, needs
from services.api.routes.cameras import OPERATE, active_camera
from services.api.routes.recordings import check_cameras, next_cursor
from services.api.schemas import Page
from services.api.schemas_devices import StartedView, StoredFootageView
from services.api.schemas_queries import AllFootageQuery, FootageQuery
from services.api.stored_footage import list_footage

if TYPE_CHECKING:
    import asyncpg

router = APIRouter(tags=["stored footage"])

FOOTAGE = [needs(Permission.FOOTAGE_READ)]


@router.get("/stored-footage", dependencies=FOOTAGE)
async def all_stored_footage(
    query: Annotated[AllFootageQuery, Query()], ctx: Ctx, who: Who
) -> Page[StoredFootageView]:
    """List the files that devices hold of all or some cameras, and what of them is recorded."""
    return await _footage(ctx, query, narrowed(who, query.camera), named=query.camera)


@router.get("/cameras/{camera_id}/stored-footage", dependencies=FOOTAGE)
async def camera_stored_footage(
    camera_id: CameraId, query: Annotated[FootageQuery, Query()], ctx: Ctx
) -> Page[StoredFootageView]:
    """List the files that a camera's device holds of it, and what of them is recorded."""
    return await _footage(ctx, query, (camera_id,), named=(camera_id,))


@router.post(
    "/cameras/{camera_id}/stored-footage/sync",
    status_code=HTTPStatus.ACCEPTED,
    dependencies=OPERATE,
)
async def sync_camera(camera_id: CameraId, ctx: Ctx, request: Request) -> StartedView:
    """List the footage that the camera's device holds of it, now."""
    async with ctx.database.connection() as db:
        camera = await active_camera(db, camera_id)
    device_id = camera.config.device_id
    if device_id is None:
        raise Problem(
            HTTPStatus.CONFLICT,
            f"camera {camera_id} is known by its RTSP address only, and such a camera's own "
            "footage cannot be listed; add its device",
        )
    async with ctx.database.transaction() as db:
        await audit(ctx, request, "device.footage_listed", camera_id, device_id, db=db)
        answer = await ctx.bus.ask(SyncFootage(device_id=device_id, camera_id=camera_id))
        if answer.failure is not None:
            raise refused(answer.failure)
    return StartedView(path=f"/api/v1/cameras/{camera_id}/stored-footage")


async def _footage(
    ctx: Context, query: FootageQuery, cameras: tuple[str, ...] | None, *, named: Iterable[str]
) -> Page[StoredFootageView]:
    scope = Scope(cameras, query.stream, query.start, query.end)
    async with ctx.database.connection() as db:
        await check_cameras(db, named)
        rows = await list_footage(
            db, scope, state=query.state, after=query.position, limit=query.limit + 1
        )
    items = [_view(row) for row in rows[: query.limit]]
    return Page(items=items, next_cursor=next_cursor(rows, query.limit, "footage_id"))


def _view(row: "asyncpg.Record") -> StoredFootageView:
    names = StoredFootageView.model_fields.keys() & row.keys()
    fields = {name: row[name] for name in names}
    seconds = {name: round(row[name], 3) for name in ("seconds", "recorded_seconds")}
    return StoredFootageView.model_validate({**fields, **seconds})
