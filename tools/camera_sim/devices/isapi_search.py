"""ISAPI ContentMgmt: searches for footage, days with footage, tracks."""

import re
from calendar import monthrange
from datetime import date, datetime, timedelta
from typing import Final
from urllib.parse import quote

from lxml import etree
from starlette.responses import Response

from tools.camera_sim.devices.device import SimulatedDevice
from tools.camera_sim.devices.isapi_system import channel_numbers, stream_id
from tools.camera_sim.devices.isapi_times import SearchTimes
from tools.camera_sim.devices.isapi_xml import IsapiError, Node, document, parse, text, texts
from tools.camera_sim.devices.results import as_it_is_now, found
from tools.camera_sim.devices.timeline import STREAMS, StoredFile

_UUID: Final = re.compile(r"\{?[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}\}?")
_POSITIONS: Final = ("searchResultPostion", "searchResultPosition")
_PAGE_CAP: Final = 40
_KEPT_SESSIONS: Final = 32
_GUID: Final = "{00000000-0000-4000-8000-000000000000}"


class Searches:
    """Search sessions of one device: what a searchID found the first time, it pages through."""

    def __init__(self, device: SimulatedDevice) -> None:
        self._device = device
        self._times = SearchTimes(device.clock, device.faults)
        self._sessions: dict[str, list[StoredFile]] = {}

    def search(self, body: bytes) -> Response:
        """POST ContentMgmt/search."""
        faults = self._device.faults
        query = parse(body)
        search_id, position, limit = self._paging(query)
        if faults.search_busy > 0:
            faults.search_busy -= 1
            raise IsapiError(503, 2, "deviceBusy")
        if position == 0 or search_id not in self._sessions:
            self._sessions.pop(search_id, None)
            self._sessions[search_id] = found(self._files(query), faults, limit)
            for old in list(self._sessions)[:-_KEPT_SESSIONS]:
                del self._sessions[old]
        everything = self._sessions[search_id]
        page = everything[position : position + limit]
        is_last = position + limit >= len(everything)
        return self._answer(search_id, page, len(everything), is_last=is_last)

    def daily_distribution(self, track: str, body: bytes) -> Response:
        """POST ContentMgmt/record/tracks/<id>/dailyDistribution; days of the device's zone."""
        query = parse(body)
        try:
            year, month = int(text(query, "year")), int(text(query, "monthOfYear"))
            _, days = monthrange(date(year, month, 1).year, month)
        except ValueError as error:
            raise IsapiError(400, 6, "badParameters") from error
        recorded = {
            day
            for file in self._of_track(track)
            for day in _days(self._local(file.started_at), self._local(file.ended_at))
        }
        return document(
            self._device.faults,
            "trackDailyDistribution",
            [
                (
                    "dayList",
                    [
                        (
                            "day",
                            [
                                ("id", day),
                                ("dayOfMonth", day),
                                ("record", date(year, month, day) in recorded),
                            ],
                        )
                        for day in range(1, days + 1)
                    ],
                )
            ],
        )

    def tracks(self) -> Response:
        """GET ContentMgmt/record/tracks."""
        tracks: list[Node] = [
            (
                "Track",
                [
                    ("id", stream_id(number, stream.stream)),
                    ("Channel", stream_id(number, stream.stream)),
                    ("Enable", True),
                    ("Description", "trackType=standard"),
                ],
            )
            for number, channel in channel_numbers(self._device)
            for stream in channel.streams()
        ]
        return document(self._device.faults, "TrackList", tracks)

    def _paging(self, query: etree._Element) -> tuple[str, int, int]:
        faults = self._device.faults
        search_id = text(query, "searchID")
        if faults.strict_uuid and not _UUID.fullmatch(search_id):
            raise IsapiError(400, 6, "badXmlContent")
        names = _POSITIONS[:1] if faults.strict_names else _POSITIONS
        given = [value for name in names for value in texts(query, name)]
        if faults.strict_names and (not given or not texts(query, "trackIDList")):
            raise IsapiError(400, 6, "badXmlContent")
        try:
            position, limit = int((given or ["0"])[0]), int(text(query, "maxResults", "40"))
        except ValueError as error:
            raise IsapiError(400, 6, "badXmlContent") from error
        if position < 0 or limit < 1:
            raise IsapiError(400, 6, "badParameters")
        return search_id, position, min(limit, faults.page_cap or _PAGE_CAP)

    def _files(self, query: etree._Element) -> list[StoredFile]:
        tracks = texts(query, "trackID")
        if not tracks:
            raise IsapiError(400, 6, "badXmlContent")
        start = self._times.read(text(query, "startTime"))
        end = self._times.read(text(query, "endTime"))
        files = [file for track in tracks for file in self._of_track(track)]
        return [file for file in files if self._times.overlap(file, start, end)]

    def _of_track(self, track: str) -> list[StoredFile]:
        for number, _ in channel_numbers(self._device):
            for stream in STREAMS:
                if track == str(stream_id(number, stream)):
                    return self._device.timeline.files(channel=number, stream=stream)
        raise IsapiError(400, 6, "badParameters")

    def _answer(
        self, search_id: str, page: list[StoredFile], total: int, *, is_last: bool
    ) -> Response:
        faults = self._device.faults
        state = "OK" if is_last else "MORE"
        if faults.more_empty:
            state = "MORE"
        elif not page:
            state = "NO MATCHES"
        children: list[Node] = [
            ("searchID", search_id),
            ("responseStatus", True),
            ("responseStatusStrg", state),
            ("numOfMatches", len(page)),
        ]
        if faults.total_matches:
            children.append(("totalMatches", total))
        if page:
            items: list[Node] = [
                ("searchMatchItem", self._item(file, number)) for number, file in enumerate(page)
            ]
            children.append(("matchList", items))
        return document(faults, "CMSearchResult", children)

    def _item(self, listed: StoredFile, number: int) -> list[Node]:
        device = self._device
        file = as_it_is_now(listed, device.timeline)
        track = stream_id(file.channel, file.stream)
        codec = device.spec.channels[file.channel - 1].codec
        segment: list[Node] = [
            ("contentType", "video"),
            ("codecType", {"h264": "H.264-BP", "h265": "H.265-BP"}[codec]),
        ]
        if not (device.faults.missing_playback_uri and number % 5 == 4):
            segment.append(("playbackURI", self._playback_uri(file, track)))
        return [
            ("sourceID", _GUID),
            ("trackID", track),
            (
                "timeSpan",
                [
                    ("startTime", self._times.written(file.started_at)),
                    ("endTime", self._times.written(file.ended_at)),
                ],
            ),
            ("mediaSegmentDescriptor", segment),
            (
                "metadataMatches",
                [("metadataDescriptor", "recordType.meta.hikvision.com/timing")],
            ),
        ]

    def _playback_uri(self, file: StoredFile, track: int) -> str:
        device = self._device
        start, end = (
            self._times.written(moment).replace("-", "", 2).replace(":", "", 2)
            for moment in (file.started_at, file.ended_at)
        )
        account = ""
        if device.faults.playback_uri_has_login:
            account = (
                f"{quote(device.spec.username, safe='')}:{quote(device.spec.password, safe='')}@"
            )
        return (
            f"rtsp://{account}{device.told_host}/Streaming/tracks/{track}/"
            f"?starttime={start}&endtime={end}&name={file.name}&size={file.bytes}"
        )

    def _local(self, true: datetime) -> datetime:
        return self._device.clock.local(self._device.clock.of(true))


def _days(first: datetime, last: datetime) -> set[date]:
    count = (last.date() - first.date()).days
    return {first.date() + timedelta(days=number) for number in range(count + 1)}
