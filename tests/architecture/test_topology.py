"""Who talks to whom: nobody waits for events that nobody sends, and none run in circles."""

from graphlib import TopologicalSorter

from libs.bus.topology import consumer
from tools.docs import wirings

WIRINGS = wirings()


def test_every_consumed_event_has_a_publisher():
    published = {event for wiring in WIRINGS for event in wiring.publishes}

    for wiring in WIRINGS:
        missing = set(wiring.consumes) - published
        assert not missing, f"{wiring.service} waits for events that nobody publishes: {missing}"


def test_every_watched_bucket_has_a_writer():
    written = {model for wiring in WIRINGS for model in wiring.writes}

    for wiring in WIRINGS:
        missing = set(wiring.watches) - written
        assert not missing, f"{wiring.service} watches what nobody writes: {missing}"


def test_events_do_not_run_in_circles():
    causes = {
        wiring.service: {
            other.service for other in WIRINGS if set(other.publishes) & set(wiring.consumes)
        }
        for wiring in WIRINGS
    }

    order = list(TopologicalSorter(causes).static_order())  # raises CycleError

    assert sorted(order) == sorted(wiring.service for wiring in WIRINGS)


def test_durable_names_are_unique():
    names = [config.durable_name for wiring in WIRINGS if (config := consumer(wiring)) is not None]

    assert len(names) == len(set(names)) > 0


def test_event_types_and_subjects_are_unique_and_versioned():
    events = {event for wiring in WIRINGS for event in wiring.publishes}

    assert len({event.type for event in events}) == len(events)
    assert len({event.subject_filter() for event in events}) == len(events)
    for event in events:
        prefix, version = event.type.rsplit(".v", 1)
        assert prefix.startswith("io.everframe.")
        assert version.isdigit()
