"""Whether what came last is what happens now."""

from libs.contracts.live import LivePart
from services.streamer.edge import LATE_MS, SETTLE_SECONDS, LiveEdge
from tests.unit.streamer.streamer_samples import Producer


def part(late_ms: int = 0) -> LivePart:
    made = Producer().segment()[0][0]
    return made.model_copy(update={"published_ms": made.published_ms + late_ms})


def test_prompt_part_is_live_until_nothing_came_for_long() -> None:
    edge = LiveEdge()
    assert not edge.is_live(0.0)

    edge.took(part(), 100.0)

    assert edge.is_live(105.9)
    assert not edge.is_live(106.0)  # three target durations


def test_what_the_recorder_kept_is_not_live() -> None:
    edge = LiveEdge()

    for at in range(10):
        edge.took(part(late_ms=2000 - at * 200), 100.0 + at / 1000)
        assert edge.is_live(100.1) is (2000 - at * 200 <= 200 + LATE_MS)


def test_recorder_that_always_lags_is_believed_after_a_while() -> None:
    edge = LiveEdge()

    edge.took(part(late_ms=5000), 100.0)
    edge.took(part(late_ms=5000), 100.0 + SETTLE_SECONDS)
    assert not edge.is_live(101.0)
    edge.took(part(late_ms=5000), 101.2)

    assert edge.is_live(101.3)


def test_what_is_kept_after_a_long_standstill_is_not_live_either() -> None:
    edge = LiveEdge()
    edge.took(part(), 100.0)

    edge.took(part(late_ms=2000), 130.0)
    assert not edge.is_live(130.0)
    edge.took(part(), 130.1)

    assert edge.is_live(130.2)


def test_a_short_outage_changes_nothing() -> None:
    edge = LiveEdge()
    edge.took(part(), 100.0)

    edge.took(part(late_ms=3000), 103.0)

    assert edge.is_live(103.0)


def test_overdue_is_more_than_two_part_targets_and_a_second() -> None:
    edge = LiveEdge()
    assert not edge.stands_still(1000.0)

    edge.took(part(), 100.0)

    assert not edge.stands_still(101.3)
    assert edge.stands_still(101.5)
