"""Every route asks for a permission, or is named here with the reason why it does not."""

from collections.abc import Iterable, Iterator
from typing import Any

from fastapi.routing import iter_route_contexts
from starlette.routing import BaseRoute

from services.api.access import Permission
from services.api.rights import Needs

API = "/api/"

OPEN = frozenset(
    {
        "GET /api/docs",
        "GET /api/openapi.json",
        "HEAD /api/openapi.json",
        "GET /api/v1/health",
        "GET /api/v1/version",
        "POST /api/v1/session",
        "POST /api/v1/session/refresh",
        "DELETE /api/v1/session",
    }
)
"""Anybody may call these: they tell nothing of cameras, and begin or end a session."""

OWN = frozenset(
    {
        "GET /api/v1/session",
        "PUT /api/v1/session/password",
        "GET /api/v1/sessions",
        "DELETE /api/v1/sessions/{session_id}",
    }
)
"""About whoever asks; they look themselves at what concerns others."""

LINKS = frozenset(
    {
        "GET /api/v1/cameras/{camera_id}/iframes.m3u8",
        "GET /api/v1/cameras/{camera_id}/playback-master.m3u8",
        "GET /api/v1/cameras/{camera_id}/playback.m3u8",
        "GET /api/v1/media/{recording_id}.mp4",
        "HEAD /api/v1/media/{recording_id}.mp4",
        "GET /api/v1/media/{recording_id}/iframes/init.mp4",
        "GET /api/v1/media/{recording_id}/iframes/{number}.mp4",
        *(
            f"{method} /api/v1/cameras/{{camera_id}}/{path}"
            for method in ("GET", "HEAD", "OPTIONS")
            for path in ("live/{rest:path}", "snapshot.jpg")
        ),
        "WEBSOCKET /api/v1/cameras/{camera_id}/live/ws",
    }
)
"""A signature or live token opens these too, so they look themselves (`require_access`,
`watch_of`)."""

_EXCEPTIONS = OPEN | OWN | LINKS


class RouteWithoutPermission(Exception):
    """A route neither asks for a permission nor is an exception; everybody could call it."""


def check_routes(routes: Iterable[BaseRoute]) -> None:
    """Raise RouteWithoutPermission unless every route of the API says who may call it."""
    found = list(permissions_of(routes))
    forgotten = [name for name, needed in found if not needed and name not in _EXCEPTIONS]
    if forgotten:
        raise RouteWithoutPermission(
            f"{', '.join(sorted(forgotten))}: add dependencies=[needs(Permission...)]"
        )
    needless = _EXCEPTIONS & {name for name, needed in found if needed}
    if needless:
        raise RouteWithoutPermission(f"{', '.join(sorted(needless))}: is no exception any more")


def permissions_of(routes: Iterable[BaseRoute]) -> Iterator[tuple[str, list[Permission]]]:
    """Yield every operation of the API, as `GET /path`, with the permissions that it asks for."""
    for route in iter_route_contexts(list(routes)):
        path = route.path or ""
        if not path.startswith(API):
            continue  # pages: files that anybody may load
        needed = [each.permission for each in _dependencies(route) if isinstance(each, Needs)]
        for method in sorted(route.methods or {"WEBSOCKET"}):
            yield f"{method} {path}", needed


def _dependencies(route: Any) -> list[object]:
    return [depends.dependency for depends in getattr(route, "dependencies", [])]
