"""API keys with some rights, for tests of the API."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from itertools import count

import httpx

from services.api.access import PERMISSIONS, Permission, Role
from services.api.keys import create_key
from tests.integration.api.conftest import Api

VIEWER, OPERATOR, ADMIN = (PERMISSIONS[role] for role in (Role.VIEWER, Role.OPERATOR, Role.ADMIN))

_numbers = count()


async def make_key(
    api: Api,
    permissions: Iterable[Permission] = VIEWER,
    *,
    cameras: Iterable[str] | None = (),
    groups: Iterable[str] = (),
) -> str:
    """Return a key that sees some cameras and groups; None: all cameras."""
    async with api.database.connection() as db:
        return await create_key(
            db,
            f"key {next(_numbers)}",
            permissions=permissions,
            all_cameras=cameras is None,
            camera_ids=list(cameras or ()),
            group_ids=list(groups),
        )


@asynccontextmanager
async def client_of(
    api: Api,
    permissions: Iterable[Permission] = VIEWER,
    *,
    cameras: Iterable[str] | None = (),
    groups: Iterable[str] = (),
) -> AsyncIterator[httpx.AsyncClient]:
    """A client with such a key; by default one that sees nothing."""
    key = await make_key(api, permissions, cameras=cameras, groups=groups)
    async with api.anonymous(**{"X-API-Key": key}) as client:
        yield client


async def set_cameras(api: Api, key: str, *cameras: str) -> None:
    """Grant a key these cameras and no others, at once."""
    async with api.database.connection() as db:
        await db.execute(
            "update api_keys set camera_ids = $2, all_cameras = false where prefix = $1",
            key[:10],
            list(cameras),
        )
    api.context.principals.forget()
