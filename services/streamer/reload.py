"""Which requests are answered at once, which wait, and which are refused. No I/O.

RFC 8216bis draft 22, sections 6.2.5.2 (blocking reload) and 6.2.6 (preload hints). Whoever waits
asks again after each change of the window, and gives up with 503 after `Wait.timeout_seconds`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from services.streamer.window import HeldPart, LiveWindow

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
    raise NotImplementedError


def decide_part(
    window: LiveWindow, msn: int, part: int, *, live_id: str
) -> Found | Wait | Gone:
    """What to do with a request for a part: only the next one is waited for."""
    raise NotImplementedError
