"""Fixtures: the bus on a real server, and in memory."""

from collections.abc import AsyncIterator

import pytest

from tests.integration.bus.bus_worlds import (
    FakeWorld,
    ServerWorld,
    World,
)
from tools.local.nats_server import NatsServer


@pytest.fixture
async def server_world(nats_server: NatsServer) -> AsyncIterator[ServerWorld]:
    """A real server with everything declared."""
    world = ServerWorld(nats_server)
    await world.declare()
    yield world
    await world.close()


@pytest.fixture(params=["fake", "server"])
def world(request: pytest.FixtureRequest) -> World:
    """Both worlds, one after the other."""
    if request.param == "fake":
        return FakeWorld()
    found: World = request.getfixturevalue("server_world")
    return found
