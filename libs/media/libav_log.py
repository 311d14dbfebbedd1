"""libav's own log lines, caught per thread: never printed, read only for what we count.

libav writes URLs with credentials into its log, so nothing of it may reach stderr or the
program's log. It logs in the thread that called it, so a capture belongs to one camera's thread.
"""

import logging
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import av.logging

LogLine = tuple[int, str, str]

# RTP over UDP, after the reorder queue gave up (libavformat/rtpdec.c).
_MISSED = re.compile(r"RTP: missed (\d+) packets")


@contextmanager
def captured() -> Iterator[list[LogLine]]:
    """Collect libav's warnings and errors of the calling thread; the caller empties the list."""
    _keep_quiet()
    with av.logging.Capture(local=True) as lines:
        yield lines


def count_missed(lines: Iterable[LogLine]) -> int:
    """Return how many RTP packets these lines report as lost."""
    return sum(int(found) for _, _, text in lines for found in _MISSED.findall(text))


def _keep_quiet() -> None:
    if av.logging.get_level() == av.logging.WARNING:
        return
    # Lines of threads without a capture go to this logger: they end here.
    logging.getLogger("libav").setLevel(logging.CRITICAL + 1)
    av.logging.set_skip_repeated(False)  # two equal losses are two losses
    av.logging.set_level(av.logging.WARNING)
