"""Makes pictures of pages small: a few colours are nearly all that a page has."""

from fractions import Fraction
from pathlib import Path

import av
from av.filter import Graph

COLOURS = (256, 128, 64, 32)


def shrink(path: Path, most_bytes: int) -> None:
    """Rewrite a PNG file with a palette of its own, with fewer colours where it stays too large."""
    with av.open(str(path)) as file:
        frame = next(file.decode(video=0))
    for colours in COLOURS:
        small = _png(_with_palette(frame, colours))
        if len(small) <= most_bytes:
            break
    path.write_bytes(small)


def _with_palette(frame: av.VideoFrame, colours: int) -> av.VideoFrame:
    graph = Graph()
    source = graph.add_buffer(
        width=frame.width,
        height=frame.height,
        format=frame.format,
        time_base=Fraction(1, 25),  # of no matter for one picture, but asked for
    )
    fork = graph.add("split")
    palette = graph.add("palettegen", f"max_colors={colours}:reserve_transparent=0")
    use = graph.add("paletteuse", "dither=none")
    sink = graph.add("buffersink")
    source.link_to(fork)
    fork.link_to(use, 0, 0)
    fork.link_to(palette, 1, 0)
    palette.link_to(use, 0, 1)
    use.link_to(sink)
    graph.configure()
    graph.vpush(frame)
    graph.vpush(None)
    return graph.vpull()


def _png(frame: av.VideoFrame) -> bytes:
    codec = av.VideoCodecContext.create("png", "w")
    codec.width, codec.height, codec.pix_fmt = frame.width, frame.height, "pal8"
    codec.options = {"compression_level": "9", "pred": "none"}
    return b"".join(bytes(packet) for packet in [*codec.encode(frame), *codec.encode(None)])
