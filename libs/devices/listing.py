"""Complete listings of a device's footage, out of searches that may silently be cut short.

Devices cap a search and still call it complete, show files at the seams of pages twice, and list
the file that is being written with an end that grows. So a search is not believed before another
one, started at the newest file found, has brought nothing new.
"""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from libs.contracts.devices import FailureReason
from libs.contracts.footage import FootageFile
from libs.devices.driver import Window
from libs.devices.errors import DeviceError

OVERLAP = timedelta(seconds=2)
"""Slices reach this far into each other: devices round, and take ends in or out."""

RESOLUTION = timedelta(seconds=1)
"""What devices write times in."""

MAX_ROUNDS_ON_THE_SPOT = 20
"""Searches in a row that name new files, none of them later than the newest known."""

Search = Callable[[Window], Awaitable[Sequence[FootageFile]]]
"""One search session: files that overlap a window, in any order, perhaps not all of them."""


def same_file(file: FootageFile) -> Hashable:
    """Return what stays the same while a file grows, for devices whose file ids do not change."""
    return file.channel, file.stream, file.file_id, file.started_at


async def list_completely(
    search: Search,
    window: Window,
    *,
    slice: timedelta = timedelta(days=1),  # noqa: A002 - what it is
    max_searches: int = 2000,
    timeout_seconds: float = 1800.0,
    same: Callable[[FootageFile], Hashable] = same_file,
) -> tuple[FootageFile, ...]:
    """Return every file that overlaps the window, by start, each once in its newest version.

    `same` tells a file that has grown from another one. A device that names ever new files, or
    needs more than `max_searches`, raises DeviceError(PROTOCOL), one that takes longer than
    `timeout_seconds` TIMEOUT; what `search` raises passes.
    """
    listing = _Listing(search, same, max_searches)
    try:
        async with asyncio.timeout(timeout_seconds):
            for part in _slices(window, slice):
                await listing.cover(part)
    except TimeoutError as error:
        raise DeviceError(
            FailureReason.TIMEOUT, "the device's footage takes too long to list"
        ) from error
    overlapping = (
        file
        for file in listing.files.values()
        if file.started_at < window.end and file.ended_at > window.start
    )
    return tuple(sorted(overlapping, key=_age))


def _slices(window: Window, size: timedelta) -> Iterator[Window]:
    start = window.start
    while start < window.end:
        end = min(start + size, window.end)
        yield Window(start - OVERLAP, end + OVERLAP)
        start = end


@dataclass(slots=True)
class _Listing:
    search: Search
    same: Callable[[FootageFile], Hashable]
    searches_left: int
    files: dict[Hashable, FootageFile] = field(default_factory=dict)

    async def cover(self, part: Window) -> None:
        """Search, and go on from the newest file until nothing is new and nothing later."""
        newest, _ = await self._round(part.start, part)
        rounds_on_the_spot = 0
        while newest is not None:
            later = await self._step(newest, part)
            if later is None:
                return
            rounds_on_the_spot = (
                0 if later.started_at > newest.started_at else 1 + rounds_on_the_spot
            )
            if rounds_on_the_spot > MAX_ROUNDS_ON_THE_SPOT:
                raise DeviceError(FailureReason.PROTOCOL, "the search for footage goes in circles")
            newest = max(newest, later, key=_age)

    async def _step(self, newest: FootageFile, part: Window) -> FootageFile | None:
        """Return the newest file of a search that got further; None when none does.

        First from the newest file's start, to miss nothing that begins within it; then from
        behind its end, which gets past it where one file is all that a search gives.
        """
        for start in (newest.started_at, min(newest.ended_at, part.end) + RESOLUTION):
            later, is_new = await self._round(start, part)
            if later is not None and (is_new or later.started_at > newest.started_at):
                return later
        return None

    async def _round(self, start: datetime, part: Window) -> tuple[FootageFile | None, bool]:
        """Search from `start`; return the newest file of the answer, and whether any was new."""
        if start >= part.end:
            return None, False
        if self.searches_left <= 0:
            raise DeviceError(FailureReason.PROTOCOL, "the search for footage does not end")
        self.searches_left -= 1
        answer = await self.search(Window(start, part.end))
        # What lies elsewhere is another slice's, and must not lead past files of this one.
        found = [
            file for file in answer if file.started_at < part.end and file.ended_at > part.start
        ]
        known = len(self.files)
        for file in found:
            self._merge(file)
        return max(found, key=_age, default=None), len(self.files) > known

    def _merge(self, file: FootageFile) -> None:
        """Keep a file, or its longer version."""
        known = self.files.setdefault(self.same(file), file)
        if file.ended_at >= known.ended_at:
            self.files[self.same(file)] = file


def _age(file: FootageFile) -> tuple[datetime, datetime]:
    return file.started_at, file.ended_at
