"""Registered devices and camera health over a bus in memory."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.fernet import Fernet

from libs.bus.testing import FakeBroker
from libs.contracts.devices import (
    DeviceConfig,
    DeviceState,
    DriverName,
    FailureReason,
    LoginState,
)
from libs.devices.breaker import credentials_digest
from libs.devices.errors import DeviceError
from libs.runtime.credentials import CameraCredentials, CredentialBox
from services.api.wiring import WIRING as API
from services.discovery.addresses import AddressRules
from services.discovery.device_handle import DeviceTools
from services.discovery.devices import DeviceRegistry
from services.discovery.logins import Logins
from services.discovery.wiring import WIRING
from tests.unit.discovery.discovery_fakes import FakeDevice, FakeDrivers
from tests.waiting import eventually, eventually_async, running

HOST, PORT = "192.0.2.7", 80
BOX = CredentialBox(Fernet.generate_key().decode())


def config(password: str = "good", **changes: object) -> DeviceConfig:
    values = {
        "device_id": "nvr",
        "name": "NVR",
        "driver": DriverName.ISAPI,
        "host": HOST,
        "port": PORT,
        "credentials": BOX.seal(CameraCredentials("admin", password)),
    }
    return DeviceConfig.model_validate(values | changes)


class Site:
    def __init__(self) -> None:
        self.broker = FakeBroker()
        self.device = FakeDevice(frozenset({DriverName.ISAPI}))
        self.drivers = FakeDrivers({(HOST, PORT): self.device})
        self.api = self.broker.bus(API)
        tools = DeviceTools(
            drivers=self.drivers,
            rules=AddressRules(allow_loopback=False),
            logins=Logins(BOX),
            now=lambda: datetime.now(UTC),
            timeout_seconds=1.0,
        )
        self.registry = DeviceRegistry(self.broker.bus(WIRING), "main", tools)

    async def want(self, wanted: DeviceConfig) -> None:
        await self.api.kv(DeviceConfig).put(wanted.key, wanted)

    async def state(self) -> DeviceState | None:
        entry = await self.api.kv(DeviceState).get("main.nvr")
        return entry.value if entry else None

    @contextlib.asynccontextmanager
    async def seen(self, wanted: DeviceConfig) -> AsyncIterator[None]:
        """Run with this device, from when it was first looked at."""
        await self.want(wanted)
        async with running(self.registry.run()):
            await eventually_async(self._is_seen)
            yield

    async def _is_seen(self) -> bool:
        state = await self.state()
        return state is not None and state.checked_at is not None


async def test_details_and_clock_are_stored_and_the_driver_is_closed_at_the_end():
    site = Site()
    async with site.seen(config()):
        state = await site.state()

    assert state is not None
    assert state.details is not None
    assert state.clock is not None
    assert state.clock.offset_seconds == 1.5
    assert site.device.closed == len(site.drivers.built) == 1


async def test_a_stored_rejection_of_this_login_is_respected_after_a_restart():
    site, wanted = Site(), config("wrong")
    failure = DeviceError(FailureReason.UNAUTHORIZED, "rejected").failure
    digest = credentials_digest(wanted.credentials)
    login = LoginState(credentials_digest=digest, failure=failure, opened_at=datetime.now(UTC))
    stored = DeviceState(device_id="nvr", login=login)
    discovery = site.broker.bus(WIRING)
    await discovery.kv(DeviceState).put("main.nvr", stored)

    async with site.seen(wanted):
        state = await site.state()

    assert site.device.attempts == 0
    assert state is not None
    assert state.failure is not None


async def test_a_changed_login_is_tried_and_a_changed_name_is_not():
    site, wanted = Site(), config("wrong")
    async with site.seen(wanted):
        handle = site.registry.handles["nvr"]
        await site.want(wanted.model_copy(update={"name": "Other", "version": 2}))
        await eventually(lambda: handle.config.name == "Other")
        assert handle.breaker.is_open

        await site.want(config("good", version=3))
        await eventually(lambda: handle.state.details is not None)

    assert site.device.attempts == 2


async def test_one_caller_at_a_time_has_the_device_and_its_clock_is_known_then():
    site = Site()
    async with site.seen(config()):
        handle = site.registry.handles["nvr"]
        inside: list[int] = []

        async def use() -> None:
            async with handle.use():
                inside.append(1)
                assert len(inside) == 1
                assert handle.clock is not None
                await asyncio.sleep(0)
                inside.pop()

        await asyncio.gather(*(use() for _ in range(5)))

    assert not inside


async def test_a_deleted_device_is_not_connected_to_by_who_still_lists_its_footage():
    # The connection that was made after the deletion was never closed.
    site, wanted = Site(), config()
    async with site.seen(wanted):
        handle = site.registry.handles["nvr"]
        await site.api.kv(DeviceConfig).delete(wanted.key)
        await eventually(lambda: site.device.closed == 1)
        with pytest.raises(DeviceError, match="not registered"):
            async with handle.use():
                pass

    assert len(site.drivers.built) == 1


async def test_a_login_that_was_changed_while_nobody_watched_closes_the_stored_breaker():
    site = Site()
    failure = DeviceError(FailureReason.UNAUTHORIZED, "rejected").failure
    login = LoginState(credentials_digest="0" * 16, failure=failure, opened_at=datetime.now(UTC))
    stored = DeviceState(device_id="nvr", login=login)
    await site.broker.bus(WIRING).kv(DeviceState).put("main.nvr", stored)

    async with site.seen(config("good")):
        state = await site.state()

    assert state is not None
    assert state.login.failure is None


async def test_a_clock_is_measured_again_when_its_measurement_is_old():
    site = Site()
    async with site.seen(config()):
        handle = site.registry.handles["nvr"]
        for _ in range(2):
            async with handle.use():
                measured = site.device.clocks
        assert handle.clock is not None
        old = handle.clock.measured_at - timedelta(minutes=10)
        handle.update_state(clock=handle.clock.model_copy(update={"measured_at": old}))
        async with handle.use():
            assert site.device.clocks == measured + 1


async def test_a_recorders_rejection_opens_the_breaker_unless_it_is_older_than_the_last_success():
    site = Site()
    async with site.seen(config()):
        handle = site.registry.handles["nvr"]
        now = datetime.now(UTC)

        handle.rejected_elsewhere(now - timedelta(hours=1), "401")
        assert not handle.breaker.is_open
        handle.rejected_elsewhere(now + timedelta(seconds=1), "401")
        assert handle.breaker.is_open
        await eventually_async(lambda: _is_stored_open(site))


async def test_states_of_devices_that_were_deleted_meanwhile_are_removed():
    site = Site()
    await site.broker.bus(WIRING).kv(DeviceState).put("main.nvr", DeviceState(device_id="nvr"))

    async with running(site.registry.run()):
        await eventually_async(lambda: _is_gone(site))


async def test_what_was_seen_while_the_bus_was_away_is_stored_when_it_is_back():
    site = Site()
    async with site.seen(config()):
        handle = site.registry.handles["nvr"]
        site.broker.go_offline()
        moments = [datetime(2026, 3, 1, hour, tzinfo=UTC) for hour in (1, 2)]
        for moment in moments:
            handle.update_state(checked_at=moment)
        site.broker.go_online()

        await eventually_async(lambda: _is_checked(site, moments[-1]))


async def _is_stored_open(site: Site) -> bool:
    state = await site.state()
    return state is not None and state.login.failure is not None


async def _is_gone(site: Site) -> bool:
    return await site.state() is None


async def _is_checked(site: Site, at: datetime) -> bool:
    state = await site.state()
    return state is not None and state.checked_at == at


async def test_an_announcement_has_its_own_device_looked_at_and_not_all_the_time(
    monkeypatch: pytest.MonkeyPatch,
):
    site = Site()
    async with site.seen(config(endpoint_id="urn:uuid:1")):
        wanted = site.registry.handles["nvr"].wanted

        site.registry.announced("urn:uuid:1")
        assert not wanted.is_set(), "it was looked at a moment ago"
        monkeypatch.setattr("services.discovery.devices.ANNOUNCED_AGAIN_SECONDS", 0.0)
        for stranger in ("urn:uuid:2", ""):
            site.registry.announced(stranger)
        assert not wanted.is_set()
        site.registry.announced("urn:uuid:1")
        assert wanted.is_set()
