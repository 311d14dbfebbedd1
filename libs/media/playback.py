"""Plays something from beginning to end, as proof that it can be played. Blocks."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import av
from av.video.frame import VideoFrame


@dataclass(frozen=True, slots=True)
class Played:
    """What came out of the decoder."""

    frames: int
    seconds: float
    """Sum of the gaps between pictures that are shown one after the other."""
    video_codec: str
    audio_codec: str | None
    width: int
    height: int


class NotPlayableError(Exception):
    """The text says what the player met."""


def play(
    source: str,
    *,
    headers: Mapping[str, str] | None = None,
    on_frame: Callable[[VideoFrame], None] | None = None,
    timeout_seconds: float = 20.0,
) -> Played:
    """Decode every picture of a file or address (an HLS playlist too).

    Raises NotPlayableError when it cannot be opened, breaks off, or shows nothing.
    """
    options = {}
    if source.startswith("http"):
        options["rw_timeout"] = str(int(timeout_seconds * 1_000_000))
    if headers:  # an empty option would end every request with a stray line
        options["headers"] = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    try:
        with av.open(source, options=options) as container:
            video = container.streams.video[0]
            audio = (
                container.streams.audio[0].codec_context.name if container.streams.audio else None
            )
            count = 0
            seconds = 0.0
            last: float | None = None
            for frame in container.decode(video):
                if on_frame is not None:
                    on_frame(frame)
                count += 1
                if last is not None and frame.time is not None:
                    seconds += max(0.0, frame.time - last)
                last = frame.time
            context = video.codec_context
            played = Played(count, seconds, context.name, audio, context.width, context.height)
    except (av.error.FFmpegError, IndexError) as error:
        raise NotPlayableError(f"cannot be played: {type(error).__name__}") from error
    if played.frames == 0:
        raise NotPlayableError("it holds no picture")
    return played
