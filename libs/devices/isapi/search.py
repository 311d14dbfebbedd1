"""ISAPI's ContentMgmt search: one session after the other, until a listing is complete."""

import re
import uuid
from collections.abc import Hashable
from datetime import datetime

import structlog
from lxml import etree

from libs.contracts.devices import FailureReason
from libs.contracts.footage import FootageFile
from libs.devices.driver import StreamName, Window
from libs.devices.errors import DeviceError
from libs.devices.isapi.client import IsapiClient
from libs.devices.isapi.clock import SearchTimes
from libs.devices.isapi.documents import FoundItem, SearchPage, search_page_of
from libs.devices.listing import RESOLUTION, list_completely

PAGE = 40
"""What recorders give at most, whatever is asked for."""
MAX_PAGES = 200
NAMESPACE = "http://www.hikvision.com/ver20/XMLSchema"

log = structlog.get_logger()

_SIZE = re.compile(r"[?&]size=(\d{1,15})(?:&|$)")


class FootageSearch:
    """Lists the files of one device."""

    def __init__(self, client: IsapiClient, host: str) -> None:
        self._client = client
        self._host = host

    async def files(
        self, channel: str, stream: StreamName, window: Window, times: SearchTimes
    ) -> tuple[FootageFile, ...]:
        """Return every file of a channel's stream that overlaps the window."""
        track = track_of(channel, stream)

        told: dict[tuple[datetime, datetime], FootageFile] = {}

        async def one_session(part: Window) -> list[FootageFile]:
            items = await self.items(track, *times.write(part))
            read = self._files_of(items, channel, stream, times)
            told.update(
                {(file.started_at, file.ended_at): file for file, item in read if item.playback_uri}
            )
            return [file for file, _ in read]

        listed = await list_completely(one_session, window, same=_same_recording)
        # An item may have its URI in one answer and none in the next; the file stays the same.
        return tuple(told.get((file.started_at, file.ended_at), file) for file in listed)

    async def items(self, track: str, start: str, end: str) -> list[FoundItem]:
        """Run one session and return what it tells; perhaps not everything."""
        search_id = str(uuid.uuid4()).upper()  # other ids are refused
        found: list[FoundItem] = []
        last_page: SearchPage | None = None
        for _ in range(MAX_PAGES):
            page = await self._page(search_id, track, (start, end), len(found))
            # The same page again: the device knows no positions.
            if page is None or page == last_page:
                break
            found += page.items
            if page.state == "last":
                break
            last_page = page
        return [item for item in found if item.track in {track, ""}]

    async def _page(
        self, search_id: str, track: str, span: tuple[str, str], position: int
    ) -> SearchPage | None:
        content = search_request(search_id, track, span, position)
        try:
            return search_page_of(
                await self._client.document("ContentMgmt/search", content=content)
            )
        except DeviceError as error:
            # A session that the device has forgotten on the way is a short one.
            if position > 0 and error.reason is FailureReason.BUSY:
                return None
            raise

    def _files_of(
        self, items: list[FoundItem], channel: str, stream: StreamName, times: SearchTimes
    ) -> list[tuple[FootageFile, FoundItem]]:
        """Read items in the order in which they come, which tells repeated hours apart."""
        read: dict[FoundItem, FootageFile] = {}
        before = None
        for item in items:
            if item in read:  # told again at the seam of two pages
                continue
            try:
                started_at = times.read(item.start, not_before=before)
                ended_at = times.read(item.end, not_before=started_at + RESOLUTION)
                before = ended_at - 2 * RESOLUTION
            except OverflowError as error:
                raise DeviceError(FailureReason.PROTOCOL, "a time outside the calendar") from error
            if ended_at > started_at:
                read[item] = self._file_of(item, (started_at, ended_at), channel, stream)
            else:
                # A power cut or a clock set back leaves such entries; there is nothing to get.
                log.warning("footage.left_out", start=item.start, end=item.end)
        return [(file, item) for item, file in read.items()]

    def _file_of(
        self,
        item: FoundItem,
        span: tuple[datetime, datetime],
        channel: str,
        stream: StreamName,
    ) -> FootageFile:
        file_id = item.playback_uri or self._made_uri(item, track_of(channel, stream))
        if len(file_id) > 1024:
            raise DeviceError(FailureReason.PROTOCOL, "a playback URI that is too long")
        size = _SIZE.search(file_id)
        return FootageFile(
            channel=channel,
            stream=stream,
            file_id=file_id,
            started_at=span[0],
            ended_at=span[1],
            bytes=int(size[1]) if size else None,
        )

    def _made_uri(self, item: FoundItem, track: str) -> str:
        """Return a playback URI for an item that has none; many devices take a bare time range."""
        start, end = (re.sub(r"[-:]", "", text) for text in (item.start, item.end))
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"rtsp://{host}/Streaming/tracks/{track}/?starttime={start}&endtime={end}"


def track_of(channel: str, stream: StreamName) -> str:
    """Return the track's number; raises NOT_FOUND for what is no channel number."""
    if not re.fullmatch(r"[1-9][0-9]{0,3}", channel):
        raise DeviceError(FailureReason.NOT_FOUND, "a channel of this device is a number from 1")
    return f"{channel}{'01' if stream == 'main' else '02'}"


def search_request(search_id: str, track: str, span: tuple[str, str], position: int) -> bytes:
    """Return a CMSearchDescription; the misspelt position is the one that devices know."""
    root = etree.Element("CMSearchDescription", version="1.0", xmlns=NAMESPACE)
    _add(root, "searchID", search_id)
    _add(_add(root, "trackIDList"), "trackID", track)
    time_span = _add(_add(root, "timeSpanList"), "timeSpan")
    _add(time_span, "startTime", span[0])
    _add(time_span, "endTime", span[1])
    _add(root, "maxResults", str(PAGE))
    _add(root, "searchResultPostion", str(position))
    _add(_add(root, "metadataList"), "metadataDescriptor", "//recordType.meta.std-cgi.com")
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True)


def _add(parent: etree._Element, name: str, text: str | None = None) -> etree._Element:
    child = etree.SubElement(parent, name)
    child.text = text
    return child


def _same_recording(file: FootageFile) -> Hashable:
    """A track records one file at a time; its URI changes while it grows, and may be left out."""
    return file.started_at
