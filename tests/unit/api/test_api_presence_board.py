"""Which processes count as running."""

from datetime import UTC, datetime, timedelta

from libs.bus.keyvalue import Change, ChangeKind
from libs.contracts.presence import ServiceState
from services.api.presence_board import PresenceBoard

T0 = datetime(2026, 11, 20, tzinfo=UTC)
DONE = Change[ServiceState]("", None, 0, ChangeKind.SNAPSHOT_DONE)


class World:
    def __init__(self) -> None:
        self.now = T0
        self.board = PresenceBoard(lambda: self.now)

    def hear(self, revision: int, *, seen_at: datetime = T0) -> None:
        state = ServiceState(
            service="recorder", instance="1", version="1.0", started_at=T0, seen_at=seen_at
        )
        self.board.on_change(Change(state.key, state, revision))

    def judged(self, after_seconds: float) -> str:
        (seen,) = self.board.services()
        return seen.judged(T0 + timedelta(seconds=after_seconds))


def test_a_process_that_has_said_nothing_for_half_a_minute_is_silent():
    world = World()
    world.board.on_change(DONE)
    world.hear(1)

    assert (world.judged(29), world.judged(31)) == ("up", "silent")


def test_what_was_said_before_we_listened_counts_by_the_speakers_clock():
    world = World()
    world.hear(1, seen_at=T0 - timedelta(minutes=5))
    world.board.on_change(DONE)

    assert world.judged(0) == "silent"


def test_a_clock_that_is_wrong_does_not_make_a_process_silent():
    world = World()
    world.board.on_change(DONE)
    world.hear(1, seen_at=T0 - timedelta(hours=1))

    assert world.judged(0) == "up"


def test_a_word_that_is_told_again_does_not_count_as_a_new_one():
    world = World()
    world.board.on_change(DONE)
    world.hear(1)
    world.now = T0 + timedelta(minutes=5)
    world.hear(1)

    assert world.judged(300) == "silent"


def test_a_process_that_stopped_is_forgotten():
    world = World()
    world.hear(1)
    world.board.on_change(Change("recorder.1", None, 2, ChangeKind.DELETED))

    assert world.board.services() == []
