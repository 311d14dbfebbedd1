"""The log of one child process: appended, bounded, with the end at hand for error messages."""

import os
from pathlib import Path
from typing import BinaryIO

MAX_BYTES = 8 * 1024 * 1024
TAIL_BYTES = 8 * 1024


class LogFile:
    """One log and one older generation beside it (`.1`)."""

    def __init__(self, path: Path, *, max_bytes: int = MAX_BYTES) -> None:
        self.path = path
        self._max_bytes = max_bytes
        self._started_at_offset = 0

    def open(self) -> BinaryIO:
        """Open for a new run of the process; the caller closes it."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.rotate()
        descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        stream = os.fdopen(descriptor, "ab")
        self._started_at_offset = stream.tell()
        return stream

    def rotate(self) -> bool:
        """Move the content to `.1` when it is too large, safe while the process writes.

        Copies and truncates in place, because the process keeps its descriptor (O_APPEND).
        Lines written between the two steps are lost.
        """
        if not self.path.exists() or self.path.stat().st_size <= self._max_bytes:
            return False
        older = self.path.with_name(self.path.name + ".1")
        older.write_bytes(self._end(self._max_bytes))
        os.truncate(self.path, 0)
        self._started_at_offset = 0
        return True

    def tail(self, lines: int = 15) -> str:
        """Last lines of the present run, without those of earlier runs."""
        if not self.path.exists():
            return ""
        fresh = max(0, self.path.stat().st_size - self._started_at_offset)
        text = self._end(min(fresh, TAIL_BYTES)).decode(errors="replace")
        return "\n".join(text.splitlines()[-lines:])

    def _end(self, size: int) -> bytes:
        with self.path.open("rb") as stream:
            stream.seek(-min(size, self.path.stat().st_size), os.SEEK_END)
            return stream.read(size)
