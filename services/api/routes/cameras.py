"""Cameras: add, change, delete, switch recording on and off."""

from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated

import structlog
from fastapi import APIRouter, Query, Request, Response

from libs.contracts.cameras import CameraConfig
from libs.contracts.ids import CameraId, camera_id_from_name
from libs.web.problems import Problem, invalid
from services.api import registry
from services.api.access import Permission, Principal
from services.api.audit import audit
from services.api.camera_setup import camera_by_url, camera_changes
from services.api.context import Context, Ctx
from services.api.device_cameras import camera_of_device
from services.api.health_views import HealthViews, health_of
from services.api.known_devices import active_device, newest_details
from services.api.registry import Camera
from services.api.rights import Who, needs, no_camera, signed_in
from services.api.schemas import CameraCreate, CameraDeleted, CameraPatch, CameraView
from services.api.schemas_queries import CamerasListQuery

if TYPE_CHECKING:
    from services.api.database import Connection

log = structlog.get_logger()
router = APIRouter(prefix="/cameras", tags=["cameras"])

READ = [needs(Permission.CAMERAS_READ)]
OPERATE = [needs(Permission.CAMERAS_OPERATE)]
WRITE = [needs(Permission.CAMERAS_WRITE)]
ADD = [needs(Permission.CAMERAS_WRITE, all_cameras=True)]
"""A new camera is none of those that somebody was granted."""

PUBLISH_WAIT_SECONDS = 1.0
"""How long an answer waits for the change to reach the bus; it gets there later otherwise."""


@router.post("", status_code=HTTPStatus.CREATED, dependencies=ADD)
async def add_camera(
    body: CameraCreate, ctx: Ctx, request: Request, response: Response
) -> CameraView:
    """Add a camera and, unless `record` is false, start recording it."""
    async with ctx.database.transaction() as db:
        await registry.lock_registry(db)
        camera_id = camera_id_from_name(body.name, taken=await registry.taken_ids(db))
        if body.device_id is None:
            config = camera_by_url(ctx, body, camera_id)
        else:
            config = await _camera_of_device(ctx, db, body, camera_id)
        await registry.insert_camera(db, config)
        await audit(ctx, request, "camera.added", camera_id, db=db, name=body.name)
    log.info("camera.added", camera_id=camera_id, record=body.record)
    response.headers["Location"] = f"/api/v1/cameras/{camera_id}"
    return await _published_view(ctx, request, camera_id)


@router.get("", dependencies=READ)
async def list_cameras(
    ctx: Ctx, who: Who, query: Annotated[CamerasListQuery, Query()]
) -> list[CameraView]:
    """List the cameras by id, all or those of one health."""
    async with ctx.database.connection() as db:
        cameras = await registry.read_cameras(db, with_deleted=query.with_deleted, only=who.cameras)
        health = await health_of(ctx, db, cameras)
    found = [view(camera, health, who) for camera in cameras]
    return [each for each in found if query.health in {None, each.health.state}]


@router.get("/{camera_id}", dependencies=READ)
async def get_camera(camera_id: CameraId, ctx: Ctx, who: Who) -> CameraView:
    """Show one camera, also a deleted one."""
    async with ctx.database.connection() as db:
        camera = await _existing(db, camera_id)
        return view(camera, await health_of(ctx, db, [camera]), who)


@router.patch("/{camera_id}", dependencies=WRITE)
async def change_camera(
    camera_id: CameraId, body: CameraPatch, ctx: Ctx, who: Who, request: Request
) -> CameraView:
    """Change what is named; the recorders take it over within seconds.

    Another address is for those who see all cameras: it may be that of any camera.
    """
    if who.cameras is not None and (body.url is not None or body.sub_url is not None):
        raise Problem(
            HTTPStatus.FORBIDDEN,
            f"{who.name} may see some cameras only, and another address may be any camera's",
        )
    async with ctx.database.transaction() as db:
        await registry.lock_registry(db)
        camera = await active_camera(db, camera_id)
        changed = camera.config.model_copy(update=camera_changes(ctx, camera.config, body))
        if changed != camera.config:
            await registry.update_camera(db, changed)
            fields = sorted(body.model_fields_set)
            await audit(ctx, request, "camera.changed", camera_id, db=db, fields=fields)
    log.info("camera.changed", camera_id=camera_id, fields=sorted(body.model_fields_set))
    return await _published_view(ctx, request, camera_id)


@router.delete("/{camera_id}", dependencies=WRITE)
async def delete_camera(camera_id: CameraId, ctx: Ctx, request: Request) -> CameraDeleted:
    """Stop recording a camera and forget its login. Its footage stays; its id is not reused."""
    async with ctx.database.transaction() as db:
        await registry.lock_registry(db)
        camera = await _existing(db, camera_id)
        if camera.deleted_at is None:
            await registry.delete_camera(db, camera_id, ctx.now())
            name = camera.config.name
            await audit(ctx, request, "camera.deleted", camera_id, db=db, name=name)
            log.info("camera.deleted", camera_id=camera_id)
    return CameraDeleted(
        camera=await _published_view(ctx, request, camera_id),
        detail="recording has been stopped; the footage stays in the catalog and playable",
    )


@router.post("/{camera_id}/recording/start", dependencies=OPERATE)
async def start_recording(camera_id: CameraId, ctx: Ctx, request: Request) -> CameraView:
    """Switch recording on; nothing happens when it is on."""
    return await _switch(ctx, request, camera_id, is_wanted=True)


@router.post("/{camera_id}/recording/stop", dependencies=OPERATE)
async def stop_recording(camera_id: CameraId, ctx: Ctx, request: Request) -> CameraView:
    """Switch recording off; nothing happens when it is off."""
    return await _switch(ctx, request, camera_id, is_wanted=False)


async def _camera_of_device(
    ctx: Context, db: "Connection", body: CameraCreate, camera_id: str
) -> CameraConfig:
    assert body.device_id is not None
    device = await active_device(db, body.device_id)
    cameras = await registry.read_cameras_of(db, body.device_id)
    owner = next((c.config for c in cameras if c.config.channel == body.channel), None)
    if owner is not None:
        raise invalid("channel", f"it is camera {owner.camera_id} already")
    details = newest_details(ctx, device.config)
    return camera_of_device(ctx, device.config, body, camera_id=camera_id, details=details)


async def _switch(ctx: Context, request: Request, camera_id: str, *, is_wanted: bool) -> CameraView:
    async with ctx.database.transaction() as db:
        await registry.lock_registry(db)
        await active_camera(db, camera_id)
        changed = await registry.set_wanted(db, camera_id, is_wanted=is_wanted, now=ctx.now())
        if changed:
            action = "camera.recording_on" if is_wanted else "camera.recording_off"
            await audit(ctx, request, action, camera_id, db=db)
    if changed:
        log.info("camera.recording_switched", camera_id=camera_id, is_wanted=is_wanted)
    return await _published_view(ctx, request, camera_id)


async def _published_view(ctx: Context, request: Request, camera_id: str) -> CameraView:
    ctx.known_cameras.forget(camera_id)
    await ctx.desired.publish_soon(PUBLISH_WAIT_SECONDS)
    async with ctx.database.connection() as db:
        camera = await _existing(db, camera_id)
        return view(camera, await health_of(ctx, db, [camera]), signed_in(request))


async def _existing(db: "Connection", camera_id: str) -> Camera:
    camera = await registry.read_camera(db, camera_id)
    if camera is None:
        raise no_camera(camera_id)
    return camera


async def active_camera(db: "Connection", camera_id: str) -> Camera:
    """Return a camera; raises 404 where there is none and 409 where it was deleted."""
    camera = await _existing(db, camera_id)
    if camera.deleted_at is not None:
        raise Problem(HTTPStatus.CONFLICT, f"camera {camera_id} has been deleted; add it anew")
    return camera


def view(camera: Camera, health: HealthViews, who: Principal) -> CameraView:
    """Return what a caller may see of a camera."""
    config = camera.config
    # some cameras take their login in the path or query, which nobody can tell from the rest
    may_know_address = who.may(Permission.CAMERAS_WRITE)
    newest = config.wanted[-1] if config.wanted else None
    return CameraView(
        camera_id=config.camera_id,
        name=config.name,
        url=config.url if may_know_address else None,
        sub_url=config.sub_url if may_know_address else None,
        has_sub_stream=config.sub_url is not None,
        has_credentials=config.credentials is not None,
        transport=config.transport,
        verify_tls=config.verify_tls,
        recording_seconds=config.recording_seconds,
        part_seconds=config.part_seconds,
        audio=config.audio,
        record=config.is_recording_wanted,
        recording_since=newest.started_at if newest and newest.ended_at is None else None,
        footage_check_seconds=config.footage_check_seconds,
        device_id=config.device_id,
        channel=config.channel,
        health=health[config.camera_id],
        version=config.version,
        published=camera.is_published,
        created_at=camera.created_at,
        deleted_at=camera.deleted_at,
    )
