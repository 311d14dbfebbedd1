"""Events of the past: when recordings and their tracks held data (ONVIF Recording Search 5.3)."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from tools.camera_sim.devices.onvif.recordings import Recording
from tools.camera_sim.devices.onvif.xml import Element, el

RECORDING_STATE: Final = "tns1:RecordingHistory/Recording/State"
TRACK_STATE: Final = "tns1:RecordingHistory/Track/State"
_CONCRETE_SET: Final = "http://www.onvif.org/ver10/tev/topicExpression/ConcreteSet"


@dataclass(frozen=True, slots=True)
class HistoryEvent:
    """A recording or track began (`value`) or ceased to hold data."""

    at: datetime
    topic: str
    recording: Recording
    value: bool
    is_start_state: bool = False
    """Nothing happened then: this is how it was at the start of the search."""

    def element(self) -> Element:
        """Return the tt:FindEventResult."""
        is_track = self.topic == TRACK_STATE
        items = [_item("RecordingToken", self.recording.token)]
        if is_track:
            items.append(_item("Track", self.recording.track))
        data = _item("IsDataPresent" if is_track else "IsRecording", _boolean(self.value))
        message = el(
            "tt:Message",
            el("tt:Source", items),
            el("tt:Data", data),
            UtcTime=self.at,
            PropertyOperation="Initialized" if self.is_start_state else "Changed",
        )
        return el(
            "tt:Result",
            el("tt:RecordingToken", self.recording.token),
            el("tt:TrackToken", self.recording.track),
            el("tt:Time", self.at),
            el(
                "tt:Event",
                el("wsnt:Topic", self.topic, Dialect=_CONCRETE_SET),
                el("wsnt:Message", message),
            ),
            el("tt:StartStateEvent", self.is_start_state),
        )


def events_between(
    found: Iterable[Recording],
    topics: Iterable[str],
    start: datetime,
    end: datetime | None,
    *,
    with_start_state: bool,
) -> list[HistoryEvent]:
    """Return events by time; backwards where `end` is before `start`."""
    is_backward = end is not None and end < start
    earliest, latest = (end, start) if is_backward else (start, end)
    events: list[HistoryEvent] = []
    states: list[HistoryEvent] = []
    for recording in found:
        for topic in topics:
            changes = _changes(recording, topic)
            events += [
                change
                for change in changes
                if (earliest is None or change.at >= earliest)
                and (latest is None or change.at <= latest)
            ]
            states.append(_state_at(recording, topic, start))
    events.sort(key=lambda event: event.at, reverse=is_backward)
    return [*states, *events] if with_start_state else events


def matching_topics(expressions: Iterable[str]) -> list[str]:
    """Return the topics that a filter takes; all of them without a filter.

    Understands `a/b|c/d`, `a//.` and `*` (ONVIF Core 9.6.3); prefixes are not compared.
    """
    patterns = [part.strip() for text in expressions for part in text.split("|") if part.strip()]
    topics = [RECORDING_STATE, TRACK_STATE]
    if not patterns:
        return topics
    return [topic for topic in topics if any(_matches(pattern, topic) for pattern in patterns)]


def _matches(pattern: str, topic: str) -> bool:
    is_tree = pattern.endswith("//.")
    wanted = _steps(pattern.removesuffix("//."))
    steps = _steps(topic)
    if len(wanted) > len(steps) or (len(wanted) < len(steps) and not is_tree):
        return False
    pairs = zip(wanted, steps, strict=False)
    return all(want in {"*", step} for want, step in pairs)


def _steps(path: str) -> list[str]:
    return [step.rpartition(":")[2] for step in path.split("/") if step]


def _changes(recording: Recording, topic: str) -> Iterator[HistoryEvent]:
    for stretch in recording.stretches:
        yield HistoryEvent(stretch.start, topic, recording, value=True)
        if not stretch.is_open:
            yield HistoryEvent(stretch.end, topic, recording, value=False)


def _state_at(recording: Recording, topic: str, at: datetime) -> HistoryEvent:
    value = any(
        stretch.start <= at and (stretch.is_open or at < stretch.end)
        for stretch in recording.stretches
    )
    return HistoryEvent(at, topic, recording, value, is_start_state=True)


def _item(name: str, value: str) -> Element:
    return el("tt:SimpleItem", Name=name, Value=value)


def _boolean(value: bool) -> str:
    return "true" if value else "false"
