"""What a LL-HLS player takes from playlists: the newest parts and what to ask for next. No I/O.

Written for many viewers in one process: it reads the end of a playlist only, while a real parser
would cost more than the server that is measured.
"""

import re
from dataclasses import dataclass
from datetime import datetime

Position = tuple[int, int]
"""Media sequence number and part."""

_DATE = "#EXT-X-PROGRAM-DATE-TIME:"
_DURATION = re.compile(r"DURATION=([0-9.]+)")
_URI = re.compile(r'URI="([^"]+)"')
# the streamer's names say what a player would count
_NAME = re.compile(r"(\d+)\.(\d+)\.m4s")


class UnreadablePlaylist(Exception):
    """It does not say what a LL-HLS playlist must."""


@dataclass(frozen=True, slots=True)
class Part:
    """A part as the playlist tells of it."""

    position: Position
    uri: str
    end: float
    """Unix seconds: PROGRAM-DATE-TIME of its segment and the durations up to its end."""


@dataclass(frozen=True, slots=True)
class Edge:
    """The end of a media playlist."""

    parts: tuple[Part, ...]
    """Of the last two segments, oldest first."""
    following: Position
    """What a blocking reload asks for next."""


def read_edge(text: str) -> Edge:
    """Read the last two segments of a media playlist. Raises UnreadablePlaylist."""
    last = text.rfind(_DATE)
    before = text.rfind(_DATE, 0, max(0, last))
    parts: list[Part] = []
    following: Position | None = None
    clock: float | None = None
    for line in text[before if before >= 0 else max(0, last) :].splitlines():
        if line.startswith("#EXT-X-PART:"):
            if clock is None:
                raise UnreadablePlaylist("a part stands before any PROGRAM-DATE-TIME")
            clock += float(_found(_DURATION, line)[1])
            uri = _found(_URI, line)[1]
            parts.append(Part(_position(uri), uri, clock))
        elif line.startswith(_DATE):
            clock = datetime.fromisoformat(line.removeprefix(_DATE)).timestamp()
        elif line.startswith("#EXT-X-PRELOAD-HINT:"):
            following = _position(_found(_URI, line)[1])
    if following is None:
        raise UnreadablePlaylist("it has no preload hint")
    return Edge(tuple(parts), following)


def init_uri(text: str) -> str:
    """Return the address of the newest init segment. Raises UnreadablePlaylist."""
    at = text.rfind("#EXT-X-MAP:")
    return _found(_URI, text[at:] if at >= 0 else "")[1]


def media_uri(master: str) -> str:
    """Return the address of a master playlist's first rendition. Raises UnreadablePlaylist."""
    for line in master.splitlines():
        if line and not line.startswith("#"):
            return line
    raise UnreadablePlaylist("the master playlist has no rendition")


def _position(uri: str) -> Position:
    name = _found(_NAME, uri)
    return int(name[1]), int(name[2])


def _found(pattern: re.Pattern[str], text: str) -> re.Match[str]:
    match = pattern.search(text)
    if match is None:
        raise UnreadablePlaylist(f"{pattern.pattern} is not in {text[:80]!r}")
    return match
