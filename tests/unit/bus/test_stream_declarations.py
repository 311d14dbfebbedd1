"""What is declared, and when it counts as different."""

import pytest
from nats.js import api

from libs.bus.errors import UndeclaredMessage
from libs.bus.topology import (
    Limits,
    bucket_name,
    consumer,
    consumer_differences,
    stream_differences,
    streams,
)
from libs.bus.wiring import Wiring
from libs.contracts.cameras import CameraStatusChanged
from libs.contracts.gaps import GapDetected
from libs.contracts.ownership import Lease

HEARS = Wiring(service="api", consumes=(GapDetected, CameraStatusChanged))


def _stream(name: str) -> api.StreamConfig:
    return next(config for config in streams(Limits()) if config.name == name)


def test_events_are_kept_on_disk_for_thirty_days():
    events = _stream("EVENTS")

    assert events.subjects == ["everframe.evt.>"]
    assert events.storage == api.StorageType.FILE
    assert events.max_age == 30 * 24 * 3600
    assert events.duplicate_window == 600


def test_every_bucket_survives_a_restart_of_the_server():
    buckets = [config for config in streams(Limits()) if (config.name or "").startswith("KV_")]

    assert {config.name for config in buckets} == {
        "KV_cameras",
        "KV_demand",
        "KV_device-states",
        "KV_devices",
        "KV_discovery-leader",
        "KV_footage",
        "KV_footage-checks",
        "KV_health",
        "KV_live",
        "KV_owner",
        "KV_presence",
        "KV_progress",
        "KV_scans",
        "KV_services",
    }
    assert {config.storage for config in buckets} == {api.StorageType.FILE}


def test_a_service_that_hears_nothing_has_no_consumer():
    assert consumer(Wiring(service="recorder", publishes=(GapDetected,))) is None


@pytest.mark.parametrize(("ordered", "pending"), [(True, 1), (False, 8)])
def test_order_is_kept_by_one_unfinished_event_at_a_time(ordered, pending):
    config = consumer(Wiring(service="api", consumes=(GapDetected,), ordered=ordered))

    assert config is not None
    assert config.max_ack_pending == pending
    assert config.max_deliver == -1


def test_sizes_do_not_count_as_drift_for_a_service():
    wanted = _stream("EVENTS")
    larger = wanted.evolve(max_bytes=1, max_age=60, num_replicas=3)

    assert stream_differences(wanted, larger, limits=False) == []
    assert len(stream_differences(wanted, larger, limits=True)) == 3


def test_another_meaning_counts_as_drift():
    wanted = _stream("KV_owner")

    assert stream_differences(
        wanted, wanted.evolve(subject_delete_marker_ttl=None), limits=False
    ) == ["subject_delete_marker_ttl: None -> 60"]


def test_filters_are_compared_however_the_server_writes_them():
    one = consumer(Wiring(service="api", consumes=(GapDetected,)))
    two = consumer(HEARS)
    assert one is not None
    assert two is not None
    single = one.evolve(filter_subjects=None, filter_subject=GapDetected.subject_filter())
    reverse = two.evolve(filter_subjects=list(reversed(two.filter_subjects or [])))

    assert consumer_differences(one, single) == []
    assert consumer_differences(two, reverse) == []
    assert consumer_differences(two, single)[0].startswith("filter_subjects:")


def test_only_messages_with_a_bucket_have_one():
    assert bucket_name(Lease) == "owner"
    with pytest.raises(UndeclaredMessage):
        bucket_name(GapDetected)
