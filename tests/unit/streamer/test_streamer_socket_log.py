"""The log from which sockets are served: bounded, without holes."""

from services.streamer.part_log import MOST_PARTS, PartLog
from services.streamer.window import HeldPart
from tests.unit.streamer.streamer_samples import Producer, Told


def fill(log: PartLog, told: list[Told]) -> None:
    for part, payload in told:
        log.append(HeldPart(part, payload[part.init_bytes :]), b"init")


def positions(log: PartLog) -> list[tuple[int, int]]:
    found = []
    index = 0
    while (logged := log.get(index)) is not None:
        found.append((logged.part.msn, logged.part.part))
        index = logged.index + 1
    return found


def test_begins_with_a_keyframe() -> None:
    producer, log = Producer(), PartLog()

    fill(log, producer.segment()[2:])
    assert log.keyframe is None
    assert log.get(0) is None
    fill(log, producer.segment())

    assert positions(log)[0] == (11, 0)
    assert log.keyframe == 0


def test_what_follows_a_missing_part_is_left_out_until_a_keyframe() -> None:
    producer, log = Producer(), PartLog()
    first, second, third = producer.segment(), producer.segment(), producer.segment()

    fill(log, [*first, *second[:2], *second[3:], *third])

    assert positions(log) == [
        *((10, at) for at in range(5)),
        (11, 0),
        (11, 1),
        *((12, at) for at in range(5)),
    ]


def test_a_segment_without_keyframe_follows_on() -> None:
    producer, log = Producer(), PartLog()

    fill(log, [*producer.segment(), *producer.segment(is_independent=False)])

    assert len(positions(log)) == 10
    assert log.keyframe == 0


def test_another_numbering_or_timeline_begins_with_a_keyframe() -> None:
    producer, log = Producer(), PartLog()
    fill(log, producer.segment())

    producer.reconnect()
    fill(log, producer.segment(is_independent=False))
    fill(log, Producer(live_id="two", msn=11).segment(is_independent=False))
    assert len(positions(log)) == 5
    fill(log, Producer(live_id="three", msn=1).segment())

    assert positions(log)[5] == (1, 0)


def test_keeps_the_newest_gop_and_a_few_seconds() -> None:
    producer, log = Producer(), PartLog()

    fill(log, producer.segments(100))

    assert positions(log)[-1] == (109, 4)
    assert positions(log)[0] == (105, 4)
    assert log.keyframe == log.next_index - 5


def test_long_gop_is_kept_whole_and_an_endless_one_is_bounded() -> None:
    producer, log = Producer(), PartLog()
    fill(log, producer.segment())
    for _ in range(30):
        fill(log, producer.segment(is_independent=False))
    assert positions(log)[0] == (10, 0)

    for _ in range(MOST_PARTS):
        fill(log, producer.segment(is_independent=False))

    assert log.kept == MOST_PARTS
    assert log.keyframe is None


def test_distance_is_counted_in_media() -> None:
    producer, log = Producer(), PartLog()
    fill(log, producer.segment())
    producer.reconnect(outage_ms=60_000)
    fill(log, producer.segment())

    first = log.get(0)
    assert first is not None
    assert log.behind_90k(first) == 9 * 18_000
