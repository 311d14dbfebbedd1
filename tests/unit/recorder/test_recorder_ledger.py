"""Every wanted second is recorded or in a gap."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from libs.contracts.gaps import GapReason
from services.recorder.ledger import Gap, GapLedger
from tests.unit.recorder.recorder_samples import at

MILLISECOND = timedelta(milliseconds=1)


def ledger(reason: GapReason = GapReason.RECORDER_DOWN) -> GapLedger:
    return GapLedger(accounted_until=at(0), reason=reason, announce_after=timedelta(seconds=5))


def covered(until: float) -> GapLedger:
    """A ledger whose camera was recorded from 0 to `until`."""
    made = ledger()
    assert made.recorded(at(0), at(until)) == []
    return made


def test_footage_that_joins_leaves_no_gap():
    made = covered(10)

    assert made.recorded(at(10), at(20)) == []
    assert made.recorded(at(10), at(22)) == []
    assert made.accounted_until == at(22)
    assert made.tick(at(26)) == []


@pytest.mark.parametrize("reason", list(GapReason))
def test_the_first_gap_has_the_reason_that_the_ledger_began_with(reason: GapReason):
    made = ledger(reason)

    assert made.recorded(at(3), at(4)) == [Gap(at(0), at(3), reason)]


def test_a_short_interruption_is_one_closed_gap_with_its_reason():
    made = covered(10)

    made.failed(GapReason.CAMERA_OFFLINE, "connection refused", at(11))
    gaps = made.recorded(at(13), at(14))

    assert gaps == [Gap(at(10), at(13), GapReason.CAMERA_OFFLINE, "connection refused")]


def test_a_long_gap_is_announced_open_once_and_closed_under_the_same_start():
    made = covered(10)
    made.failed(GapReason.STREAM_STALLED, "no video", at(15))

    opened = [gap for second in range(11, 40) for gap in made.tick(at(second))]
    closed = made.recorded(at(40), at(41))

    assert opened == [Gap(at(10), None, GapReason.STREAM_STALLED, "no video")]
    assert closed == [Gap(at(10), at(40), GapReason.STREAM_STALLED, "no video")]
    assert made.open_gap is None


def test_a_reason_learnt_late_is_told_under_the_same_start():
    made = covered(10)
    opened = made.tick(at(16))

    told = made.failed(GapReason.CAMERA_UNAUTHORIZED, "refused", at(17))

    assert opened == [Gap(at(10), None, GapReason.CONNECTING)]
    assert told == [Gap(at(10), None, GapReason.CAMERA_UNAUTHORIZED, "refused")]
    assert made.open_gap == told[0]


def test_a_new_reason_splits_the_gap():
    made = covered(10)
    made.failed(GapReason.CAMERA_OFFLINE, "", at(12))
    made.tick(at(16))

    split = made.failed(GapReason.CAMERA_UNAUTHORIZED, "", at(20))
    rest = made.recorded(at(30), at(31))

    assert split == [Gap(at(10), at(20), GapReason.CAMERA_OFFLINE)]
    assert rest == [Gap(at(20), at(30), GapReason.CAMERA_UNAUTHORIZED)]


def test_a_known_reason_is_not_replaced_by_connecting():
    made = covered(10)
    made.failed(GapReason.CAMERA_OFFLINE, "down", at(12))

    assert made.failed(GapReason.CONNECTING, "trying", at(14)) == []
    assert made.recorded(at(15), at(16)) == [Gap(at(10), at(15), GapReason.CAMERA_OFFLINE, "down")]


def test_an_announced_gap_shrinks_to_a_millisecond_when_the_footage_was_only_slow():
    made = covered(10)
    made.tick(at(16))

    gaps = made.recorded(at(0), at(18))

    assert gaps == [Gap(at(10), at(10) + MILLISECOND, GapReason.CONNECTING)]
    assert (made.accounted_until, made.open_gap) == (at(18), None)


def test_the_last_parts_of_a_failed_recording_do_not_undo_its_failure():
    # The disk was slower than the camera's failure: the reason was forgotten, and the gap that
    # followed said `connecting`.
    made = covered(10)
    made.failed(GapReason.STREAM_STALLED, "no video", at(16))

    late = made.recorded(at(0), at(10.4))
    gaps = made.recorded(at(20), at(21))

    assert late == []
    assert gaps == [Gap(at(10.4), at(20), GapReason.STREAM_STALLED, "no video")]
    assert made.recorded(at(25), at(26)) == [Gap(at(21), at(25), GapReason.CONNECTING)]


def test_switching_off_closes_what_is_missing_until_then():
    made = covered(10)
    made.failed(GapReason.CAMERA_OFFLINE, "", at(11))
    made.tick(at(16))

    assert made.unwanted(at(20)) == [Gap(at(10), at(20), GapReason.CAMERA_OFFLINE)]
    assert made.accounted_until == at(20)
    assert made.open_gap is None


def test_switching_off_before_the_gap_began_closes_it_all_the_same():
    # The switch-off was heard late, after more footage and an announced failure: the gap stayed
    # open for ever.
    made = covered(10)
    made.failed(GapReason.CAMERA_OFFLINE, "", at(11))
    made.tick(at(16))

    gaps = made.unwanted(at(8))

    assert gaps == [Gap(at(10), at(10) + MILLISECOND, GapReason.CAMERA_OFFLINE)]
    assert made.open_gap is None


def test_after_the_clock_was_put_right_gaps_are_noticed_again():
    # Footage placed years ahead by a wrong clock accounted for everything until then.
    made = ledger()
    made.tick(at(9_000_000))
    made.recorded(at(9_000_000), at(9_000_010))

    made.tick(at(20))
    late = made.recorded(at(9_000_000), at(9_000_011))
    made.recorded(at(20), at(25))
    opened = made.tick(at(40))

    assert late == []
    assert opened == [Gap(at(25), None, GapReason.CONNECTING)]


def test_a_gap_that_a_wrong_clock_opened_is_closed_when_it_is_put_right():
    made = ledger()
    made.tick(at(9_000_000))
    made.recorded(at(9_000_000), at(9_000_010))
    opened = made.tick(at(9_000_020))

    closed = made.tick(at(20))

    assert opened[0].started_at == closed[0].started_at == at(9_000_010)
    assert closed[0].ended_at == at(9_000_010) + MILLISECOND
    assert made.accounted_until == at(20)


# ---- the invariant, for any sequence of calls ------------------------------------------------
REASONS = st.sampled_from([r for r in GapReason if r is not GapReason.CONNECTING])


@dataclass
class Camera:
    """Drives a ledger like a recorder does, on a clock that only goes forward."""

    made: GapLedger = field(default_factory=ledger)
    now: float = 0.0
    footage: list[tuple[datetime, datetime]] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)
    opened: dict[datetime, Gap] = field(default_factory=dict)
    recording: float | None = None

    def take(self, gaps: list[Gap]) -> None:
        for gap in gaps:
            if gap.ended_at is None:
                self.opened[gap.started_at] = gap
                continue
            assert gap.ended_at > gap.started_at
            is_retraction = gap.ended_at - gap.started_at == MILLISECOND
            overlap = [f for f in self.footage if f[0] < gap.ended_at and gap.started_at < f[1]]
            assert is_retraction or not overlap, (gap, overlap)
            self.opened.pop(gap.started_at, None)
            self.gaps.append(gap)

    def check(self) -> None:
        """No hole before `accounted_until`, and what is open begins there."""
        known = sorted([*self.footage, *((g.started_at, g.ended_at or at(0)) for g in self.gaps)])
        reached = at(0)
        for start, end in known:
            assert start <= reached, f"unexplained from {reached} to {start}"
            reached = max(reached, end)
        assert reached >= self.made.accounted_until
        still_open = self.made.open_gap
        assert set(self.opened) == ({still_open.started_at} if still_open else set())
        if still_open is not None:
            assert still_open.started_at == self.made.accounted_until
            assert self.opened[still_open.started_at].reason is still_open.reason

    def step(self, what: str, seconds: float, reason: GapReason) -> None:
        if what == "wait":
            self.now += seconds
        elif what == "part":
            self.recording = self.now if self.recording is None else self.recording
            start, self.now = at(self.recording), self.now + seconds
            gaps = self.made.recorded(start, at(self.now))
            self.take(gaps)
            self.footage.append((start, at(self.now)))
        elif what == "cut":
            self.recording = self.now
        elif what == "failed":
            self.recording = None
            self.take(self.made.failed(reason, "", at(self.now)))
        elif what == "tick":
            self.take(self.made.tick(at(self.now)))
        elif what == "unwanted":
            self.recording = None
            self.take(self.made.unwanted(at(max(0.0, self.now - seconds / 4))))


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["wait", "part", "part", "part", "cut", "failed", "tick", "unwanted"]),
        st.integers(1, 9_000).map(lambda ms: ms / 1000),
        REASONS,
    ),
    max_size=60,
)


@settings(max_examples=300, deadline=None)
@given(steps=STEPS)
def test_recorded_and_gaps_cover_everything_that_was_accounted_for(
    steps: list[tuple[str, float, GapReason]],
):
    camera = Camera()

    for what, seconds, reason in steps:
        camera.step(what, seconds, reason)
        camera.check()


@settings(max_examples=100, deadline=None)
@given(steps=STEPS, reason=REASONS)
def test_a_gap_has_the_reason_that_was_last_told(
    steps: list[tuple[str, float, GapReason]], reason: GapReason
):
    camera = Camera()
    for each in steps:
        camera.step(*each)
    camera.step("part", 1.0, reason)

    camera.step("failed", 0, reason)
    camera.step("wait", 2.0, reason)
    camera.step("cut", 0, reason)
    camera.step("part", 1.0, reason)

    assert camera.gaps[-1].reason is reason
