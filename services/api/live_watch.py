"""Who watches a camera live, and what a streamer is asked for them."""

from dataclasses import dataclass

from starlette.requests import HTTPConnection

from libs.web.live_tokens import COOKIE, InvalidToken
from services.api.access import Permission, Principal
from services.api.context import Context
from services.api.database import DatabaseUnavailable
from services.api.gateway import LiveRequest
from services.api.gateway_headers import request_headers, viewer_host
from services.api.grants import maker_id, maker_of_link, principal_now
from services.api.live_access import (
    own_viewer_id,
    presented_token,
    renditions_of,
    without_token,
)
from services.api.rights import check_may, no_camera

OWN_ACCESS_SECONDS = 4 * 3600
"""How long a WebSocket lasts that was opened without a token: its viewer's rights are looked at
all the time, so this only bounds what a streamer is told."""


@dataclass(frozen=True)
class Watch:
    """Somebody who may watch a camera."""

    who: Principal
    """For a link: who made it."""
    viewer_id: str
    asked: LiveRequest

    async def goes_on(self, ctx: Context) -> bool:
        """Whether they still may; while the database is away, those who watch go on."""
        try:
            who = await principal_now(ctx, self.who)
        except DatabaseUnavailable:
            return True
        return who is not None and _may(who, self.asked.camera_id)


async def watch_of(ctx: Context, asking: HTTPConnection, method: str, camera_id: str) -> Watch:
    """Return who watches, by their own right or else by a token, before a place is taken.

    Raises InvalidToken; Problem: 401, 403 or 404; DatabaseUnavailable.
    """
    who: Principal | None = asking.scope["state"].get("principal")
    if who is not None and _may(who, camera_id):
        return await _by_right(ctx, asking, method, who, camera_id)
    token = presented_token(asking)
    if who is not None and not token:
        check_may(who, Permission.LIVE_WATCH, camera_id)
    access = ctx.live_tokens.check(token, camera_id=camera_id, now=ctx.now().timestamp())
    maker = await maker_of_link(ctx, access.viewer, Permission.LIVE_WATCH, camera_id)
    if maker is None:
        raise InvalidToken("who made this live address may not watch any more; ask for a new one")
    query = asking.scope["query_string"].decode("latin-1")
    return Watch(maker, access.viewer_id, _request(asking, method, camera_id, query, None))


async def _by_right(
    ctx: Context, asking: HTTPConnection, method: str, who: Principal, camera_id: str
) -> Watch:
    """Whoever is signed in or sends a key gets a token of the gateway's own."""
    config = await ctx.known_cameras.find(camera_id)
    if config is None:
        raise no_camera(camera_id)
    maker = maker_id(who)
    token, access = ctx.live_tokens.issue(
        camera_id=camera_id,
        site=config.site,
        viewer=maker,
        now=ctx.now().timestamp(),
        valid_seconds=OWN_ACCESS_SECONDS,
        renditions=renditions_of(config),
        viewer_id=own_viewer_id(maker, camera_id, asking.scope),
    )
    query = without_token(asking.scope["query_string"].decode("latin-1"))
    cookie = f"{COOKIE}={token}"
    return Watch(who, access.viewer_id, _request(asking, method, camera_id, query, cookie))


def _may(who: Principal, camera_id: str) -> bool:
    return who.may(Permission.LIVE_WATCH) and who.sees(camera_id)


def _request(
    asking: HTTPConnection, method: str, camera_id: str, query: str, cookie: str | None
) -> LiveRequest:
    return LiveRequest(
        method=method,
        camera_id=camera_id,
        target=asking.scope["path"] + (f"?{query}" if query else ""),
        headers=request_headers(asking.headers, cookie=cookie),
        host=viewer_host(asking.headers),
    )
