"""Fixtures: streamers over a real bus."""

from collections.abc import AsyncIterator

import httpx
import pytest

from tests.integration.streamer.streamer_world import World
from tools.local.nats_server import NatsServer


@pytest.fixture
async def world(nats_server: NatsServer) -> AsyncIterator[World]:
    """A real bus with everything declared; streamers and cameras as a test asks for them."""
    limits = httpx.Limits(max_connections=400)
    async with httpx.AsyncClient(timeout=30, limits=limits) as client:
        world = World(nats_server, client)
        await world.declare()
        try:
            yield world
        finally:
            await world.close()
