import itertools
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.media.timeline import ArrivalEstimate, TrackClock, nominal_video_step

STEP = 3600
START = 900_000
RATE = 48_000


class Session:
    """A video clock, and an audio clock beside it, fed with packets a frame apart."""

    def __init__(self, first_ticks: int = 0) -> None:
        self.arrivals = ArrivalEstimate()
        self.video = TrackClock(Fraction(1, 90_000), 90_000, STEP, self.arrivals)
        self.audio = TrackClock(Fraction(1, RATE), RATE, 1024, self.arrivals)
        self.video.start(first_ticks, START)
        self.now = 5000.0

    def frame(self, ticks: int | None, after: float = 0.04) -> int:
        self.now += after
        at = self.video.place(ticks, self.now)
        self.arrivals.observe(self.now, at / 90_000)
        return at

    def frames(self, ticks: range) -> list[int]:
        return [self.frame(each) for each in ticks]


def test_decode_times_follow_the_camera() -> None:
    session = Session(first_ticks=77)

    placed = [session.frame(77 + at) for at in (0, 3600, 7300, 10_700)]

    assert placed == [START, START + 3600, START + 7300, START + 10_700]
    assert session.video.adjustments == 0


def test_a_packet_without_timestamp_takes_the_usual_step() -> None:
    session = Session()
    session.frames(range(0, 10 * STEP, STEP))

    placed = [session.frame(None), session.frame(None), session.frame(12 * STEP)]

    assert placed == [START + at * STEP for at in (10, 11, 12)]


def test_a_32_bit_wrap_is_seamless() -> None:
    first = (1 << 32) - 3 * STEP
    session = Session(first)

    placed = [session.frame((first + at * STEP) % (1 << 32)) for at in range(100)]

    assert placed == [START + at * STEP for at in range(100)]
    assert (session.video.adjustments, session.video.jumps) == (0, 0)


def test_a_wrap_during_a_silence_is_seamless_too() -> None:
    first = (1 << 32) - 3 * STEP
    session = Session(first)
    session.frame(first)

    placed = session.frame((first + 4 * 90_000) % (1 << 32), after=4.0)

    assert placed == START + 4 * 90_000
    assert session.video.jumps == 0


@pytest.mark.parametrize("jump", [90_000, -90_000, 3600 * 90_000, -3600 * 90_000, 10**13])
def test_a_jump_of_the_timestamps_alone_costs_one_usual_step(jump: int) -> None:
    session = Session()
    session.frames(range(0, 10 * STEP, STEP))

    at = session.frame(10 * STEP + jump)

    assert at == START + 10 * STEP
    assert session.video.jumped
    assert session.frame(11 * STEP + jump) == START + 11 * STEP
    assert not session.video.jumped


def test_a_jump_after_a_silence_is_worth_the_silence() -> None:
    session = Session()
    session.frames(range(0, 10 * STEP, STEP))

    at = session.frame(10**9, after=3.0)

    assert (at - START - 9 * STEP) / 90_000 == pytest.approx(3.0, abs=0.001)
    assert session.video.jumped


def test_a_hole_that_arrival_confirms_is_no_jump() -> None:
    session = Session()
    session.frames(range(0, 10 * STEP, STEP))

    at = session.frame(9 * STEP + 4 * 90_000, after=4.0)

    assert at == START + 9 * STEP + 4 * 90_000
    assert not session.video.jumped


def test_packets_that_were_held_up_keep_their_times() -> None:
    session = Session()
    session.frames(range(0, 10 * STEP, STEP))

    placed = [session.frame(10 * STEP, after=5.0)]
    placed += [session.frame(at * STEP, after=0.0) for at in range(11, 60)]
    # the camera threw two seconds away before it sent again
    placed.append(session.frame(110 * STEP, after=0.0))

    assert placed == [START + at * STEP for at in [*range(10, 60), 110]]
    assert session.video.jumps == 0


def test_a_small_step_back_is_caught_up_without_losing_the_camera_time() -> None:
    session = Session()
    session.frames(range(0, 20 * STEP, STEP))
    back = -4 * STEP

    placed = [session.frame(at * STEP + back) for at in range(20, 40)]

    assert all(after > before for before, after in itertools.pairwise(placed))
    assert placed[-1] == START + 39 * STEP + back
    assert session.video.jumps == 0
    assert session.video.adjustments > 0


def test_frozen_timestamps_are_nudged_then_follow_the_arrivals() -> None:
    session = Session()
    session.frames(range(0, 10 * STEP, STEP))
    jumps = []

    placed = []
    for _ in range(100):
        placed.append(session.frame(9 * STEP))
        jumps.append(session.video.jumped)

    assert all(after > before for before, after in itertools.pairwise(placed))
    assert sum(jumps) == 1
    assert session.video.frozen_packets == 100
    assert (placed[-1] - START) / 90_000 == pytest.approx(109 * 0.04, abs=0.1)


def test_timestamps_that_go_on_after_a_freeze_are_followed_again() -> None:
    session = Session()
    session.frames(range(0, 10 * STEP, STEP))
    frozen = [session.frame(9 * STEP) for _ in range(100)][-1]

    placed = [session.frame(at * STEP) for at in range(10, 20)]

    assert [after - before for before, after in itertools.pairwise([frozen, *placed])] == [
        STEP
    ] * 10


def test_a_clock_step_that_moves_both_tracks_keeps_them_in_sync() -> None:
    session = Session()
    hour = 3600

    def sound(seconds: float) -> int:
        return session.audio.place(round(seconds * RATE), session.now)

    session.frame(0)
    session.audio.start_beside(session.video, 0, session.now)
    session.video.peer = session.audio
    for at in range(1, 50):  # both follow the old clock
        session.frame(at * STEP)
        sound(at * 0.04)
    for at in range(50, 100):  # the video's sender report came first
        session.frame(at * STEP + hour * 90_000)
        sound(at * 0.04 + 0.003)
    for at in range(100, 150):
        picture = session.frame(at * STEP + hour * 90_000)
        heard = sound(at * 0.04 + hour)

    assert picture == START + 149 * STEP
    assert heard == 10 * RATE + round(149 * 0.04 * RATE)
    assert (session.video.jumps, session.audio.jumps) == (1, 1)


def test_tracks_without_a_common_clock_are_aligned_by_arrival() -> None:
    session = Session()
    session.frames(range(0, 10 * STEP, STEP))

    session.audio.start_beside(session.video, 10**9, session.now)
    heard = session.audio.place(10**9, session.now)

    assert heard / RATE == pytest.approx(10 + 9 * 0.04, abs=0.001)


@given(
    st.lists(st.tuples(st.integers(-(1 << 33), 1 << 33), st.floats(0, 20)), min_size=1, max_size=60)
)
def test_decode_times_only_go_forward_and_never_far_from_arrival(
    packets: list[tuple[int, float]],
) -> None:
    session = Session(packets[0][0])

    placed = [session.frame(ticks, after=after) for ticks, after in packets]

    assert all(after > before for before, after in itertools.pairwise(placed))
    arrived = sum(after for _, after in packets[1:])
    # each re-anchored packet may add one usual step beyond what has arrived
    assert (placed[-1] - START) / 90_000 <= arrived + 0.6 * len(packets)


@given(st.lists(st.floats(0, 0.3), min_size=200, max_size=200))
def test_the_arrival_estimate_is_the_fastest_arrival(delays: list[float]) -> None:
    estimate = ArrivalEstimate()

    for at, delay in enumerate(delays):
        estimate.observe(1000 + at * 0.04 + delay, 10 + at * 0.04)

    assert estimate.arrival_of(10) >= 1000 + min(delays) - 1e-6
    assert estimate.arrival_of(10) <= 1000 + min(delays) + 0.11


def test_the_arrival_estimate_follows_a_slow_drift() -> None:
    estimate = ArrivalEstimate()

    for at in range(25 * 600):  # ten minutes, the camera 200 ppm slow
        estimate.observe(1000 + at * 0.04 * 1.0002 + 0.01 * (at % 3), 10 + at * 0.04)

    late = 1000 + at * 0.04 * 1.0002 - estimate.arrival_of(10 + at * 0.04)
    assert 0 <= late < 0.01


def test_the_arrival_estimate_follows_a_path_that_became_longer() -> None:
    estimate = ArrivalEstimate()

    for at in range(25 * 120):
        estimate.observe(1000 + at * 0.04 + (3.0 if at > 500 else 0.0), 10 + at * 0.04)

    assert estimate.arrival_of(10) == pytest.approx(1003)


@pytest.mark.parametrize(("fps", "step"), [(25.0, 3600), (30.0, 3000), (None, 3600), (0.0, 3600)])
def test_the_usual_step_comes_from_a_believable_frame_rate(fps: float | None, step: int) -> None:
    assert nominal_video_step(fps) == step
