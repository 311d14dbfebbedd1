"""LL-HLS playlists of a live window. No I/O: RFC 8216bis draft 22."""

from collections.abc import Callable

from libs.contracts.live import LivePart
from services.streamer.window import LiveWindow

Uri = Callable[[str], str]
"""Turns the name of a file beside the playlist into what stands in the playlist."""


def init_name(init_id: str) -> str:
    """Name of an init segment."""
    return f"init-{init_id}.mp4"


def segment_name(msn: int) -> str:
    """Name of a segment."""
    return f"{msn}.m4s"


def part_name(msn: int, part: int) -> str:
    """Name of a part."""
    return f"{msn}.{part}.m4s"


def render_media(window: LiveWindow, *, uri: Uri) -> str:
    """The media playlist. The window must list something."""
    raise NotImplementedError


def render_master(part: LivePart, *, bandwidth: int, media_uri: str) -> str:
    """The master playlist with one rendition. `bandwidth`: bits per second."""
    raise NotImplementedError


def bandwidth(window: LiveWindow) -> int:
    """The highest bit rate of a listed segment, rounded up, in bits per second."""
    raise NotImplementedError
