"""One thread per process that looks after every blocked read: it ends those that stalled.

libav's own timeout starts anew with every RTCP packet and keep-alive answer, so a camera whose
encoder hung while its network part lives would hold a reader for ever.
"""

import threading
import time
from typing import Protocol

_INTERVAL_SECONDS = 0.25


class Watched(Protocol):
    """A read that may have to be ended from outside."""

    def end_if_due(self, now: float) -> None:
        """End the read if it must; called several times a second, must not block."""


class ReadWatch:
    """Calls each watched read; its thread lives while there are any."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._watched: set[Watched] = set()
        self._thread: threading.Thread | None = None

    def add(self, watched: Watched) -> None:
        """Look after a read until it is removed."""
        with self._changed:
            self._watched.add(watched)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="read-watch", daemon=True)
                self._thread.start()

    def remove(self, watched: Watched) -> None:
        """Forget a read; harmless when it is not watched."""
        with self._changed:
            self._watched.discard(watched)
            self._changed.notify()

    def _run(self) -> None:
        while True:
            with self._changed:
                if self._watched:
                    self._changed.wait(_INTERVAL_SECONDS)
                if not self._watched:
                    self._thread = None
                    return
                watched = tuple(self._watched)
            for read in watched:
                read.end_if_due(time.monotonic())


READ_WATCH = ReadWatch()
