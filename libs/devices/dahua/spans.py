"""From the wall-clock times of search results to UTC, also in the hour that comes twice.

In that hour two files can have the same name and the same times. What tells them apart: how long
a file says it is, what lies beside it, and that a device lists both of them or one.
"""

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo

from libs.devices.driver import Window

_TOLERANCE = timedelta(seconds=2)
_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class LocalSpan:
    """A file's stretch as a device tells it; naive wall-clock times."""

    key: Hashable
    """What is the same for the same file of the same hour."""
    start: datetime
    end: datetime | None
    """None where the device does not tell an end after the start."""
    duration: timedelta | None = None


def local_range(window: Window, zone: tzinfo) -> tuple[datetime, datetime]:
    """Return the wall-clock range, naive, that holds a window whatever clocks do in it."""
    offsets = [_offset(moment, zone) for moment in (window.start, window.end)]
    start = window.start.replace(tzinfo=None) + min(offsets)
    end = window.end.replace(tzinfo=None) + max(offsets)
    return start, end + _SECOND


@dataclass(slots=True)
class Spans:
    """Resolves the results of all searches of one listing."""

    zone: tzinfo
    _known: dict[Hashable, Window] = field(default_factory=dict)

    def resolve(self, found: Sequence[LocalSpan], window: Window) -> list[Window]:
        """Return the UTC stretch of each span that one search brought for a window."""
        resolved: dict[int, Window] = {}
        repeats = Counter(span.key for span in found)
        order = sorted(range(len(found)), key=lambda index: self._is_ambiguous(found[index]))
        for index in order:
            span = found[index]
            choices = self._choices(span)
            known = self._known.get(span.key)
            if len(choices) > 1 and known is not None and repeats[span.key] == 1:
                same = [choice for choice in choices if choice.start == known.start]
                choices = same or choices
            if len(choices) > 1:
                beside = [resolved[other] for other in resolved]
                choices.sort(key=lambda choice: _doubt(choice, span, window, beside))
            resolved[index] = choices[0]
            self._known[span.key] = choices[0]
        return [resolved[index] for index in range(len(found))]

    def _is_ambiguous(self, span: LocalSpan) -> bool:
        return len(self._moments(span.start)) > 1

    def _choices(self, span: LocalSpan) -> list[Window]:
        return [Window(start, self._end(span, start)) for start in self._moments(span.start)]

    def _end(self, span: LocalSpan, start: datetime) -> datetime:
        """Return the end that fits the told duration best, else the first after the start."""
        ends = [end for end in self._moments(span.end) if end > start] if span.end else []
        if span.duration is not None:
            told = start + span.duration
            ends = sorted(ends or [told], key=lambda end: abs(end - told))
        return ends[0] if ends else start

    def _moments(self, local: datetime) -> list[datetime]:
        """Return the UTC moments at which clocks showed a time, at most two, earlier first."""
        both = (local.replace(tzinfo=self.zone, fold=fold).astimezone(UTC) for fold in (0, 1))
        first, second = both
        # A time that clocks skipped gives two as well, the later one first: it is not yet put
        # forward.
        return [first, second] if second > first else [first]


def _doubt(
    choice: Window, span: LocalSpan, window: Window, beside: Iterable[Window]
) -> tuple[bool, bool, bool]:
    """Return what speaks against a choice, the strongest first."""
    length = choice.end - choice.start
    wrong_length = span.duration is not None and abs(length - span.duration) > _TOLERANCE
    collides = any(
        choice.start + _TOLERANCE < other.end and other.start + _TOLERANCE < choice.end
        for other in beside
    )
    is_outside = choice.start >= window.end or choice.end <= window.start
    return wrong_length, collides, is_outside


def _offset(moment: datetime, zone: tzinfo) -> timedelta:
    return moment.astimezone(zone).utcoffset() or timedelta(0)
