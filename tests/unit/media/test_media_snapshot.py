"""A keyframe part becomes a JPEG."""

import io

import av
import pytest

from libs.media.snapshot import SnapshotError, jpeg_of
from tests.unit.media.media_mux_samples import HEIGHT, WIDTH, luma, mux, video


@pytest.mark.parametrize(
    ("codec", "b_frames"), [("h264", 0), ("h264", 2), ("hevc", 2), ("mpeg4", 0)]
)
def test_first_picture_of_a_part_becomes_a_jpeg(codec: str, b_frames: int) -> None:
    stream = video(codec, b_frames=b_frames)
    parts = [part for part in mux(stream.track, None, stream.packets)[1] if part.is_keyframe_start]
    assert len(parts) == 5

    for number, part in enumerate(parts):
        with av.open(io.BytesIO(jpeg_of(part.init.data, part.data))) as container:
            picture = next(container.decode(video=0))  # type: ignore[union-attr]  # it is an input

        assert isinstance(picture, av.VideoFrame)
        assert (picture.width, picture.height) == (WIDTH, HEIGHT)
        # each picture has a brightness of its own, in a camera's limited range
        brightness = (16 + number * 40 - 16) * 255 / 219
        assert abs(luma(picture)[0] - brightness) < 3


def test_what_is_no_picture_is_one_error() -> None:
    stream = video()
    part = mux(stream.track, None, stream.packets)[1][0]

    for init, data in (
        (b"", b""),
        (part.init.data, b""),
        (part.init.data, bytes(500)),
        (bytes(100), part.data),
        (part.init.data, part.data[:40]),
    ):
        with pytest.raises(SnapshotError):
            jpeg_of(init, data)
