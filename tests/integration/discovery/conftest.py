"""Fixtures: discovery over a real bus."""

from collections.abc import AsyncIterator

import pytest

from tests.integration.discovery.discovery_world import World
from tools.local.nats_server import NatsServer


@pytest.fixture
async def world(nats_server: NatsServer) -> AsyncIterator[World]:
    """A real bus with everything declared; discovery and devices as a test asks for them."""
    world = World(nats_server)
    await world.start()
    try:
        yield world
    finally:
        await world.close()
