"""Recordings, gaps, coverage and storage: reading the catalog."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Query

from libs.contracts.ids import CameraId
from libs.web.problems import invalid
from services.api import catalog, registry
from services.api.access import Permission
from services.api.catalog import Position, Scope
from services.api.context import Context, Ctx
from services.api.coverage import coverage_by_day
from services.api.days import local_days
from services.api.grants import narrowed
from services.api.pending import pending_since
from services.api.recording_ids import is_recording_id
from services.api.rights import Who, needs, no_camera, no_recording
from services.api.schemas import (
    CoverageDay,
    CoverageView,
    GapView,
    MissingSpan,
    Page,
    RecordingView,
    StorageView,
)
from services.api.schemas_queries import (
    AllGapsQuery,
    AllRecordingsQuery,
    CoverageQuery,
    GapsQuery,
    PageQuery,
    RecordingsQuery,
    encode_cursor,
)

if TYPE_CHECKING:
    import asyncpg

    from services.api.database import Connection

router = APIRouter(tags=["catalog"])

FOOTAGE = [needs(Permission.FOOTAGE_READ)]

MAX_COVERAGE_DAYS = 93


@router.get("/recordings", dependencies=FOOTAGE)
async def all_recordings(
    query: Annotated[AllRecordingsQuery, Query()], ctx: Ctx, who: Who
) -> Page[RecordingView]:
    """List recordings of all or some cameras that touch a stretch of time."""
    cameras = narrowed(who, query.camera)
    return await _recordings(ctx, query, cameras, named=query.camera)


@router.get("/cameras/{camera_id}/recordings", dependencies=FOOTAGE)
async def camera_recordings(
    camera_id: CameraId, query: Annotated[RecordingsQuery, Query()], ctx: Ctx
) -> Page[RecordingView]:
    """List a camera's recordings that touch a stretch of time."""
    return await _recordings(ctx, query, (camera_id,), named=(camera_id,))


@router.get("/recordings/{recording_id}", dependencies=FOOTAGE)
async def one_recording(recording_id: str, ctx: Ctx) -> RecordingView:
    """Show one recording."""
    return recording_view(await existing_recording(ctx, recording_id))


@router.get("/gaps", dependencies=FOOTAGE)
async def all_gaps(query: Annotated[AllGapsQuery, Query()], ctx: Ctx, who: Who) -> Page[GapView]:
    """List gaps of all or some cameras that touch a stretch of time."""
    return await _gaps(ctx, query, narrowed(who, query.camera), named=query.camera)


@router.get("/cameras/{camera_id}/gaps", dependencies=FOOTAGE)
async def camera_gaps(
    camera_id: CameraId, query: Annotated[GapsQuery, Query()], ctx: Ctx
) -> Page[GapView]:
    """List a camera's gaps that touch a stretch of time."""
    return await _gaps(ctx, query, (camera_id,), named=(camera_id,))


@router.get("/coverage", dependencies=FOOTAGE)
async def all_coverage(
    query: Annotated[CoverageQuery, Query()], ctx: Ctx, who: Who
) -> list[CoverageView]:
    """Show day by day how completely every camera was recorded."""
    _check_days(query)
    async with ctx.database.connection() as db:
        cameras = await registry.read_cameras(db, only=who.cameras)
        keys = {camera.config.camera_id: camera.config.key for camera in cameras}
        return await _coverage(ctx, db, query, keys)


@router.get("/cameras/{camera_id}/coverage", dependencies=FOOTAGE)
async def camera_coverage(
    camera_id: CameraId, query: Annotated[CoverageQuery, Query()], ctx: Ctx
) -> CoverageView:
    """Show day by day how completely a camera was recorded; future time does not count."""
    _check_days(query)
    async with ctx.database.connection() as db:
        camera = await registry.read_camera(db, camera_id)
        if camera is None:
            raise no_camera(camera_id)
        views = await _coverage(ctx, db, query, {camera_id: camera.config.key})
    return views[0]


@router.get("/storage", dependencies=[needs(Permission.SYSTEM_READ)])
async def storage(ctx: Ctx, who: Who) -> StorageView:
    """Show what each camera's footage occupies, by the catalog."""
    async with ctx.database.connection() as db:
        cameras = [dict(row) for row in await catalog.storage(db, narrowed(who, ()))]
    totals = {key: sum(row[key] for row in cameras) for key in ("objects", "bytes", "seconds")}
    return StorageView.model_validate({**totals, "cameras": cameras})


async def existing_recording(ctx: Context, recording_id: str) -> "asyncpg.Record":
    """Return a recording's row or raise 404."""
    row = None
    if is_recording_id(recording_id):
        async with ctx.database.connection() as db:
            row = await catalog.find_recording(db, recording_id)
    if row is None:
        raise no_recording()
    return row


async def check_camera(db: "Connection", camera_id: str) -> None:
    """Raise 404 for a camera that nobody ever heard of."""
    if not await catalog.knows_camera(db, camera_id):
        raise no_camera(camera_id)


async def check_cameras(db: "Connection", camera_ids: Iterable[str]) -> None:
    """Raise 404 for the first camera that nobody ever heard of."""
    for camera_id in camera_ids:
        await check_camera(db, camera_id)


async def _recordings(
    ctx: Context,
    query: RecordingsQuery,
    cameras: tuple[str, ...] | None,
    *,
    named: Iterable[str],
) -> Page[RecordingView]:
    async with ctx.database.connection() as db:
        await check_cameras(db, named)
        rows = await catalog.list_recordings(
            db,
            _scope(query, cameras),
            after=query.position,
            newest_first=query.order == "desc",
            limit=query.limit + 1,
        )
    items = [recording_view(row) for row in rows[: query.limit]]
    return Page(items=items, next_cursor=next_cursor(rows, query.limit, "recording_id"))


async def _gaps(
    ctx: Context, query: GapsQuery, cameras: tuple[str, ...] | None, *, named: Iterable[str]
) -> Page[GapView]:
    async with ctx.database.connection() as db:
        await check_cameras(db, named)
        rows = await catalog.list_gaps(
            db,
            _scope(query, cameras),
            now=ctx.now(),
            state=query.state,
            after=query.position,
            limit=query.limit + 1,
        )
    items = [gap_view(row) for row in rows[: query.limit]]
    return Page(items=items, next_cursor=next_cursor(rows, query.limit, "gap_id"))


def _scope(query: PageQuery, cameras: tuple[str, ...] | None) -> Scope:
    return Scope(cameras, query.stream, query.start, query.end)


def next_cursor(rows: Sequence["asyncpg.Record"], limit: int, id_column: str) -> str | None:
    """Return the cursor behind a page; None where `rows` has no more than `limit`."""
    if len(rows) <= limit:
        return None
    last = rows[limit - 1]
    return encode_cursor(Position(last["started_at"], last[id_column]))


def _check_days(query: CoverageQuery) -> None:
    if query.end - query.start > timedelta(days=MAX_COVERAGE_DAYS):
        raise invalid("query to", f"the range may be at most {MAX_COVERAGE_DAYS} days")


async def _coverage(
    ctx: Context, db: "Connection", query: CoverageQuery, keys: dict[str, str]
) -> list[CoverageView]:
    now = ctx.now()
    days = local_days(query.start, min(query.end, now), query.zone)
    pending = await pending_since(db, ctx.board, keys, now)
    found: dict[str, list[CoverageDay]] = {camera_id: [] for camera_id in keys}
    for row in await coverage_by_day(db, pending, query.stream, days):
        found[row["camera_id"]].append(_coverage_day(row))
    return [CoverageView(camera_id=c, tz=query.tz, days=days) for c, days in found.items()]


def _coverage_day(row: "asyncpg.Record") -> CoverageDay:
    figures = ("wanted", "recorded", "unasked", "missing", "explained", "pending", "unexplained")
    return CoverageDay(
        day=row["day"],
        started_at=row["starts"],
        ended_at=row["ends"],
        **{name: round(row[name], 3) for name in figures},
    )


def recording_view(row: "asyncpg.Record") -> RecordingView:
    """Return a recording as callers see it."""
    recording_id = row["recording_id"]
    names = RecordingView.model_fields.keys() & row.keys()
    return RecordingView(
        **{name: row[name] for name in names},
        id=recording_id,
        duration_seconds=row["duration_90k"] / 90_000,
        fragments=len(row["fragment_offset"]),
        media_path=f"/api/v1/media/{recording_id}.mp4",
        download_path=f"/api/v1/recordings/{recording_id}/download",
    )


def gap_view(row: "asyncpg.Record") -> GapView:
    """Return a gap as callers see it."""
    names = (GapView.model_fields.keys() & row.keys()) - {"missing", "missing_seconds"}
    missing = [MissingSpan(started_at=span.lower, ended_at=span.upper) for span in row["missing"]]
    return GapView(
        **{name: row[name] for name in names},
        missing=missing,
        missing_seconds=round(row["missing_seconds"], 3),
    )
