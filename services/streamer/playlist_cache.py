"""The media playlist as text, made once per change of the window for all viewers."""

from services.streamer.playlist import render_media
from services.streamer.window import LiveWindow

_MARK = "\0"  # stands for what follows every address; no playlist has it


class PlaylistCache:
    """Of one rendition; holds one playlist."""

    def __init__(self) -> None:
        self._version: int | None = None
        self._text = ""

    def media(self, window: LiveWindow, suffix: str) -> str:
        """Return the playlist with `suffix` behind every address."""
        if self._version != window.version:
            self._text = render_media(window, uri=lambda name: name + _MARK)
            self._version = window.version
        return self._text.replace(_MARK, suffix)
