"""Stored footage of a recording as files: what the device has as intervals, cut at full hours."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from urllib.parse import quote

from lxml import etree

from libs.contracts.devices import FailureReason
from libs.contracts.footage import FootageFile
from libs.contracts.times import isoformat_z
from libs.devices.driver import StreamName, Window
from libs.devices.errors import DeviceError
from libs.devices.onvif.client import OnvifClient
from libs.devices.onvif.faults import OnvifFault
from libs.devices.onvif.history import HOUR, Change, Interval, change_of, cut, hour_of, intervals_of
from libs.devices.onvif.recordings import Recording
from libs.devices.onvif.search import EVENTS, find_all

_WSNT = "http://docs.oasis-open.org/wsn/b-2"
_TOPICS = "http://www.onvif.org/ver10/topics"
_CONCRETE_SET = "http://www.onvif.org/ver10/tev/topicExpression/ConcreteSet"
_MAX_SEARCHES = 200
_STILL_GROWING = timedelta(seconds=60)
_STALE = timedelta(minutes=5)
_LEAST = timedelta(milliseconds=1)
_MAX_TOKEN = 300


async def list_recording(
    client: OnvifClient, recording: Recording, window: Window
) -> list[Interval]:
    """Return what a recording has in the hours that `window` touches, in pieces of an hour."""
    start = hour_of(window.start)
    end = min(_next_hour(window.end), client.device_now())
    if recording.data_from is None or start >= end or end <= recording.data_from:
        return []
    changes = await _changes(client, recording, start, end)
    if changes:
        found = intervals_of(changes, recording.track, start, end)
    else:
        found = _by_flags(recording, start, end)
    return [piece for interval in found for piece in cut(_ending(interval, recording, end))]


def as_files(
    pieces: Iterable[Interval],
    recording: Recording,
    *,
    channel: str,
    stream: StreamName,
    window: Window,
    now: datetime,
) -> list[FootageFile]:
    """Return the pieces that overlap `window` and are not overwritten yet."""
    oldest = recording.data_from
    return [
        FootageFile(
            channel=channel,
            stream=stream,
            file_id=file_id(recording, piece.start),
            started_at=piece.start,
            ended_at=piece.end,
            is_open=piece.goes_on and piece.end > now - _STILL_GROWING,
        )
        for piece in pieces
        if piece.end - piece.start >= _LEAST
        and piece.end > window.start
        and piece.start < window.end
        and (oldest is None or piece.end > oldest)
    ]


def file_id(recording: Recording, start: datetime) -> str:
    """Return `recording/track/start`; the tokens are percent-encoded."""
    tokens = (quote(token[:_MAX_TOKEN], safe="") for token in (recording.token, recording.track))
    return "/".join((*tokens, isoformat_z(start)))


async def _changes(
    client: OnvifClient, recording: Recording, start: datetime, end: datetime
) -> list[Change]:
    """Search until a search that begins at the newest event brings nothing new.

    Devices cap the results of a search and call it complete all the same.
    """
    found: dict[Change, None] = {}
    begin = start
    for _ in range(_MAX_SEARCHES):
        told = await _one_search(client, recording, begin, end)
        # in a later search the state at its beginning is an event that is known already
        news = [one for one in told if one not in found and not (found and one.is_start_state)]
        found.update(dict.fromkeys(news))
        events = [one.at for one in news if not one.is_start_state]
        if not events:
            return list(found)
        begin = max(events)
    raise DeviceError(FailureReason.PROTOCOL, "the device's events never end")


async def _one_search(
    client: OnvifClient, recording: Recording, start: datetime, end: datetime
) -> list[Change]:
    asked = {
        "StartPoint": start,
        "EndPoint": end,
        "Scope": {"IncludedRecordings": [recording.token]},
        "SearchFilter": {"_value_1": [_topic_filter()]},
        "IncludeStartState": True,
    }
    try:
        results = await find_all(client, EVENTS, asked)
    except OnvifFault as error:
        if error.reason in {FailureReason.UNAUTHORIZED, FailureReason.LOCKED, FailureReason.BUSY}:
            raise
        results = await _unfiltered(client, asked)
    changes = (change_of(result, recording.token) for result in results)
    return [change for change in changes if change is not None]


async def _unfiltered(client: OnvifClient, asked: dict[str, object]) -> list[object]:
    """Search without the filter, which some do not understand; some have no events at all."""
    try:
        return await find_all(client, EVENTS, {**asked, "SearchFilter": {}})
    except OnvifFault as error:
        if error.reason not in {FailureReason.UNSUPPORTED, FailureReason.PROTOCOL}:
            raise
        return []


def _topic_filter() -> etree._Element:
    element = etree.Element(
        f"{{{_WSNT}}}TopicExpression", {"Dialect": _CONCRETE_SET}, {"tns1": _TOPICS}
    )
    element.text = "tns1:RecordingHistory//."
    return element


def _by_flags(recording: Recording, start: datetime, end: datetime) -> list[Interval]:
    """Without events, all within [start, end) from the first to the last moment of the track.

    A track that is said to begin in the year 1 would else be millions of hours.
    """
    begun, until = max(recording.data_from or end, start), recording.data_to
    stop = min(until or end, end)
    grows = recording.is_recording or stop > end - _STILL_GROWING
    return [Interval(begun, stop, goes_on=grows)] if begun < stop else []


def _ending(interval: Interval, recording: Recording, end: datetime) -> Interval:
    """What goes on ends where the data ends; our idea of the device's clock is half a second off.

    A recording that is stopped ends there whatever its events leave open; one that runs does not
    where the device does not keep the end up to date.
    """
    until = recording.data_to
    if not interval.goes_on or until is None or until >= end:
        return interval
    if recording.is_recording and until < end - _STALE:
        return interval
    return Interval(interval.start, max(until, interval.start), goes_on=recording.is_recording)


def _next_hour(moment: datetime) -> datetime:
    return hour_of(moment + HOUR - timedelta(microseconds=1))
