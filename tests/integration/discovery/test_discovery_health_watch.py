"""Camera health over a real bus and real RTSP."""

from libs.contracts.cameras import CameraConfig, CameraState
from libs.contracts.health import CameraHealth, CameraHealthChanged, HealthState
from tests.integration.discovery.discovery_world import PASSWORD, World
from tests.waiting import eventually_async
from tools.camera_sim.camera_spec import CameraSpec
from tools.camera_sim.simulator import CameraSimulator
from tools.local.nats_server import NatsServer


async def changes(world: World) -> list[CameraHealthChanged]:
    """Every change that was told, oldest first."""
    bus = world.api
    last = (await bus.stream_state()).last_seq
    found = []
    async for delivery in bus.replay([CameraHealthChanged], from_seq=1, to_seq=last):
        assert isinstance(delivery.event, CameraHealthChanged)
        found.append(delivery.event)
    return found


async def test_a_camera_that_nobody_records_is_asked_and_only_changes_are_events(world: World):
    await world.leader()
    async with CameraSimulator([CameraSpec("yard", username="admin", password=PASSWORD)]) as sim:
        await world.add_camera(sim["yard"].plain_url, credentials=world.sealed())
        online = await world.health(HealthState.ONLINE)

        sim["yard"].fault.offline()
        offline = await world.health(HealthState.OFFLINE)
        await sim["yard"].fault.online()
        await world.health(HealthState.ONLINE)

    assert online.proof == "probe"
    assert online.rtt_ms is not None
    assert offline.detail
    assert [(e.previous, e.state) for e in await changes(world)] == [
        (HealthState.UNKNOWN, HealthState.ONLINE),
        (HealthState.ONLINE, HealthState.OFFLINE),
        (HealthState.OFFLINE, HealthState.ONLINE),
    ]


async def test_a_recorded_camera_is_not_touched(world: World):
    await world.leader()
    async with CameraSimulator([CameraSpec("yard")]) as sim:
        await world.report(CameraState.RECORDING)
        await world.add_camera(sim["yard"].plain_url)

        health = await world.health(HealthState.ONLINE)

        assert sim["yard"].connection_count == 0
    assert health.proof == "recorder"


async def test_a_stream_that_is_down_is_told_apart_from_a_camera_that_is(world: World):
    await world.leader()
    async with CameraSimulator([CameraSpec("yard")]) as sim:
        await world.report(CameraState.RECORDING)
        await world.add_camera(sim["yard"].plain_url)
        await world.health(HealthState.ONLINE)

        async def is_offline() -> bool:
            # a recorder goes on writing
            await world.report(CameraState.OFFLINE, detail="connected, but no video for 5 s")
            entry = await world.api.kv(CameraHealth).get("main.yard")
            return entry is not None and entry.value.state is HealthState.OFFLINE

        await eventually_async(is_offline)
        health = await world.health(HealthState.OFFLINE)

    assert "answers" in health.detail
    assert "no video for 5 s" in health.detail


async def test_a_wrong_login_is_sent_once_however_often_the_camera_is_checked(world: World):
    await world.leader(health_seconds=1.0)
    async with CameraSimulator([CameraSpec("yard", username="admin", password=PASSWORD)]) as sim:
        await world.add_camera(sim["yard"].plain_url, credentials=world.sealed("wrong"))
        first = await world.health(HealthState.UNAUTHORIZED)
        rejected = sim["yard"].connection_count

        async def is_checked_again() -> bool:
            entry = await world.api.kv(CameraHealth).get("main.yard")
            return entry is not None and entry.value.checked_at > first.checked_at

        await eventually_async(is_checked_again)
        # one connection for OPTIONS, none that could carry the login
        assert sim["yard"].connection_count <= rejected + 2

        config = CameraConfig(
            camera_id="yard",
            name="yard",
            url=sim["yard"].plain_url,
            credentials=world.sealed(),
            version=2,
        )
        await world.api.kv(CameraConfig).put(config.key, config)
        await world.health(HealthState.ONLINE)


async def test_the_health_of_a_deleted_camera_is_deleted(world: World):
    await world.leader()
    async with CameraSimulator([CameraSpec("yard")]) as sim:
        config = await world.add_camera(sim["yard"].plain_url)
        await world.health(HealthState.ONLINE)

        await world.api.kv(CameraConfig).delete(config.key)

        async def is_gone() -> bool:
            return await world.api.kv(CameraHealth).get(config.key) is None

        await eventually_async(is_gone)


async def test_a_restart_tells_no_change_that_was_told_before(world: World):
    first = await world.leader()
    async with CameraSimulator([CameraSpec("yard")]) as sim:
        await world.add_camera(sim["yard"].plain_url)
        before = await world.health(HealthState.ONLINE)
        await first.end()

        world.running.clear()
        await world.leader(instance="2")

        async def is_checked_again() -> bool:
            entry = await world.api.kv(CameraHealth).get("main.yard")
            return entry is not None and entry.value.checked_at > before.checked_at

        await eventually_async(is_checked_again, within=40)
        assert len(await changes(world)) == 1


async def test_what_happens_while_the_bus_is_away_is_told_when_it_is_back(
    world: World, nats_server: NatsServer
):
    await world.leader()
    async with CameraSimulator([CameraSpec("yard")]) as sim:
        await world.add_camera(sim["yard"].plain_url)
        await world.health(HealthState.ONLINE)

        await nats_server.stop()
        sim["yard"].fault.offline()
        connections = sim["yard"].connection_count
        assert connections >= 1
        leading = world.running[0].discovery.leading
        assert leading is not None

        async def is_offline() -> bool:
            found = leading.health.cameras.get("main.yard")
            return found is not None and found.state is HealthState.OFFLINE

        await eventually_async(is_offline)
        await nats_server.start()

        await world.health(HealthState.OFFLINE)
    assert [e.state for e in await changes(world)] == [HealthState.ONLINE, HealthState.OFFLINE]
