"""A snapshot as a device gives it: a real JPEG, encoded once."""

from functools import cache

import av
import numpy as np


@cache
def jpeg(width: int = 640, height: int = 360) -> bytes:
    """A grey ramp; blocks for some milliseconds the first time."""
    ramp = np.linspace(0, 255, width, dtype=np.uint8)
    pixels = np.repeat(np.tile(ramp, (height, 1))[..., None], 3, axis=2)
    codec = av.CodecContext.create("mjpeg", "w")
    codec.width, codec.height, codec.pix_fmt = width, height, "yuvj420p"
    frame = av.VideoFrame.from_ndarray(pixels, format="rgb24").reformat(format="yuvj420p")
    packets = [*codec.encode(frame), *codec.encode(None)]
    return b"".join(bytes(packet) for packet in packets)
