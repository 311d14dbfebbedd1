"""Camera health as callers see it: from the bus, or from the newest event where it is silent."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from libs.contracts.health import CameraHealth
from services.api.context import Context
from services.api.registry import Camera
from services.api.schemas import HealthView

if TYPE_CHECKING:
    import asyncpg

    from services.api.database import Connection

HealthViews = Mapping[str, HealthView]
"""By camera id."""

# The newest health event of each of these cameras.
SELECT_HEALTH = "select * from camera_health where camera_id = any($1::text[])"

_UNKNOWN = HealthView()


async def health_of(ctx: Context, db: "Connection", cameras: Sequence[Camera]) -> HealthViews:
    """Return the health of each camera; deleted ones are not watched, so theirs is unknown."""
    found: dict[str, HealthView] = {camera.config.camera_id: _UNKNOWN for camera in cameras}
    silent = []
    for camera in cameras:
        camera_id = camera.config.camera_id
        if camera.deleted_at is not None:
            continue
        live = ctx.health.health(camera.config.key)
        if live is None:
            silent.append(camera_id)
        else:
            found[camera_id] = live_view(live)
    if silent:
        rows = await db.fetch(SELECT_HEALTH, silent)
        found |= {row["camera_id"]: _reported(row) for row in rows}
    return found


def live_view(health: CameraHealth) -> HealthView:
    """Return what discovery said last."""
    return HealthView(**health.model_dump(include=set(HealthView.model_fields)))


def _reported(row: "asyncpg.Record") -> HealthView:
    names = HealthView.model_fields.keys() & row.keys()
    return HealthView.model_validate({name: row[name] for name in names})
