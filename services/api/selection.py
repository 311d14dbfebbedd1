"""What is recorded of a range, read from the catalog: the clips for playlists and downloads."""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from libs.contracts.times import isoformat_z
from libs.web.problems import Problem, invalid, not_found
from services.api import catalog, registry
from services.api.catalog import Scope
from services.api.context import Context
from services.api.playlist import Clip, Playable, select_clips
from services.api.rights import no_camera

if TYPE_CHECKING:
    from services.api.database import Connection

SETTLING = timedelta(seconds=30)
"""How long after its end a recording may take to be stored and announced."""
FEW_FRAGMENTS = 5000
"""More are put in order in a thread of their own, so that nobody else waits meanwhile."""


@dataclass(frozen=True)
class Limits:
    """How much one answer may span."""

    what: str
    """As in "a playlist may span ..."."""
    span: timedelta
    recordings: int
    fragments: int


@dataclass(frozen=True)
class Asked:
    """One stream's footage of a range; `end` may lie in the future."""

    camera_id: str
    stream: str
    start: datetime
    end: datetime


@dataclass(frozen=True)
class Selection:
    """What there is of it; `clips` is not empty."""

    clips: list[Clip]
    is_final: bool
    """Nothing more will come at its end."""


def check_range(start: datetime, end: datetime, limits: Limits) -> None:
    """Raise Problem 422 for a range that is empty or too long."""
    if end <= start:
        raise invalid("query to", "`to` must come after `from`")
    if end - start > limits.span:
        hours = limits.span // timedelta(hours=1)
        raise invalid(
            "query to", f"{limits.what} may span at most {hours} hours; ask for a shorter range"
        )


async def select(ctx: Context, asked: Asked, limits: Limits) -> Selection:
    """Return what is recorded of a range; raises Problem: 404 or 422."""
    now = ctx.now()
    async with ctx.database.connection() as db:
        if not await catalog.knows_camera(db, asked.camera_id):
            raise no_camera(asked.camera_id)
        recordings = await _recordings(db, asked, min(asked.end, now), limits)
        clips = await _clips(recordings, asked)
        if not clips:
            raise not_found(await _why_empty(db, asked, now))
        camera = await registry.read_camera(db, asked.camera_id)
    if len(clips) > limits.fragments:
        raise _too_many(len(clips), "fragments", limits, clips[limits.fragments].start)
    length = timedelta(seconds=camera.config.recording_seconds if camera else 0)
    is_final = asked.end <= now - length - SETTLING or (
        asked.end <= now and clips[-1].end >= asked.end
    )
    return Selection(clips, is_final)


async def _recordings(
    db: "Connection", asked: Asked, end: datetime, limits: Limits
) -> list[Playable]:
    if asked.start >= end:
        return []
    found = await catalog.playable(
        db, asked.camera_id, asked.stream, asked.start, end, limit=limits.recordings + 1
    )
    if len(found) > limits.recordings:
        raise _too_many(len(found), "recordings or more", limits, found[-1].started_at)
    return found


async def _clips(recordings: list[Playable], asked: Asked) -> list[Clip]:
    if sum(len(recording.fragments) for recording in recordings) <= FEW_FRAGMENTS:
        return select_clips(recordings, asked.start, asked.end)
    return await asyncio.to_thread(select_clips, recordings, asked.start, asked.end)


def _too_many(count: int, what: str, limits: Limits, until: datetime) -> Problem:
    most = limits.fragments if what == "fragments" else limits.recordings
    return invalid(
        "query to",
        f"the range has {count} {what} and {limits.what} may have {most}; "
        f"ask for it in pieces, the first up to {isoformat_z(until)}",
    )


async def _why_empty(db: "Connection", asked: Asked, now: datetime) -> str:
    span = f"from {isoformat_z(asked.start)} to {isoformat_z(asked.end)}"
    lead = f"{asked.camera_id} has no footage {span}"
    if asked.start >= now:
        return f"{lead}: that is in the future"
    scope = Scope((asked.camera_id,), asked.stream, asked.start, asked.end)
    gaps = await catalog.list_gaps(db, scope, now=now, limit=3)
    if not gaps:
        return f"{lead}: nothing was recorded then and no gap was reported"
    told = [f"{gap['reason']} since {isoformat_z(gap['started_at'])}" for gap in gaps]
    return f"{lead}: {'; '.join(told)}"
