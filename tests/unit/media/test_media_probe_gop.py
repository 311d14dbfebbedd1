from collections.abc import Iterable
from fractions import Fraction

import pytest

from libs.media.packets import Packet, TrackKind
from libs.media.probe import FirstGop

TICKS = Fraction(1, 90_000)
FRAME = 3_600


def frame(pts: int | None, *, is_key: bool = False, size: int = 10) -> Packet:
    return Packet(TrackKind.VIDEO, bytes(size), pts, pts, is_key=is_key, arrived_monotonic=0.0)


def sound(size: int = 5) -> Packet:
    return Packet(TrackKind.AUDIO, bytes(size), 0, 0, is_key=True, arrived_monotonic=0.0)


def measured(packets: Iterable[Packet]) -> FirstGop:
    gop = FirstGop()
    for packet in packets:
        gop.push(packet)
    return gop


def test_measures_from_keyframe_to_keyframe():
    frames = [frame(n * FRAME, is_key=n % 25 == 0) for n in range(30)]

    gop = measured(frames)

    assert (gop.is_complete, gop.frames, gop.seconds(TICKS), gop.bytes) == (True, 25, 1.0, 250)


@pytest.mark.parametrize("untimed", [1, 3])
def test_frames_without_timestamps_at_the_start_are_counted_in(untimed):
    frames = [frame(None if n < untimed else n * FRAME, is_key=n % 25 == 0) for n in range(26)]

    assert measured(frames).seconds(TICKS) == pytest.approx(1.0)


def test_reordered_frames_do_not_change_the_length():
    order = [0, 3, 1, 2, 6, 4, 5, 7]
    frames = [frame(n * FRAME if n else None, is_key=n in {0, 7}) for n in order]

    gop = measured(frames)

    assert gop.frames == 7
    assert gop.seconds(TICKS) == pytest.approx(7 * FRAME / 90_000)


def test_what_comes_before_the_first_keyframe_does_not_count():
    gop = measured(
        [frame(0), sound(), frame(FRAME, is_key=True), sound(), frame(2 * FRAME, is_key=True)]
    )

    assert (gop.frames, gop.bytes) == (1, 15)


def test_an_incomplete_group_has_no_length():
    gop = measured([frame(0, is_key=True), frame(FRAME)])

    assert not gop.is_complete
    assert gop.seconds(TICKS) is None


def test_times_that_stand_still_give_no_length():
    gop = measured([frame(0, is_key=True), frame(0), frame(0, is_key=True)])

    assert gop.is_complete
    assert gop.seconds(TICKS) is None
