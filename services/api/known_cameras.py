"""Cameras that were looked up a moment ago: live requests come several times a second."""

import time
from collections.abc import Callable

from libs.contracts.cameras import CameraConfig
from services.api import registry
from services.api.database import Database, DatabaseUnavailable

FRESH_SECONDS = 5.0
STALE_SECONDS = 600.0
"""How long a camera that was found counts while the database is away."""
KEPT = 1000


class KnownCameras:
    """Looks cameras up, remembering those that exist for a moment."""

    def __init__(self, database: Database, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._database = database
        self._monotonic = monotonic
        self._found: dict[str, tuple[CameraConfig, float]] = {}

    def forget(self, camera_id: str) -> None:
        """Look a camera up anew: it was changed."""
        self._found.pop(camera_id, None)

    async def find(self, camera_id: str) -> CameraConfig | None:
        """Return a camera that exists and is not deleted.

        While the database is away, one seen lately is believed; raises DatabaseUnavailable for
        the others.
        """
        now = self._monotonic()
        config, at = self._found.get(camera_id, (None, 0.0))
        if config is not None and now - at < FRESH_SECONDS:
            return config
        try:
            async with self._database.connection() as db:
                camera = await registry.read_camera(db, camera_id)
        except DatabaseUnavailable:
            if config is not None and now - at < STALE_SECONDS:
                return config
            raise
        self._found.pop(camera_id, None)
        if camera is None or camera.deleted_at is not None:
            return None
        if len(self._found) >= KEPT:
            del self._found[next(iter(self._found))]
        self._found[camera_id] = camera.config, now
        return camera.config
