"""Watches and leases across restarts, lost buckets and outages."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import pytest
from nats.js import api

from libs.bus.errors import BusUnavailable, LeaseLost
from libs.bus.keyvalue import Change, ChangeKind
from libs.bus.leases import LeaseChange
from libs.contracts.cameras import CameraConfig
from libs.contracts.ownership import Lease, Presence
from tests.integration.bus.bus_worlds import (
    API,
    RECORDER,
    START,
    ServerWorld,
    camera,
    collect,
    held,
)
from tests.waiting import eventually, running

T = TypeVar("T")
KEY = "main.front-door"
ONE, TWO = Lease(recorder="recorder-1"), Lease(recorder="recorder-2")


def presence(name: str) -> Presence:
    return Presence(recorder=name, started_at=START)


async def test_a_watch_goes_on_after_the_server_was_killed(server_world: ServerWorld):
    values = (await server_world.bus(API)).kv(CameraConfig)
    watcher = (await server_world.bus(RECORDER)).kv(CameraConfig)
    told: list[Change[CameraConfig]] = []
    await values.put(KEY, camera("one"))

    async with running(collect(watcher.watch(), told)):
        await eventually(lambda: _snapshots(told) == 1)
        await server_world.server.process.kill()
        await server_world.server.process.start()
        await eventually(lambda: _snapshots(told) == 2)
        await values.put(KEY, camera("two"))
        await eventually(lambda: told[-1].value == camera("two"))

    names = [c.value.name for c in told if c.value is not None]
    assert names == ["one", "one", "two"]


@pytest.mark.parametrize("storage", [api.StorageType.FILE, api.StorageType.MEMORY])
async def test_a_watch_reconciles_with_a_bucket_that_was_made_anew(
    server_world: ServerWorld, storage: api.StorageType
):
    values = (await server_world.bus(RECORDER)).kv(Presence)
    watcher = (await server_world.bus(RECORDER)).kv(Presence)
    told: list[Change[Presence]] = []
    await _make_anew(server_world, "KV_presence", storage)
    await values.put("recorder-1", presence("recorder-1"))
    await values.put("recorder-2", presence("recorder-2"))

    async with running(collect(watcher.watch(), told)):
        await eventually(lambda: _snapshots(told) == 1)
        await _make_anew(server_world, "KV_presence", storage)
        await values.put("recorder-2", presence("recorder-2"))
        await values.put("recorder-3", presence("recorder-3"))
        await eventually(lambda: _snapshots(told) == 2, within=40)
        await values.put("recorder-4", presence("recorder-4"))
        await eventually(lambda: told[-1].key == "recorder-4")

    gone = [c.key for c in told if c.kind is ChangeKind.DELETED]
    assert gone == ["recorder-1"]
    assert _alive(told) == {"recorder-2", "recorder-3", "recorder-4"}


async def test_a_memory_bucket_that_a_restart_lost_is_reconciled(server_world: ServerWorld):
    """Why presence lies on disk: a restart takes memory buckets away, and services only bind."""
    values = (await server_world.bus(RECORDER)).kv(Presence)
    watcher = (await server_world.bus(RECORDER)).kv(Presence)
    told: list[Change[Presence]] = []
    await _make_anew(server_world, "KV_presence", api.StorageType.MEMORY)
    await values.put("recorder-1", presence("recorder-1"))

    async with running(collect(watcher.watch(), told)):
        await eventually(lambda: _snapshots(told) == 1)
        await server_world.server.process.kill()
        await server_world.server.process.start()
        done = await server_world.declare()
        await eventually(lambda: _snapshots(told) == 2, within=40)

    assert done == ["created stream LIVE", "created stream KV_presence"]
    assert _alive(told) == set()


async def test_a_lease_whose_holder_fell_silent_is_told_and_taken_over(server_world: ServerWorld):
    holder = (await server_world.bus(RECORDER)).leases(Lease, ttl_seconds=2)
    heir = (await server_world.bus(RECORDER)).leases(Lease, ttl_seconds=2)
    told: list[LeaseChange[Lease]] = []
    epoch = await holder.acquire(KEY, ONE)
    assert epoch is not None

    async with running(collect(heir.watch(), told)):
        await eventually(lambda: len(told) == 2)
        last = await holder.renew(KEY, ONE, epoch)
        await eventually(lambda: told[-1].holder is None and len(told) > 2, within=2 + 1 + 2)
        taken = await heir.acquire(KEY, TWO)

    assert taken is not None
    assert taken > last


async def test_renewing_after_a_short_outage_keeps_the_lease(server_world: ServerWorld):
    leases = (await server_world.bus(RECORDER)).leases(Lease, ttl_seconds=60)
    epoch = await leases.acquire(KEY, ONE)
    assert epoch is not None
    await server_world.server.process.kill()

    with pytest.raises(BusUnavailable):
        await leases.renew(KEY, ONE, epoch)
    await server_world.server.process.start()
    revision = await _when_back(leases.renew, KEY, ONE, epoch)

    assert revision > epoch
    assert await held(leases) == {KEY: ONE}


@pytest.mark.parametrize("somebody_else_is_faster", [False, True])
async def test_renewing_after_an_outage_longer_than_the_lease(
    server_world: ServerWorld, somebody_else_is_faster: bool
):
    leases = (await server_world.bus(RECORDER)).leases(Lease, ttl_seconds=1)
    other = (await server_world.bus(RECORDER)).leases(Lease, ttl_seconds=60)
    epoch = await leases.acquire(KEY, ONE)
    assert epoch is not None
    await server_world.server.process.kill()
    with pytest.raises(BusUnavailable):
        await leases.renew(KEY, ONE, epoch)
    await asyncio.sleep(1.2)  # the lease runs out meanwhile
    await server_world.server.process.start()

    if somebody_else_is_faster:
        taken = None
        async with asyncio.timeout(15):
            while taken is None:
                taken = await _when_back(other.acquire, KEY, TWO)
        with pytest.raises(LeaseLost):
            await _when_back(leases.renew, KEY, ONE, epoch)
        assert await held(other) == {KEY: TWO}
    else:
        assert await _when_back(leases.renew, KEY, ONE, epoch) > epoch
        assert await held(other) == {KEY: ONE}


async def _when_back(action: Callable[..., Awaitable[T]], *arguments: object) -> T:
    """Repeat while the bus is away, as every owner of a lease does."""
    async with asyncio.timeout(20):
        while True:
            try:
                return await action(*arguments)
            except BusUnavailable:
                await asyncio.sleep(0.05)


async def _make_anew(world: ServerWorld, name: str, storage: api.StorageType) -> None:
    async with world.admin() as admin:
        js = admin.jetstream()
        config = (await js.stream_info(name)).config
        await js.delete_stream(name)
        await js.add_stream(config.evolve(storage=storage))


def _snapshots(told: list[Change[Any]]) -> int:
    return sum(change.is_snapshot_done for change in told)


def _alive(told: list[Change[Any]]) -> set[str]:
    state: set[str] = set()
    for change in told:
        if change.value is not None:
            state.add(change.key)
        elif change.kind is ChangeKind.DELETED:
            state.discard(change.key)
    return state
