"""Who may do what: permissions, roles, and the cameras somebody may see. No I/O.

A route names one permission; a role is a set of them, and so are the scopes of an API key. Beside
that, whoever asks sees either all cameras or those that were granted.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal


class Permission(StrEnum):
    """What a route asks for; also the scopes of API keys."""

    CAMERAS_READ = "cameras:read"
    """See cameras, groups, their state and health."""
    LIVE_WATCH = "live:watch"
    FOOTAGE_READ = "footage:read"
    """See recordings, gaps and stored footage; play and download them."""
    CAMERAS_OPERATE = "cameras:operate"
    """Switch recording on and off, list footage anew, try a login again."""
    CAMERAS_WRITE = "cameras:write"
    """Scan, add, change and delete cameras, devices and groups."""
    SYSTEM_READ = "system:read"
    """See services and what the store and spools hold."""
    USERS_WRITE = "users:write"
    """Users, their rights and sessions, API keys, and the audit log."""


class Role(StrEnum):
    ADMIN = "admin"
    OPERATOR = "operator"
    VIEWER = "viewer"


_VIEWER = frozenset({Permission.CAMERAS_READ, Permission.LIVE_WATCH, Permission.FOOTAGE_READ})
_OPERATOR = _VIEWER | {Permission.CAMERAS_OPERATE, Permission.SYSTEM_READ}
PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.VIEWER: _VIEWER,
    Role.OPERATOR: _OPERATOR,
    Role.ADMIN: frozenset(Permission),
}

ALL_CAMERAS = None
"""Stands for every camera, also those that will be added."""


@dataclass(frozen=True)
class Principal:
    """Who asks: a user in a session, or an API key."""

    kind: Literal["user", "key"]
    id: str
    """The user's id, or the key's prefix."""
    name: str
    permissions: frozenset[Permission]
    cameras: frozenset[str] | None = ALL_CAMERAS
    """Ids of the cameras it may see; None: all."""
    role: Role | None = None
    """Of a user."""
    session_id: str | None = None
    """Of a user."""

    def may(self, permission: Permission) -> bool:
        """Whether it has a permission."""
        return permission in self.permissions

    def sees(self, camera_id: str) -> bool:
        """Whether it may know of a camera."""
        return self.cameras is None or camera_id in self.cameras

    def visible(self, camera_ids: Iterable[str]) -> list[str]:
        """Return those of some cameras that it may know of."""
        return [camera_id for camera_id in camera_ids if self.sees(camera_id)]
