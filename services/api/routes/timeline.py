"""The timeline and the calendar of footage."""

from collections.abc import Mapping, Sequence
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Query

from libs.contracts.cameras import camera_key
from services.api import timeline as spans
from services.api.access import Permission, Principal
from services.api.context import Context, Ctx
from services.api.days import local_days
from services.api.pending import pending_since
from services.api.rights import Who, needs, no_camera
from services.api.schemas_timeline import (
    CalendarDay,
    CalendarQuery,
    TimelineGap,
    TimelineQuery,
    TimelineView,
)

if TYPE_CHECKING:
    from services.api.database import Connection

router = APIRouter(tags=["catalog"], dependencies=[needs(Permission.FOOTAGE_READ)])


@router.get("/timeline")
async def timeline(
    query: Annotated[TimelineQuery, Query()], who: Who, ctx: Ctx
) -> list[TimelineView]:
    """Show what is recorded, missing, or held by the device only, of up to 16 cameras."""
    now = ctx.now()
    step = timedelta(seconds=query.resolution_seconds)
    window = spans.Window(query.stream, query.start, query.end, step)
    async with ctx.database.connection() as db:
        pending = await _pending(ctx, db, query, await _sites(db, who, query.cameras))
        tracks = await spans.timeline(db, pending, window, now)
    return [_view(camera, track, pending[camera], query, now) for camera, track in tracks.items()]


@router.get("/calendar")
async def calendar(
    query: Annotated[CalendarQuery, Query()], who: Who, ctx: Ctx
) -> list[CalendarDay]:
    """Show for each day of a time zone how much of it has footage of any of up to 16 cameras."""
    start = datetime.combine(query.first, time(), tzinfo=query.zone)
    end = datetime.combine(query.last + timedelta(days=1), time(), tzinfo=query.zone)
    async with ctx.database.connection() as db:
        await _sites(db, who, query.cameras)
        days = local_days(start, end, query.zone)
        rows = await spans.calendar(db, query.cameras, query.stream, days)
    return [CalendarDay(day=row["day"], recorded_seconds=round(row["seconds"], 3)) for row in rows]


async def _sites(db: "Connection", who: Principal, cameras: Sequence[str]) -> dict[str, str | None]:
    """Return the cameras' sites; 404 for one that does not exist or may not be seen."""
    known = await spans.known_cameras(db, who.visible(cameras))
    for camera_id in cameras:
        if camera_id not in known:
            raise no_camera(camera_id)
    return known


async def _pending(
    ctx: Context, db: "Connection", query: TimelineQuery, sites: Mapping[str, str | None]
) -> dict[str, datetime | None]:
    """Return per camera from when on its recorder has footage that is not in the catalog yet."""
    pending: dict[str, datetime | None] = dict.fromkeys(query.cameras)
    if query.stream == "main":  # the one that recorders speak of
        keys = {name: camera_key(site, name) for name, site in sites.items() if site is not None}
        pending |= await pending_since(db, ctx.board, keys, ctx.now())
    return pending


def _view(
    camera_id: str,
    track: spans.Track,
    pending_since: datetime | None,
    query: TimelineQuery,
    now: datetime,
) -> TimelineView:
    waits_from = None if pending_since is None else max(pending_since, query.start)
    is_shown = waits_from is not None and waits_from < min(query.end, now)
    return TimelineView(
        camera_id=camera_id,
        recorded=[(start, end) for start, end in track.recorded],
        gaps=[
            TimelineGap(start_ms=g.start_ms, end_ms=g.end_ms, reason=g.reason, detail=g.detail)
            for g in track.gaps
        ],
        stored=[(start, end) for start, end in track.stored],
        pending_from_ms=_unix_ms(waits_from) if is_shown and waits_from else None,
    )


def _unix_ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
