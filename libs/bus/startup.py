"""How a service that cannot work without the bus comes by it."""

import asyncio

import structlog

from libs.bus.client import Bus
from libs.bus.connection import BusConfig
from libs.bus.errors import BusUnavailable, TopologyDrift
from libs.bus.wiring import Wiring
from libs.runtime.service import FatalError
from libs.runtime.settings import ServiceSettings

log = structlog.get_logger()


async def connect_service(
    settings: ServiceSettings, wiring: Wiring, stop: asyncio.Event
) -> Bus | None:
    """Wait for the bus as long as it takes; None when asked to stop meanwhile.

    Raises FatalError when streams or buckets are not as declared.
    """
    config = BusConfig(
        url=settings.nats_url,
        user=settings.nats_user,
        password=settings.nats_password,
        name=f"{wiring.service}-{settings.instance}",
    )
    while not stop.is_set():
        try:
            return await Bus.connect(config, wiring, wait_seconds=3.0)
        except TopologyDrift as error:
            raise FatalError(str(error)) from error
        except BusUnavailable as error:
            log.warning("bus.not_reached", reason=str(error))
    return None
