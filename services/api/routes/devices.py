"""Devices: add with their cameras, change, delete, and what an operator asks of them."""

from http import HTTPStatus
from typing import TYPE_CHECKING

import structlog
from fastapi import APIRouter, Request, Response

from libs.contracts.asks import RetryLogin, SyncFootage
from libs.contracts.devices import DeviceId
from libs.web.problems import FieldProblem, Problem
from services.api import device_registry, registry
from services.api.access import Permission, Principal
from services.api.asking import refused
from services.api.audit import audit
from services.api.camera_setup import sealed
from services.api.context import Context, Ctx
from services.api.device_setup import (
    AlreadyAdded,
    add_device,
    audit_added,
    changed_camera,
    changed_device,
    checked_host,
)
from services.api.device_views import device_views
from services.api.known_devices import active_device, existing_device, no_device, twin_of
from services.api.rights import Who, needs
from services.api.routes.cameras import OPERATE, PUBLISH_WAIT_SECONDS
from services.api.schemas_devices import (
    DeviceCreate,
    DeviceDeleted,
    DevicePatch,
    DeviceView,
    StartedView,
)

if TYPE_CHECKING:
    from services.api.database import Connection

log = structlog.get_logger()
router = APIRouter(prefix="/devices", tags=["devices"])

DEVICES = [needs(Permission.CAMERAS_WRITE, all_cameras=True)]
"""A device stands for all its cameras."""


@router.post("", status_code=HTTPStatus.CREATED, dependencies=DEVICES)
async def create_device(
    body: DeviceCreate, ctx: Ctx, request: Request, response: Response
) -> DeviceView:
    """Add a camera or recorder with its cameras: all of it, or nothing. 409 if it is there."""
    fields = body.model_dump(exclude={"host", "credentials", "cameras"})
    fields |= {"host": checked_host(ctx, body.host), "credentials": sealed(ctx, body.credentials)}
    async with ctx.database.transaction() as db:
        added = await add_device(ctx, db, fields, body.cameras)
        await audit_added(ctx, request, db, added)
    device_id = added.device.device_id
    log.info("device.added", device_id=device_id, cameras=len(added.cameras))
    response.headers["Location"] = f"/api/v1/devices/{device_id}"
    return await _published_view(ctx, device_id)


@router.get("", dependencies=DEVICES)
async def list_devices(ctx: Ctx, *, with_deleted: bool = False) -> list[DeviceView]:
    """List the devices by id, with what is known of them now."""
    async with ctx.database.connection() as db:
        devices = await device_registry.read_devices(db, with_deleted=with_deleted)
        return await device_views(ctx, db, devices)


@router.get("/{device_id}", dependencies=DEVICES)
async def get_device(device_id: DeviceId, ctx: Ctx) -> DeviceView:
    """Show one device: its settings, what it told, its login, its cameras."""
    return await _shown(ctx, device_id)


@router.patch("/{device_id}", dependencies=DEVICES)
async def change_device(
    device_id: DeviceId, body: DevicePatch, ctx: Ctx, request: Request
) -> DeviceView:
    """Change what is named. Another host or login is taken over by the device's cameras too.

    Another host needs the login again, or `null`, so that it is not sent to a stranger.
    """
    async with ctx.database.transaction() as db:
        await registry.lock_registry(db)
        old = (await active_device(db, device_id)).config
        new = changed_device(ctx, old, body)
        twin = twin_of(new, await device_registry.read_devices(db))
        if twin is not None:
            raise AlreadyAdded(twin)
        if new != old:
            await device_registry.update_device(db, new)
            fields = sorted(body.model_fields_set)
            await audit(ctx, request, "device.changed", subject=device_id, db=db, fields=fields)
        for camera in await registry.read_cameras_of(db, device_id):
            changed = changed_camera(camera.config, old, new)
            if changed != camera.config:
                await registry.update_camera(db, changed)
                ctx.known_cameras.forget(changed.camera_id)
    log.info("device.changed", device_id=device_id, fields=sorted(body.model_fields_set))
    return await _published_view(ctx, device_id)


@router.delete("/{device_id}", dependencies=DEVICES)
async def delete_device(
    device_id: DeviceId, ctx: Ctx, request: Request, *, with_cameras: bool = False
) -> DeviceDeleted:
    """Forget a device and its login. Its cameras go with it only where `with_cameras` says so.

    The footage of the cameras stays, and their ids and the device's are not reused.
    """
    async with ctx.database.transaction() as db:
        await registry.lock_registry(db)
        device = await existing_device(db, device_id)
        deleted: list[str] = []
        if device.deleted_at is None:
            deleted = await _delete_cameras(ctx, db, device_id, is_allowed=with_cameras)
            await device_registry.delete_device(db, device_id, ctx.now())
            await audit(ctx, request, "device.deleted", subject=device_id, db=db, cameras=deleted)
            for camera_id in deleted:
                await audit(ctx, request, "camera.deleted", camera_id, device_id, db=db)
            log.info("device.deleted", device_id=device_id, cameras=len(deleted))
    return DeviceDeleted(device=await _published_view(ctx, device_id), cameras=deleted)


@router.post("/{device_id}/sync", status_code=HTTPStatus.ACCEPTED, dependencies=OPERATE)
async def sync_device(device_id: DeviceId, ctx: Ctx, who: Who, request: Request) -> StartedView:
    """List the footage that the device holds of all its cameras, now."""
    await _check_active(ctx, who, device_id)
    async with ctx.database.transaction() as db:
        await audit(ctx, request, "device.footage_listed", subject=device_id, db=db)
        answer = await ctx.bus.ask(SyncFootage(device_id=device_id))
        if answer.failure is not None:
            raise refused(answer.failure)
    return StartedView(path=f"/api/v1/devices/{device_id}")


@router.post("/{device_id}/retry-login", status_code=HTTPStatus.ACCEPTED, dependencies=OPERATE)
async def retry_login(device_id: DeviceId, ctx: Ctx, who: Who, request: Request) -> StartedView:
    """Let the login be tried again: it was rejected, and is good now."""
    await _check_active(ctx, who, device_id)
    async with ctx.database.transaction() as db:
        await audit(ctx, request, "device.login_retried", subject=device_id, db=db)
        answer = await ctx.bus.ask(RetryLogin(device_id=device_id))
        if answer.failure is not None:
            raise refused(answer.failure)
    log.info("device.login_retried", device_id=device_id)
    return StartedView(path=f"/api/v1/devices/{device_id}")


async def _check_active(ctx: Context, who: Principal, device_id: str) -> None:
    """Raise 404 also where none of the device's cameras may be seen."""
    async with ctx.database.connection() as db:
        if who.cameras is not None:
            cameras = await registry.read_cameras_of(db, device_id)
            if not who.visible(camera.config.camera_id for camera in cameras):
                raise no_device(device_id)
        await active_device(db, device_id)


async def _delete_cameras(
    ctx: Context, db: "Connection", device_id: str, *, is_allowed: bool
) -> list[str]:
    cameras = [c.config.camera_id for c in await registry.read_cameras_of(db, device_id)]
    if cameras and not is_allowed:
        raise Problem(
            HTTPStatus.CONFLICT,
            f"device {device_id} has cameras: {', '.join(cameras)}; delete them first, or send "
            "with_cameras=true",
            errors=[FieldProblem(field=each, problem="is a camera of it") for each in cameras],
        )
    for camera_id in cameras:
        await registry.delete_camera(db, camera_id, ctx.now())
        ctx.known_cameras.forget(camera_id)
    return cameras


async def _published_view(ctx: Context, device_id: str) -> DeviceView:
    await ctx.desired.publish_soon(PUBLISH_WAIT_SECONDS)
    return await _shown(ctx, device_id)


async def _shown(ctx: Context, device_id: str) -> DeviceView:
    async with ctx.database.connection() as db:
        (shown,) = await device_views(ctx, db, [await existing_device(db, device_id)])
    return shown
