"""The service's life on the bus: connect, whenever it is there, and keep everything level."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial

import structlog

from libs.bus.client import Bus, BusConfig
from libs.bus.presence import PresenceReport
from libs.contracts.asks import ScanState
from libs.contracts.cameras import CameraConfig
from libs.contracts.devices import DeviceConfig, DeviceState
from libs.contracts.footage import FootageCheck
from libs.contracts.health import CameraHealth
from libs.contracts.messages import AnswerT, Ask
from libs.contracts.ownership import Lease, RecordingProgress
from libs.contracts.presence import ServiceState
from libs.runtime.service import supervise
from services.api.asking import ask_on
from services.api.database import Database
from services.api.desired import DesiredState
from services.api.event_hub import EventHub
from services.api.handlers import Projector
from services.api.health_board import HealthBoard
from services.api.own_state import OwnState
from services.api.presence_board import PresenceBoard
from services.api.scan_board import ScanBoard
from services.api.settings import ApiSettings
from services.api.status import StatusBoard
from services.api.wiring import WIRING

log = structlog.get_logger()

CONNECT_SECONDS = 10.0
LAG_SECONDS = 5.0
DRAIN_SECONDS = 3.0


@dataclass(frozen=True)
class Followers:
    """What is kept level with the bus while there is one."""

    board: StatusBoard
    health: HealthBoard
    scans: ScanBoard
    presence: PresenceBoard
    events: EventHub
    cameras: DesiredState[CameraConfig]
    devices: DesiredState[DeviceConfig]


class BusLink:
    """Connects and runs what needs the bus; the HTTP side goes on without it."""

    def __init__(
        self,
        settings: ApiSettings,
        *,
        database: Database,
        followers: Followers,
        own_state: OwnState,
    ) -> None:
        self._config = BusConfig(
            url=settings.nats_url,
            user=settings.nats_user,
            password=settings.nats_password,
            name=settings.instance,
            shutdown_grace_seconds=DRAIN_SECONDS,
        )
        self._database = database
        self._followers = followers
        self._instance = settings.instance
        self._own_state = own_state
        self._bus: Bus | None = None

    @property
    def is_up(self) -> bool:
        """Whether the bus can be reached, as far as is known without asking."""
        return self._bus is not None and self._bus.is_connected

    async def ask(self, question: Ask[AnswerT]) -> AnswerT:
        """Return the answer; raises Problem: 503 where nobody answers, 502 where it failed."""
        return await ask_on(self._bus, question)

    async def run_once(self) -> None:
        """Connect and work until cancelled; raises when there is no bus or it is not set up."""
        bus = await Bus.connect(self._config, WIRING, wait_seconds=CONNECT_SECONDS)
        self._bus = bus
        log.info("bus.connected")
        try:
            await self._work(bus)
        finally:
            self._bus = None
            await bus.drain(DRAIN_SECONDS)

    async def _work(self, bus: Bus) -> None:
        to = self._followers
        projector = Projector(self._database, bus, to.events.on_stored)
        presence = PresenceReport(
            bus,
            service=WIRING.service,
            instance=self._instance,
            figures=self._own_state.figures,
            started_at=self._own_state.started_at,
        )
        jobs: dict[str, Callable[[], Awaitable[None]]] = {
            "projection": projector.run_once,
            "desired-cameras": partial(to.cameras.run_once, bus.kv(CameraConfig)),
            "desired-devices": partial(to.devices.run_once, bus.kv(DeviceConfig)),
            "progress": partial(to.board.follow_progress, bus.kv(RecordingProgress)),
            "owners": partial(to.board.follow_owners, bus.kv(Lease)),
            "health": partial(to.health.follow_health, bus.kv(CameraHealth)),
            "device-states": partial(to.health.follow_devices, bus.kv(DeviceState)),
            "footage-checks": partial(to.health.follow_footage_checks, bus.kv(FootageCheck)),
            "scans": partial(to.scans.follow, bus.kv(ScanState)),
            "services": partial(to.presence.follow, bus.kv(ServiceState)),
            "event-cameras": partial(to.events.follow_cameras, bus.kv(CameraConfig)),
            "presence": presence.run,
            "lag": partial(_measure_lag, projector),
        }
        async with asyncio.TaskGroup() as tasks:
            for name, job in jobs.items():
                tasks.create_task(supervise(name, job, max_delay_seconds=5.0), name=name)


async def _measure_lag(projector: Projector) -> None:
    while True:
        await projector.measure_lag()
        await asyncio.sleep(LAG_SECONDS)
