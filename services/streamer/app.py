"""Puts the streamer together and runs it."""

import asyncio
import contextlib
from collections.abc import Sequence
from functools import partial

import structlog

from libs.bus.client import Bus
from libs.bus.presence import PresenceReport
from libs.bus.startup import connect_service
from libs.contracts.presence import Figure
from libs.runtime.clock import Clock, SystemClock
from libs.runtime.health import HealthServer
from libs.runtime.memory import return_freed_memory
from libs.runtime.service import supervise
from libs.web.live_tokens import LiveTokens
from libs.web.server import HttpServer
from services.streamer.access import Gate, parse_origins
from services.streamer.camera_states import CameraStates
from services.streamer.channels import Channels
from services.streamer.context import Context
from services.streamer.events import ViewingEvents
from services.streamer.http import build_http
from services.streamer.removals import Removals
from services.streamer.settings import StreamerSettings
from services.streamer.viewers import Viewers
from services.streamer.wiring import WIRING

log = structlog.get_logger()

SWEEP_SECONDS = 0.25
EVENTS_SECONDS = 2.0
DRAIN_SECONDS = 2.0


async def run(settings: StreamerSettings, stop: asyncio.Event) -> None:
    """Serve until `stop` is set; raises FatalError for what only people can put right."""
    return_freed_memory()
    health = HealthServer(settings.health_host, settings.health_port)
    readiness = Readiness()
    health.add_check("bus", readiness.problem)
    async with asyncio.TaskGroup() as tasks:
        serving = tasks.create_task(health.run(), name="health")
        log.info("service.started", health_port=health.port)
        try:
            bus = await connect_service(settings, WIRING, stop)
            if bus is not None:
                try:
                    await Streamer(settings, bus, readiness).run(stop)
                finally:
                    await bus.drain(DRAIN_SECONDS)
        finally:
            serving.cancel()


class Readiness:
    """Whether viewers should be sent here."""

    bus: Bus | None = None
    """Set when viewers are served."""

    def problem(self) -> str | None:
        """Return what is missing."""
        if self.bus is None:
            return "not connected yet"
        return None if self.bus.is_connected else "not connected"


class Streamer:
    """The running parts, and the order in which they stop."""

    def __init__(self, settings: StreamerSettings, bus: Bus, readiness: Readiness) -> None:
        self._settings = settings
        self._bus = bus
        self._readiness = readiness
        self._clock: Clock = SystemClock()
        self._name = f"streamer-{settings.instance}"
        self.events = ViewingEvents()
        self.port: int | None = None
        """Where viewers are served; None before they are."""

    async def run(self, stop: asyncio.Event) -> None:
        """Serve until `stop`; viewers are told to go elsewhere and demands are released."""
        async with asyncio.TaskGroup() as tasks:
            context = self.context = self._context(tasks)
            server = HttpServer(
                build_http(context),
                host=self._settings.host,
                port=self._settings.port,
                max_connections=self._settings.max_connections,
                grace_seconds=self._settings.http_grace_seconds,
            )
            follow = partial(context.removals.follow, context.remove)
            presence = PresenceReport(
                self._bus,
                service=WIRING.service,
                instance=self._settings.instance,
                figures=self._figures,
            )
            jobs = [
                tasks.create_task(supervise("removals", follow), name="removals"),
                tasks.create_task(self._sweep(context), name="sweep"),
                tasks.create_task(supervise("events", self._publish_events), name="events"),
                tasks.create_task(presence.run(), name="presence"),
            ]
            serving = tasks.create_task(server.run(), name="http")
            self.port = server.port
            self._readiness.bus = self._bus
            log.info("streamer.started", port=server.port)
            await stop.wait()
            self._readiness.bus = None
            context.viewers.close()
            context.channels.stop_waiting()
            server.stop()
            await serving
            await context.channels.close()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(EVENTS_SECONDS):
                    await self.events.wait_empty()
            for job in jobs:
                job.cancel()

    def _context(self, tasks: asyncio.TaskGroup) -> Context:
        settings, clock = self._settings, self._clock
        return Context(
            settings=settings,
            gate=Gate(
                LiveTokens(settings.live_key.get_secret_value()),
                now=clock.unix,
                allowed_origins=parse_origins(settings.allowed_origins),
            ),
            viewers=Viewers(settings, streamer=self._name, publish=self.events.put, clock=clock),
            channels=Channels(settings, self._bus, tasks, streamer=self._name, clock=clock),
            states=CameraStates(self._bus),
            removals=Removals(self._bus),
            clock=clock,
        )

    async def _figures(self) -> Sequence[Figure]:
        return (Figure(name="viewers", label="Viewers", value=len(self.context.viewers)),)

    async def _publish_events(self) -> None:
        await self.events.run_once(self._bus)

    async def _sweep(self, context: Context) -> None:
        while True:
            context.viewers.sweep()
            context.channels.sweep(context.viewers.is_watched)
            await asyncio.sleep(SWEEP_SECONDS)
