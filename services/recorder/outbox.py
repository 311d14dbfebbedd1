"""Events that must reach the bus, kept in files until it acknowledged them.

Recordings have their own outbox, the sidecar; here are gaps and changes of state.
"""

import asyncio
import contextlib
import itertools
import os
from pathlib import Path

import structlog
from pydantic import BaseModel, ValidationError

from libs.bus.client import Bus
from libs.bus.errors import BusUnavailable, Permanent
from libs.contracts.cameras import CameraStatusChanged
from libs.contracts.gaps import GapDetected
from libs.runtime.backoff import Backoff
from services.recorder.spool import OUTBOX, write_atomically

log = structlog.get_logger()

OutboxEvent = GapDetected | CameraStatusChanged


class _Envelope(BaseModel):
    gap: GapDetected | None = None
    status: CameraStatusChanged | None = None

    def event(self) -> OutboxEvent | None:
        return self.gap or self.status


class Outbox:
    """Publishes in the order of `put`, across restarts."""

    def __init__(self, spool_root: Path) -> None:
        self._root = spool_root / OUTBOX
        self._root.mkdir(parents=True, exist_ok=True)
        self._pending: list[tuple[Path, OutboxEvent]] = []
        self._numbers = itertools.count(1)
        self._added = asyncio.Event()
        self._emptied = asyncio.Event()
        self._load()

    def __len__(self) -> int:
        return len(self._pending)

    def put(self, event: OutboxEvent) -> None:
        """Keep `event` until it is published.

        A disk that is full keeps it in memory only, and says so: the file is no reason to stop.
        """
        path = self._root / f"{next(self._numbers):012d}.json"
        is_gap = isinstance(event, GapDetected)
        envelope = _Envelope(gap=event) if is_gap else _Envelope(status=event)
        try:
            write_atomically(path, envelope.model_dump_json(exclude_none=True).encode())
        except OSError as error:
            log.error("outbox.write_failed", reason=str(error))
        self._pending.append((path, event))
        self._emptied.clear()
        self._added.set()

    async def run(self, bus: Bus) -> None:
        """Publish until cancelled."""
        backoff = Backoff(first_seconds=0.2, max_seconds=5.0)
        while True:
            if not self._pending:
                self._added.clear()
                self._emptied.set()
                await self._added.wait()
            path, event = self._pending[0]
            try:
                await bus.publish(event)
            except BusUnavailable:
                # what has to wait longer is to survive a power cut, too
                await asyncio.to_thread(_sync, [path for path, _ in self._pending])
                await asyncio.sleep(backoff.next_seconds())
                continue
            except Permanent as error:
                # what the bus will never take must not keep back the rest
                log.error("outbox.event_refused", event_id=event.event_id, reason=str(error))
                _set_aside(path)
            backoff.reset()
            self._pending.pop(0)
            path.unlink(missing_ok=True)

    async def wait_empty(self) -> None:
        """Return when everything is published."""
        await self._emptied.wait()

    def _load(self) -> None:
        last = 0
        for path in sorted(self._root.glob("*.json")):
            event = _read(path)
            if event is None:
                log.error("outbox.file_unreadable", path=str(path))
                _set_aside(path)
                continue
            last = int(path.stem)
            if isinstance(event, GapDetected) and event.ended_at is None:
                # who would have ended it is dead, and the next owner accounts for its time
                path.unlink(missing_ok=True)
                continue
            self._pending.append((path, event))
        self._numbers = itertools.count(last + 1)


def _read(path: Path) -> OutboxEvent | None:
    if not path.stem.isdecimal():
        return None
    try:
        return _Envelope.model_validate_json(path.read_bytes()).event()
    except (OSError, ValidationError):
        return None


def _set_aside(path: Path) -> None:
    with contextlib.suppress(FileNotFoundError):
        path.replace(path.with_suffix(".bad"))


def _sync(paths: list[Path]) -> None:
    for path in paths:
        with contextlib.suppress(OSError), path.open("rb") as file:
            os.fsync(file.fileno())
