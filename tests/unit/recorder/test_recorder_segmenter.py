"""Where recordings begin and end."""

import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from libs.contracts.recordings import EndReason
from libs.contracts.times import from_unix_seconds
from libs.media.packets import Break, Part
from services.recorder.segmenter import Segmenter
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
    cuts: list[Cut] = []
    for each, start_unix in placed:
        step = segmenter.push(each, start_unix)
        if step.closing is not None:
            cuts[-1].ended_at, cuts[-1].reason = step.closing.ended_at, step.closing.reason
        if step.opening is not None:
            assert each.is_keyframe_start
            assert step.part is each
            cuts.append(Cut(step.opening.started_at))
        if step.part is not None:
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
    placed = [(part(), START + 3.0), (part(3), START + 9.999), (part(4), START + 10.0)]

    cuts = run(Segmenter(10), placed)

    assert [(c.started_at, c.ended_at, c.parts) for c in cuts] == [
        (at(3.0), at(5.0), 2),  # media says 2 s, the boundary contradicts it by 5 s
        (at(10.0), None, 1),
    ]


def test_never_opens_without_a_keyframe():
    segmenter = Segmenter(60)

    steps = [segmenter.push(part(n, is_key=False), START + n) for n in range(5)]

    assert all(s.part is None and s.opening is None and s.closing is None for s in steps)
    assert not segmenter.is_open
    assert segmenter.recorded_until is None


def test_waits_for_a_keyframe_after_it_was_closed():
    segmenter = Segmenter(60)
    segmenter.push(part(), START)

    closing = segmenter.close(EndReason.WRITE_ERROR)
    skipped = segmenter.push(part(1, is_key=False), START + 1)
    opened = segmenter.push(part(2), START + 2)

    assert closing is not None
    assert (closing.ended_at, closing.reason) == (at(1), EndReason.WRITE_ERROR)
    assert skipped.part is None
    assert opened.opening is not None
    assert segmenter.close(EndReason.STOPPED) is not None
    assert segmenter.close(EndReason.STOPPED) is None


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

    step = segmenter.push(part(5, after=after, init=init_segment(init)), START + 1.2)

    assert step.closing is not None
    assert (step.closing.reason, step.closing.ended_at) == (reason, at(ended))
    assert step.opening is not None
    assert step.opening.started_at == at(1.2)
    assert step.opening.init.sha256 == init


def test_new_parameters_without_a_keyframe_are_no_recording():
    segmenter = Segmenter(60)
    segmenter.push(part(), START)

    step = segmenter.push(part(1, is_key=False, after=Break.TIMESTAMP_JUMP), START + 1)

    assert step.closing is not None
    assert step.part is None


def test_a_boundary_far_from_the_media_is_not_believed():
    segmenter = Segmenter(10)
    segmenter.push(part(), START)

    step = segmenter.push(part(1), START + 400)

    assert step.closing is not None
    assert step.closing.ended_at == at(1)


def test_an_hour_of_a_badly_drifting_camera_still_joins_seamlessly():
    # The boundary was refused beyond one second, which 0.1 % of an hour exceeds: a false gap, or
    # an overlap, at every cut.
    cuts = run(Segmenter(3600), steady(7300, gop=1, part_seconds=10.0, drift=-1e-3))

    assert cuts[0].ended_at == cuts[1].started_at == at(3600)
    assert cuts[1].ended_at == cuts[2].started_at == at(7200)


def test_a_clock_stepped_back_a_little_does_not_cut_twice():
    placed = [(part(n), START + n) for n in range(11)]
    placed += [(part(n), START + n - 0.8) for n in range(11, 15)]

    cuts = run(Segmenter(10), placed)

    assert [c.started_at for c in cuts] == [at(0), at(10)]


def test_a_new_length_counts_from_the_next_recording():
    segmenter = Segmenter(60)
    cuts = run(segmenter, steady(5))
    segmenter.recording_seconds = 10
    cuts += run(segmenter, [])

    more = [segmenter.push(p, t + 5) for p, t in steady(70)]

    opened = [s.opening.started_at for s in more if s.opening]
    assert opened == [at(60), at(70)]
    assert len(cuts) == 1


def test_recorded_until_follows_the_media():
    segmenter = Segmenter(60)
    segmenter.push(part(seconds=0.5), START)
    segmenter.push(part(0.5, seconds=0.25, is_key=False), START + 0.5)

    assert segmenter.recorded_until == at(0.75)


@given(seconds=st.floats(0, 4e9, allow_nan=False))
def test_the_opening_is_the_boundary_to_the_millisecond(seconds: float):
    segmenter = Segmenter(60)

    step = segmenter.push(part(), seconds)

    assert step.opening is not None
    assert step.opening.started_at == from_unix_seconds(seconds)
    assert step.opening.started_at.microsecond % 1000 == 0
    assert (
        abs(step.opening.started_at.timestamp() - seconds)
        < timedelta(milliseconds=2).total_seconds()
    )
