"""Puts discovery together and runs it."""

import asyncio
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import structlog

from libs.bus.asks import AskHandler
from libs.bus.client import Bus
from libs.bus.errors import BusError
from libs.bus.presence import PresenceReport
from libs.bus.startup import connect_service
from libs.contracts.asks import CancelScan, ProbeCamera, ScanNetwork
from libs.contracts.devices import DeviceConfig, DeviceState, FailureReason, device_key
from libs.contracts.presence import Figure
from libs.devices.breaker import Breaker, credentials_digest
from libs.devices.rtsp import RtspProbe
from libs.media.probe import probe as watch_stream
from libs.runtime.credentials import CredentialBox
from libs.runtime.health import HealthServer
from libs.runtime.service import FatalError, supervise
from services.discovery.addresses import AddressRules
from services.discovery.announcements import Announcements
from services.discovery.breakers import BreakerTable
from services.discovery.checks import Checker
from services.discovery.device_handle import DeviceTools
from services.discovery.devices import DeviceRegistry
from services.discovery.drivers import InstalledDrivers
from services.discovery.health import HealthWatch
from services.discovery.inspection import Inspector
from services.discovery.leadership import Leadership
from services.discovery.listing import FootageLister
from services.discovery.logins import Logins
from services.discovery.probe import Prober
from services.discovery.recognition import Recogniser
from services.discovery.scan import ScanTools
from services.discovery.scans import Scans
from services.discovery.settings import DiscoverySettings
from services.discovery.site_watch import SiteWatch
from services.discovery.sweep import Sweeper
from services.discovery.wiring import WIRING
from services.discovery.ws_probes import WsProbes

log = structlog.get_logger()

DRAIN_SECONDS = 2.0
_RECOGNISING_SHARE = 0.5
"""Of the time for an answer: what does not say who it is within that is passed over."""


async def run(settings: DiscoverySettings, stop: asyncio.Event) -> None:
    """Watch, scan and probe until `stop` is set. Raises FatalError when it cannot run at all."""
    logins = _logins(settings)
    health = HealthServer(settings.health_host, settings.health_port)
    async with asyncio.TaskGroup() as tasks:
        serving = tasks.create_task(health.run(), name="health")
        log.info("service.started", health_port=health.port)
        try:
            bus = await connect_service(settings, WIRING, stop)
            if bus is not None:
                health.add_check("bus", lambda: None if bus.is_connected else "not connected")
                try:
                    await Discovery(settings, bus, logins).run(stop)
                finally:
                    await bus.drain(DRAIN_SECONDS)
        finally:
            serving.cancel()


class Discovery:
    """The running parts: what every instance does, and what only the leader does."""

    def __init__(self, settings: DiscoverySettings, bus: Bus, logins: Logins) -> None:
        self._settings = settings
        self._bus = bus
        self._logins = logins
        self._rules = AddressRules(allow_loopback=settings.allow_loopback_cameras)
        self._rtsp = RtspProbe()
        self.leading: SiteWatch | None = None
        """What this instance does as the leader; None while another one leads."""
        seconds = settings.device_timeout_seconds
        self._drivers = InstalledDrivers(
            hcnetsdk_library=settings.hcnetsdk_library,
            now=_now,
            timeout_seconds=seconds,
            fingerprint_seconds=seconds * _RECOGNISING_SHARE,
        )
        breakers = BreakerTable(_now, time.monotonic)
        sweeper = Sweeper(
            concurrency=settings.scan_concurrency, connect_seconds=settings.scan_connect_seconds
        )
        recogniser = Recogniser(
            self._drivers, self._rtsp, timeout_seconds=seconds * _RECOGNISING_SHARE
        )
        inspector = Inspector(self._drivers, breakers, _now)
        self.scans = Scans(
            bus,
            ScanTools(
                rules=self._rules,
                sweeper=sweeper,
                recogniser=recogniser,
                inspector=inspector,
                ws_discovery=WsProbes(settings.interfaces, port=settings.ws_discovery_port),
                now=_now,
                most_seconds=settings.max_scan_seconds,
            ),
            logins,
            site=settings.site,
            max_addresses=settings.max_scan_addresses,
        )
        self.prober = Prober(
            rules=self._rules,
            rtsp=self._rtsp,
            watch=watch_stream,
            sweeper=sweeper,
            recogniser=recogniser,
            inspector=inspector,
            breakers=breakers,
            breaker_of=self._breaker_of,
            logins=logins,
            now=_now,
            timeout_seconds=seconds,
        )

    async def run(self, stop: asyncio.Event) -> None:
        """Run until `stop` is set."""
        settings = self._settings
        leadership = Leadership(
            self._bus,
            site=settings.site,
            instance=settings.instance,
            ttl_seconds=settings.leader_ttl_seconds,
        )
        presence = PresenceReport(
            self._bus,
            service=WIRING.service,
            instance=settings.instance,
            figures=self._figures,
        )
        try:
            async with asyncio.TaskGroup() as tasks:
                jobs = [
                    tasks.create_task(self.scans.run(), name="scans"),
                    tasks.create_task(supervise("asks", self._answer), name="asks"),
                    tasks.create_task(leadership.run(self._lead), name="leadership"),
                    tasks.create_task(presence.run(), name="presence"),
                ]
                log.info("discovery.started", site=settings.site)
                await stop.wait()
                for job in jobs:
                    job.cancel()
        finally:
            self.prober.close()
            await self._drivers.aclose()

    async def _figures(self) -> Sequence[Figure]:
        leads = float(self.leading is not None)
        return (Figure(name="leader", label="Watches the devices", value=leads, unit="yes_no"),)

    async def _answer(self) -> None:
        handlers: dict[type, AskHandler] = {
            ScanNetwork: self.scans.start,
            CancelScan: self.scans.cancel,
            ProbeCamera: self.prober.probe,
        }
        await self._bus.answer(handlers, site=self._settings.site)

    async def _lead(self) -> None:
        self.leading = self._site_watch()
        try:
            await self.leading.run()
        finally:
            self.leading = None

    def _site_watch(self) -> SiteWatch:
        settings = self._settings
        registry = DeviceRegistry(
            self._bus,
            settings.site,
            DeviceTools(
                drivers=self._drivers,
                rules=self._rules,
                logins=self._logins,
                now=_now,
                timeout_seconds=settings.device_timeout_seconds,
            ),
        )
        health = HealthWatch(
            self._bus,
            registry,
            Checker(
                rules=self._rules,
                rtsp=self._rtsp,
                logins=self._logins,
                timeout_seconds=settings.device_timeout_seconds,
            ),
            site=settings.site,
            health_seconds=settings.health_seconds,
            now=_now,
            monotonic=time.monotonic,
        )
        lister = FootageLister(
            self._bus,
            site=settings.site,
            find_device=registry.find,
            now=_now,
            lookback=timedelta(days=settings.footage_lookback_days),
            settle=timedelta(seconds=settings.footage_settle_seconds),
        )
        announcements = Announcements(
            settings.interfaces, port=settings.ws_discovery_port, on_heard=registry.announced
        )
        return SiteWatch(
            self._bus,
            site=settings.site,
            registry=registry,
            health=health,
            lister=lister,
            announcements=announcements,
        )

    async def _breaker_of(self, device_id: str, credentials: str | None) -> Breaker | None:
        """Return the breaker of a registered device, where a probe has to respect it.

        The leader has it; another instance goes by what is stored.
        """
        if self.leading is not None:
            handle = self.leading.registry.find(device_id)
            if handle is None:
                return None
            breaker, own = handle.breaker, handle.config.credentials
            same = self._logins.are_same(credentials, own)
        else:
            key = device_key(self._settings.site, device_id)
            try:
                entry = await self._bus.kv(DeviceState).get(key)
                config = await self._bus.kv(DeviceConfig).get(key)
            except BusError:
                return None
            if entry is None or config is None:
                return None
            state, own = entry.value.login, config.value.credentials
            breaker = Breaker(_now, state=state)
            is_of_own = state.credentials_digest == credentials_digest(own)
            same = is_of_own and breaker.is_open and self._logins.are_same(credentials, own)
        is_locked = breaker.is_open and breaker.reason is FailureReason.LOCKED
        return breaker if same or is_locked else None


def _logins(settings: DiscoverySettings) -> Logins:
    try:
        return Logins(CredentialBox(settings.credential_keys.get_secret_value()))
    except ValueError as error:
        raise FatalError(f"EVERFRAME_DISCOVERY_CREDENTIAL_KEYS: {error}") from error


def _now() -> datetime:
    return datetime.now(UTC)
