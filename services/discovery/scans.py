"""The scans of this instance: started, cancelled, and told of in their bucket.

Every instance follows the bucket, so that a scan is cancelled wherever it runs, and one whose
instance died does not stay "running" for ever: a running scan is written at least every few
seconds, and one that is not any more is declared failed by whoever notices.
"""

import asyncio
import contextlib
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final, Literal

import structlog

from libs.bus.client import Bus
from libs.bus.errors import BusError, BusUnavailable, Conflict
from libs.contracts.asks import CancelScan, ScanAccepted, ScanCancelled, ScanNetwork, ScanState
from libs.contracts.devices import Failure, FailureReason, device_key
from libs.devices.errors import DeviceError
from libs.runtime.service import supervise
from services.discovery import metrics
from services.discovery.logins import Logins
from services.discovery.looking import internal_failure
from services.discovery.scan import Scan, ScanStopped, ScanTools
from services.discovery.scan_report import ScanReport
from services.discovery.targets import parse_targets

log = structlog.get_logger()

MOST_AT_ONCE: Final = 2
STALE_SECONDS: Final = 15.0
"""A running scan that was not written for this long is run by nobody."""
_LOOK_SECONDS: Final = 1.0
_ROUNDS: Final = 8
LAST_WORD_SECONDS: Final = 1.0
"""How long a stopping instance may take to say that its scans have ended."""

Outcome = Literal["finished", "cancelled", "failed"]

STOPPED_WITH_US: Final = Failure(
    reason=FailureReason.INTERNAL,
    detail="discovery was stopped while it scanned",
    advice="Start the scan again.",
)
GONE: Final = STOPPED_WITH_US.model_copy(
    update={"detail": "the discovery instance that ran this scan has gone"}
)


@dataclass(frozen=True, slots=True)
class _Seen:
    """A running scan as it was last told, and when, in monotonic seconds."""

    state: ScanState
    revision: int
    at: float


class Scans:
    """Starts and ends scans; `run` carries them until cancelled."""

    def __init__(
        self,
        bus: Bus,
        tools: ScanTools,
        logins: Logins,
        *,
        site: str,
        max_addresses: int,
        stale_seconds: float = STALE_SECONDS,
    ) -> None:
        self._kv = bus.kv(ScanState)
        self._tools = tools
        self._logins = logins
        self._site = site
        self._max_addresses = max_addresses
        self._stale_seconds = stale_seconds
        self._running: dict[str, Scan] = {}
        self._seen: dict[str, _Seen] = {}
        self._tasks: asyncio.TaskGroup | None = None
        self._starting = asyncio.Lock()

    async def run(self) -> None:
        """Carry scans until cancelled; those that run then are told as failed."""
        async with asyncio.TaskGroup() as tasks:
            self._tasks = tasks
            tasks.create_task(supervise("scan-watch", self._watch), name="scan-watch")
            tasks.create_task(supervise("scan-stale", self._end_stale), name="scan-stale")

    async def start(self, ask: ScanNetwork) -> ScanAccepted:
        """Begin a scan, or say why not; the same id again is the same scan."""
        async with self._starting:
            if ask.scan_id in self._running:
                return ScanAccepted(total=self._running[ask.scan_id].total)
            try:
                return await self._start(ask)
            except DeviceError as error:
                metrics.SCANS.labels("refused").inc()
                return ScanAccepted(failure=error.failure)

    async def cancel(self, ask: CancelScan) -> ScanCancelled:
        """Stop a scan, wherever it runs."""
        scan = self._running.get(ask.scan_id)
        if scan is not None:
            scan.cancel()
            return ScanCancelled(was_running=True)
        return ScanCancelled(was_running=await self._cancel_elsewhere(ask.scan_id))

    def is_running(self, scan_id: str) -> bool:
        """Whether this instance runs it."""
        return scan_id in self._running

    async def _start(self, ask: ScanNetwork) -> ScanAccepted:
        if self._tasks is None or len(self._running) >= MOST_AT_ONCE:
            raise DeviceError(
                FailureReason.BUSY, f"{MOST_AT_ONCE} scans are running; wait until one has ended"
            )
        if not ask.targets and not ask.multicast:
            raise DeviceError(FailureReason.NAME_UNKNOWN, "there is nothing to scan: no target")
        hosts = parse_targets(ask.targets, self._tools.rules, max_addresses=self._max_addresses)
        login = self._logins.open(ask.credentials)
        changed = asyncio.Event()
        scan = Scan(ask, hosts, login, self._tools, on_change=changed.set)
        report = ScanReport(self._kv, scan, changed)
        try:
            await report.create()
        except Conflict:
            return await self._already(ask.scan_id)
        except BusUnavailable:
            raise DeviceError(FailureReason.BUSY, "the bus is away; try again") from None
        self._running[ask.scan_id] = scan
        self._tasks.create_task(self._carry(scan, report), name=f"scan {ask.scan_id}")
        log.info("scan.started", scan_id=ask.scan_id, addresses=len(hosts), pairs=scan.total)
        return ScanAccepted(total=scan.total)

    async def _already(self, scan_id: str) -> ScanAccepted:
        """Another instance runs it, or it has ended."""
        with contextlib.suppress(BusError):
            entry = await self._kv.get(device_key(self._site, scan_id))
            if entry is not None:
                return ScanAccepted(total=entry.value.total)
        return ScanAccepted()

    async def _carry(self, scan: Scan, report: ScanReport) -> None:
        """Run a scan to its end and have the end written; raises nothing but cancellation."""
        outcome: Outcome = "failed"
        failure: Failure | None = STOPPED_WITH_US
        try:
            async with asyncio.TaskGroup() as group:
                reporting = group.create_task(report.run(), name="scan-report")
                outcome, failure = await _run(scan)
                reporting.cancel()
        finally:
            self._running.pop(scan.ask.scan_id, None)
            metrics.SCANS.labels(outcome).inc()
            log.info("scan.ended", scan_id=scan.ask.scan_id, outcome=outcome)
            last_word = report.finish(scan.snapshot(outcome, failure))
            if failure is STOPPED_WITH_US:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(LAST_WORD_SECONDS):
                        await last_word
            else:
                await last_word

    async def _cancel_elsewhere(self, scan_id: str) -> bool:
        key = device_key(self._site, scan_id)
        for _ in range(_ROUNDS):
            try:
                entry = await self._kv.get(key)
                if entry is None or entry.value.state != "running":
                    return False
                await self._kv.update(key, self._ended(entry.value, "cancelled"), entry.revision)
                return True
            except Conflict:
                continue  # who runs it writes a few times in a second
            except BusError as error:
                log.warning("scan.not_cancelled", scan_id=scan_id, reason=str(error))
                return False
        return False

    async def _watch(self) -> None:
        async with aclosing(self._kv.watch()) as changes:
            async for change in changes:
                state = change.value
                self._seen.pop(change.key, None)
                if state is None or state.site != self._site or state.state != "running":
                    if state is not None and state.state == "cancelled":
                        self._stop(state.scan_id)
                    continue
                moment = asyncio.get_running_loop().time()
                self._seen[change.key] = _Seen(state, change.revision, moment)

    def _stop(self, scan_id: str) -> None:
        if scan_id in self._running:
            self._running[scan_id].cancel()

    async def _end_stale(self) -> None:
        """Declare failed what nobody runs; who runs it after all writes it again."""
        while True:
            await asyncio.sleep(min(_LOOK_SECONDS, self._stale_seconds / 2))
            oldest = asyncio.get_running_loop().time() - self._stale_seconds
            for key, seen in list(self._seen.items()):
                if seen.at > oldest or seen.state.scan_id in self._running:
                    continue
                with contextlib.suppress(Conflict):
                    ended = self._ended(seen.state, "failed", GONE)
                    await self._kv.update(key, ended, seen.revision)
                    log.warning("scan.abandoned", scan_id=seen.state.scan_id)
                if self._seen.get(key) is seen:
                    del self._seen[key]

    def _ended(
        self, state: ScanState, outcome: Outcome, failure: Failure | None = None
    ) -> ScanState:
        return state.model_copy(
            update={"state": outcome, "ended_at": self._tools.now(), "failure": failure}
        )


async def _run(scan: Scan) -> tuple[Outcome, Failure | None]:
    try:
        await scan.run()
    except ScanStopped:
        return "cancelled", None
    except DeviceError as error:
        return "failed", error.failure
    except Exception as error:  # noqa: BLE001 - one scan's fault must not end the others
        return "failed", internal_failure("scan.failed", error)
    return "finished", None
