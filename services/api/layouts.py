"""How users arranged cameras on the live page."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from services.api.access import Principal
from services.api.schemas_system import Layout, LayoutView

if TYPE_CHECKING:
    import asyncpg

    from services.api.database import Connection

# Layouts by name; the columns say how many there are.
SELECT_LAYOUTS = "select name, layout, updated_at from layouts where user_id = $1 order by name"

# One save after another for each user, so that two at once cannot exceed the limit together.
LOCK_USER = "select user_id from users where user_id = $1 for no key update"

COUNT_OTHERS = "select count(*) from layouts where user_id = $1 and name <> $2"

UPSERT_LAYOUT = """
insert into layouts (user_id, name, layout, updated_at) values ($1, $2, $3, now())
on conflict (user_id, name) do update set layout = excluded.layout, updated_at = now()
returning name, layout, updated_at
"""

DELETE_LAYOUT = "delete from layouts where user_id = $1 and name = $2"

EXISTING_CAMERAS = "select camera_id from cameras where deleted_at is null"


class TooManyLayouts(Exception):
    """The user keeps as many as anybody may."""


class UserGone(Exception):
    """The user was deleted a moment ago."""


async def read_layouts(db: "Connection", who: Principal) -> list[LayoutView]:
    """Return a user's layouts by name, without tiles of cameras that are not there for them."""
    rows = await db.fetch(SELECT_LAYOUTS, who.id)
    shown = await _shown(db, who)
    return [_view(row, shown) for row in rows]


async def save_layout(
    db: "Connection", who: Principal, name: str, layout: Layout, *, most: int
) -> LayoutView:
    """Keep a layout under a name, in place of the one of that name; needs a transaction.

    Raises TooManyLayouts and UserGone.
    """
    if await db.fetchval(LOCK_USER, who.id) is None:
        raise UserGone
    if await db.fetchval(COUNT_OTHERS, who.id, name) >= most:
        raise TooManyLayouts
    row = await db.fetchrow(UPSERT_LAYOUT, who.id, name, layout.model_dump_json())
    assert row is not None
    return _view(row, await _shown(db, who))


async def delete_layout(db: "Connection", who: Principal, name: str) -> bool:
    """Forget a layout; False where there was none of this name."""
    return not (await db.execute(DELETE_LAYOUT, who.id, name)).endswith(" 0")


async def _shown(db: "Connection", who: Principal) -> frozenset[str]:
    rows = await db.fetch(EXISTING_CAMERAS)
    return frozenset(who.visible(row["camera_id"] for row in rows))


def _view(row: "asyncpg.Record", shown: Iterable[str]) -> LayoutView:
    layout = Layout.model_validate_json(row["layout"])
    tiles = [tile for tile in layout.tiles if tile.camera_id in shown]
    return LayoutView(
        name=row["name"],
        layout=layout.model_copy(update={"tiles": tiles}),
        updated_at=row["updated_at"],
    )
