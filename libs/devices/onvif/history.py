"""When a recording has data, from the events that the device kept of it; without I/O.

Topics `tns1:RecordingHistory/Track/State` (IsDataPresent) and `.../Recording/State` (IsRecording),
ONVIF Recording Search 5.22. They are told apart by these names: zeep drops the text of a topic.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from libs.devices.onvif.answers import field_of, items_of, text_of, time_of, token_of
from libs.devices.xml import Element, local_name

HOUR = timedelta(hours=1)

_OF_TRACK, _OF_RECORDING = "IsDataPresent", "IsRecording"


@dataclass(frozen=True, slots=True)
class Change:
    """From `at` on there is data in a track, or none."""

    at: datetime
    has_data: bool
    track: str
    """Empty: told of the recording as a whole."""
    is_start_state: bool
    """Not an event, but how it was where the search begins."""


@dataclass(frozen=True, slots=True)
class Interval:
    """Data without a break; `goes_on`: until the end of what was looked at, and maybe longer."""

    start: datetime
    end: datetime
    goes_on: bool = False


def change_of(result: Any, recording: str) -> Change | None:
    """Return what a search result says about a recording; None for all other events."""
    at = time_of(result, "Time")
    if at is None or token_of(result, "RecordingToken") not in {"", recording}:
        return None
    source, data = _simple_items(field_of(result, "Event", "Message"))
    kind = _OF_TRACK if _OF_TRACK in data else _OF_RECORDING
    state = data.get(kind, "").strip().lower()
    if state not in {"true", "1", "false", "0"}:
        return None
    track = token_of(result, "TrackToken") or source.get("Track", "")
    return Change(
        at=at,
        has_data=state in {"true", "1"},
        track=track if kind == _OF_TRACK else "",
        is_start_state=field_of(result, "StartStateEvent") is True,
    )


def intervals_of(
    changes: Iterable[Change], track: str, start: datetime, end: datetime
) -> list[Interval]:
    """Return the stretches with data within [start, end), by time.

    What is told of the track counts; what is told of the recording only where nothing else is.
    """
    every = sorted(changes, key=lambda change: (change.at, not change.is_start_state))
    of_track = [change for change in every if change.track == track]
    found: list[Interval] = []
    since: datetime | None = None
    is_first = True
    for change in of_track or [change for change in every if not change.track]:
        at = min(max(change.at, start), end)
        if change.has_data:
            since = at if since is None else since
        elif since is not None or is_first:
            # that the first event is an end means that it began before
            begun = start if since is None else since
            found += [Interval(begun, at)] if begun < at else []
            since = None
        is_first = False
    if since is not None and since < end:
        found.append(Interval(since, end, goes_on=True))
    return _joined(found)


def cut(interval: Interval) -> Iterator[Interval]:
    """Yield an interval in pieces of at most an hour, cut at full UTC hours.

    Wherever a listing begins, it finds the same pieces.
    """
    start = interval.start
    while start < interval.end:
        end = min(hour_of(start) + HOUR, interval.end)
        yield Interval(start, end, goes_on=interval.goes_on and end == interval.end)
        start = end


def hour_of(moment: datetime) -> datetime:
    """Return the full hour at or before."""
    return moment.replace(minute=0, second=0, microsecond=0)


def _joined(intervals: Sequence[Interval]) -> list[Interval]:
    """An end and a beginning at the same moment are no break."""
    found: list[Interval] = []
    for interval in intervals:
        if found and found[-1].end == interval.start:
            found[-1] = Interval(found[-1].start, interval.end, goes_on=interval.goes_on)
        else:
            found.append(interval)
    return found


def _simple_items(message: Any) -> tuple[dict[str, str], dict[str, str]]:
    """Return the Source and Data of a tt:Message, which zeep reads or leaves as an element."""
    told = field_of(message, "_value_1")
    told = told if told is not None else message
    if isinstance(told, Element):
        return _element_items(told, "Source"), _element_items(told, "Data")
    return _object_items(told, "Source"), _object_items(told, "Data")


def _object_items(told: Any, part: str) -> dict[str, str]:
    return {
        text_of(item, "Name"): text_of(item, "Value") for item in items_of(told, part, "SimpleItem")
    }


def _element_items(told: Element, part: str) -> dict[str, str]:
    return {
        item.get("Name", ""): item.get("Value", "")
        for parent in told.iter()
        if local_name(parent) == part
        for item in parent
        if local_name(item) == "SimpleItem"
    }
