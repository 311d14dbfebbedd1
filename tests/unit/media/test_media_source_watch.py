import threading

from libs.media.source_watch import ReadWatch

DEADLINE_SECONDS = 10.0


class Read:
    def __init__(self) -> None:
        self.asked = threading.Event()

    def end_if_due(self, now: float) -> None:
        self.asked.set()


def watch_threads() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if thread.name == "read-watch"}


def test_asks_every_read_it_watches():
    watch, reads = ReadWatch(), [Read(), Read()]

    for read in reads:
        watch.add(read)
    asked = [read.asked.wait(DEADLINE_SECONDS) for read in reads]
    for read in reads:
        watch.remove(read)

    assert asked == [True, True]


def test_its_thread_ends_with_the_last_read_and_starts_again_with_the_next():
    others, watch, read = watch_threads(), ReadWatch(), Read()
    watch.add(read)
    [thread] = watch_threads() - others

    watch.remove(read)
    thread.join(DEADLINE_SECONDS)
    assert not thread.is_alive()

    watch.add(read)
    assert read.asked.wait(DEADLINE_SECONDS)
    watch.remove(read)


def test_removing_an_unknown_read_starts_nothing():
    others, watch = watch_threads(), ReadWatch()

    watch.remove(Read())

    assert watch_threads() <= others
