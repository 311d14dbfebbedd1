"""libav's own log lines, caught per thread: never printed, read only for what we count.

libav writes URLs with credentials into its log, so nothing of it may reach stderr or the
program's log. It logs in the thread that called it, so a capture belongs to one camera's thread.

Listening is dear: PyAV's callback takes the GIL for every line, also for the many below the level,
which doubles what reading costs, for all cameras of the process. So it is on only while somebody
listens; without, PyAV discards every line in C.
"""

import logging
import re
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import av.logging

LogLine = tuple[int, str, str]

# RTP over UDP, after the reorder queue gave up (libavformat/rtpdec.c).
_MISSED = re.compile(r"RTP: missed (\d+) packets")


@contextmanager
def captured(*, at_most_seconds: float | None = None) -> Iterator[list[LogLine]]:
    """Collect libav's warnings and errors of the calling thread; the caller empties the list.

    After `at_most_seconds` nothing more is collected: a dead camera is not worth the cost.
    """
    listening = _Listening()
    timer = None if at_most_seconds is None else threading.Timer(at_most_seconds, listening.end)
    if timer is not None:
        timer.daemon = True
        timer.start()
    try:
        with av.logging.Capture(local=True) as lines:
            yield lines
    finally:
        if timer is not None:
            timer.cancel()
        listening.end()


def count_missed(lines: Iterable[LogLine]) -> int:
    """Return how many RTP packets these lines report as lost."""
    return sum(int(found) for _, _, text in lines for found in _MISSED.findall(text))


class _Listening:
    """One wish to listen, counted, because PyAV's level is one for the process."""

    _lock = threading.Lock()
    _count = 0

    def __init__(self) -> None:
        self._is_over = False
        with self._lock:
            _Listening._count += 1
            if _Listening._count == 1:
                # Lines of threads that do not listen go to this logger: they end here.
                logging.getLogger("libav").setLevel(logging.CRITICAL + 1)
                av.logging.set_skip_repeated(False)  # two equal losses are two losses
                av.logging.set_level(av.logging.WARNING)

    def end(self) -> None:
        """Stop listening, once; the last one to go switches the log off."""
        with self._lock:
            if self._is_over:
                return
            self._is_over = True
            _Listening._count -= 1
            if _Listening._count == 0:
                av.logging.set_level(None)
