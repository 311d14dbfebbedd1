"""Who watches: limits, leaving, events."""

import asyncio
from contextlib import ExitStack

import pytest

from libs.bus.testing import FakeBroker
from libs.contracts.live import Rendition, ViewingStarted, ViewingStopped
from services.streamer import metrics
from services.streamer.events import ViewingEvents
from services.streamer.refusals import Refused
from services.streamer.viewers import Viewers
from services.streamer.wiring import WIRING
from tests.unit.streamer.streamer_live import NOW, StoppedClock, access, settings
from tests.waiting import eventually, running

MAIN = Rendition.MAIN
Published = list[ViewingStarted | ViewingStopped]


def viewers_with(**changes: float) -> tuple[Viewers, StoppedClock, Published]:
    clock, published = StoppedClock(), Published()
    made = Viewers(
        settings(**changes), streamer="streamer-1", publish=published.append, clock=clock
    )
    return made, clock, published


def test_viewing_is_told_from_the_first_media_until_nothing_was_asked_for_long() -> None:
    viewers, clock, published = viewers_with(viewer_idle_seconds=10)

    with viewers.watching(access(), MAIN, "ll-hls") as viewer:
        assert not published
        viewers.started(viewer)
    clock.at += 9
    viewers.sweep()
    with viewers.watching(access(), MAIN, "ll-hls") as viewer:
        viewers.started(viewer)
    clock.at += 11
    viewers.sweep()

    started, stopped = published
    assert isinstance(started, ViewingStarted)
    assert (started.viewer, started.viewer_id) == ("somebody", "v1")
    assert (started.transport, started.streamer) == ("ll-hls", "streamer-1")
    assert isinstance(stopped, ViewingStopped)
    assert stopped.reason == "left"
    assert stopped.started_at == started.started_at
    assert stopped.ended_at.timestamp() == NOW + 20
    assert started.natural_key() == stopped.natural_key()
    assert len(viewers) == 0


def test_nothing_is_told_of_somebody_who_never_saw_a_picture() -> None:
    viewers, clock, published = viewers_with(viewer_idle_seconds=10)

    with viewers.watching(access(), MAIN, "ll-hls"):
        pass
    clock.at += 11
    viewers.sweep()

    assert len(viewers) == 0
    assert not published


def test_viewer_that_waits_does_not_count_as_idle() -> None:
    viewers, clock, _ = viewers_with(viewer_idle_seconds=10)

    with viewers.watching(access(), MAIN, "ll-hls"):
        clock.at += 60
        viewers.sweep()
        assert viewers.is_watched("front-door", MAIN)
        assert not viewers.is_watched("front-door", Rendition.SUB)


def test_socket_ends_viewing_at_once() -> None:
    viewers, _, published = viewers_with()

    with viewers.watching(access(), MAIN, "websocket") as viewer:
        viewers.started(viewer)
        with viewers.watching(access(), MAIN, "websocket"):
            pass
        assert len(viewers) == 1

    assert len(viewers) == 0
    assert [type(event) for event in published] == [ViewingStarted, ViewingStopped]


def test_end_of_access_is_told_as_such_and_a_new_token_prolongs_it() -> None:
    for seconds, reason in ((5, "refused"), (600, "left")):
        viewers, clock, published = viewers_with()
        with viewers.watching(access(seconds=5), MAIN, "ll-hls") as viewer:
            viewers.started(viewer)
        with viewers.watching(access(seconds=seconds), MAIN, "ll-hls"):
            pass
        clock.at += 60
        viewers.sweep()

        stopped = published[-1]
        assert isinstance(stopped, ViewingStopped)
        assert stopped.reason == reason


def test_stop_of_the_service_ends_all_viewing_once() -> None:
    viewers, _, published = viewers_with()

    with viewers.watching(access(), MAIN, "websocket") as viewer:
        viewers.started(viewer)
        viewers.close()
    with pytest.raises(Refused) as refused, viewers.request(access("v2")):
        pass

    assert refused.value.reason == "closing"
    assert [getattr(event, "reason", None) for event in published] == [None, "shutdown"]


def test_deleted_camera_ends_viewing_of_it_and_of_nothing_else() -> None:
    viewers, _, published = viewers_with()

    with (
        viewers.watching(access(), MAIN, "websocket") as viewer,
        viewers.watching(access("v2", "yard"), MAIN, "ll-hls"),
    ):
        viewers.started(viewer)
        viewers.remove("main.front-door")
        assert len(viewers) == 1
        with viewers.watching(access(), MAIN, "websocket") as again:
            viewers.started(viewer)  # what it sends last comes too late
            viewers.started(again)
            assert len(viewers) == 2

    reasons = [getattr(event, "reason", None) for event in published]
    assert reasons == [None, "refused", None, "left"]


def test_limits_are_counted_per_viewer_per_camera_and_in_all() -> None:
    limits = {"max_requests_per_viewer": 2, "max_viewers_per_camera": 2, "max_viewers": 3}
    viewers, _, _ = viewers_with(**limits)

    with ExitStack() as open_now:

        def watch(viewer_id: str, camera_id: str = "front-door") -> None:
            open_now.enter_context(
                viewers.watching(access(viewer_id, camera_id), MAIN, "websocket")
            )

        def refusal(viewer_id: str, camera_id: str = "front-door") -> str:
            with pytest.raises(Refused) as refused:
                watch(viewer_id, camera_id)
            return refused.value.reason

        watch("v1")
        watch("v1")
        assert refusal("v1") == "viewer"
        watch("v2")
        assert refusal("v3") == "camera"
        watch("v3", "yard")
        assert refusal("v4", "yard") == "total"

    assert len(viewers) == 0
    assert not viewers._busy
    assert not viewers._by_camera
    assert metrics.VIEWERS.labels("front-door", "websocket")._value.get() == 0


async def test_events_wait_for_the_bus_and_the_oldest_goes_first() -> None:
    viewers, clock, _ = viewers_with()
    broker, events = FakeBroker(), ViewingEvents(limit=4)
    viewers._publish = events.put
    broker.go_offline()
    dropped = metrics.DROPPED_EVENTS._value.get()

    for number in range(3):
        clock.at += 1
        with viewers.watching(access(f"v{number}"), MAIN, "websocket") as viewer:
            viewers.started(viewer)
    broker.go_online()

    async with running(events.run_once(broker.bus(WIRING))):
        async with asyncio.timeout(20):
            await events.wait_empty()
    assert metrics.DROPPED_EVENTS._value.get() == dropped + 2
    started = [e for e in broker.published(ViewingStarted) if isinstance(e, ViewingStarted)]
    assert [event.viewer_id for event in started] == ["v1", "v2"]
    assert len(broker.published(ViewingStopped)) == 2


async def test_events_are_kept_while_publishing_fails() -> None:
    viewers, _, published = viewers_with()
    with viewers.watching(access(), MAIN, "websocket") as viewer:
        viewers.started(viewer)
    broker, events = FakeBroker(), ViewingEvents()
    bus = broker.bus(WIRING)
    for event in published:
        events.put(event)
    broker.go_offline()

    with pytest.raises(Exception, match="offline"):
        await events.run_once(bus)
    broker.go_online()

    async with running(events.run_once(bus)):
        await eventually(lambda: len(broker.published(ViewingStopped)) == 1)
    assert len(broker.published(ViewingStarted)) == 1
