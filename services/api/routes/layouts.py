"""Layouts of the live page, kept for each user."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Path

from libs.web.problems import Problem, not_found
from services.api import layouts
from services.api.access import Permission, Principal
from services.api.context import Ctx
from services.api.layouts import TooManyLayouts, UserGone
from services.api.rights import Who, needs
from services.api.schemas_system import MAX_LAYOUTS, LayoutName, LayoutPut, LayoutView

router = APIRouter(prefix="/layouts", tags=["layouts"], dependencies=[needs(Permission.LIVE_WATCH)])

Name = Annotated[LayoutName, Path(examples=["Entrances"])]


def signed_in(who: Who) -> Principal:
    """Return who asks; raises Problem 403 for an API key, which nobody looks at cameras as."""
    if who.kind != "user":
        raise Problem(HTTPStatus.FORBIDDEN, "layouts belong to users; sign in as one")
    return who


User = Annotated[Principal, Depends(signed_in)]


@router.get("")
async def list_layouts(ctx: Ctx, user: User) -> list[LayoutView]:
    """List the layouts of the signed-in user by name."""
    async with ctx.database.connection() as db:
        return await layouts.read_layouts(db, user)


# With `:path`, so that a name with a slash is refused for what it is.
@router.put("/{name:path}")
async def put_layout(name: Name, body: LayoutPut, ctx: Ctx, user: User) -> LayoutView:
    """Keep a layout under a name, in place of the one of that name."""
    try:
        async with ctx.database.transaction() as db:
            return await layouts.save_layout(db, user, name, body.layout, most=MAX_LAYOUTS)
    except TooManyLayouts:
        raise Problem(
            HTTPStatus.CONFLICT,
            f"you keep {MAX_LAYOUTS} layouts, which is the most; delete one first",
        ) from None
    except UserGone:
        raise Problem(HTTPStatus.UNAUTHORIZED, "your account does not exist any more") from None


@router.delete("/{name:path}", status_code=HTTPStatus.NO_CONTENT)
async def delete_layout(name: Name, ctx: Ctx, user: User) -> None:
    """Forget a layout."""
    async with ctx.database.connection() as db:
        if not await layouts.delete_layout(db, user, name):
            raise not_found(f"you keep no layout {name}")
