import random

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.camera_sim.clip_clock import (
    barcode_height,
    barcode_row,
    read_clock,
    read_clock_luma,
)
from tools.camera_sim.clip_picture import Painter
from tools.camera_sim.clip_spec import ClipSpec

WIDTH, HEIGHT = 320, 240


def picture(milliseconds: int) -> bytes:
    rows = barcode_height(HEIGHT)
    return bytes([90]) * WIDTH * (HEIGHT - rows) + barcode_row(milliseconds, WIDTH) * rows


@given(st.integers(0, (1 << 20) - 1))
def test_the_barcode_reads_back(milliseconds: int) -> None:
    assert read_clock_luma(picture(milliseconds), WIDTH, HEIGHT) == milliseconds


def test_noise_does_not_disturb_the_barcode() -> None:
    noise = random.Random(1)
    luma = bytes(max(0, min(255, v + noise.randint(-60, 60))) for v in picture(59_960))

    assert read_clock_luma(luma, WIDTH, HEIGHT) == 59_960


@pytest.mark.parametrize("block", range(32))
def test_one_wrong_block_is_noticed(block: int) -> None:
    luma = bytearray(picture(12_345))
    for y in range(HEIGHT - barcode_height(HEIGHT), HEIGHT):
        for x in range(block * 10, block * 10 + 10):
            luma[y * WIDTH + x] = 251 - luma[y * WIDTH + x]

    assert read_clock_luma(bytes(luma), WIDTH, HEIGHT) is None


def test_a_picture_without_barcode_has_no_clock() -> None:
    assert read_clock_luma(bytes([90]) * WIDTH * HEIGHT, WIDTH, HEIGHT) is None


@pytest.mark.parametrize(("width", "height"), [(320, 240), (802, 602), (1280, 720)])
@pytest.mark.parametrize("form", ["yuv420p", "rgb24"])
def test_a_painted_picture_shows_its_time_in_any_format(width: int, height: int, form: str) -> None:
    painter = Painter(ClipSpec(width=width, height=height, fps=25, label="Front door 7"))

    frame = painter.picture(26)

    assert read_clock(frame.reformat(format=form)) == 1040


def test_a_thumbnail_still_shows_its_time() -> None:
    frame = Painter(ClipSpec(width=1280, height=720)).picture(30)

    small = frame.reformat(width=640, height=360, format="yuvj420p")

    assert isinstance(small, av.VideoFrame)
    assert read_clock(small) == 1200


def test_pictures_differ_and_each_depends_on_its_number_alone() -> None:
    spec = ClipSpec(width=320, height=240)

    first, again, other = (
        bytes(frame.planes[0])
        for frame in (
            Painter(spec).picture(3),
            Painter(spec).picture(3),
            Painter(spec).picture(4),
        )
    )

    assert first == again
    assert first != other
