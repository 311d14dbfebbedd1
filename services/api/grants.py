"""Which cameras a caller's lists are about, and links that act for whoever made them."""

import re
from collections.abc import Sequence
from datetime import datetime
from http import HTTPStatus
from typing import TYPE_CHECKING

from fastapi import Request

from libs.web.problems import Problem
from services.api.access import Permission, Principal
from services.api.rights import Needs, no_camera
from services.api.signing import media_scope

if TYPE_CHECKING:
    from services.api.context import Context
    from services.api.schemas_queries import SignedQuery

_MAKER = re.compile(r"^(?P<kind>user|key):(?P<id>[A-Za-z0-9_-]{1,64})$")


def narrowed(who: Principal, cameras: Sequence[str]) -> tuple[str, ...] | None:
    """Return the cameras that a list is about: those that were named, else all it may see.

    None means every camera. Raises 404 for a named one that may not be seen.
    """
    for camera_id in cameras:
        if not who.sees(camera_id):
            raise no_camera(camera_id)
    if cameras:
        return tuple(cameras)
    return None if who.cameras is None else tuple(sorted(who.cameras))


def maker_id(who: Principal) -> str:
    """Return how a link says who made it: `user:<id>` or `key:<prefix>`."""
    return f"{who.kind}:{who.id}"


def media_signature(ctx: "Context", who: Principal, recording_id: str, now: datetime) -> str:
    """Return what opens a recording's media in the name of `who`, as a query."""
    signature = ctx.signer.sign(
        media_scope(recording_id),
        maker=maker_id(who),
        now=now.timestamp(),
        valid_seconds=ctx.settings.media_link_seconds,
        align=True,
    )
    return signature.query


async def principal_now(ctx: "Context", who: Principal) -> Principal | None:
    """Return somebody with the rights of now; None where a session, user or key has ended.

    May be ten seconds old; raises DatabaseUnavailable.
    """
    if who.session_id is not None:
        return await ctx.principals.of_session(who.session_id)
    return await ctx.principals.find(who.kind, who.id)


async def maker_of_link(
    ctx: "Context", maker: str, permission: Permission, camera_id: str
) -> Principal | None:
    """Return who made a link, None where they may not do this any more.

    Raises DatabaseUnavailable.
    """
    match = _MAKER.fullmatch(maker)
    if match is None:
        return None
    who = await ctx.principals.find(match["kind"], match["id"])
    return who if who is not None and who.may(permission) and who.sees(camera_id) else None


async def require_access(
    ctx: "Context", request: Request, query: "SignedQuery", scope: str, camera_id: str
) -> Principal:
    """Let those pass who may see a camera's footage, and valid links of such; return who it is.

    Raises Problem: 401, 403 or 404; DatabaseUnavailable.
    """
    who: Principal | None = request.scope["state"].get("principal")
    if who is None or not (who.may(Permission.FOOTAGE_READ) and who.sees(camera_id)):
        maker = await _maker(ctx, query, scope, camera_id)
        if maker is not None:
            return maker
        if who is None:
            raise Problem(
                HTTPStatus.UNAUTHORIZED,
                "this link has expired, is not valid, or who made it may not see this any more; "
                "ask for a new one",
                headers={"WWW-Authenticate": 'Bearer realm="everframe"'},
            )
    return Needs(Permission.FOOTAGE_READ).check(request)


async def _maker(
    ctx: "Context", query: "SignedQuery", scope: str, camera_id: str
) -> Principal | None:
    is_valid = ctx.signer.is_valid(
        scope,
        maker=query.by or "",
        exp=query.exp or "",
        sig=query.sig or "",
        now=ctx.now().timestamp(),
    )
    if not is_valid:
        return None
    return await maker_of_link(ctx, query.by or "", Permission.FOOTAGE_READ, camera_id)
