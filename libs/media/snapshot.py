"""One picture of a live stream as JPEG, from a part that begins with a keyframe."""

import io
from fractions import Fraction

import av
import av.error
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange
from av.video.stream import VideoStream

_QUALITY = 4
"""libavcodec's scale: 2 is best, 31 is worst."""
_QP_TO_LAMBDA = 118  # FF_QP2LAMBDA


class SnapshotError(ValueError):
    """The part holds no picture that can be decoded."""


def jpeg_of(init: bytes, part: bytes) -> bytes:
    """Return the first picture of init segment + part as JPEG.

    Blocks for tens of milliseconds; run it in a thread. Raises SnapshotError.
    """
    try:
        return _encode(_first_picture(init + part))
    except (av.error.FFmpegError, ValueError, IndexError) as error:
        raise SnapshotError(f"no picture: {type(error).__name__}") from error


def _first_picture(data: bytes) -> VideoFrame:
    with av.open(io.BytesIO(data), "r", format="mp4") as container:
        stream: VideoStream = container.streams.video[0]
        stream.codec_context.thread_count = 1  # several hold pictures back, and there is but one
        for packet in container.demux(stream):
            pictures = stream.codec_context.decode(packet) + stream.codec_context.decode(None)
            if pictures:
                return pictures[0]
            break
    raise SnapshotError("the first sample gives no picture")


def _encode(picture: VideoFrame) -> bytes:
    full = picture.reformat(format="yuvj420p", dst_color_range=ColorRange.JPEG)
    full.pts = 0
    encoder = VideoCodecContext.create("mjpeg", "w")
    encoder.width, encoder.height, encoder.pix_fmt = full.width, full.height, full.format.name
    encoder.time_base = Fraction(1, 25)
    encoder.thread_count = 1
    encoder.qmin = encoder.qmax = _QUALITY
    packets = encoder.encode(full) + encoder.encode(None)
    return bytes(packets[0])
