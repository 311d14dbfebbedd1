"""What is said of frames, from when they came."""

import pytest

from benchmarks.timeline_frames import FRAME_MS, summary


def test_even_frames_make_sixty_per_second_and_drop_none():
    told = summary([FRAME_MS] * 120)
    assert told["fps"] == pytest.approx(60, abs=0.1)
    assert (told["dropped"], told["p50_ms"], told["worst_ms"]) == (0, 16.7, 16.7)


def test_a_step_of_three_frames_is_two_that_were_dropped():
    told = summary([FRAME_MS] * 97 + [FRAME_MS * 3])
    assert told["dropped"] == 2
    assert told["worst_ms"] == 50.0
    assert told["p95_ms"] == 16.7
