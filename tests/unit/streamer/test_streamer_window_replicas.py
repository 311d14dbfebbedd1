"""Two replicas that hold what a playlist lists say the same, byte for byte."""

from itertools import count

from hypothesis import given, settings
from hypothesis import strategies as st

from services.streamer.playlist import bandwidth
from services.streamer.window import LiveWindow
from tests.unit.streamer.streamer_samples import INIT, OTHER_INIT, Producer, Told, text_of

DURATIONS = st.lists(st.integers(9_000, 18_000), min_size=1, max_size=8)
EVENTS = st.sampled_from(
    [
        "",
        "",
        "",
        "",
        "reconnect",
        "new init",
        "takeover",
        "zombie",
        "lost",
        "cut off",
        "new live id",
    ]
)


@st.composite
def streams(draw: st.DrawFn) -> list[Told]:
    """What one recorder after the other published, in the order of the stream."""
    producer = Producer(target_seconds=draw(st.integers(1, 3)))
    stream: list[Told] = []
    for number in range(draw(st.integers(8, 30))):
        event = draw(EVENTS)
        if event in {"reconnect", "new init"}:
            producer.reconnect(init_id=OTHER_INIT if event == "new init" else INIT)
        if event in {"takeover", "zombie"}:
            producer.take_over()
        if event == "cut off":
            producer.first_msn = producer.msn
        if event == "new live id":
            producer.live_id = f"live{number}"
            producer.discontinuity = producer.first_msn = 0
            producer.msn = draw(st.integers(0, 100))
        told = producer.segment(draw(DURATIONS), is_independent=draw(st.booleans()))
        if event == "lost":  # by the bus, for everybody
            del told[draw(st.integers(0, len(told) - 1))]
        if event == "takeover":
            # the old owner died in the segment before, and nobody said that it was the last part
            stream += told
            continue
        if event == "zombie":
            stale = Producer(
                live_id=producer.live_id,
                epoch=producer.epoch - 1,
                msn=producer.msn - 1,
                target_seconds=producer.target_seconds,
            )
            told += stale.segment(draw(DURATIONS), part_bytes=40)
        stream += told
    return _without_some_ends(stream, draw(st.sets(st.integers(0, len(stream)), max_size=3)))


def _without_some_ends(stream: list[Told], at: set[int]) -> list[Told]:
    """Parts that nobody called the last although a takeover came next."""
    cut = []
    for number, (part, payload) in enumerate(stream):
        after = stream[number + 1][0] if number + 1 < len(stream) else None
        is_end = part.is_last and after is not None and after.epoch > part.epoch
        is_kept = not (is_end and (number in at or number % 2))
        cut.append((part if is_kept else part.model_copy(update={"is_last": False}), payload))
    return cut


class Replica:
    """Reads the stream from somewhere on, loses some of it, and is told some of it again."""

    def __init__(self, joined: int, missed: set[int]) -> None:
        self.window = LiveWindow()
        self.joined = joined
        self.missed = missed
        self.last_missed = joined - 1

    def hear(self, stream: list[Told], at: int, again_from: int | None) -> None:
        if at < self.joined:
            return
        if at in self.missed:
            self.last_missed = at
            return
        first = at if again_from is None else max(self.joined, at - again_from)
        for number in range(first, at + 1):
            if number not in self.missed:
                self.window.add(*stream[number])


def first_index_of_listed(window: LiveWindow, stream: list[Told]) -> int | None:
    if not window.listed():
        return None
    first = window.listed()[0].first
    return next(at for at, (part, _) in enumerate(stream) if part is first)


@settings(max_examples=150, deadline=None)
@given(data=st.data(), stream=streams())
def test_replicas_that_joined_at_different_times_render_the_same(data, stream):
    length = len(stream)
    indexes = st.integers(0, length - 1)
    again = data.draw(st.dictionaries(indexes, st.integers(1, 40), max_size=6))
    reference = Replica(0, set())
    replicas = [Replica(data.draw(indexes), data.draw(st.sets(indexes, max_size=3))) for _ in "ab"]

    for at in range(length):
        reference.hear(stream, at, None)
        first = first_index_of_listed(reference.window, stream)
        for replica in replicas:
            replica.hear(stream, at, again.get(at))
            # the message before the first listed part tells whether something is missing there
            if first is None or replica.last_missed >= first - 1:
                continue
            assert text_of(replica.window) == text_of(reference.window)
            assert bandwidth(replica.window) == bandwidth(reference.window)
            for segment in reference.window.listed():
                assert replica.window.segment(segment.msn) == reference.window.segment(segment.msn)
                for held in segment.parts:
                    assert replica.window.part(*held.position) == held


@settings(max_examples=100, deadline=None)
@given(stream=streams())
def test_sequence_numbers_never_decrease_and_segments_have_no_hole(stream):
    window = LiveWindow()
    before = ("", -1, -1)
    for part, payload in stream:
        window.add(part, payload)
        segments = window.listed()
        if not segments:
            continue
        assert [each.msn for each in segments] == [
            msn for msn, _ in zip(count(segments[0].msn), segments, strict=False)
        ]
        assert all(each.is_complete for each in segments[:-1])
        for segment in segments:
            assert [held.part.part for held in segment.parts] == list(range(len(segment.parts)))
        now = (segments[0].first.live_id, segments[0].msn, segments[0].first.discontinuity)
        if now[0] == before[0]:
            assert now[1:] >= before[1:]
            assert now[2] >= before[2]
        before = now


@settings(max_examples=100, deadline=None)
@given(stream=streams(), again=st.lists(st.integers(0, 400), max_size=5))
def test_told_again_from_the_start_any_number_of_times_nothing_changes(stream, again):
    window = LiveWindow()
    for at, (part, payload) in enumerate(stream):
        window.add(part, payload)
        if at in again and window.listed():
            text, version = text_of(window), window.version
            for repeated in stream[: at + 1]:
                window.add(*repeated)
            assert text_of(window) == text
            assert window.version == version
