"""Tells of one scan in its bucket: a few times in a second at most, the end always."""

import asyncio
from typing import Final

import structlog

from libs.bus.errors import BusError, BusUnavailable, Conflict
from libs.bus.keyvalue import KeyValue
from libs.contracts.asks import ScanState
from libs.contracts.devices import device_key
from libs.runtime.backoff import Backoff
from services.discovery import metrics
from services.discovery.scan import Scan

log = structlog.get_logger()

PAUSE_SECONDS: Final = 0.25
BEAT_SECONDS: Final = 2.0
"""A running scan is written at least so often, so that others know that it is run."""
_LAST_WORD_SECONDS: Final = 3600.0
_ROUNDS: Final = 8


class ScanReport:
    """The value of one scan; whoever else writes it cancels the scan."""

    def __init__(self, kv: KeyValue[ScanState], scan: Scan, changed: asyncio.Event) -> None:
        self._kv = kv
        self._scan = scan
        self._changed = changed
        self._key = device_key(scan.ask.site, scan.ask.scan_id)
        self._revision = 0

    async def create(self) -> None:
        """Write it for the first time; Conflict when there is such a scan, BusUnavailable."""
        self._revision = await self._kv.create(self._key, self._scan.snapshot())

    async def run(self) -> None:
        """Write what has changed until cancelled; while the bus is away only the newest is kept."""
        while True:
            try:
                async with asyncio.timeout(BEAT_SECONDS):
                    await self._changed.wait()
            except TimeoutError:
                pass
            self._changed.clear()
            try:
                await self._write(self._scan.snapshot())
            except BusError as error:
                self._missed(error)
            await asyncio.sleep(PAUSE_SECONDS)

    async def finish(self, state: ScanState) -> None:
        """Write the end, however long the bus is away; given up after an hour."""
        backoff = Backoff(first_seconds=0.2, max_seconds=5)
        try:
            async with asyncio.timeout(_LAST_WORD_SECONDS):
                while True:
                    try:
                        await self._write(state)
                        return
                    except BusError as error:
                        self._missed(error)
                    await asyncio.sleep(backoff.next_seconds())
        except TimeoutError:
            log.error("scan.end_not_written", scan_id=state.scan_id)

    async def _write(self, state: ScanState) -> None:
        for _ in range(_ROUNDS):
            try:
                self._revision = await self._kv.update(self._key, state, self._revision)
                return
            except Conflict:
                current = await self._kv.get(self._key)
            if current is None:
                self._revision = await self._kv.create(self._key, state)
                return
            # Somebody who thought that nobody runs it may have ended it; who cancels is obeyed.
            self._revision = current.revision
            if current.value.state == "cancelled" and state.state == "running":
                self._scan.cancel()
                return
        raise BusUnavailable(f"others write scan {state.scan_id} all the time")

    def _missed(self, error: BusError) -> None:
        metrics.LATE_WRITES.labels(ScanState.bucket).inc()
        log.warning("scan.not_told", scan_id=self._scan.ask.scan_id, reason=str(error))
