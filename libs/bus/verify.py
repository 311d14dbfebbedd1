"""Whether the server has what a service's wiring needs."""

from libs.bus.connection import Connection
from libs.bus.errors import TopologyDrift
from libs.bus.topology import (
    DEAD_LETTERS,
    EVENTS,
    LIVE,
    Limits,
    bucket_name,
    bucket_stream,
    consumer,
    consumer_differences,
    stream_differences,
    streams,
)
from libs.bus.wiring import Wiring


async def differences(connection: Connection, wiring: Wiring) -> list[str]:
    """Return what is missing or differs from the declarations, empty when all is well."""
    needed = {bucket_stream(bucket_name(model)) for model in wiring.buckets}
    if wiring.publishes or wiring.consumes:
        needed.add(EVENTS)
    if wiring.consumes:
        needed.add(DEAD_LETTERS)
    if wiring.sends_live or wiring.follows_live:
        needed.add(LIVE)
    found: list[str] = []
    for config in streams(Limits()):
        if config.name in needed:
            found += await _stream(connection, config.name, wiring)
    return found


async def _stream(connection: Connection, name: str, wiring: Wiring) -> list[str]:
    wanted = next(config for config in streams(Limits()) if config.name == name)
    try:
        info = await connection.call(
            f"$JS.API.STREAM.INFO.{name}", lambda: connection.js.stream_info(name)
        )
    except TopologyDrift:
        # In memory: a restart of the server takes it away, its senders make it anew, its followers
        # wait for that.
        return [] if name == LIVE else [f"stream {name} is missing"]
    found = [f"stream {name} {d}" for d in stream_differences(wanted, info.config, limits=False)]
    return found + (await _consumer(connection, wiring) if name == EVENTS else [])


async def _consumer(connection: Connection, wiring: Wiring) -> list[str]:
    wanted = consumer(wiring)
    if wanted is None:
        return []
    name = wiring.service
    try:
        info = await connection.call(
            f"$JS.API.CONSUMER.INFO.{EVENTS}.{name}",
            lambda: connection.js.consumer_info(EVENTS, name),
        )
    except TopologyDrift:
        return [f"consumer {name} is missing"]
    return [f"consumer {name} {d}" for d in consumer_differences(wanted, info.config)]
