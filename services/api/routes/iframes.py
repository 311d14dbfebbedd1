"""Pictures for scrubbing through recorded footage, and a playlist that names all there is."""

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Path, Query, Request, Response

from libs.contracts.ids import CameraId
from libs.contracts.times import isoformat_z
from libs.web.problems import invalid, not_found
from services.api.access import Principal
from services.api.context import Context, Ctx
from services.api.grants import maker_id, media_signature, require_access
from services.api.iframes import (
    Picture,
    choose_pictures,
    render_master,
    render_pictures,
)
from services.api.picture_bytes import Showing, read_picture, read_video_init
from services.api.playlist_response import playlist_response
from services.api.recording_ids import camera_of
from services.api.routes.playback import PLAYLIST_LIMITS, caching
from services.api.routes.recordings import existing_recording
from services.api.schemas_clips import PictureQuery, PicturesQuery
from services.api.schemas_queries import SignedQuery
from services.api.selection import Asked, Selection, check_range, select
from services.api.signing import media_scope, playback_scope
from services.api.variants import read_variant
from services.api.viewings import note_played

if TYPE_CHECKING:
    import asyncpg

router = APIRouter(tags=["playback"])

LIMITS = replace(PLAYLIST_LIMITS, fragments=50_000)
"""More than a playlist has pictures: most may be left out."""
MAX_PICTURES = PLAYLIST_LIMITS.fragments


@router.get("/cameras/{camera_id}/iframes.m3u8", response_class=Response)
async def pictures(
    camera_id: CameraId, query: Annotated[PicturesQuery, Query()], ctx: Ctx, request: Request
) -> Response:
    """Return an HLS playlist of keyframes, for scrubbing through a camera's footage.

    At most 6 hours and 5400 pictures; `every_seconds` leaves pictures out.
    """
    who, selection = await _selected(ctx, request, camera_id, query)
    chosen = choose_pictures(selection.clips, query.every_seconds)
    if query.every_seconds and not selection.is_final:
        del chosen[-1:]  # how long it is shown depends on what comes
    if len(chosen) > MAX_PICTURES:
        raise _too_many(chosen, query.every_seconds)
    now = ctx.now()

    @cache  # one for all pictures of a recording
    def signature(recording_id: str) -> str:
        return media_signature(ctx, who, recording_id, now)

    text = render_pictures(
        chosen,
        picture_uri=lambda picture: _picture_uri(picture, signature(picture.recording_id)),
        init_uri=lambda recording_id: _uri(recording_id, "init", signature(recording_id)),
        is_final=selection.is_final,
        every_seconds=query.every_seconds,
    )
    return playlist_response(text, request)


@router.get("/cameras/{camera_id}/playback-master.m3u8", response_class=Response)
async def master(
    camera_id: CameraId, query: Annotated[PicturesQuery, Query()], ctx: Ctx, request: Request
) -> Response:
    """Return an HLS playlist that names the footage of a range and its pictures for scrubbing."""
    who, selection = await _selected(ctx, request, camera_id, query)
    async with ctx.database.connection() as db:
        variant = await read_variant(db, selection.clips)
    asked = {"from": isoformat_z(query.start)}
    if query.end is not None:
        asked["to"] = isoformat_z(query.end)
    if query.stream != "main":
        asked["stream"] = query.stream
    signed = _passed_on(ctx, who, camera_id, query)
    every = f"&every_seconds={query.every_seconds:g}" if query.every_seconds else ""
    text = render_master(
        variant,
        playback_uri=f"playback.m3u8?{urlencode(asked)}&{signed}",
        pictures_uri=f"iframes.m3u8?{urlencode(asked)}{every}&{signed}",
    )
    return playlist_response(text, request)


@router.get("/media/{recording_id}/iframes/init.mp4", response_class=Response)
async def picture_init(
    recording_id: str, query: Annotated[SignedQuery, Query()], ctx: Ctx, request: Request
) -> Response:
    """Return a recording's init segment without its sound."""
    row = await _recording(ctx, request, recording_id, query)
    headers = {**caching(query), "ETag": f'"{row["sha256"]}-video"'}
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    content = await read_video_init(ctx.objects, row)
    return Response(content, headers=headers, media_type="video/mp4")


@router.get("/media/{recording_id}/iframes/{number}.mp4", response_class=Response)
async def picture(
    recording_id: str,
    number: Annotated[int, Path(ge=0, le=1_000_000)],
    query: Annotated[PictureQuery, Query()],
    ctx: Ctx,
    request: Request,
) -> Response:
    """Return the keyframe at the start of a recording's fragment, as a part of one sample."""
    row = await _recording(ctx, request, recording_id, query)
    if number >= len(row["fragment_offset"]):
        raise not_found(f"the recording has {len(row['fragment_offset'])} fragments, from 0")
    showing = Showing(query.shift, query.duration or row["fragment_duration_90k"][number])
    tag = f'"{row["sha256"]}-{number}{showing.shift_90k:+}-{showing.duration_90k}"'
    headers = {**caching(query), "ETag": tag}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    content = await read_picture(ctx.objects, row, number, showing)
    return Response(content, headers=headers, media_type="video/mp4")


async def _selected(
    ctx: Context, request: Request, camera_id: str, query: PicturesQuery
) -> tuple[Principal, Selection]:
    scope = playback_scope(camera_id, query.stream, query.start, query.end)
    who = await require_access(ctx, request, query, scope, camera_id)
    end = query.end or query.start + LIMITS.span
    check_range(query.start, end, LIMITS)
    selection = await select(ctx, Asked(camera_id, query.stream, query.start, end), LIMITS)
    span = {"from": isoformat_z(query.start), "to": isoformat_z(end), "stream": query.stream}
    note_played(ctx, request, who, camera_id, **span)
    return who, selection


async def _recording(
    ctx: Context, request: Request, recording_id: str, query: SignedQuery
) -> "asyncpg.Record":
    camera_id = camera_of(recording_id)
    who = await require_access(ctx, request, query, media_scope(recording_id), camera_id)
    row = await existing_recording(ctx, recording_id)
    note_played(ctx, request, who, camera_id, recording=recording_id)
    return row


def _passed_on(ctx: Context, who: Principal, camera_id: str, query: PicturesQuery) -> str:
    """Sign the range for who is signed in; a link is passed on as it is, valid no longer."""
    if query.sig is not None:
        return urlencode({"by": query.by or "", "exp": query.exp or "", "sig": query.sig})
    signature = ctx.signer.sign(
        playback_scope(camera_id, query.stream, query.start, query.end),
        maker=maker_id(who),
        now=ctx.now().timestamp(),
        valid_seconds=ctx.settings.media_link_seconds,
        align=True,
    )
    return signature.query


def _picture_uri(picture: Picture, signature: str) -> str:
    uri = _uri(picture.recording_id, str(picture.number), signature)
    shift = f"&shift={picture.shift_90k}" if picture.shift_90k else ""
    is_own = picture.duration_90k == picture.own_90k
    return f"{uri}{shift}" if is_own else f"{uri}{shift}&duration={picture.duration_90k}"


def _uri(recording_id: str, name: str, signature: str) -> str:
    """Return an address relative to the playlist, so that a proxy's prefix does no harm."""
    return f"../../media/{recording_id}/iframes/{name}.mp4?{signature}"


def _too_many(chosen: list[Picture], every_seconds: float | None) -> Exception:
    span = chosen[-1].start - chosen[0].start
    least = max(2.0, 2 * (every_seconds or 0), -(-span.total_seconds() // MAX_PICTURES))
    return invalid(
        "query every_seconds",
        f"the range has {len(chosen)} pictures and a playlist may have {MAX_PICTURES}; "
        f"ask for a shorter range or for every_seconds={least:g}",
    )
