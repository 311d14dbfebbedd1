import random
from pathlib import Path

import av
import pytest

from tools.screenshots.__main__ import IMAGES, MOST_BYTES
from tools.screenshots.pages import PAGES, SIZES
from tools.screenshots.png import shrink

GUIDE = IMAGES.parent / "guide" / "web-ui.md"


def save_noise(path: Path, width: int, height: int) -> None:
    """Write a PNG that does not compress."""
    frame = av.VideoFrame(width, height, "rgb24")
    frame.planes[0].update(random.Random(1).randbytes(frame.planes[0].buffer_size))
    codec = av.VideoCodecContext.create("png", "w")
    codec.width, codec.height, codec.pix_fmt = width, height, "rgb24"
    path.write_bytes(b"".join(map(bytes, [*codec.encode(frame), *codec.encode(None)])))


def test_a_picture_keeps_its_size_and_loses_colours_until_it_is_small_enough(tmp_path: Path):
    path = tmp_path / "page.png"
    save_noise(path, 200, 100)

    shrink(path, 17_000)

    assert path.stat().st_size <= 17_000
    with av.open(str(path)) as file:
        frame = next(file.decode(video=0))
    assert (frame.width, frame.height, frame.format.name) == (200, 100, "pal8")


@pytest.mark.parametrize("width", list(SIZES))
@pytest.mark.parametrize("name", [shot.name for shot in PAGES])
def test_the_guide_shows_every_page(name: str, width: int):
    picture = IMAGES / f"{name}-{width}.png"

    assert f"../images/{picture.name}" in GUIDE.read_text()
    assert 0 < picture.stat().st_size <= MOST_BYTES
