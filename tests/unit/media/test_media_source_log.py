import threading
import time

import av.logging

from libs.media import libav_log


def test_counts_every_packet_reported_missing():
    lines = [
        (24, "rtsp", "RTP: missed 3 packets\n"),
        (24, "rtsp", "max delay reached. need to consume packet\n"),
        (24, "rtsp", "RTP: missed 12 packets\n"),
    ]

    assert libav_log.count_missed(lines) == 15


def test_a_thread_catches_its_own_lines_only():
    with libav_log.captured() as mine:
        other = threading.Thread(
            target=av.logging.log, args=(av.logging.WARNING, "rtsp", "RTP: missed 1 packets")
        )
        other.start()
        other.join()
        av.logging.log(av.logging.WARNING, "rtsp", "RTP: missed 2 packets")

    assert libav_log.count_missed(mine) == 2


def test_two_equal_lines_are_two():
    with libav_log.captured() as lines:
        for _ in range(2):
            av.logging.log(av.logging.WARNING, "rtsp", "RTP: missed 1 packets")

    assert libav_log.count_missed(lines) == 2


def test_lines_nobody_catches_do_not_reach_the_programs_log(caplog, capfd):
    line = (av.logging.ERROR, "rtsp", "opening rtsp://admin:hush@camera/")

    with libav_log.captured():
        stranger = threading.Thread(target=av.logging.log, args=line)
        stranger.start()
        stranger.join()
    av.logging.log(*line)

    assert caplog.text == ""
    assert "hush" not in "".join(capfd.readouterr())


def test_libav_is_listened_to_only_while_somebody_wants_it():
    before = av.logging.get_level()

    with libav_log.captured():
        with libav_log.captured():
            pass
        during = av.logging.get_level()

    assert (before, during, av.logging.get_level()) == (None, av.logging.WARNING, None)


def test_listening_ends_by_itself_after_its_time():
    with libav_log.captured(at_most_seconds=0.0):
        deadline = time.monotonic() + 10.0
        while av.logging.get_level() is not None and time.monotonic() < deadline:
            threading.Event().wait(0.01)

        assert av.logging.get_level() is None

    assert av.logging.get_level() is None
