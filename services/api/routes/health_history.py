"""When a camera went and came."""

from datetime import datetime, timedelta
from typing import Annotated, Literal, Self

from fastapi import APIRouter, Query
from pydantic import Field, model_validator

from libs.contracts.ids import CameraId
from services.api import registry
from services.api.access import Permission
from services.api.context import Ctx
from services.api.health_history import KEPT_DAYS, KINDS, Range, read_changes
from services.api.rights import needs, no_camera
from services.api.schemas import ApiTime, Model
from services.api.schemas_system import MAX_CHANGES, HealthChangeView

router = APIRouter(tags=["status"], dependencies=[needs(Permission.CAMERAS_READ)])


class HistoryQuery(Model):
    """Which changes."""

    start: ApiTime | None = Field(default=None, alias="from", examples=["2026-11-20T00:00:00Z"])
    """Inclusive; left out: as far back as changes are kept (400 days)."""
    end: ApiTime | None = Field(default=None, alias="to", examples=["2026-11-21T00:00:00Z"])
    """Exclusive; left out: no end."""
    kind: Literal["health", "recording"] | None = None
    """Left out: both."""
    limit: int = Field(default=1000, ge=1, le=MAX_CHANGES)
    """Where there are more, the newest are told."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.start is not None and self.end is not None and self.end <= self.start:
            raise ValueError("`to` must come after `from`")
        return self

    def range_of(self, camera_id: str, now: datetime) -> Range:
        """Return what is asked for."""
        start = self.start or now - timedelta(days=KEPT_DAYS)
        # An end before the default start asks for what is not kept any more: an empty answer.
        end = self.end or max(start, now) + timedelta(days=1)
        return Range(camera_id, start, end, KINDS if self.kind is None else (self.kind,))


@router.get("/cameras/{camera_id}/health-history")
async def health_history(
    camera_id: CameraId, query: Annotated[HistoryQuery, Query()], ctx: Ctx
) -> list[HealthChangeView]:
    """List when a camera's health, or what its recorder does, became another; oldest first.

    Before the changes of the range comes what held when it began, of each kind, unless there are
    more changes than `limit`.
    """
    async with ctx.database.connection() as db:
        if await registry.read_camera(db, camera_id) is None:
            raise no_camera(camera_id)
        return await read_changes(db, query.range_of(camera_id, ctx.now()), limit=query.limit)
