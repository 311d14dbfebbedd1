"""Which of the files that a device lists are finished. Pure: no clock, no I/O.

A file that is still being written is listed like any other, with an end that grows, stands still
at its beginning, or lies in the future. Announced too early it would be fetched cut off.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from libs.contracts.footage import FootageFile

CERTAIN_AGE = timedelta(hours=1)
"""Nothing goes on growing for longer than this after the end that it states."""


@dataclass(frozen=True, slots=True)
class _Newest:
    started_at: datetime
    digest: str
    since: datetime
    """Device's time at which it was first seen like this."""
    is_growing: bool
    """It was seen otherwise before."""


class Settling:
    """Remembers one camera's newest file of each stream: the only one that may be growing."""

    def __init__(self, settle: timedelta) -> None:
        self._settle = settle
        self._newest: dict[tuple[str, str], _Newest] = {}
        self.held_from: datetime | None = None
        """The earliest end of a newest file that was held back, None without one."""

    def finished(
        self, files: Sequence[FootageFile], *, device_now: datetime, reaches_now: bool
    ) -> list[FootageFile]:
        """Return the files that will not change any more, in the order given.

        A file is finished when its stated end is `settle` ago and either another one follows it,
        or it was the same at a listing at least `settle` earlier, or its end is an hour ago and
        it was never seen otherwise.
        `reaches_now`: this listing went up to the device's now, so its newest file is the newest
        of all. List that stretch first: a long file is seen again in the stretches before.
        """
        if reaches_now:
            self._remember(files, device_now)
        done = [file for file in files if self._is_finished(file, device_now)]
        if reaches_now:
            newest = {known.digest for known in self._newest.values()}
            held = {file.digest: file.ended_at for file in files if file.digest in newest}
            for file in done:
                held.pop(file.digest, None)
            self.held_from = min(held.values(), default=None)
        return done

    def _is_finished(self, file: FootageFile, device_now: datetime) -> bool:
        if file.is_open or file.ended_at > device_now - self._settle:
            return False
        newest = self._newest.get(_track(file))
        if newest is None or file.started_at < newest.started_at:
            return True
        is_unchanged = file.digest == newest.digest and newest.since <= device_now - self._settle
        is_certain = file.ended_at <= device_now - CERTAIN_AGE and not newest.is_growing
        return is_unchanged or is_certain

    def _remember(self, files: Sequence[FootageFile], device_now: datetime) -> None:
        newest: dict[tuple[str, str], FootageFile] = {}
        for file in sorted(files, key=lambda file: (file.started_at, file.ended_at)):
            newest[_track(file)] = file
        for track, file in newest.items():
            before = self._newest.get(track)
            # a clock that was set back must not make it wait for as long
            same = before and before.digest == file.digest and before.since <= device_now
            since = before.since if before and same else device_now
            grew = before is not None and before.started_at == file.started_at and not same
            was_growing = before is not None and before.is_growing and bool(same)
            self._newest[track] = _Newest(
                file.started_at, file.digest, since, is_growing=grew or was_growing
            )


def _track(file: FootageFile) -> tuple[str, str]:
    return file.channel, file.stream
