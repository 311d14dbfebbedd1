"""The recording search service (ONVIF Recording Search, namespace tse)."""

import random
from datetime import datetime, timedelta
from typing import Final

from lxml import etree

from tools.camera_sim.devices.onvif import capabilities
from tools.camera_sim.devices.onvif.history_events import (
    RECORDING_STATE,
    events_between,
    matching_topics,
)
from tools.camera_sim.devices.onvif.names import SEARCH
from tools.camera_sim.devices.onvif.recordings import (
    Recording,
    information,
    recording,
    recordings,
)
from tools.camera_sim.devices.onvif.search_sessions import SearchKind, resource_problem
from tools.camera_sim.devices.onvif.soap import invalid_argument
from tools.camera_sim.devices.onvif.world import Operation, World, source_token
from tools.camera_sim.devices.onvif.xml import (
    Element,
    child,
    child_text,
    el,
    local_name,
    read_duration,
    read_time,
)

_MAX_PAGE: Final = 100
_MAX_DIGITS: Final = 10
_MAX_WAIT: Final = timedelta(seconds=30)
_MIN_KEEP_ALIVE: Final = timedelta(seconds=10)
"""Shorter ones are lengthened: devices must support this long (ONVIF Recording Search 5.2)."""


def _get_recording_summary(world: World, _: Element) -> Element:
    found = recordings(world)
    firsts = [item.first for item in found if item.first is not None]
    lasts = [item.last for item in found if item.last is not None]
    return el(
        "tse:GetRecordingSummaryResponse",
        el(
            "tse:Summary",
            el("tt:DataFrom", min(firsts, default=world.now())),
            el("tt:DataUntil", max(lasts, default=world.now())),
            el("tt:NumberRecordings", len(found)),
        ),
    )


def _get_recording_information(world: World, request: Element) -> Element:
    token = child_text(request, "RecordingToken")
    found = next((item for item in recordings(world) if item.token == token), None)
    if found is None:
        raise invalid_argument("InvalidToken", "There is no such recording")
    return el(
        "tse:GetRecordingInformationResponse",
        information(world, "tse:RecordingInformation", found),
    )


def _find_recordings(world: World, request: Element) -> Element:
    found = _in_scope(world, child(request, "Scope"))
    results = [information(world, "tt:RecordingInformation", item) for item in found]
    random.shuffle(results)  # their order is undefined, and somebody would come to rely on one
    token = _begin(world, request, "recordings", results)
    return el("tse:FindRecordingsResponse", el("tse:SearchToken", token))


def _find_events(world: World, request: Element) -> Element:
    end = child_text(request, "EndPoint")
    filters = _named(child(request, "SearchFilter"), "TopicExpression")
    topics = matching_topics(item.text or "" for item in filters)
    if world.switches.recording_events_only:
        topics = [topic for topic in topics if topic == RECORDING_STATE]
    events = events_between(
        _in_scope(world, child(request, "Scope")),
        topics,
        _time(child_text(request, "StartPoint")),
        _time(end) if end else None,
        with_start_state=child_text(request, "IncludeStartState") in {"true", "1"},
    )
    results = [event.element() for event in events]
    if world.faults.scrambles_results:
        random.shuffle(results)
    token = _begin(world, request, "events", results)
    return el("tse:FindEventsResponse", el("tse:SearchToken", token))


async def _get_recording_search_results(world: World, request: Element) -> Element:
    results = await _results(world, request, "recordings")
    return el("tse:GetRecordingSearchResultsResponse", results)


async def _get_event_search_results(world: World, request: Element) -> Element:
    return el("tse:GetEventSearchResultsResponse", await _results(world, request, "events"))


def _get_search_state(world: World, request: Element) -> Element:
    session = world.searches.find(child_text(request, "SearchToken"))
    state = "Searching" if not world.searches.is_searched(session) else "Completed"
    return el("tse:GetSearchStateResponse", el("tse:State", state))


def _end_search(world: World, request: Element) -> Element:
    world.searches.end(world.searches.find(child_text(request, "SearchToken")))
    return el("tse:EndSearchResponse", el("tse:Endpoint", world.now()))


def _begin(world: World, request: Element, kind: SearchKind, results: list[Element]) -> str:
    """Start a session with what the limits of request and faults leave."""
    if world.faults.search_busy > 0:
        world.faults.search_busy -= 1
        raise resource_problem()
    limits = [_count(request, "MaxMatches"), world.faults.result_cap]
    most = min((limit for limit in limits if limit is not None), default=None)
    longest = timedelta(seconds=world.switches.max_keep_alive_seconds)
    keep_alive = max(_duration(request, "KeepAliveTime") or _MIN_KEEP_ALIVE, _MIN_KEEP_ALIVE)
    session = world.searches.begin(
        kind,
        results[:most],
        duration=world.switches.search_seconds,
        keep_alive=min(keep_alive, longest).total_seconds(),
        limit=world.switches.max_searches,
    )
    return session.token


async def _results(world: World, request: Element, kind: SearchKind) -> Element:
    session = world.searches.find(child_text(request, "SearchToken"), kind)
    wait = min(_duration(request, "WaitTime") or timedelta(0), _MAX_WAIT)
    cap = world.faults.page_cap or _MAX_PAGE
    most = min(_count(request, "MaxResults") or cap, cap)
    least = min(_count(request, "MinResults") or most, most)
    page = await world.searches.next_page(
        session,
        least=least,
        most=most,
        wait=wait.total_seconds(),
        repeats_seam=world.faults.duplicate_at_seams,
        never_ends=world.faults.more_empty,
    )
    state = "Completed" if page.is_last else "Searching"
    return el("tse:ResultList", el("tt:SearchState", state), page.results)


def _in_scope(world: World, scope: Element | None) -> list[Recording]:
    """Return what IncludedSources, IncludedRecordings and the XPath filter leave over."""
    sources = {child_text(item, "Token") for item in _named(scope, "IncludedSources")}
    tokens = {(item.text or "").strip() for item in _named(scope, "IncludedRecordings")}
    for token in tokens:
        recording(world, token)
    expression = child_text(scope, "RecordingInformationFilter")
    return [
        item
        for item in recordings(world)
        if (not tokens or item.token in tokens)
        and (not sources or source_token(item.number) in sources)
        and (not expression or _passes(world, item, expression))
    ]


def _named(element: Element | None, name: str) -> list[Element]:
    return [] if element is None else [item for item in element if local_name(item) == name]


def _passes(world: World, found: Recording, expression: str) -> bool:
    """Whether a recording satisfies an XPath filter; names in it have no namespace."""
    element = information(world, "tse:RecordingInformation", found)
    for item in element.iter():
        item.tag = local_name(item)
    try:
        return bool(element.xpath(expression))
    except (etree.XPathError, ValueError) as error:
        raise invalid_argument("InvalidFilterFault", "The filter is not understood") from error


def _time(text: str | None) -> datetime:
    try:
        return read_time(text or "")
    except ValueError as error:
        raise invalid_argument("InvalidDateTime", "That is not a time") from error


def _duration(request: Element, name: str) -> timedelta | None:
    text = child_text(request, name)
    if not text:
        return None
    try:
        return read_duration(text)
    except ValueError as error:
        raise invalid_argument("InvalidArgs", f"{name} is not a duration") from error


def _count(request: Element, name: str) -> int | None:
    text = child_text(request, name)
    if not text:
        return None
    if not text.isascii() or not text.isdigit() or len(text) > _MAX_DIGITS:
        raise invalid_argument("InvalidArgs", f"{name} is not a number")
    return int(text) or None


OPERATIONS: Final[dict[str, Operation]] = {
    "GetServiceCapabilities": capabilities.operation(SEARCH),
    "GetRecordingSummary": _get_recording_summary,
    "GetRecordingInformation": _get_recording_information,
    "FindRecordings": _find_recordings,
    "GetRecordingSearchResults": _get_recording_search_results,
    "FindEvents": _find_events,
    "GetEventSearchResults": _get_event_search_results,
    "GetSearchState": _get_search_state,
    "EndSearch": _end_search,
}
