"""Which requests are answered at once, which wait, and which are refused. No I/O.

RFC 8216bis draft 22, sections 6.2.5.2 (blocking reload) and 6.2.6 (preload hints). Whoever waits
asks again after each change of the window, and gives up with 503 after `Wait.timeout_seconds`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from services.streamer.window import HeldPart, LiveWindow

_FIRST_PART_SECONDS = 10.0  # before any part nothing says how long segments are
_NUMBER = re.compile(r"[0-9]{1,18}", re.ASCII)


class BadDirective(ValueError):
    """A delivery directive that says nothing sensible: answer 400."""


@dataclass(frozen=True, slots=True)
class Directives:
    """What the query asks for: `_HLS_msn` and `_HLS_part`."""

    msn: int | None = None
    part: int | None = None


@dataclass(frozen=True, slots=True)
class Ready:
    """Answer with the playlist as it is now."""


@dataclass(frozen=True, slots=True)
class Found:
    """Answer with this part."""

    held: HeldPart


@dataclass(frozen=True, slots=True)
class Wait:
    """Ask again when the window has changed; 503 when nothing came in this time."""

    timeout_seconds: float


@dataclass(frozen=True, slots=True)
class BadRequest:
    """Answer 400."""

    detail: str


@dataclass(frozen=True, slots=True)
class Gone:
    """Answer 404."""


def parse_directives(query: Mapping[str, str]) -> Directives:
    """Read the directives. `_HLS_skip` is ignored, as it is not offered. Raises BadDirective."""
    directives = Directives(_number(query, "_HLS_msn"), _number(query, "_HLS_part"))
    if directives.part is not None and directives.msn is None:
        raise BadDirective("_HLS_part needs _HLS_msn")
    return directives


def _number(query: Mapping[str, str], name: str) -> int | None:
    value = query.get(name)
    if value is None:
        return None
    if not _NUMBER.fullmatch(value):
        raise BadDirective(f"{name} is not a number")
    return int(value)


def decide(
    window: LiveWindow, directives: Directives, *, live_id: str
) -> Ready | Wait | BadRequest | Gone:
    """What to do with a request for the media playlist of `live_id`."""
    if live_id != window.live_id:
        return Gone()
    if window.newest is None or window.edge is None:
        return Wait(_FIRST_PART_SECONDS)
    if directives.msn is None:
        return Ready()
    msn, part = directives.msn, directives.part
    newest_msn, newest_part = window.edge
    last_complete = newest_msn if window.newest.is_last else newest_msn - 1
    if msn > last_complete + 2:
        return BadRequest(f"_HLS_msn is more than two after the last segment, {last_complete}")
    if part is None:
        return Ready() if msn <= last_complete else _wait(window)
    if msn >= newest_msn:
        last_part = newest_part if msn == newest_msn else -1
        if part > last_part + advance_part_limit(window.newest.part_target_ms):
            return BadRequest("_HLS_part is too far ahead")
    # positions compare as pairs: behind a segment's last part comes part 0 of the next
    return Ready() if (msn, part) <= window.edge else _wait(window)


def decide_part(window: LiveWindow, msn: int, part: int, *, live_id: str) -> Found | Wait | Gone:
    """What to do with a request for a part: only the next one is waited for."""
    if live_id != window.live_id:
        return Gone()
    held = window.part(msn, part)
    if held is not None:
        return Found(held)
    return _wait(window) if (msn, part) == window.next_position else Gone()


def advance_part_limit(part_target_ms: int) -> int:
    """How many parts a request may be ahead: three, or three seconds of short ones."""
    return max(3, -(-3000 // part_target_ms))


def _wait(window: LiveWindow) -> Wait:
    assert window.newest is not None
    return Wait(3.0 * window.newest.target_seconds)
