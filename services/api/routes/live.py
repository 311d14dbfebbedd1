"""Watching live: links with a token, and the way through to the streamers."""

from functools import partial
from http import HTTPStatus

import structlog
from fastapi import APIRouter, Request, Response, WebSocket
from starlette.requests import HTTPConnection

from libs.contracts.ids import CameraId
from libs.contracts.times import from_unix_seconds
from libs.web.live_tokens import COOKIE, PARAMETER, InvalidToken
from libs.web.problems import Problem, not_found
from services.api import metrics
from services.api.access import Permission
from services.api.context import Context, Ctx
from services.api.database import DatabaseUnavailable, database_away
from services.api.gateway import PassedOn
from services.api.gateway_socket import end_access, pass_socket, refuse
from services.api.grants import maker_id
from services.api.live_access import is_live, presented_token, renditions_of
from services.api.live_watch import watch_of
from services.api.rights import Who, needs
from services.api.routes.cameras import active_camera
from services.api.schemas import LiveLink, LiveLinkCreate
from services.api.viewings import note_live_link, note_watched

log = structlog.get_logger()
router = APIRouter(prefix="/cameras/{camera_id}", tags=["live"])
sockets = APIRouter()


@router.post(
    "/live-links",
    status_code=HTTPStatus.CREATED,
    dependencies=[needs(Permission.LIVE_WATCH)],
)
async def create_live_link(
    camera_id: CameraId,
    ctx: Ctx,
    who: Who,
    request: Request,
    response: Response,
    *,
    body: LiveLinkCreate | None = None,
) -> LiveLink:
    """Let somebody watch a camera live for a while, without signing in (players).

    No longer than whoever makes the link may. Also sets the access as a cookie for this camera's
    paths.
    """
    async with ctx.database.connection() as db:
        config = (await active_camera(db, camera_id)).config
    wish = body or LiveLinkCreate()
    token, access = ctx.live_tokens.issue(
        camera_id=camera_id,
        site=config.site,
        viewer=maker_id(who),
        now=ctx.now().timestamp(),
        valid_seconds=wish.valid_seconds,
        renditions=renditions_of(config),
        viewer_id=wish.viewer_id,
    )
    note_live_link(ctx, request, who, camera_id, access.viewer_id)
    path = f"/api/v1/cameras/{camera_id}"
    response.set_cookie(
        COOKIE,
        token,
        max_age=wish.valid_seconds,
        path=f"{path}/",
        secure=_is_encrypted(request),
        httponly=True,
        samesite="strict",
    )
    return LiveLink(
        hls=f"{path}/live/master.m3u8?{PARAMETER}={token}",
        websocket=f"{path}/live/ws?{PARAMETER}={token}",
        snapshot=f"{path}/snapshot.jpg?{PARAMETER}={token}",
        expires_at=from_unix_seconds(access.expires_at),
        viewer_id=access.viewer_id,
        renditions=sorted(access.renditions),
    )


@router.get("/live/{rest:path}", response_class=Response)
@router.head("/live/{rest:path}", include_in_schema=False)
@router.options("/live/{rest:path}", include_in_schema=False)
async def live(camera_id: CameraId, rest: str, ctx: Ctx, request: Request) -> Response:
    """Watch a camera live: begin at `live/master.m3u8` (LL-HLS), or open `live/ws` as WebSocket.

    Signed in, with an API key, or with `?token=` or the cookie of a live link. `?rendition=sub` is
    the small stream.
    """
    if not is_live(request.scope):
        raise not_found(f"there is nothing at live/{rest}; begin at live/master.m3u8")
    return await _passed_on(ctx, request, camera_id)


@router.get("/snapshot.jpg", response_class=Response)
@router.head("/snapshot.jpg", include_in_schema=False)
@router.options("/snapshot.jpg", include_in_schema=False)
async def snapshot(camera_id: CameraId, ctx: Ctx, request: Request) -> Response:
    """Return the camera's newest keyframe as JPEG, as `live` is watched.

    It is made once a second at most.
    """
    return await _passed_on(ctx, request, camera_id)


@sockets.websocket("/cameras/{camera_id}/live/ws")
async def live_socket(websocket: WebSocket, camera_id: CameraId) -> None:
    """Push live parts to a player."""
    ctx: Context = websocket.app.state.context
    try:
        watch = await watch_of(ctx, websocket, "GET", camera_id)
    except InvalidToken as error:
        metrics.LIVE_REFUSED.labels("access").inc()
        if _was_good(ctx, websocket, camera_id):
            await end_access(websocket, str(error))
        else:
            await refuse(websocket, _no_access(error))
    except DatabaseUnavailable as error:
        log.warning("database.call_failed", reason=str(error))
        await refuse(websocket, database_away())
    except Problem as problem:
        await refuse(websocket, problem)
    else:
        note_watched(ctx, websocket, watch.who, camera_id, watch.viewer_id)
        await pass_socket(ctx.gateway, websocket, watch.asked, partial(watch.goes_on, ctx))


async def _passed_on(ctx: Context, request: Request, camera_id: str) -> Response:
    try:
        watch = await watch_of(ctx, request, request.method, camera_id)
    except InvalidToken as error:
        metrics.LIVE_REFUSED.labels("access").inc()
        raise _no_access(error) from error
    if request.method != "OPTIONS":
        note_watched(ctx, request, watch.who, camera_id, watch.viewer_id)
    return PassedOn(ctx.gateway, watch.asked)


def _no_access(error: InvalidToken) -> Problem:
    return Problem(HTTPStatus.UNAUTHORIZED, str(error), headers={"WWW-Authenticate": "Bearer"})


def _was_good(ctx: Context, asking: HTTPConnection, camera_id: str) -> bool:
    """Whether a token was once good: it has expired, or its maker lost the right."""
    try:
        ctx.live_tokens.check(presented_token(asking), camera_id=camera_id, now=0.0)
    except InvalidToken:
        return False
    return True


def _is_encrypted(request: Request) -> bool:
    """Whether the viewer came by TLS, perhaps up to a server before this one."""
    return "https" in {request.url.scheme, request.headers.get("x-forwarded-proto", "").lower()}
