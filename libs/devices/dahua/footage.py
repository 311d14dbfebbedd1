"""Listing the footage that a Dahua device holds."""

import asyncio
import re
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final

from libs.contracts.devices import FailureReason
from libs.contracts.footage import FootageFile
from libs.devices.dahua.cgi import DahuaCgi
from libs.devices.dahua.channel_base import Outcome, find_base
from libs.devices.dahua.clock import local_time
from libs.devices.dahua.finder import Condition, Found, Item, find
from libs.devices.dahua.keyvalue import number
from libs.devices.dahua.spans import LocalSpan, Spans, local_range
from libs.devices.driver import StreamName, Window
from libs.devices.errors import DeviceError
from libs.devices.listing import list_completely

_VIDEO_STREAMS: Final[dict[StreamName, str]] = {"main": "Main", "sub": "Extra1"}
_EVERYTHING: Final = timedelta(days=3650)
_TRIES_WHEN_REFUSED: Final = 3
"""A refusal can mean that there is nothing, or that the device is out of sorts."""
_LONGEST: Final = timedelta(days=7)
_SECOND: Final = timedelta(seconds=1)


class FootageLister:
    """Lists one device's footage, one listing at a time; remembers how it counts channels."""

    def __init__(self, cgi: DahuaCgi, now: Callable[[], datetime]) -> None:
        self._cgi, self._now = cgi, now
        self._turn = asyncio.Lock()
        self._base: int | None = None

    async def files(
        self, channel: int, stream: StreamName, window: Window, *, channels: int, zone: tzinfo
    ) -> tuple[FootageFile, ...]:
        """Return all files of a channel, which counts from 1 here."""
        async with self._turn:
            base = await self._channel_base(channels, zone)
            listing = _Listing(
                self._cgi, channel, stream, channel - 1 + base, Spans(zone), self._now
            )
            return await list_completely(listing.search, window, same=same_file)

    async def _channel_base(self, channels: int, zone: tzinfo) -> int:
        if self._base is not None:
            return self._base
        end = self._now() + timedelta(days=1)
        start, until = local_range(Window(end - _EVERYTHING, end), zone)

        async def outcome(number: int) -> Outcome:
            condition = Condition(number, start, until)
            found = await _find_patiently(self._cgi, condition, at_most=1)
            if found.items:
                return "files"
            return "refused" if found.was_refused else "empty"

        base, is_certain = await find_base(outcome, channels)
        if is_certain:
            self._base = base
        return base


def same_file(file: FootageFile) -> Hashable:
    """Return what stays the same when a file is finished, which changes the end of its name.

    `08.00.00-08.00.00[R][0@0][0].dav_` becomes `08.00.00-08.30.00[R][0@0][0].dav`.
    """
    return file.channel, file.stream, file.started_at, _lasting_name(file.file_id)


def _lasting_name(path: str) -> str:
    return re.sub(r"-\d{2}\.\d{2}\.\d{2}(?=[^/]*$)", "", path).rstrip("_")


@dataclass(frozen=True, slots=True)
class _Listing:
    cgi: DahuaCgi
    channel: int
    stream: StreamName
    number: int
    """The channel as the firmware counts it."""
    spans: Spans
    now: Callable[[], datetime]

    async def search(self, window: Window) -> Sequence[FootageFile]:
        """One search session."""
        start, end = local_range(window, self.spans.zone)
        condition = Condition(self.number, start, end, _VIDEO_STREAMS[self.stream])
        found = self._of_channel(await self._found(condition))
        items = [item for item in found if self._is_of_stream(item)]
        if self.stream == "sub" and any("videostream" not in item for item in items):
            items = await self._not_in_main(items, condition)
        return self._files(items, window)

    async def _found(self, condition: Condition) -> tuple[Item, ...]:
        return (await _find_patiently(self.cgi, condition)).items

    def _of_channel(self, items: Sequence[Item]) -> Sequence[Item]:
        """Leave out other channels, where a device answers with all of them."""
        if len({item.get("channel") for item in items}) < 2:
            return items
        return [item for item in items if number(item.get("channel")) == self.number]

    def _is_of_stream(self, item: Item) -> bool:
        told = item.get("videostream", _VIDEO_STREAMS[self.stream])
        return told.lower() == _VIDEO_STREAMS[self.stream].lower()

    async def _not_in_main(self, items: list[Item], condition: Condition) -> list[Item]:
        """Firmware that does not know streams answers with the main one whatever it is asked."""
        main = await self._found(replace(condition, video_stream=_VIDEO_STREAMS["main"]))
        paths = {item.get("filepath") for item in main}
        return [item for item in items if item.get("filepath") not in paths]

    def _files(self, items: Sequence[Item], window: Window) -> list[FootageFile]:
        try:
            local = [_local_span(item) for item in items]
            stretches = self.spans.resolve(local, window)
            return [
                self._file(item, _real_utc(item) or stretch)
                for item, stretch in zip(items, stretches, strict=True)
            ]
        except (ValueError, OverflowError) as error:
            raise DeviceError(
                FailureReason.PROTOCOL, "the device listed a file that makes no sense"
            ) from error

    def _file(self, item: Item, stretch: Window) -> FootageFile:
        path = item.get("filepath", "")
        has_end = stretch.end > stretch.start
        return FootageFile(
            channel=str(self.channel),
            stream=self.stream,
            file_id=path,
            started_at=stretch.start,
            ended_at=stretch.end if has_end else max(self.now(), stretch.start + _SECOND),
            bytes=number(item.get("length")),
            is_open=not has_end or path.endswith("_"),
        )


async def _find_patiently(
    cgi: DahuaCgi, condition: Condition, *, at_most: int | None = None
) -> Found:
    found = Found()
    for _ in range(_TRIES_WHEN_REFUSED):
        found = await find(cgi, condition, at_most=at_most)
        if found.items or not found.was_refused:
            break
    return found


def _local_span(item: Item) -> LocalSpan:
    start, end = local_time(item.get("starttime")), local_time(item.get("endtime"))
    if start is None:
        raise ValueError("a file without a start")
    seconds = number(item.get("duration"))
    duration = timedelta(seconds=min(seconds, 10**9)) if seconds else None
    return LocalSpan(
        key=(start, item.get("filepath", "")),
        start=start,
        end=end,
        duration=duration if duration is not None and duration <= _LONGEST else None,
    )


def _real_utc(item: Item) -> Window | None:
    """Return the times that new firmware tells in UTC as well."""
    moments = [
        local_time(item.get(f"{side}timerealutc", "").replace("T", " ").removesuffix("Z"))
        for side in ("start", "end")
    ]
    start, end = moments
    if start is None or end is None or end <= start:
        return None
    return Window(start.replace(tzinfo=UTC), end.replace(tzinfo=UTC))
