"""Watching recorded footage: playlists, links that need no key, media and downloads."""

from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response

from libs.contracts.ids import CameraId
from libs.contracts.times import from_unix_seconds, isoformat_z
from services.api.access import Permission, Principal
from services.api.context import Context, Ctx
from services.api.grants import maker_id, media_signature, require_access
from services.api.media import Media, media_response
from services.api.playlist import render
from services.api.playlist_response import playlist_response
from services.api.recording_ids import camera_of
from services.api.rights import Who, needs, no_camera
from services.api.routes.recordings import check_camera, existing_recording
from services.api.schemas import PlaybackLink, PlaybackLinkCreate
from services.api.schemas_queries import MediaQuery, PlaybackQuery, SignedQuery
from services.api.selection import Asked, Limits, check_range, select
from services.api.signing import media_scope, playback_scope
from services.api.viewings import note_downloaded, note_footage_link, note_played

router = APIRouter(tags=["playback"])

FOOTAGE = [needs(Permission.FOOTAGE_READ)]

PLAYLIST_LIMITS = Limits("a playlist", timedelta(hours=6), recordings=5400, fragments=5400)
_IMMUTABLE = {"Cache-Control": "private, max-age=31536000, immutable"}
_CHECKED = {"Cache-Control": "private, no-cache"}


@router.get("/cameras/{camera_id}/playback.m3u8", response_class=Response)
async def playback(
    camera_id: CameraId, query: Annotated[PlaybackQuery, Query()], ctx: Ctx, request: Request
) -> Response:
    """Return an HLS playlist of a camera's footage; gaps are skipped, the clock jumps over them.

    At most 6 hours and 5400 fragments. A range that ends in the future grows while it is played.
    """
    scope = playback_scope(camera_id, query.stream, query.start, query.end)
    who = await require_access(ctx, request, query, scope, camera_id)
    now, start, end = ctx.now(), query.start, query.end or query.start + PLAYLIST_LIMITS.span
    check_range(start, end, PLAYLIST_LIMITS)
    asked = Asked(camera_id, query.stream, start, end)
    selection = await select(ctx, asked, PLAYLIST_LIMITS)
    span = {"from": isoformat_z(start), "to": isoformat_z(end), "stream": query.stream}
    note_played(ctx, request, who, camera_id, **span)

    def media_uri(recording_id: str, shift_90k: int) -> str:
        return _media_uri(ctx, who, recording_id, shift_90k, now)

    text = render(selection.clips, media_uri=media_uri, is_final=selection.is_final)
    return playlist_response(text, request)


@router.post("/playback-links", status_code=HTTPStatus.CREATED, dependencies=FOOTAGE)
async def create_playback_link(
    body: PlaybackLinkCreate, ctx: Ctx, who: Who, request: Request
) -> PlaybackLink:
    """Make a playlist address for players that cannot sign in (VLC, ffmpeg).

    It opens no longer than whoever made it may see the camera.
    """
    if not who.sees(body.camera_id):
        raise no_camera(body.camera_id)
    check_range(body.start, body.end or body.start + PLAYLIST_LIMITS.span, PLAYLIST_LIMITS)
    async with ctx.database.connection() as db:
        await check_camera(db, body.camera_id)
    signature = ctx.signer.sign(
        playback_scope(body.camera_id, "main", body.start, body.end),
        maker=maker_id(who),
        now=ctx.now().timestamp(),
        valid_seconds=body.valid_seconds,
    )
    times = {"from": isoformat_z(body.start)}
    if body.end is not None:
        times["to"] = isoformat_z(body.end)
    note_footage_link(ctx, request, who, body.camera_id, **times)
    return PlaybackLink(
        path=f"/api/v1/cameras/{body.camera_id}/playback.m3u8?{urlencode(times)}&{signature.query}",
        expires_at=from_unix_seconds(signature.exp),
    )


@router.get("/media/{recording_id}.mp4", response_class=Response)
@router.head("/media/{recording_id}.mp4", include_in_schema=False)
async def media(
    recording_id: str, query: Annotated[MediaQuery, Query()], ctx: Ctx, request: Request
) -> Response:
    """Return a recording's bytes, or a range of them."""
    camera_id = camera_of(recording_id)
    who = await require_access(ctx, request, query, media_scope(recording_id), camera_id)
    row = await existing_recording(ctx, recording_id)
    note_played(ctx, request, who, camera_id, recording=recording_id)
    return await _bytes_of(ctx, Media.from_row(row, shift_90k=query.shift), request, caching(query))


@router.get("/recordings/{recording_id}/download", response_class=Response, dependencies=FOOTAGE)
@router.head("/recordings/{recording_id}/download", include_in_schema=False, dependencies=FOOTAGE)
async def download(recording_id: str, ctx: Ctx, who: Who, request: Request) -> Response:
    """Return a recording as a file to save."""
    row = await existing_recording(ctx, recording_id)
    note_downloaded(ctx, request, who, row["camera_id"], recording_id)
    disposition = f'attachment; filename="{file_name(row["camera_id"], row["started_at"])}"'
    headers = {**_CHECKED, "Content-Disposition": disposition}
    return await _bytes_of(ctx, Media.from_row(row), request, headers)


def caching(query: SignedQuery) -> dict[str, str]:
    """Return how long a browser may keep media: what never changes, forever.

    Not under an address that anybody could ask for: who signs in after somebody else in the same
    browser would get what was kept, without being asked for a right.
    """
    return _IMMUTABLE if query.sig else _CHECKED


def file_name(camera_id: str, started_at: datetime) -> str:
    """Return `front-door_2026-11-20_23-18-05Z.mp4`."""
    return f"{camera_id}_{started_at.astimezone(UTC):%Y-%m-%d_%H-%M-%S}Z.mp4"


async def _bytes_of(
    ctx: Context, media: Media, request: Request, headers: dict[str, str]
) -> Response:
    return await media_response(
        ctx.objects,
        media,
        request.headers,
        is_head=request.method == "HEAD",
        extra_headers=headers,
    )


def _media_uri(
    ctx: Context, who: Principal, recording_id: str, shift_90k: int, now: datetime
) -> str:
    """Return a signed address, relative to the playlist, so that a proxy's prefix does no harm."""
    shift = f"&shift={shift_90k}" if shift_90k else ""
    return f"../../media/{recording_id}.mp4?{media_signature(ctx, who, recording_id, now)}{shift}"
