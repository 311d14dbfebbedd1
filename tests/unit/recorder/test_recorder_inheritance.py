"""A new owner accounts for every wanted moment before it, whatever it finds."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.contracts.cameras import WantedInterval
from libs.contracts.gaps import GapReason
from libs.contracts.ownership import OpenGap
from services.recorder.inheritance import LastWord, Stretch, holes, inherit
from services.recorder.ledger import Gap

T0 = datetime(2026, 11, 20, 22, 0, tzinfo=UTC)
NOW = 100
DOWN = GapReason.RECORDER_DOWN


def at(seconds: float) -> datetime:
    return T0 + timedelta(seconds=seconds)


def wanted(*spans: tuple[int, int | None]) -> tuple[WantedInterval, ...]:
    return tuple(
        WantedInterval(started_at=at(a), ended_at=at(b) if b is not None else None)
        for a, b in spans
    )


def last_word(accounted: int, seen: int, open_gap: GapReason | None = None) -> LastWord:
    gap = OpenGap(started_at=at(accounted), reason=open_gap) if open_gap else None
    return LastWord(at(accounted), at(seen), gap)


@pytest.mark.parametrize(
    ("word", "spooled", "gaps", "start"),
    [
        # nobody ever owned it: the ledger begins where recording was switched on
        (None, [], [], 10),
        # the owner before died: the rest of the time is the ledger's
        (last_word(60, 61), [], [], 60),
        # its own spool reaches further than its last word
        (last_word(60, 61), [(50, 65)], [], 65),
        # killed between a gap and the word of it
        (last_word(60, 61), [(40, 60), (70, 80)], [Gap(at(60), at(70), DOWN)], 80),
        # the camera was away already: that reason holds as long as somebody looked
        (
            last_word(60, 75, GapReason.CAMERA_OFFLINE),
            [],
            [Gap(at(60), at(75), GapReason.CAMERA_OFFLINE)],
            75,
        ),
        # an announced gap that holds footage after all is ended
        (
            last_word(60, 75, GapReason.CAMERA_OFFLINE),
            [(55, 90)],
            [Gap(at(60), at(60.001), GapReason.CAMERA_OFFLINE)],
            90,
        ),
        # a clock that ran ahead left a word from the future
        (last_word(500, 500), [], [], 100),
    ],
)
def test_the_time_before_the_new_owner_is_explained(
    word: LastWord | None, spooled: list[tuple[int, int]], gaps: list[Gap], start: int
):
    stretches = [(at(a), at(b)) for a, b in spooled]

    inherited = inherit(wanted((10, None)), word, stretches, now=at(NOW), reason=DOWN)

    assert list(inherited.gaps) == gaps
    assert inherited.ledger_start == at(start)


def test_what_was_switched_off_before_anybody_took_it_is_a_gap():
    inherited = inherit(
        wanted((0, 10), (20, 30)), last_word(5, 5), [(at(22), at(25))], now=at(NOW), reason=DOWN
    )

    assert list(inherited.gaps) == [
        Gap(at(5), at(10), DOWN),
        Gap(at(20), at(22), DOWN),
        Gap(at(25), at(30), DOWN),
    ]
    assert inherited.ledger_start is None


spans = st.lists(
    st.tuples(st.integers(0, 110), st.integers(1, 40)).map(lambda p: (p[0], p[0] + p[1])),
    max_size=6,
)
words = st.none() | st.builds(
    last_word,
    st.integers(0, 120),
    st.integers(0, 120),
    st.none() | st.just(GapReason.STREAM_STALLED),
)


@st.composite
def intervals(draw: st.DrawFn) -> tuple[WantedInterval, ...]:
    edges = sorted(draw(st.sets(st.integers(0, 99), max_size=7)))
    pairs = list(zip(edges[::2], edges[1::2], strict=False))
    is_open = len(edges) % 2 == 1
    return wanted(*pairs, *([(edges[-1], None)] if is_open else []))


@given(intervals(), words, spans)
def test_every_wanted_moment_is_recorded_or_in_a_gap_or_the_ledgers(
    asked: tuple[WantedInterval, ...], word: LastWord | None, spooled: list[tuple[int, int]]
):
    recorded = [(at(a), at(b)) for a, b in spooled]

    inherited = inherit(asked, word, recorded, now=at(NOW), reason=DOWN)

    covered: list[Stretch] = [*recorded]
    covered += [(gap.started_at, gap.ended_at) for gap in inherited.gaps if gap.ended_at]
    assert all(gap.ended_at and gap.ended_at > gap.started_at for gap in inherited.gaps)
    if inherited.ledger_start is not None:
        covered.append((inherited.ledger_start, at(NOW)))
    for interval in asked:
        start = max(interval.started_at, word.accounted_until if word else interval.started_at)
        assert holes((start, interval.ended_at or at(NOW)), covered) == []
