"""Registered devices over a real bus: looked at, never locked out, led by one instance."""

import pytest

from libs.bus.errors import BusUnavailable
from libs.contracts.asks import ProbeCamera, RetryLogin, SyncFootage
from libs.contracts.devices import (
    DeviceConfig,
    DeviceState,
    DriverName,
    FailureReason,
    device_key,
)
from tests.integration.discovery.discovery_world import World, simulated
from tests.waiting import eventually, eventually_async
from tools.camera_sim.devices.ws_discovery import DiscoveryResponder

ISAPI = frozenset({"isapi"})


async def test_a_registered_device_is_looked_at_once_and_its_clock_measured(world: World):
    await world.leader()
    async with simulated(1, protocols=ISAPI) as found:
        await world.add_device(found)

        state = await world.device_state(lambda state: state.details is not None)

    assert state.failure is None
    assert state.clock is not None
    assert state.details is not None
    assert state.details.identity.serial == found.spec.serial


async def test_a_restart_does_not_try_a_rejected_login_again(world: World):
    first = await world.leader()
    async with simulated(1, protocols=ISAPI) as found:
        await world.add_device(found, credentials=world.sealed("wrong"))
        await world.device_state(lambda state: state.login.failure is not None)
        await first.end()
        before = (await world.device_state(lambda state: True)).checked_at
        assert before is not None

        second = await world.leader()
        await eventually(
            lambda: bool(second.discovery.leading and second.discovery.leading.registry.handles)
        )
        assert second.discovery.leading is not None
        handle = second.discovery.leading.registry.handles["nvr"]
        handle.wanted.set()
        await world.device_state(lambda s: s.checked_at is not None and s.checked_at > before)

        assert handle.breaker.is_open
        assert found.account.attempts == 1


async def test_a_probe_by_another_instance_does_not_send_a_rejected_login_again(world: World):
    await world.leader()
    other = await world.discovery("2")
    async with simulated(1, protocols=ISAPI) as found:
        config = await world.add_device(found, credentials=world.sealed("wrong"))
        await world.device_state(lambda state: state.login.failure is not None)
        # sealed anew, as when an operator enters it again
        ask = ProbeCamera(
            host=config.host,
            port=config.port,
            driver=config.driver,
            credentials=world.sealed("wrong"),
            device_id=config.device_id,
        )
        answer = await other.discovery.prober.probe(ask)

        assert answer.device is not None
        assert answer.device.failure is not None
        assert answer.device.failure.reason is FailureReason.UNAUTHORIZED
        assert found.account.attempts == 1


async def test_the_operators_word_or_another_login_has_it_tried_again(world: World):
    await world.leader()
    await world.answered()
    async with simulated(1, protocols=ISAPI) as found:
        config = await world.add_device(found, credentials=world.sealed("wrong"))
        await world.device_state(lambda state: state.login.failure is not None)

        assert (await world.api.ask(RetryLogin(device_id="nvr"))).failure is None
        await eventually(lambda: found.account.attempts == 2)
        await world.device_state(lambda state: state.login.failure is not None)

        good = config.model_copy(update={"credentials": world.sealed(), "version": 2})
        await world.api.kv(DeviceConfig).put(good.key, good)
        state = await world.device_state(lambda state: state.details is not None)

    assert state.login.failure is None
    assert state.failure is None


async def test_a_deleted_device_is_forgotten(world: World):
    leader = await world.leader()
    async with simulated(1, protocols=ISAPI) as found:
        config = await world.add_device(found)
        await world.device_state(lambda state: state.details is not None)

        await world.api.kv(DeviceConfig).delete(config.key)

        async def is_gone() -> bool:
            return await world.api.kv(DeviceState).get(device_key("main", "nvr")) is None

        await eventually_async(is_gone)
        assert leader.discovery.leading is not None
        assert not leader.discovery.leading.registry.handles
        await eventually(lambda: found.connections == 0)


async def test_what_is_asked_of_an_unknown_device_is_refused(world: World):
    await world.leader()
    await world.answered()

    for ask in (RetryLogin(device_id="nobody"), SyncFootage(device_id="nobody")):
        answer = await world.api.ask(ask)
        assert answer.failure is not None
        assert answer.failure.reason is FailureReason.NOT_FOUND


async def test_another_instance_leads_when_the_first_is_killed_and_only_one_looks(world: World):
    first = await world.leader(instance="1")
    second = await world.discovery("2")
    async with simulated(1, protocols=ISAPI) as found:
        await world.add_device(found)
        await world.device_state(lambda state: state.details is not None)
        assert not second.leads

        await first.kill()

        await eventually(lambda: second.leads, within=15)
        await eventually_async(lambda: _takes_the_leaders_asks(world))


async def test_an_instance_that_stops_hands_over_at_once(world: World):
    first = await world.leader(instance="1", leader_ttl_seconds=60)
    second = await world.discovery("2", leader_ttl_seconds=3)

    await first.end()

    await eventually(lambda: second.leads, within=10)


async def _takes_the_leaders_asks(world: World) -> bool:
    try:
        return (await world.api.ask(RetryLogin(device_id="nvr"))).failure is None
    except BusUnavailable:
        return False


async def test_a_registered_device_that_says_hello_is_looked_at_without_delay(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("services.discovery.devices.ANNOUNCED_AGAIN_SECONDS", 0.0)
    async with simulated(1) as one, DiscoveryResponder([one], port=0) as responder:
        await world.leader(multicast_interfaces="127.0.0.1", ws_discovery_port=responder.port)
        await world.add_device(
            one, driver=DriverName.ONVIF, endpoint_id=one.spec.endpoint_id, credentials=None
        )
        first = await world.device_state(lambda state: state.checked_at is not None)

        async def is_looked_at_again() -> bool:
            # an announcement may be lost, as on a real network
            await responder.close()
            await responder.listen()
            state = await world.device_state(lambda _: True)
            return state.checked_at != first.checked_at

        await eventually_async(is_looked_at_again)
