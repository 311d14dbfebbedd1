"""Downloading a range of footage as MP4: what there is of it, and its bytes."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response

from libs.contracts.ids import CameraId
from libs.contracts.times import isoformat_z
from libs.web.problems import FieldProblem, Problem, invalid, not_found
from services.api.access import Permission
from services.api.clip_stream import Source, check_stored, content_of, ends_of, read_sources
from services.api.clips import (
    CLIP_LIMITS,
    LARGEST_BYTES,
    ClipFile,
    ClipLayout,
    ClipPlan,
    file_name,
    lay_out,
    plan_clip,
)
from services.api.context import Context, Ctx
from services.api.media import Unsatisfiable, parse_range, ranged_response
from services.api.playlist import Clip
from services.api.rights import Who, needs
from services.api.schemas_clips import ClipFileQuery, ClipFileView, ClipPlanView, ClipQuery
from services.api.selection import Asked, check_range, select
from services.api.viewings import note_downloaded

router = APIRouter(tags=["playback"])

FOOTAGE = [needs(Permission.FOOTAGE_READ)]
MOST_NAMED = 20


@router.get("/cameras/{camera_id}/clip", dependencies=FOOTAGE)
async def clip_plan(
    camera_id: CameraId, query: Annotated[ClipQuery, Query()], ctx: Ctx
) -> ClipPlanView:
    """Tell which files a download of a range would be, how large, and what is missing.

    At most 24 hours and 90,000 fragments.
    """
    plan, layouts = await _plan(ctx, camera_id, query)
    sources = await _sources(ctx, layouts)
    ends = {name: end for layout in layouts for name, end in ends_of(layout).items()}
    await check_stored(ctx.objects, sources, ends)
    return ClipPlanView(
        files=[
            _file_view(camera_id, query, file, number if len(plan.files) > 1 else None)
            for number, file in enumerate(plan.files, start=1)
        ],
        missing_seconds=round(plan.missing_seconds, 3),
        start=plan.files[0].start,
        end=plan.files[-1].end,
    )


@router.get("/cameras/{camera_id}/clip.mp4", response_class=Response, dependencies=FOOTAGE)
@router.head(
    "/cameras/{camera_id}/clip.mp4",
    response_class=Response,
    dependencies=FOOTAGE,
    include_in_schema=False,
)
async def clip(
    camera_id: CameraId,
    query: Annotated[ClipFileQuery, Query()],
    ctx: Ctx,
    who: Who,
    request: Request,
) -> Response:
    """Return a range as one MP4, from the keyframe at or before `from`; gaps are not in it.

    Where the range makes several files, `file` says which; 409 names them otherwise.
    """
    plan, layouts = await _plan(ctx, camera_id, query)
    number = _which(camera_id, query, plan)
    file, layout = plan.files[number - 1], layouts[number - 1]
    sources = await _sources(ctx, [layout])
    needed = ends_of(layout, begin=_first_byte(request, layout))
    await check_stored(ctx.objects, sources, needed)
    times = {"from": isoformat_z(file.start), "to": isoformat_z(file.end)}
    if request.method == "GET":
        subject = f"{camera_id} {query.stream} {times['from']} {times['to']}"
        note_downloaded(ctx, request, who, camera_id, subject, stream=query.stream, **times)
    name = file_name(camera_id, query.stream, file.start, file.end)
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Cache-Control": "private, no-cache",
        "Everframe-From": times["from"],
        "Everframe-To": times["to"],
        "Everframe-Missing-Seconds": f"{plan.missing_seconds:.3f}",
    }
    return await ranged_response(
        content_of(ctx.objects, layout, sources),
        request.headers,
        is_head=request.method == "HEAD",
        extra_headers=headers,
    )


async def _plan(
    ctx: Context, camera_id: str, query: ClipQuery
) -> tuple[ClipPlan, list[ClipLayout]]:
    check_range(query.start, query.end, CLIP_LIMITS)
    asked = Asked(camera_id, query.stream, query.start, query.end)
    selection = await select(ctx, asked, CLIP_LIMITS)
    until = min(query.end, ctx.now())
    # a day of fragments takes a tenth of a second, in which nobody else would be served
    plan, layouts = await asyncio.to_thread(_laid_out, selection.clips, query.start, until)
    if any(layout.bytes > LARGEST_BYTES for layout in layouts):
        gigabytes = LARGEST_BYTES >> 30
        raise invalid(
            "query to", f"the file would have more than {gigabytes} GiB; ask for a shorter range"
        )
    return plan, layouts


def _laid_out(
    clips: Sequence[Clip], start: datetime, end: datetime
) -> tuple[ClipPlan, list[ClipLayout]]:
    plan = plan_clip(clips, start, end)
    return plan, [lay_out(file) for file in plan.files]


async def _sources(ctx: Context, layouts: Sequence[ClipLayout]) -> dict[str, Source]:
    async with ctx.database.connection() as db:
        return await read_sources(db, layouts)


def _first_byte(request: Request, layout: ClipLayout) -> int:
    """Return where a download goes on; what stands before needs no look."""
    try:
        asked = parse_range(request.headers.get("range"), layout.bytes)
    except Unsatisfiable:
        return layout.bytes
    return asked.offset if asked else 0


def _which(camera_id: str, query: ClipFileQuery, plan: ClipPlan) -> int:
    if query.file is None and len(plan.files) > 1:
        raise _several(camera_id, query, plan)
    number = query.file or 1
    if number > len(plan.files):
        raise not_found(f"this range makes {len(plan.files)} file(s), and there is no {number}.")
    return number


def _path(camera_id: str, query: ClipQuery, number: int | None) -> str:
    asked = {"from": isoformat_z(query.start), "to": isoformat_z(query.end)}
    if query.stream != "main":
        asked["stream"] = query.stream
    if number is not None:
        asked["file"] = str(number)
    return f"/api/v1/cameras/{camera_id}/clip.mp4?{urlencode(asked)}"


def _file_view(
    camera_id: str, query: ClipQuery, file: ClipFile, number: int | None
) -> ClipFileView:
    return ClipFileView(
        start=file.start,
        end=file.end,
        seconds=round(file.duration_90k / 90_000, 3),
        bytes=file.bytes,
        path=_path(camera_id, query, number),
        file_name=file_name(camera_id, query.stream, file.start, file.end),
    )


def _several(camera_id: str, query: ClipQuery, plan: ClipPlan) -> Problem:
    """Name the files, and the first of very many only: the plan has them all."""
    numbers = range(1, min(len(plan.files), MOST_NAMED) + 1)
    return Problem(
        HTTPStatus.CONFLICT,
        f"the camera's picture or sound changed, so this range makes {len(plan.files)} files; "
        "download each by its number",
        errors=[
            FieldProblem(field=f"file {number}", problem=_path(camera_id, query, number))
            for number in numbers
        ],
    )
