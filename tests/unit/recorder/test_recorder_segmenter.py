"""Where recordings begin and end."""

import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from libs.contracts.recordings import EndReason, FragmentEntry
from libs.contracts.times import from_unix_seconds
from libs.media.packets import Break, Part
from services.recorder.segmenter import MOST_FRAGMENTS, Closing, Segmenter, Step
from tests.unit.recorder.recorder_samples import NOON, at, init_segment, part

START = NOON.timestamp()


@dataclass
class Cut:
    """A recording as the segmenter laid it out."""

    started_at: datetime
    ended_at: datetime | None = None
    reason: EndReason | None = None
    parts: int = 0


def run(segmenter: Segmenter, placed: Iterable[tuple[Part, float]]) -> list[Cut]:
    """Push parts with their clock readings; the last recording stays open."""
    return cuts_of(step for each, start in placed for step in segmenter.push(each, start))


def cuts_of(steps: Iterable[Step]) -> list[Cut]:
    cuts: list[Cut] = []
    for step in steps:
        if step.closing is not None:
            cuts[-1].ended_at, cuts[-1].reason = step.closing.ended_at, step.closing.reason
        if step.opening is not None:
            assert step.part is not None
            assert step.part.is_keyframe_start
            assert not cuts or cuts[-1].ended_at is not None
            cuts.append(Cut(step.opening.started_at))
        if step.part is not None:
            assert cuts[-1].ended_at is None
            cuts[-1].parts += 1
    return cuts


def steady(
    seconds: float, *, gop: int = 2, part_seconds: float = 0.5, drift: float = 0.0, begin: float = 0
) -> list[tuple[Part, float]]:
    """An unbroken session; `drift` is how much faster the camera's clock is than the server's."""
    count = int(seconds / part_seconds)
    return [
        (
            part(
                n * part_seconds * (1 + drift),
                seconds=part_seconds * (1 + drift),
                is_key=n % gop == 0,
            ),
            START + begin + n * part_seconds,
        )
        for n in range(count)
    ]


@pytest.mark.parametrize("length", [10, 30, 60, 900, 3600])
def test_cuts_at_the_first_keyframe_after_each_wall_clock_multiple(length: int):
    begin = length * 0.4 + 0.3

    cuts = run(Segmenter(length), steady(length * 3.5, gop=4, part_seconds=1.0, begin=begin))

    assert [c.reason for c in cuts[:-1]] == [EndReason.ROTATION] * (len(cuts) - 1)
    for cut in cuts[1:]:
        behind = cut.started_at.timestamp() % length
        assert behind < 4.0, f"{cut} is more than a GOP behind its multiple"
    assert len(cuts) == 4


@settings(max_examples=60, deadline=None)
@given(
    length=st.sampled_from([10, 15, 60, 900]),
    gop_seconds=st.sampled_from([0.4, 1.0, 2.0, 8.0]),
    begin=st.floats(0, 900),
    drift=st.floats(-2e-3, 2e-3),
    jitter=st.lists(st.floats(-0.1, 0.1), min_size=1, max_size=17),
)
def test_recordings_of_an_unbroken_session_are_even_and_seamless(
    length: int, gop_seconds: float, begin: float, drift: float, jitter: list[float]
):
    gops = int(3.3 * length / gop_seconds) + 3
    noise = itertools.cycle(jitter)
    placed = [
        (
            part(n * gop_seconds * (1 + drift), seconds=gop_seconds * (1 + drift)),
            START + begin + n * gop_seconds + next(noise),
        )
        for n in range(gops)
    ]

    cuts = run(Segmenter(length), placed)

    assert sum(c.parts for c in cuts) == gops
    for before, after in itertools.pairwise(cuts):
        assert before.ended_at == after.started_at
    for cut in cuts[1:-1]:
        assert cut.ended_at is not None
        off = abs((cut.ended_at - cut.started_at).total_seconds() - length)
        assert off <= gop_seconds + 0.2


def test_a_keyframe_at_the_very_multiple_opens_the_next_recording():
    placed = [(part(n), START + n) for n in (8, 9, 10, 11)]

    cuts = run(Segmenter(10), placed)

    assert [(c.started_at, c.ended_at, c.parts) for c in cuts] == [
        (at(8), at(10), 2),
        (at(10), None, 2),
    ]


def test_a_recording_of_keyframes_alone_ends_while_the_bus_still_takes_its_event():
    # An hour of sixty keyframes a second was stored and could never be announced.
    count = MOST_FRAGMENTS + 3
    placed = [(part(n / 60, seconds=1 / 60), START + 10 + n / 60) for n in range(count)]

    first, second = run(Segmenter(3600), placed)

    assert (first.parts, first.reason) == (MOST_FRAGMENTS, EndReason.ROTATION)
    assert second.started_at == first.ended_at
    largest = FragmentEntry(offset=10**12, bytes=10**7, duration_90k=10**5)
    assert MOST_FRAGMENTS * len(largest.model_dump_json() + ",") < 8_000_000


def test_never_opens_without_a_keyframe():
    segmenter = Segmenter(60)

    steps = [segmenter.push(part(n, is_key=False), START + n) for n in range(5)]

    assert steps == [[]] * 5
    assert not segmenter.is_open
    assert segmenter.recorded_until is None
    assert segmenter.close(EndReason.STOPPED) == []


def test_waits_for_a_keyframe_after_it_was_closed():
    segmenter = Segmenter(60)
    segmenter.push(part(), START)

    closed = segmenter.close(EndReason.WRITE_ERROR)
    skipped = segmenter.push(part(1, is_key=False), START + 1)
    opened = segmenter.push(part(2), START + 2)

    assert [s.closing for s in closed] == [Closing(at(1), EndReason.WRITE_ERROR)]
    assert skipped == []
    assert opened[0].opening is not None
    assert segmenter.close(EndReason.STOPPED) != []
    assert segmenter.close(EndReason.STOPPED) == []


# ---- the first second ------------------------------------------------------------------------
def test_a_burst_at_the_start_is_placed_by_its_least_delayed_part():
    # what was sent while the camera was being opened arrives at once, up to 0.8 s late
    late = [0.8, 0.6, 0.4, 0.2, 0.0, 0.0]
    placed = [
        (part(n * 0.2, seconds=0.2, is_key=n == 0), START + n * 0.2 + late[n]) for n in range(6)
    ]

    cuts = run(Segmenter(60), placed)

    assert cuts == [Cut(at(0), parts=6)]


def test_a_session_that_ends_in_its_first_second_is_recorded_all_the_same():
    segmenter = Segmenter(60)
    held = [
        segmenter.push(part(n * 0.2, seconds=0.2, is_key=n == 0), START + n * 0.2) for n in (0, 1)
    ]

    cuts = cuts_of(segmenter.close(EndReason.CONNECTION_LOST))

    assert held == [[], []]
    assert cuts == [Cut(at(0), at(0.4), EndReason.CONNECTION_LOST, 2)]


def test_a_jump_in_the_first_second_does_not_move_its_start():
    # The media time behind the jump was taken for the distance from the start, which then lay
    # seconds too early.
    placed = [
        (part(0, seconds=0.4), START),
        (part(7, seconds=0.4, after=Break.TIMESTAMP_JUMP), START + 0.4),
        (part(7.4, seconds=0.4), START + 0.8),
        (part(7.8, seconds=0.4), START + 1.2),
    ]

    cuts = run(Segmenter(60), placed)

    assert [(c.started_at, c.ended_at) for c in cuts] == [(at(0), at(0.4)), (at(0.4), None)]


# ---- breaks ----------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("after", "init", "reason", "ended"),
    [
        (Break.PARAMETERS_CHANGED, "two", EndReason.PARAMETERS_CHANGED, 1.2),
        (None, "two", EndReason.PARAMETERS_CHANGED, 1.2),
        (Break.TIMESTAMP_JUMP, "one", EndReason.TIMESTAMP_JUMP, 1.0),
        (Break.SESSION_START, "one", EndReason.CONNECTION_LOST, 1.0),
    ],
)
def test_a_break_ends_the_recording_before_its_time(
    after: Break | None, init: str, reason: EndReason, ended: float
):
    segmenter = Segmenter(60)
    segmenter.push(part(), START)

    steps = segmenter.push(part(5, after=after, init=init_segment(init)), START + 1.2)

    [closing] = [s.closing for s in steps if s.closing]
    [opening] = [s.opening for s in steps if s.opening]
    assert closing == Closing(at(ended), reason)
    assert (opening.started_at, opening.init.sha256) == (at(1.2), init)


def test_the_same_moment_is_not_recorded_twice_around_a_jump():
    cuts = run(
        Segmenter(60),
        [(part(0, seconds=2), START), (part(9, after=Break.TIMESTAMP_JUMP), START + 1.5)],
    )

    assert [(c.started_at, c.ended_at) for c in cuts] == [(at(0), at(1.5)), (at(1.5), None)]


@pytest.mark.parametrize("after", [Break.TIMESTAMP_JUMP, Break.PARAMETERS_CHANGED])
def test_a_break_without_a_keyframe_ends_the_recording_and_opens_none(after: Break):
    segmenter = Segmenter(60)
    segmenter.push(part(), START)

    steps = segmenter.push(part(1, is_key=False, after=after), START + 1)

    assert [(s.opening, s.part) for s in steps] == [(None, None)]
    assert not segmenter.is_open


def test_silence_that_the_media_does_not_show_is_never_covered():
    # A change of parameters after a long silence closed the hole: nobody explained it.
    cuts = run(
        Segmenter(60),
        [
            (part(), START),
            (part(13, after=Break.PARAMETERS_CHANGED, init=init_segment("two")), START + 13),
        ],
    )

    assert [(c.started_at, c.ended_at) for c in cuts] == [(at(0), at(1)), (at(13), None)]


def test_parameters_that_change_at_once_again_keep_the_order():
    inits = ["one", "two", "three", "four"]
    placed = [
        (part(n * 0.04 + 1, seconds=0.04, init=init_segment(name)), START + 1 - n * 0.1)
        for n, name in enumerate(inits)
    ]

    cuts = run(Segmenter(60), [(part(0), START), *placed])

    starts = [c.started_at for c in cuts]
    assert starts == sorted(set(starts))
    assert all(before.ended_at == after.started_at for before, after in itertools.pairwise(cuts))


# ---- clocks ----------------------------------------------------------------------------------
@pytest.mark.parametrize("drift", [-1e-3, 1e-3])
def test_hours_of_a_badly_drifting_camera_join_seamlessly_and_keep_to_the_clock(drift: float):
    # Refused beyond a second, or followed by at most half a second, an hour's drift became a
    # false gap, or summed up.
    cuts = run(Segmenter(3600), steady(5 * 3600, gop=1, part_seconds=10.0, drift=drift))

    assert [c.started_at for c in cuts] == [at(n * 3600) for n in range(5)]
    assert [c.ended_at for c in cuts[:-1]] == [at(n * 3600) for n in range(1, 5)]


def test_a_better_estimate_moves_the_clock_of_a_session_only_a_little():
    placed = [(part(n), START + n + (3.0 if n >= 10 else 0.0)) for n in range(41)]

    cuts = run(Segmenter(10), placed)

    assert all(before.ended_at == after.started_at for before, after in itertools.pairwise(cuts))
    assert [c.parts for c in cuts[:1]] == [10]
    assert at(10.5) <= cuts[1].started_at <= at(10.6)


def test_a_clock_stepped_back_a_little_does_not_cut_twice():
    placed = [(part(n), START + n) for n in range(11)]
    placed += [(part(n), START + n - 0.8) for n in range(11, 15)]

    cuts = run(Segmenter(10), placed)

    assert [c.started_at for c in cuts] == [at(0), at(10)]


def test_a_new_length_counts_from_the_next_recording():
    segmenter = Segmenter(60)
    first = run(segmenter, steady(5))
    segmenter.recording_seconds = 10

    later = [step for p, t in steady(70, begin=5) for step in segmenter.push(p, t)]

    opened = [step.opening.started_at for step in later if step.opening]
    assert len(first) == 1
    assert opened == [at(60), at(70)]


def test_recorded_until_follows_the_media():
    segmenter = Segmenter(60)
    segmenter.push(part(), START)
    segmenter.push(part(1, seconds=0.25, is_key=False), START + 1)

    assert segmenter.recorded_until == at(1.25)


@given(seconds=st.floats(0, 4e9, allow_nan=False))
def test_a_recording_opens_at_the_millisecond_of_its_first_part(seconds: float):
    segmenter = Segmenter(60)

    [step] = segmenter.push(part(), seconds)

    assert step.opening is not None
    assert step.opening.started_at == from_unix_seconds(seconds)
