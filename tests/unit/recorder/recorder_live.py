"""Buffered parts for tests of live numbering and sending."""

import time
from weakref import WeakKeyDictionary

from libs.contracts.live import Rendition
from libs.media.packets import Break, InitSegment, Part
from services.recorder.live_buffer import BufferedPart, LiveBuffer, LiveTap
from services.recorder.live_numbering import Stream
from tests.unit.recorder.recorder_samples import init_segment, part

START = float(int(time.time()))
PART = 0.2
TARGET = 0.21
_SESSIONS: WeakKeyDictionary[LiveBuffer, tuple[LiveTap, float]] = WeakKeyDictionary()


def stream(epoch: int = 7) -> Stream:
    return Stream("front-door", "main", Rendition.MAIN, epoch)


def live_init(name: str = "a1b2c3d4e5f60718") -> InitSegment:
    return init_segment(name)


def steady(
    count: int, *, gop: int = 10, seconds: float = PART, begin: float = 0.0, first: int = 0
) -> list[Part]:
    """Parts of an unbroken session that has just begun; a keyframe every `gop` parts."""
    made = []
    for number in range(first, first + count):
        is_key = number % gop == 0
        each = part(
            begin + number * seconds,
            seconds=seconds,
            is_key=is_key,
            init=live_init(),
            after=Break.SESSION_START if number == 0 else None,
        )
        made.append(_with_end(each, ends_gop=(number + 1) % gop == 0))
    return made


def _with_end(each: Part, *, ends_gop: bool) -> Part:
    values = {name: getattr(each, name) for name in Part.__slots__}
    return Part(**(values | {"ends_gop": ends_gop}))


def buffered(parts: list[Part], *, target: float = TARGET) -> list[BufferedPart]:
    return [
        BufferedPart(serial, each, START + each.captured_monotonic, target)
        for serial, each in enumerate(parts, start=1)
    ]


def fill(buffer: LiveBuffer, parts: list[Part]) -> None:
    """Put parts in as one session does that begins with the first call, in a whole second."""
    if buffer not in _SESSIONS:
        tap = buffer.open()
        tap.part_target = TARGET
        _SESSIONS[buffer] = tap, float(int(time.time()))
    tap, begun = _SESSIONS[buffer]
    for each in parts:
        tap.put(each, begun + each.captured_monotonic)


def begun_at(buffer: LiveBuffer) -> float:
    """When the session of `fill` began, Unix seconds."""
    return _SESSIONS[buffer][1]
