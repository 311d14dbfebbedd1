"""From when on footage is recorded that the catalog does not have yet."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from services.api.status import StatusBoard

if TYPE_CHECKING:
    from services.api.database import Connection

LATELY = timedelta(minutes=10)
"""What a recorder stored longer ago should be in the catalog; if not, it is not on its way."""

# The end of the newest recording of some cameras that recorded since a day.
NEWEST = """
select camera_id, max(newest) as newest from recorded_days
where camera_id = any($1) and stream = 'main' and day >= utc_day($2)
group by camera_id
"""


async def pending_since(
    db: "Connection", board: StatusBoard, keys: Mapping[str, str], now: datetime
) -> dict[str, datetime | None]:
    """Return that of each camera (ids with their bucket keys); None when unknown.

    What is stored reaches the catalog by an event. After an interruption, of the api for example,
    the catalog is behind for half a minute and more, and what it lacks is not lost.
    """
    pending = {camera_id: board.pending_since(key, now) for camera_id, key in keys.items()}
    stored = {
        camera_id: until
        for camera_id, key in keys.items()
        if (until := board.newest_stored(key, now)) is not None and now - until <= LATELY
    }
    if stored:
        for row in await db.fetch(NEWEST, list(stored), now - timedelta(days=1)):
            camera_id, newest = row["camera_id"], row["newest"]
            if newest is not None and newest < stored[camera_id]:
                pending[camera_id] = min(pending[camera_id] or newest, newest)
    return pending
