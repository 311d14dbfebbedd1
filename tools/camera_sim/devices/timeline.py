"""What a device has recorded, in true UTC; each protocol tells it in its own words."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

StreamName = Literal["main", "sub"]

STREAMS: Final[tuple[StreamName, ...]] = ("main", "sub")
BYTES_PER_SECOND: Final = {"main": 65_536, "sub": 16_384}
_MIN_BYTES: Final = 1024


@dataclass(frozen=True, slots=True)
class StoredFile:
    """One file; `started_at` and `ended_at` are aware UTC by a clock that is never wrong."""

    channel: int
    """From 1."""
    stream: StreamName
    started_at: datetime
    ended_at: datetime
    bytes: int
    name: str
    is_open: bool = False
    """Still being written: a timeline answers with its end and size of this moment."""


class Timeline:
    """The files of a device. `roll_seconds` closes a growing file at that length."""

    def __init__(
        self,
        files: Iterable[StoredFile] = (),
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        *,
        roll_seconds: float | None = None,
    ) -> None:
        self.now = now
        self._roll = None if roll_seconds is None else timedelta(seconds=roll_seconds)
        self._files = list(files)

    def files(
        self,
        *,
        channel: int | None = None,
        stream: StreamName | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
    ) -> list[StoredFile]:
        """All that overlap [start, end), by start."""
        return [
            file
            for file in self._present()
            if (channel is None or file.channel == channel)
            and (stream is None or file.stream == stream)
            and (start is None or file.ended_at > start)
            and (end is None or file.started_at < end)
        ]

    def named(self, name: str) -> StoredFile | None:
        """The file of that name as it is now."""
        return next((file for file in self._present() if file.name == name), None)

    def add(self, *files: StoredFile) -> None:
        """Stores more."""
        self._files += files

    def remove(self, *names: str) -> None:
        """Deletes, as a device does that overwrites its oldest files."""
        self._files = [file for file in self._files if file.name not in names]

    def _present(self) -> list[StoredFile]:
        now = self.now()
        grown = (part for file in self._files for part in self._grown(file, now))
        return sorted(grown, key=lambda file: (file.started_at, file.channel, file.stream))

    def _grown(self, file: StoredFile, now: datetime) -> Iterator[StoredFile]:
        if not file.is_open:
            yield file
            return
        start = file.started_at
        while self._roll is not None and start + self._roll <= now:
            yield stored_file(file.channel, file.stream, start, start + self._roll)
            start += self._roll
        if start < now:
            yield stored_file(file.channel, file.stream, start, now, is_open=True)


def stored_file(
    channel: int,
    stream: StreamName,
    started_at: datetime,
    ended_at: datetime,
    *,
    is_open: bool = False,
) -> StoredFile:
    """A file with the size and the name that go with its start and length."""
    seconds = (ended_at - started_at).total_seconds()
    number = int(started_at.timestamp()) * 10 + (stream == "sub")
    return StoredFile(
        channel=channel,
        stream=stream,
        started_at=started_at,
        ended_at=ended_at,
        bytes=max(_MIN_BYTES, int(seconds * BYTES_PER_SECOND[stream])),
        name=f"ch{channel:02}_{number:017}",
        is_open=is_open,
    )


def steady_timeline(
    channels: int | Collection[int],
    start: datetime,
    until: datetime | None,
    *,
    file_seconds: float = 1800.0,
    holes: Sequence[tuple[datetime, datetime]] = (),
    streams: Sequence[StreamName] = ("main",),
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Timeline:
    """Files of one length without a break but the holes; `until` None records on for ever.

    `channels` are numbers, or how many from 1. With `until` None the last file of each channel
    grows, and a new one begins whenever `file_seconds` are full.
    """
    numbers = range(1, channels + 1) if isinstance(channels, int) else channels
    end = now() if until is None else until
    files = []
    for begin, stop in _recorded(start, end, holes):
        cuts = list(_cuts(begin, stop, timedelta(seconds=file_seconds)))
        for left, right in cuts:
            is_open = until is None and right == end
            files += [
                stored_file(channel, stream, left, right, is_open=is_open)
                for channel in numbers
                for stream in streams
            ]
    return Timeline(files, now, roll_seconds=file_seconds)


def _recorded(
    start: datetime, end: datetime, holes: Sequence[tuple[datetime, datetime]]
) -> Iterator[tuple[datetime, datetime]]:
    for left, right in sorted(holes):
        if start < min(left, end):
            yield start, min(left, end)
        start = max(start, right)
    if start < end:
        yield start, end


def _cuts(
    begin: datetime, stop: datetime, length: timedelta
) -> Iterator[tuple[datetime, datetime]]:
    while begin < stop:
        yield begin, min(begin + length, stop)
        begin += length
