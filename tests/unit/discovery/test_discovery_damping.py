import itertools

from hypothesis import given
from hypothesis import strategies as st

from libs.contracts.health import HealthState
from services.discovery.damping import (
    CONFIRM_SECONDS,
    STEADY_SECONDS,
    Damping,
    Verdict,
)

ON, OFF, BAD, LOGIN = (
    HealthState.ONLINE,
    HealthState.OFFLINE,
    HealthState.ERROR,
    HealthState.UNAUTHORIZED,
)
FOUND = st.sampled_from(list(HealthState))
STEPS = st.lists(st.tuples(FOUND, st.floats(0.5, 200)), max_size=60)


def checks(damping: Damping, *found: HealthState, every: float = 60.0) -> list[Verdict]:
    return [damping.push(state, every * number) for number, state in enumerate(found)]


def test_one_failed_check_is_looked_at_again_soon_and_changes_nothing():
    verdicts = checks(Damping(), ON, OFF)

    assert [v.state for v in verdicts] == [ON, ON]
    assert verdicts[1].check_again_seconds == CONFIRM_SECONDS


def test_two_failed_checks_in_a_row_are_offline_and_one_good_one_is_online():
    assert [v.state for v in checks(Damping(), ON, OFF, OFF, ON)] == [ON, ON, OFF, ON]


def test_failed_checks_with_a_good_one_between_them_are_never_offline():
    assert {v.state for v in checks(Damping(), ON, OFF, ON, OFF, ON, OFF)} == {ON}


def test_other_states_count_at_once():
    assert [v.state for v in checks(Damping(), ON, LOGIN, BAD)] == [ON, LOGIN, BAD]


def test_a_camera_that_comes_and_goes_counts_as_its_worst_until_it_is_steady():
    damping = Damping(ON)
    verdicts = checks(damping, BAD, ON, BAD, ON, ON, every=10)

    assert [(v.state, v.is_flapping) for v in verdicts] == [
        (BAD, False),
        (ON, False),
        (BAD, False),
        (BAD, True),
        (BAD, True),
    ]
    steady = damping.push(ON, 30 + STEADY_SECONDS)
    assert (steady.state, steady.is_flapping) == (ON, False)


def test_slow_changes_are_not_flapping():
    found = [BAD, ON] * 6
    assert not any(v.is_flapping for v in checks(Damping(ON), *found, every=250))


@given(STEPS)
def test_nothing_counts_that_was_not_seen(steps: list[tuple[HealthState, float]]):
    damping, now, seen = Damping(), 0.0, {HealthState.UNKNOWN}
    for found, pause in steps:
        now += pause
        seen.add(found)
        assert damping.push(found, now).state in seen


@given(STEPS)
def test_offline_is_never_told_after_a_single_failed_check(
    steps: list[tuple[HealthState, float]],
):
    damping, now = Damping(ON), 0.0
    told = [f for f, _ in steps if f is not HealthState.UNKNOWN]
    has_two = any(a is b is OFF for a, b in itertools.pairwise(told))
    verdicts = []
    for found, pause in steps:
        now += pause
        verdicts.append(damping.push(found, now).state)

    assert has_two or OFF not in verdicts


@given(STEPS, FOUND.filter(lambda state: state is not HealthState.UNKNOWN))
def test_whatever_went_before_a_steady_camera_counts_as_what_it_is(
    steps: list[tuple[HealthState, float]], last: HealthState
):
    damping, now = Damping(), 0.0
    for found, pause in steps:
        now += pause
        damping.push(found, now)
    for _ in range(5):
        now += STEADY_SECONDS / 2
        verdict = damping.push(last, now)

    assert verdict == Verdict(last, is_flapping=False)
