"""What the web pages' views ask of the catalog, as the routes ask it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from benchmarks.catalog_rows import ORIGIN, Rows
from services.api import catalog, timeline
from services.api.catalog import EARLIEST, LATEST, Position, Scope
from services.api.coverage import coverage_by_day
from services.api.days import local_days
from services.api.stored_footage import list_footage

if TYPE_CHECKING:
    from services.api.database import Connection

ZONE = ZoneInfo("Europe/Berlin")
PAGE = 101
"""A page of 100, and one more that tells whether there is another."""
COLUMNS = 1500
"""How many steps a timeline is drawn in."""
COVERAGE_DAYS = 93
SHOWN_TOGETHER = 16
"""Cameras on one timeline at most."""


@dataclass(frozen=True)
class Round:
    """One time of asking: each asks about another camera and another moment."""

    rows: Rows
    number: int
    of: int

    @property
    def camera(self) -> str:
        return self.rows.names[self.number % len(self.rows.names)]

    @property
    def moment(self) -> datetime:
        """Somewhere in the footage, never twice the same."""
        part = (self.number + 0.5) / self.of
        return ORIGIN + (self.rows.end - ORIGIN) * part

    def window(self, length: timedelta) -> tuple[datetime, datetime]:
        """A range of that length that lies in the footage as far as it fits."""
        start = max(ORIGIN, min(self.moment, self.rows.end - length))
        return start, start + length


Ask = Callable[["Connection", Round], Awaitable[object]]


@dataclass(frozen=True)
class View:
    """One thing that a page shows."""

    page: str
    what: str
    ask: Ask


def _cameras(asked: Round, how_many: int | None) -> tuple[str, ...] | None:
    if how_many is None:
        return None
    names = asked.rows.names
    return tuple((names + names)[asked.number % len(names) :][:how_many])


def _scope(asked: Round, cameras: int | None, days: int | None) -> Scope:
    start, end = (EARLIEST, LATEST) if days is None else asked.window(timedelta(days=days))
    return Scope(_cameras(asked, cameras), "main", start, end)


async def _recordings(
    db: "Connection",
    asked: Round,
    *,
    cameras: int | None,
    newest_first: bool = False,
    deep: bool = False,
    days: int | None = None,
) -> object:
    scope = _scope(asked, cameras, days)
    after = Position(asked.moment, "m") if deep else None
    return await catalog.list_recordings(
        db, scope, after=after, newest_first=newest_first, limit=PAGE
    )


async def _gaps(
    db: "Connection",
    asked: Round,
    *,
    cameras: int | None,
    deep: bool = False,
    state: str | None = None,
    days: int | None = None,
) -> object:
    scope = _scope(asked, cameras, days)
    after = Position(asked.moment, "m") if deep else None
    return await catalog.list_gaps(
        db, scope, now=asked.rows.end, state=state, after=after, limit=PAGE
    )


async def _footage(
    db: "Connection",
    asked: Round,
    *,
    cameras: int | None,
    deep: bool = False,
    state: str | None = None,
    days: int | None = None,
) -> object:
    scope = _scope(asked, cameras, days)
    after = Position(asked.moment, "m") if deep else None
    return await list_footage(db, scope, state=state, after=after, limit=PAGE)


async def _timeline(db: "Connection", asked: Round, *, cameras: int, length: timedelta) -> object:
    start, end = asked.window(length)
    window = timeline.Window("main", start, end, length / COLUMNS)
    names = _cameras(asked, cameras) or ()
    return await timeline.timeline(db, dict.fromkeys(names), window, asked.rows.end)


async def _calendar(db: "Connection", asked: Round, *, cameras: int, days: int) -> object:
    start, end = asked.window(timedelta(days=days))
    names = _cameras(asked, cameras) or ()
    return await timeline.calendar(db, names, "main", local_days(start, end, ZONE))


async def _coverage(db: "Connection", asked: Round, *, cameras: int | None) -> object:
    start, end = asked.window(timedelta(days=COVERAGE_DAYS))
    names = asked.rows.names if cameras is None else _cameras(asked, cameras) or ()
    return await coverage_by_day(db, dict.fromkeys(names), "main", local_days(start, end, ZONE))


async def _playable(db: "Connection", asked: Round) -> object:
    start, end = asked.window(timedelta(hours=6))
    return await catalog.playable(db, asked.camera, "main", start, end, limit=5400)


async def _storage(db: "Connection", _asked: Round) -> object:
    return await catalog.storage(db, None)


ZOOMS = {
    "a minute": timedelta(minutes=1),
    "an hour": timedelta(hours=1),
    "a day": timedelta(days=1),
    "a month": timedelta(days=31),
    "a year": timedelta(days=366),
}

VIEWS = (
    View("recordings", "one camera, first page", partial(_recordings, cameras=1)),
    View(
        "recordings", "one camera, newest first", partial(_recordings, cameras=1, newest_first=True)
    ),
    View("recordings", "one camera, a deep page", partial(_recordings, cameras=1, deep=True)),
    View("recordings", "one camera, a day", partial(_recordings, cameras=1, days=1)),
    View("recordings", "three cameras, newest first",
         partial(_recordings, cameras=3, newest_first=True)),
    View("recordings", "three cameras, a deep page", partial(_recordings, cameras=3, deep=True)),
    View("recordings", "all cameras, first page", partial(_recordings, cameras=None)),
    View("recordings", "all cameras, newest first",
         partial(_recordings, cameras=None, newest_first=True)),
    View("recordings", "all cameras, a deep page", partial(_recordings, cameras=None, deep=True)),
    View("recordings", "all cameras, a day", partial(_recordings, cameras=None, days=1)),
    *(
        View("timeline", f"{cameras} camera{'s' * (cameras > 1)}, {zoom}",
             partial(_timeline, cameras=cameras, length=length))
        for cameras in (1, SHOWN_TOGETHER)
        for zoom, length in ZOOMS.items()
    ),
    *(
        View("calendar", f"{cameras} camera{'s' * (cameras > 1)}, {what}",
             partial(_calendar, cameras=cameras, days=days))
        for cameras in (1, SHOWN_TOGETHER)
        for what, days in (("a month", 31), ("a year", 366))
    ),
    View("coverage", f"one camera, {COVERAGE_DAYS} days", partial(_coverage, cameras=1)),
    View("coverage", f"all cameras, {COVERAGE_DAYS} days", partial(_coverage, cameras=None)),
    View("storage", "all cameras", _storage),
    View("gaps", "one camera, first page", partial(_gaps, cameras=1)),
    View("gaps", "all cameras, first page", partial(_gaps, cameras=None)),
    View("gaps", "all cameras, a deep page", partial(_gaps, cameras=None, deep=True)),
    View("gaps", "all cameras, a month, open", partial(_gaps, cameras=None, days=31, state="open")),
    View("gaps", "all cameras, open", partial(_gaps, cameras=None, state="open")),
    View("gaps", "all cameras, a day, filled",
         partial(_gaps, cameras=None, days=1, state="filled")),
    View("stored footage", "one camera, first page", partial(_footage, cameras=1)),
    View("stored footage", "all cameras, first page", partial(_footage, cameras=None)),
    View("stored footage", "all cameras, a deep page", partial(_footage, cameras=None, deep=True)),
    View("stored footage", "one camera, a day, not recorded",
         partial(_footage, cameras=1, days=1, state="on_device")),
    View("playback", "a playlist of six hours", _playable),
)  # fmt: skip
