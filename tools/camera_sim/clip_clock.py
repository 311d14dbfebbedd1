"""The barcode in every picture: the loop's milliseconds, readable after any re-compression.

32 black or white blocks fill the lowest rows of the picture: white, black, 20 bits of milliseconds
(most significant first), 8 bits of CRC, black, white. The four outer blocks prove that it is one.
"""

from typing import Final

import av

BLOCKS: Final = 32
BLACK: Final = 16
WHITE: Final = 235
_MAX_MS: Final = 1 << 20
_MARGIN: Final = 32  # a block nearer to mid-grey than this is not trusted


def barcode_height(height: int) -> int:
    """Rows of the barcode in a picture of this height."""
    return max(16, height // 20)


def barcode_bits(milliseconds: int) -> list[int]:
    """The blocks from left to right, 1 is white."""
    if not 0 <= milliseconds < _MAX_MS:
        raise ValueError("the barcode holds 20 bits")
    number = (milliseconds << 8) | _crc8(milliseconds)
    return [1, 0, *((number >> shift) & 1 for shift in range(27, -1, -1)), 0, 1]


def barcode_row(milliseconds: int, width: int) -> bytes:
    """One row of luma; the same for all rows of the barcode."""
    row = bytearray()
    for index, bit in enumerate(barcode_bits(milliseconds)):
        length = _edge(index + 1, width) - _edge(index, width)
        row += bytes([WHITE if bit else BLACK]) * length
    return bytes(row)


def read_clock(frame: av.VideoFrame) -> int | None:
    """The picture's loop position in milliseconds, None where no intact barcode is seen."""
    if frame.format.name not in {"yuv420p", "yuvj420p", "nv12", "gray", "yuv422p", "yuvj422p"}:
        frame = frame.reformat(format="gray")
    plane = frame.planes[0]
    return read_clock_luma(memoryview(plane), frame.width, frame.height, plane.line_size)


def read_clock_luma(
    luma: bytes | memoryview, width: int, height: int, stride: int | None = None
) -> int | None:
    """The same on a luma plane of 8 bits; `stride` is the length of a row in bytes."""
    stride = stride or width
    rows = barcode_height(height)
    # the middle of each block: its edges are where compression blurs
    lines = range(height - rows + rows // 3, height - rows // 3, 2)
    bits = []
    for index in range(BLOCKS):
        left, right = _edge(index, width), _edge(index + 1, width)
        inset = (right - left) // 3
        value = _mean(luma, stride, range(left + inset, right - inset), lines)
        if abs(value - 128) < _MARGIN:
            return None
        bits.append(int(value > 128))
    if bits[:2] != [1, 0] or bits[-2:] != [0, 1]:
        return None
    number = int("".join(map(str, bits[2:-2])), 2)
    milliseconds, crc = number >> 8, number & 0xFF
    return milliseconds if crc == _crc8(milliseconds) else None


def _mean(luma: bytes | memoryview, stride: int, columns: range, lines: range) -> float:
    total = sum(sum(luma[y * stride + columns.start : y * stride + columns.stop]) for y in lines)
    return total / (len(columns) * len(lines))


def _edge(index: int, width: int) -> int:
    return index * width // BLOCKS


def _crc8(number: int) -> int:
    """CRC-8 with polynomial 0x07 over three bytes; never 0 for an all-black number."""
    crc = 0xA5
    for byte in number.to_bytes(3, "big"):
        crc ^= byte
        for _ in range(8):
            crc = ((crc << 1) ^ 0x07) & 0xFF if crc & 0x80 else crc << 1
    return crc
