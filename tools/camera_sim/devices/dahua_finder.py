"""Dahua CGI mediaFileFind: scarce search objects that page through what they found."""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response

from tools.camera_sim.devices.dahua_text import CgiError, done, lines
from tools.camera_sim.devices.device import SimulatedDevice
from tools.camera_sim.devices.results import as_it_is_now, found
from tools.camera_sim.devices.timeline import StoredFile, StreamName

_PAGE_CAP: Final = 100
_NUMBER: Final = re.compile(r"\d{1,9}")
_STREAMS: Final[dict[str, StreamName]] = {"Main": "main", "Extra1": "sub"}
_WRITTEN: Final = "%Y-%m-%d %H:%M:%S"
_WRITTEN_UTC: Final = "%Y-%m-%dT%H:%M:%SZ"


@dataclass(slots=True)
class _Finder:
    results: list[StoredFile] = field(default_factory=list)
    position: int = 0
    page_size: int = _PAGE_CAP


class Finders:
    """All search objects of one device; `open_finders` of the device names them."""

    def __init__(self, device: SimulatedDevice) -> None:
        self._device = device
        self._finders: dict[str, _Finder] = {}
        self._made = 8136

    def answer(self, request: Request) -> Response:
        """mediaFileFind.cgi; `factory` and `factory.close` are names of older firmware."""
        action = request.query_params.get("action", "")
        if action in {"factory.create", "factory"}:
            return self._create()
        name = request.query_params.get("object", "")
        if name not in self._finders:
            raise CgiError(400, "Bad Request!")
        if action == "findFile":
            return self._find(name, request.query_params)
        if action == "findNextFile":
            return self._find_next(name, request.query_params.get("count", "100"))
        if action in {"close", "factory.close"}:
            self._finders[name] = _Finder()
            return done()
        if action in {"destroy", "factory.destroy"}:
            del self._finders[name]
            self._device.open_finders.discard(name)
            return done()
        raise CgiError(400, "Bad Request!")

    def _create(self) -> Response:
        faults = self._device.faults
        if len(self._finders) >= faults.finder_leak_limit:
            raise CgiError(503, "Too many objects!")
        self._made += 1
        name = f"{self._made:05}"
        self._finders[name] = _Finder()
        self._device.open_finders.add(name)
        return lines(faults, [("result", name)])

    def _find(self, name: str, query: QueryParams) -> Response:
        faults = self._device.faults
        if faults.search_busy > 0:
            faults.search_busy -= 1
            raise CgiError(503, "Device busy!")
        files = self._matching(query)
        if not files and faults.empty_is_400:
            raise CgiError(400, "No results!")
        page_size = min(_PAGE_CAP, faults.page_cap or _PAGE_CAP)
        self._finders[name] = _Finder(found(files, faults, page_size), 0, page_size)
        return done()

    def _find_next(self, name: str, count: str) -> Response:
        if not _NUMBER.fullmatch(count):
            raise CgiError(400, "Bad Request!")
        finder = self._finders[name]
        size = min(int(count), finder.page_size)
        page = finder.results[finder.position : finder.position + size]
        finder.position += len(page)
        pairs: list[tuple[str, object]] = [("found", len(page))]
        for number, file in enumerate(page):
            pairs += self._item(f"items[{number}]", as_it_is_now(file, self._device.timeline))
        return lines(self._device.faults, pairs)

    def _matching(self, query: QueryParams) -> list[StoredFile]:
        device = self._device
        channel = query.get("condition.Channel", "")
        if not _NUMBER.fullmatch(channel):
            raise CgiError(400, "Bad Request!")
        number = int(channel) - device.faults.channel_base + 1
        if not 1 <= number <= len(device.spec.channels):
            raise CgiError(400, "Bad Request!")
        types = {value for key, value in query.items() if key.startswith("condition.Types[")}
        if types and "dav" not in types:
            return []
        wanted = query.get("condition.VideoStream")
        if wanted is not None and wanted not in _STREAMS:
            raise CgiError(400, "Bad Request!")
        stream = None if wanted is None else _STREAMS[wanted]
        files = device.timeline.files(channel=number, stream=stream)
        if device.faults.real_utc and "condition.StartTimeRealUTC" in query:
            start = _moment(query.get("condition.StartTimeRealUTC", ""), _WRITTEN_UTC)
            end = _moment(query.get("condition.EndTimeRealUTC", ""), _WRITTEN_UTC)
            return [file for file in files if self._overlaps_utc(file, start, end)]
        start = _moment(query.get("condition.StartTime", ""), _WRITTEN)
        end = _moment(query.get("condition.EndTime", ""), _WRITTEN)
        return [file for file in files if self._overlaps(file, start, end)]

    def _overlaps_utc(self, file: StoredFile, start: datetime, end: datetime) -> bool:
        clock = self._device.clock
        start, end = start.replace(tzinfo=UTC), end.replace(tzinfo=UTC)
        return clock.of(file.started_at) < end and clock.of(file.ended_at) > start

    def _overlaps(self, file: StoredFile, start: datetime, end: datetime) -> bool:
        """Compares wall clocks, also in the hour that comes twice."""
        begin, stop = self._local(file.started_at), self._local(file.ended_at)
        return begin < end and max(stop, begin.replace(microsecond=999_999)) > start

    def _local(self, true: datetime) -> datetime:
        return self._device.clock.naive(self._device.clock.of(true))

    def _item(self, name: str, file: StoredFile) -> list[tuple[str, object]]:
        device = self._device
        begin, end = self._local(file.started_at), self._local(file.ended_at)
        pairs: list[tuple[str, object]] = [
            ("Channel", file.channel - 1 + device.faults.channel_base),
            ("Cluster", 0),
            ("Disk", 0),
            ("Duration", int((file.ended_at - file.started_at).total_seconds())),
            ("EndTime", end.strftime(_WRITTEN)),
            ("FilePath", self._path(file)),
            ("Flags[0]", "Timing"),
            ("Length", file.bytes),
            ("Partition", 0),
            ("StartTime", begin.strftime(_WRITTEN)),
            ("Type", "dav"),
            ("VideoStream", "Main" if file.stream == "main" else "Extra1"),
        ]
        if device.faults.real_utc:
            utc = (device.clock.of(file.started_at), device.clock.of(file.ended_at))
            pairs.append(("StartTimeRealUTC", utc[0].strftime(_WRITTEN_UTC)))
            pairs.append(("EndTimeRealUTC", utc[1].strftime(_WRITTEN_UTC)))
        return [(f"{name}.{key}", value) for key, value in pairs]

    def _path(self, file: StoredFile) -> str:
        """A file being written ends with an underscore and is named by its start alone."""
        begin = self._local(file.started_at)
        end = begin if file.is_open else self._local(file.ended_at)
        folder = f"/mnt/sd/{begin:%Y-%m-%d}/{file.channel:03}/dav/{begin:%H}"
        stream = 0 if file.stream == "main" else 1
        suffix = "dav_" if file.is_open else "dav"
        return f"{folder}/{begin:%H.%M.%S}-{end:%H.%M.%S}[R][0@{stream}][0].{suffix}"


def _moment(given: str, pattern: str) -> datetime:
    try:
        return datetime.strptime(given, pattern)  # noqa: DTZ007 - wall clock, or set by the caller
    except ValueError as error:
        raise CgiError(400, "Bad Request!") from error
