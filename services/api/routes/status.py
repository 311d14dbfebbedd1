"""Live status: what each camera's recorder says now."""

from typing import Annotated

from fastapi import APIRouter, Query

from libs.contracts.cameras import CameraConfig, CameraState
from libs.contracts.ids import CameraId
from services.api import registry
from services.api.access import Permission
from services.api.context import Context, Ctx
from services.api.health_views import HealthViews, health_of, live_view
from services.api.registry import Camera
from services.api.rights import Who, needs, no_camera
from services.api.schemas import HealthView, StatusView
from services.api.schemas_queries import HealthQuery

router = APIRouter(tags=["status"], dependencies=[needs(Permission.CAMERAS_READ)])


@router.get("/status")
async def all_statuses(
    ctx: Ctx, who: Who, query: Annotated[HealthQuery, Query()]
) -> list[StatusView]:
    """Show every camera's status at once, or of those of one health."""
    async with ctx.database.connection() as db:
        cameras = await registry.read_cameras(db, only=who.cameras)
        health = await health_of(ctx, db, cameras)
    found = [status_view(ctx, camera, health) for camera in cameras]
    return [each for each in found if query.health in {None, each.health.state}]


@router.get("/cameras/{camera_id}/status")
async def camera_status(camera_id: CameraId, ctx: Ctx) -> StatusView:
    """Show one camera's status."""
    async with ctx.database.connection() as db:
        camera = await registry.read_camera(db, camera_id)
        if camera is None:
            raise no_camera(camera_id)
        health = await health_of(ctx, db, [camera])
    return status_view(ctx, camera, health)


def status_view(ctx: Context, camera: Camera, health: HealthViews) -> StatusView:
    """Return the last word about a camera, or that there is none."""
    return status_of(ctx, camera.config, health[camera.config.camera_id])


def status_of(ctx: Context, config: CameraConfig, health: HealthView) -> StatusView:
    """Return the same by its configuration, without asking the database."""
    sighting = ctx.board.sighting(config.key, ctx.now())
    progress = sighting.progress
    fresh = progress if sighting.is_fresh else None
    state: CameraState | str = fresh.state if fresh else "unknown"
    detail = fresh.detail if fresh else _why_unknown(ctx)
    if fresh is None and not config.is_recording_wanted:
        state, detail = CameraState.STOPPED, "recording is switched off"
    return StatusView.model_validate(
        {
            "camera_id": config.camera_id,
            "name": config.name,
            "record": config.is_recording_wanted,
            "state": state,
            "since": fresh.state_since if fresh else None,
            "detail": detail,
            "recorder": sighting.owner or (fresh.recorder if fresh else None),
            "seen_at": progress.seen_at if progress else None,
            "accounted_until": progress.accounted_until if progress else None,
            "open_gap": fresh.open_gap if fresh else None,
            "last_recording_at": progress.last_recording_at if progress else None,
            "pending_uploads": progress.pending_uploads if progress else 0,
            "bitrate_bps": fresh.bitrate_bps if fresh else 0,
            "codec": progress.codec if progress else "",
            "resolution": progress.resolution if progress else "",
            "health": health,
            "transport": progress.transport if progress else "",
        }
    )


def live_status(ctx: Context, config: CameraConfig) -> StatusView:
    """Return the same with the health that is known from the bus."""
    health = ctx.health.health(config.key)
    return status_of(ctx, config, HealthView() if health is None else live_view(health))


def _why_unknown(ctx: Context) -> str:
    if not ctx.bus.is_up:
        return "the bus is away, so the recorders cannot be heard; they go on recording"
    return "no recorder: none reports on this camera; check that a recorder is running"
