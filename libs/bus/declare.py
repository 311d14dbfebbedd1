r"""The declare step: make the server's streams, buckets and consumers what the code says.

    EVERFRAME_BUS_PASSWORD=... python -m libs.bus.declare --url nats://127.0.0.1:4222 \
        --user admin --service recorder --service api

Safe to repeat. What the server cannot change in place is an error, never deleted and made anew.
"""

import argparse
import asyncio
import importlib
import os
import sys
from collections.abc import Sequence

from nats.js import api

from libs.bus.connection import BusConfig, Connection
from libs.bus.errors import BusError, Permanent, TopologyDrift
from libs.bus.topology import (
    EVENTS,
    Limits,
    consumer,
    consumer_differences,
    stream_differences,
    streams,
)
from libs.bus.wiring import Wiring


async def declare(
    config: BusConfig,
    wirings: Sequence[Wiring],
    *,
    limits: Limits | None = None,
    wait_seconds: float = 10.0,
) -> list[str]:
    """Create and change what differs; return what was done, empty when nothing was.

    Raises BusUnavailable, and TopologyDrift when something cannot be changed in place.
    """
    connection = Connection(config, "declare")
    await connection.open(wait_seconds)
    try:
        done: list[str] = []
        for stream in streams(limits or Limits()):
            done += await _stream(connection, stream)
        for wiring in wirings:
            wanted = consumer(wiring)
            if wanted is not None:
                done += await _consumer(connection, wiring.service, wanted)
        return done
    finally:
        await connection.close(2)


async def _stream(connection: Connection, wanted: api.StreamConfig) -> list[str]:
    name = wanted.name or ""
    js = connection.js
    try:
        info = await connection.call("STREAM.INFO", lambda: js.stream_info(name))
    except TopologyDrift:
        await connection.call("STREAM.CREATE", lambda: js.add_stream(wanted))
        return [f"created stream {name}"]
    changes = stream_differences(wanted, info.config, limits=True)
    if not changes:
        return []
    try:
        await connection.call("STREAM.UPDATE", lambda: js.update_stream(wanted))
    except Permanent as error:
        raise TopologyDrift(f"stream {name}: {'; '.join(changes)}: {error}") from error
    return [f"changed stream {name} {change}" for change in changes]


async def _consumer(connection: Connection, name: str, wanted: api.ConsumerConfig) -> list[str]:
    js = connection.js
    try:
        info = await connection.call("CONSUMER.INFO", lambda: js.consumer_info(EVENTS, name))
    except TopologyDrift:
        await connection.call("CONSUMER.CREATE", lambda: js.add_consumer(EVENTS, wanted))
        return [f"created consumer {name}"]
    changes = consumer_differences(wanted, info.config)
    if not changes:
        return []
    try:
        await connection.call("CONSUMER.UPDATE", lambda: js.add_consumer(EVENTS, wanted))
    except Permanent as error:
        raise TopologyDrift(f"consumer {name}: {'; '.join(changes)}: {error}") from error
    return [f"changed consumer {name} {change}" for change in changes]


def main(argv: Sequence[str] | None = None) -> int:
    """Declare for the named services; exit status 1 when it failed."""
    parser = argparse.ArgumentParser(prog="python -m libs.bus.declare")
    parser.add_argument("--url", required=True)
    parser.add_argument("--user")
    parser.add_argument("--service", action="append", default=[], help="may be repeated")
    options = parser.parse_args(argv)
    wirings = [importlib.import_module(f"services.{s}.wiring").WIRING for s in options.service]
    password = os.environ.get("EVERFRAME_BUS_PASSWORD")
    config = BusConfig(url=options.url, user=options.user, password=password, name="declare")
    try:
        done = asyncio.run(declare(config, wirings))
    except BusError as error:
        sys.stderr.write(f"declare: {error}\n")
        return 1
    sys.stdout.write("".join(f"{line}\n" for line in done) or "nothing to change\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
