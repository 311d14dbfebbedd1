import dataclasses
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from libs.media.errors import SourceError, SourceErrorKind
from libs.media.source import RtspSource
from tools.camera_sim.camera_spec import CameraSpec
from tools.camera_sim.clip_spec import SMALL
from tools.camera_sim.process import CameraProcess

DEADLINE_SECONDS = 20.0
LONG_SECONDS = 600.0


@pytest.fixture(scope="module")
def process() -> Iterator[CameraProcess]:
    with CameraProcess(
        [
            CameraSpec("camera", dataclasses.replace(SMALL, audio="aac")),
            CameraSpec("tls", tls=True),
        ]
    ) as running:
        yield running


@pytest.fixture
def camera(process: CameraProcess) -> Iterator[CameraProcess]:
    yield process
    for thread in threading.enumerate():
        if isinstance(thread, Reader):  # of a test that failed; it would disturb the next one
            thread.source.stop()
            thread.await_end()
    for name in ("camera", "tls"):
        process.fault(name, "clear")


class Reader(threading.Thread):
    """Reads a camera as the recorder does, in a thread of its own."""

    def __init__(self, url: str, **options: Any) -> None:
        super().__init__(daemon=True)
        self.source = RtspSource(url, **options)
        self.got_packet = threading.Event()
        self.count = 0
        self.error: SourceError | None = None

    def run(self) -> None:
        try:
            self.source.open()
            for _ in self.source.packets():
                self.count += 1
                self.got_packet.set()
        except SourceError as error:
            self.error = error
        finally:
            self.source.close()

    def begin(self) -> None:
        self.start()
        assert self.got_packet.wait(DEADLINE_SECONDS), self.error

    def await_packets(self, more: int) -> None:
        wanted, deadline = self.count + more, time.monotonic() + DEADLINE_SECONDS
        while self.count < wanted and time.monotonic() < deadline and self.is_alive():
            self.join(0.02)
        assert self.count >= wanted, self.error

    def await_end(self) -> SourceError | None:
        self.join(DEADLINE_SECONDS)
        assert not self.is_alive(), "the reader hangs"
        return self.error


def await_no_sessions(camera: CameraProcess, name: str) -> int:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while camera.status(name)["sessions"] and time.monotonic() < deadline:
        threading.Event().wait(0.02)
    return int(camera.status(name)["sessions"])


@pytest.mark.parametrize("media_only", [False, True], ids=["dead", "answers-requests"])
@pytest.mark.parametrize(
    ("name", "transport"), [("camera", "tcp"), ("camera", "udp"), ("tls", "tcp")]
)
def test_a_stall_ends_the_session_with_a_timeout(camera, name, transport, media_only):
    reader = Reader(camera.plain_url(name), transport=transport, stall_seconds=1.0)
    reader.begin()

    camera.fault(name, "stall", media_only=media_only)

    error = reader.await_end()
    assert error is not None
    assert (error.kind, error.state) == (SourceErrorKind.TIMEOUT, "reading")


@pytest.mark.parametrize("transport", ["tcp", "udp"])
def test_a_camera_that_agrees_but_never_sends_times_out(camera, transport):
    camera.fault("camera", "stall", media_only=True)
    reader = Reader(
        camera.plain_url("camera"), transport=transport, stall_seconds=1.0, open_timeout_seconds=2.0
    )

    reader.start()

    error = reader.await_end()
    assert error is not None
    assert error.kind is SourceErrorKind.TIMEOUT


@pytest.mark.parametrize("transport", ["tcp", "udp"])
def test_a_dropped_connection_is_lost(camera, transport):
    reader = Reader(camera.plain_url("camera"), transport=transport)
    reader.begin()

    camera.fault("camera", "drop")

    error = reader.await_end()
    assert error is not None
    assert (error.kind, error.state) == (SourceErrorKind.CONNECTION_LOST, "reading")


@pytest.mark.parametrize("media_only", [False, True], ids=["dead", "answers-requests"])
@pytest.mark.parametrize(
    ("name", "transport"), [("camera", "tcp"), ("camera", "udp"), ("tls", "tcp")]
)
def test_stop_wakes_a_blocked_reader_and_frees_the_session(camera, name, transport, media_only):
    reader = Reader(camera.plain_url(name), transport=transport, stall_seconds=LONG_SECONDS)
    reader.begin()
    camera.fault(name, "stall", media_only=media_only)
    # the last packets pass, then it blocks
    deadline, count = time.monotonic() + DEADLINE_SECONDS, -1
    while count != reader.count and time.monotonic() < deadline:
        count = reader.count
        reader.join(0.3)

    reader.source.stop()

    assert reader.await_end() is None
    assert await_no_sessions(camera, name) == 0


def test_stop_ends_a_healthy_session_without_an_error(camera):
    reader = Reader(camera.plain_url("camera"))
    reader.begin()

    reader.source.stop()

    assert reader.await_end() is None
    assert await_no_sessions(camera, "camera") == 0


def test_stop_before_reading_ends_it_at_once(camera):
    source = RtspSource(camera.plain_url("camera"))
    source.open()

    source.stop()

    assert list(source.packets()) == []
    source.close()


def test_stopping_one_session_leaves_its_neighbour_alone(camera):
    stopped, neighbour = (Reader(camera.plain_url("camera")) for _ in range(2))
    stopped.begin()
    neighbour.begin()

    stopped.source.stop()

    assert stopped.await_end() is None
    neighbour.await_packets(50)
    neighbour.source.stop()
    assert neighbour.await_end() is None


def test_a_slow_consumer_is_not_taken_for_a_stalled_camera(camera):
    source = RtspSource(camera.plain_url("camera"), stall_seconds=1.0)
    source.open()
    packets = source.packets()
    next(packets)

    threading.Event().wait(2.0)  # what is tested is that this pause goes unnoticed

    assert [next(packets).data for _ in range(30)]
    source.close()


def test_lost_packets_are_counted_over_udp(camera):
    reader = Reader(camera.plain_url("camera"), transport="udp", count_losses=True)
    reader.begin()

    camera.fault("camera", "lose", packets=5)

    deadline = time.monotonic() + DEADLINE_SECONDS
    while not reader.source.lost_packets and time.monotonic() < deadline:
        reader.await_packets(50)
    reader.await_packets(50)
    assert reader.source.lost_packets == 5
    reader.source.stop()
    assert reader.await_end() is None


def test_garbage_between_the_packets_ends_in_a_source_error_or_is_survived(camera):
    reader = Reader(camera.plain_url("camera"), stall_seconds=2.0)
    reader.begin()

    camera.fault("camera", "garbage")
    reader.join(3.0)
    reader.source.stop()

    error = reader.await_end()
    assert error is None or error.kind in {
        SourceErrorKind.CONNECTION_LOST,
        SourceErrorKind.TIMEOUT,
    }


def test_a_closed_source_holds_no_session_and_may_be_closed_again(camera):
    source = RtspSource(camera.plain_url("camera"))
    source.open()

    source.close()
    source.close()

    assert await_no_sessions(camera, "camera") == 0
