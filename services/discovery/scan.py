"""One scan: probe by multicast, sweep the addresses, recognise, and look at what is there."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, Protocol

from libs.contracts.asks import ScanNetwork, ScanState
from libs.contracts.devices import Failure, FailureReason
from libs.devices.driver import Login
from libs.devices.errors import DeviceError
from services.discovery.addresses import AddressRules
from services.discovery.candidates import Announced, candidates
from services.discovery.findings import MOST_NOTES, Findings, fitting
from services.discovery.inspection import Inspector
from services.discovery.recognition import Recogniser, Speaker
from services.discovery.sweep import Sweeper

_INSPECTED_AT_ONCE: Final = 48
_WAITING_HOSTS: Final = 64
_MOST_ANNOUNCED: Final = 16
"""Devices that one address may announce."""


class WsDiscovery(Protocol):
    """Sends WS-Discovery probes; raises nothing."""

    async def multicast(self, note: Callable[[str], None]) -> Sequence[Announced]:
        """Probe on every configured interface; `note` hears what could not be done."""
        ...

    async def unicast(self, host: str) -> Sequence[Announced]:
        """Ask one address directly; several devices may answer."""
        ...


@dataclass(frozen=True)
class ScanTools:
    """What all scans of this instance share."""

    rules: AddressRules
    sweeper: Sweeper
    recogniser: Recogniser
    inspector: Inspector
    ws_discovery: WsDiscovery
    now: Callable[[], datetime]
    most_seconds: float
    """A scan that takes longer is given up; what it has found stays."""


class ScanStopped(Exception):
    """The scan was cancelled."""


class Scan:
    """Runs once; `snapshot` can be taken at any time."""

    def __init__(
        self,
        ask: ScanNetwork,
        hosts: Sequence[str],
        login: Login | None,
        tools: ScanTools,
        *,
        on_change: Callable[[], None],
    ) -> None:
        self.ask = ask
        self._hosts = list(hosts)
        self._login = login
        self._tools = tools
        self._on_change = on_change
        self._findings = Findings()
        self._announced: dict[str, list[Announced]] = {}
        self._notes: list[str] = []
        self._checked = 0
        self._started_at = tools.now()
        self._is_cancelled = False
        self._limit: asyncio.Timeout | None = None

    @property
    def total(self) -> int:
        """Address and port pairs."""
        return len(self._hosts) * len(self.ask.ports)

    def snapshot(
        self,
        state: Literal["running", "finished", "cancelled", "failed"] = "running",
        failure: Failure | None = None,
    ) -> ScanState:
        """Return the scan's state as it is now, within the size of a bucket's value."""
        notes = self._notes
        if self._findings.left_out:
            notes = [*notes, f"{self._findings.left_out} more devices answered than are kept."]
        return fitting(
            ScanState(
                scan_id=self.ask.scan_id,
                site=self.ask.site,
                state=state,
                started_at=self._started_at,
                ended_at=None if state == "running" else self._tools.now(),
                checked=self._checked,
                total=self.total,
                devices=self._findings.devices,
                notes=tuple(notes),
                failure=failure,
            )
        )

    def cancel(self) -> None:
        """Let `run` end with ScanStopped; what was found stays."""
        self._is_cancelled = True
        if self._limit is not None and not self._limit.expired():
            self._limit.reschedule(asyncio.get_running_loop().time())

    async def run(self) -> None:
        """Scan. Raises ScanStopped after `cancel`, DeviceError (TIMEOUT) when it takes too long."""
        if self._is_cancelled:
            raise ScanStopped
        try:
            async with asyncio.timeout(self._tools.most_seconds) as self._limit:
                if self.ask.multicast:
                    await self._probe_network()
                await self._sweep()
        except TimeoutError:
            if self._is_cancelled:
                raise ScanStopped from None
            raise DeviceError(
                FailureReason.TIMEOUT,
                f"the scan was given up after {self._tools.most_seconds:.0f} s; scan fewer "
                "addresses at a time",
            ) from None
        finally:
            self._limit = None

    async def _probe_network(self) -> None:
        known = set(self._hosts)
        for found in await self._tools.ws_discovery.multicast(self._note):
            if self._take_announced(found) and found.host not in known:
                known.add(found.host)
                self._hosts.append(found.host)
        self._on_change()

    def _take_announced(self, found: Announced) -> bool:
        """Remember an answer to a probe; False where settings forbid its address."""
        try:
            self._tools.rules.check_text(found.host)
        except DeviceError as error:
            self._note(f"An answer was ignored: {error.detail}.")
            return False
        known = self._announced.setdefault(found.host, [])
        if len(known) < _MOST_ANNOUNCED and found not in known:
            known.append(found)
        return True

    async def _sweep(self) -> None:
        hosts = iter(tuple(self._hosts))
        found: asyncio.Queue[tuple[str, tuple[int, ...]] | None] = asyncio.Queue(_WAITING_HOSTS)
        sweepers = max(1, self._tools.sweeper.concurrency // len(self.ask.ports))
        async with asyncio.TaskGroup() as inspecting:
            for _ in range(_INSPECTED_AT_ONCE):
                inspecting.create_task(self._inspect(found), name="inspect")
            async with asyncio.TaskGroup() as sweeping:
                for _ in range(min(sweepers, max(1, len(self._hosts)))):
                    sweeping.create_task(self._sweep_hosts(hosts, found), name="sweep")
            for _ in range(_INSPECTED_AT_ONCE):
                await found.put(None)

    async def _sweep_hosts(
        self,
        hosts: Iterator[str],
        found: "asyncio.Queue[tuple[str, tuple[int, ...]] | None]",
    ) -> None:
        for host in hosts:
            ports = await self._tools.sweeper.open_ports(host, self.ask.ports, self._count)
            # who announced himself may listen on other ports than those that were named
            if ports or host in self._announced:
                await found.put((host, ports))

    async def _inspect(self, found: "asyncio.Queue[tuple[str, tuple[int, ...]] | None]") -> None:
        while (item := await found.get()) is not None:
            host, ports = item
            speakers = await self._speakers(host, ports)
            # what announced itself decides which ports are one device, before anybody logs in
            here = candidates(host, speakers, self._announced.get(host, ()))
            async for device in self._tools.inspector.devices(host, speakers, here, self._login):
                self._findings.add(device)
                self._on_change()

    async def _speakers(self, host: str, ports: Sequence[int]) -> tuple[Speaker, ...]:
        """Return who speaks at the open ports, and at those that WS-Discovery tells besides."""
        recogniser = self._tools.recogniser
        speakers = await recogniser.speakers(host, ports)
        if speakers and host not in self._announced:
            # containers rarely get multicast, so what looks like a device is asked by itself
            for answer in await self._tools.ws_discovery.unicast(host):
                self._take_announced(answer)
        told = [known for known in self._announced.get(host, ()) if known.port not in ports]
        if told:
            tls_ports = frozenset(known.port for known in told if known.use_tls)
            more = tuple(dict.fromkeys(known.port for known in told))
            speakers += await recogniser.speakers(host, more, tls_ports=tls_ports)
        return speakers

    def _count(self) -> None:
        self._checked += 1
        self._on_change()

    def _note(self, text: str) -> None:
        if text not in self._notes and len(self._notes) < MOST_NOTES:
            self._notes.append(text)
