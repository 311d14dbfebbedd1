"""Draws the pictures of a clip: a still scene, something that moves, a name, a clock, a barcode."""

import math
import random
from collections.abc import Iterator
from fractions import Fraction
from typing import Final

import av

from tools.camera_sim.clip_clock import barcode_height, barcode_row
from tools.camera_sim.clip_spec import ClipSpec

# 5x7 glyphs, one byte per column, lowest bit on top
_GLYPHS: Final = {
    "0": "3e5149453e", "1": "00427f4000", "2": "4261514946", "3": "2141454b31",
    "4": "1814127f10", "5": "2745454539", "6": "3c4a494930", "7": "0171090503",
    "8": "3649494936", "9": "064949291e", "A": "7e1111117e", "B": "7f49494936",
    "C": "3e41414122", "D": "7f4141221c", "E": "7f49494941", "F": "7f09090901",
    "G": "3e4149497a", "H": "7f0808087f", "I": "00417f4100", "J": "2040413f01",
    "K": "7f08142241", "L": "7f40404040", "M": "7f020c027f", "N": "7f0408107f",
    "O": "3e4141413e", "P": "7f09090906", "Q": "3e4151215e", "R": "7f09192946",
    "S": "4649494931", "T": "01017f0101", "U": "3f4040403f", "V": "1f2040201f",
    "W": "3f4038403f", "X": "6314081463", "Y": "0708700807", "Z": "6151494543",
    "-": "0808080808", ".": "0060600000", ":": "0036360000", " ": "0000000000",
}  # fmt: skip
_INK: Final = 235
_PAPER: Final = 16
_NOISE_BYTES: Final = 1 << 16
# luma added to the flickering strip; enough of it makes the bitrate that of a real scene
_FLICKER: Final = 10


class Painter:
    """Draws picture after picture of one clip, each from its number alone."""

    def __init__(self, spec: ClipSpec) -> None:
        self._spec = spec
        blank = av.VideoFrame(spec.width, spec.height, "yuv420p")
        self._stride, self._chroma_stride = blank.planes[0].line_size, blank.planes[1].line_size
        self._noise = random.Random(7).randbytes(_NOISE_BYTES)
        self._flicker_table, self._mover_table = _grain(96, _FLICKER), _grain(150, 40)
        self._u, self._v = self._paint_chroma(118, 24), self._paint_chroma(136, -20)
        self._scale = max(2, spec.height // 120)
        self._mover = spec.height // 5
        self._scene = self._paint_scene()

    def pictures(self) -> Iterator[av.VideoFrame]:
        """All pictures of the loop in order, `pts` in units of one picture."""
        for number in range(self._spec.frame_count):
            yield self.picture(number)

    def picture(self, number: int) -> av.VideoFrame:
        """The picture shown `number / fps` seconds into the loop."""
        spec = self._spec
        milliseconds = number * 1000 // spec.fps
        luma = bytearray(self._scene)
        self._draw_flicker(luma, number)
        self._draw_mover(luma, number)
        unit = 8 * self._scale
        self._draw_text(luma, _clock_text(milliseconds), unit, 3 * unit, 2 * self._scale)
        self._draw_barcode(luma, milliseconds)
        frame = av.VideoFrame(spec.width, spec.height, "yuv420p")
        for plane, content in zip(frame.planes, (bytes(luma), self._u, self._v), strict=True):
            plane.update(content)
        frame.pts = number
        frame.time_base = Fraction(1, spec.fps)
        return frame

    def _paint_scene(self) -> bytes:
        """A graded wall with fixed grain above a darker, tiled floor."""
        height, stride = self._spec.height, self._stride
        horizon = height * 2 // 3
        rows = []
        for y in range(height):
            level = 90 + 90 * y // horizon if y < horizon else 60 + 20 * ((y * 16 // height) % 2)
            start = (y // 2 * 977) % (_NOISE_BYTES - stride)
            rows.append(self._noise[start : start + stride].translate(_grain(level, 4)))
        luma, unit = bytearray(b"".join(rows)), 8 * self._scale
        self._draw_text(luma, self._spec.label.upper(), unit, unit, self._scale)
        return bytes(luma)

    def _paint_chroma(self, level: int, slope: int) -> bytes:
        height = self._spec.height // 2
        rows = (bytes([level + slope * y // height]) * self._chroma_stride for y in range(height))
        return b"".join(rows)

    def _draw_flicker(self, luma: bytearray, number: int) -> None:
        """Foliage in the wind: a strip of new grain in every picture."""
        height, width = self._spec.height, self._spec.width
        top, strip = height // 2, width // 6
        table = self._flicker_table
        for y in range(top, top + height // 8):
            start = ((number * 7919 + y * 104_729) * 31) % (_NOISE_BYTES - strip)
            left = y * self._stride + width - strip - 16
            luma[left : left + strip] = self._noise[start : start + strip].translate(table)

    def _draw_mover(self, luma: bytearray, number: int) -> None:
        """A grained box that swings through the picture once per loop and four times on the way."""
        spec, size = self._spec, self._mover
        phase = 2 * math.pi * number / spec.frame_count
        swings = max(1, spec.duration_seconds // 12)
        left = round((spec.width - size) * (0.5 + 0.45 * math.sin(phase * swings)))
        top = round(spec.height * (0.62 + 0.06 * math.cos(phase * swings * 2)))
        table = self._mover_table
        for y in range(size):
            start = (y // 4 * 3001) % (_NOISE_BYTES - size)
            offset = (top + y) * self._stride + left
            luma[offset : offset + size] = self._noise[start : start + size].translate(table)

    def _draw_text(self, luma: bytearray, text: str, left: int, top: int, scale: int) -> None:
        """Letters on a dark box, cut off at the right edge."""
        room = (self._spec.width - left) // (6 * scale)
        columns = b"".join(bytes.fromhex(_GLYPHS.get(c, "7f4141417f") + "00") for c in text[:room])
        for row in range(-1, 8):
            line = b"".join(
                bytes([_INK if 0 <= row < 7 and column >> row & 1 else _PAPER]) * scale
                for column in columns
            )
            for y in range(top + row * scale, top + (row + 1) * scale):
                luma[y * self._stride + left : y * self._stride + left + len(line)] = line

    def _draw_barcode(self, luma: bytearray, milliseconds: int) -> None:
        row = barcode_row(milliseconds, self._spec.width)
        row += bytes(self._stride - len(row))
        rows = barcode_height(self._spec.height)
        luma[(self._spec.height - rows) * self._stride :] = row * rows


def _grain(level: int, amplitude: int) -> bytes:
    """A table that turns a random byte into luma around `level`."""
    return bytes(level + (value * amplitude >> 8) for value in range(256))


def _clock_text(milliseconds: int) -> str:
    minutes, rest = divmod(milliseconds, 60_000)
    seconds = f"{rest // 1000:02}.{rest % 1000:03}"
    return f"{minutes:02}:{seconds}" if minutes else f":{seconds}"
