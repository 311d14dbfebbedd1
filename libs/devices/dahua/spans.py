"""From the wall-clock times of search results to UTC, also in the hour that comes twice.

In that hour two files can have the same name and the same times. What tells them apart: how long
a file says it is, what lies beside it, and that a device lists both of them or one.
"""

import bisect
from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo

from libs.devices.driver import Window

_TOLERANCE = timedelta(seconds=2)
_SECOND = timedelta(seconds=1)
_MAX_PASSES = 20
_NEAR = 3
"""Neighbours on each side; a device's files hardly overlap."""


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
    _known: dict[Hashable, datetime] = field(default_factory=dict)

    def resolve(self, found: Sequence[LocalSpan], window: Window) -> list[Window]:
        """Return the UTC stretch of each span that one search brought for a window."""
        repeats = Counter(span.key for span in found)
        placed: dict[int, Window] = {}
        open_choices: dict[int, list[_Choice]] = {}
        for index, span in enumerate(found):
            choices = self._choices(span)
            if repeats[span.key] == 1 and (known := self._known.get(span.key)) is not None:
                choices = [c for c in choices if c.window.start == known] or choices
            if len(choices) == 1:
                placed[index] = choices[0].window
            else:
                open_choices[index] = choices
        _place(open_choices, placed, found, window)
        for index, span in enumerate(found):
            self._known[span.key] = placed[index].start
        return [placed[index] for index in range(len(found))]

    def _choices(self, span: LocalSpan) -> list["_Choice"]:
        return [self._choice(span, start) for start in self._moments(span.start)]

    def _choice(self, span: LocalSpan, start: datetime) -> "_Choice":
        """Return the stretch from a start: to the told end that fits the told duration best."""
        ends = [] if span.end is None else self._moments(span.end)
        ends = [end for end in ends if end > start]
        if span.duration is None:
            end = ends[0] if ends else start
            return _Choice(Window(start, end), is_odd=not ends)
        told = start + span.duration
        end = min(ends, key=lambda end: abs(end - told), default=told)
        return _Choice(Window(start, end), is_odd=not ends or abs(end - told) > _TOLERANCE)

    def _moments(self, local: datetime) -> list[datetime]:
        """Return the UTC moments at which clocks showed a time, at most two, earlier first."""
        first, second = (
            local.replace(tzinfo=self.zone, fold=fold).astimezone(UTC) for fold in (0, 1)
        )
        # A time that clocks skipped gives two as well, the later one first: it is not yet put
        # forward.
        return [first, second] if second > first else [first]


@dataclass(frozen=True, slots=True)
class _Choice:
    window: Window
    is_odd: bool
    """The told end or duration does not fit."""


def _place(
    choices: dict[int, list[_Choice]],
    placed: dict[int, Window],
    found: Sequence[LocalSpan],
    window: Window,
) -> None:
    """Add the spans that could be in either hour: what is certain first, then what follows."""
    beside = _Beside(placed.values())
    pending = sorted(choices, key=lambda index: found[index].start)
    for _ in range(_MAX_PASSES):
        before = len(placed)
        for index in pending:
            if (choice := beside.certain(choices[index], window)) is not None:
                placed[index] = beside.add(choice.window)
        if len(placed) == before:
            break
        # What follows from a later file reaches the earlier ones in one go.
        pending = [index for index in reversed(pending) if index not in placed]
    for index in sorted(pending, key=lambda index: found[index].start):
        choice = min(choices[index], key=lambda choice: beside.doubt(choice, window))
        placed[index] = beside.add(choice.window)


class _Beside:
    """The stretches that are certain, as neighbours of one that is not."""

    def __init__(self, stretches: Iterable[Window]) -> None:
        self._stretches = sorted((stretch.start, stretch.end) for stretch in stretches)
        self._starts = {start for start, _ in self._stretches}
        self._ends = {end for _, end in self._stretches}

    def add(self, stretch: Window) -> Window:
        """Count a stretch as certain from now on."""
        bisect.insort(self._stretches, (stretch.start, stretch.end))
        self._starts.add(stretch.start)
        self._ends.add(stretch.end)
        return stretch

    def certain(self, choices: Sequence[_Choice], window: Window) -> _Choice | None:
        """Return the choice that less speaks against, None where the window alone decides."""
        best, second = sorted(choices, key=lambda choice: self.doubt(choice, window))
        is_certain = self.doubt(best, window)[:-1] < self.doubt(second, window)[:-1]
        return best if is_certain else None

    def doubt(self, choice: _Choice, window: Window) -> tuple[bool, bool, bool, bool]:
        """Return what speaks against a choice, the strongest first."""
        start, end = choice.window.start, choice.window.end
        middle = bisect.bisect(self._stretches, (start, end))
        near = self._stretches[max(0, middle - _NEAR) : middle + _NEAR]
        collides = any(
            start + _TOLERANCE < other_end and other_start + _TOLERANCE < end
            for other_start, other_end in near
        )
        is_apart = start not in self._ends and end not in self._starts
        is_outside = start >= window.end or end <= window.start
        return choice.is_odd, collides, is_apart, is_outside


def _offset(moment: datetime, zone: tzinfo) -> timedelta:
    return moment.astimezone(zone).utcoffset() or timedelta(0)
