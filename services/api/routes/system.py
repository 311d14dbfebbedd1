"""Health, version and a plain list of routes that needs nothing from elsewhere."""

import asyncio
import html
from http import HTTPStatus
from typing import Literal

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse
from pydantic import BaseModel

from libs.runtime.version import VERSION
from services.api.context import Context, Ctx
from services.api.database import DatabaseUnavailable

PING_SECONDS = 2.0

router = APIRouter(tags=["system"])
pages = APIRouter(include_in_schema=False)


class VersionView(BaseModel):
    version: str


class HealthView(BaseModel):
    """Whether the parts answer; no details, because it needs no key."""

    ok: bool
    version: str
    database: Literal["up", "away"]
    bus: Literal["up", "away"]


@router.get("/version")
async def version() -> VersionView:
    """Show the version; needs no key."""
    return VersionView(version=VERSION)


@router.get("/health")
async def health(ctx: Ctx, response: Response) -> HealthView:
    """Show whether the API can work; needs no key. 503 when the database is away."""
    database_up = await _database_up(ctx)
    if not database_up:
        response.status_code = HTTPStatus.SERVICE_UNAVAILABLE
    return HealthView(
        ok=database_up and ctx.bus.is_up,
        version=VERSION,
        database="up" if database_up else "away",
        bus="up" if ctx.bus.is_up else "away",
    )


async def _database_up(ctx: Context) -> bool:
    try:
        async with asyncio.timeout(PING_SECONDS):
            await ctx.database.ping()
    except (DatabaseUnavailable, TimeoutError):
        return False
    return True


@pages.get("/api/docs")
async def docs(request: Request) -> HTMLResponse:
    rows = []
    for path, methods in sorted(request.app.openapi()["paths"].items()):
        for method, operation in methods.items():
            text = operation.get("description") or operation.get("summary", "")
            cells = (method.upper(), path, text)
            rows.append("".join(f"<td>{html.escape(cell)}</td>" for cell in cells))
    body = "".join(f"<tr>{row}</tr>" for row in rows)
    return HTMLResponse(
        "<!doctype html><meta charset=utf-8><title>Everframe API</title>"
        "<h1>Everframe API</h1><p>Send a key as <code>Authorization: Bearer &lt;key&gt;</code> or "
        "<code>X-API-Key: &lt;key&gt;</code>. The full description is "
        '<a href="openapi.json">openapi.json</a>.</p>'
        f"<table><tr><th>Method<th>Path<th>What it does</tr>{body}</table>"
    )
