"""A real bus, discovery instances on it, and simulated devices and cameras."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar

from cryptography.fernet import Fernet
from pydantic import SecretStr

from libs.bus.client import Bus, BusConfig
from libs.bus.declare import declare
from libs.bus.errors import BusUnavailable
from libs.contracts.asks import CancelScan, ScanNetwork, ScanState
from libs.contracts.cameras import CameraConfig, CameraState, camera_key
from libs.contracts.devices import DeviceConfig, DeviceState, DriverName, device_key
from libs.contracts.health import CameraHealth, HealthState
from libs.contracts.messages import Message
from libs.contracts.ownership import RecordingProgress
from libs.runtime.credentials import CameraCredentials, CredentialBox
from services.api.wiring import WIRING as API
from services.discovery.app import Discovery
from services.discovery.logins import Logins
from services.discovery.settings import DiscoverySettings
from services.discovery.wiring import WIRING
from services.recorder.wiring import WIRING as RECORDER
from tests.waiting import eventually, eventually_async
from tools.camera_sim.devices.device import SimulatedDevice
from tools.camera_sim.devices.faults import DeviceFaults
from tools.camera_sim.devices.spec import ChannelSpec, DeviceSpec
from tools.local.nats_server import NatsServer

M = TypeVar("M", bound=Message)
PASSWORD = "tr0mb0ne-Pa$$word/42"


def device(number: int, **changes: Any) -> DeviceSpec:
    """One of several devices that can be told apart."""
    values: dict[str, Any] = {
        "name": f"Device {number}",
        "serial": f"SIM{number:08d}X{number * 7919:08d}",
        "mac": f"02:00:00:00:01:{number:02x}",
        "endpoint_id": f"urn:uuid:00000000-0000-4000-8000-{number:012d}",
        "password": PASSWORD,
    }
    return DeviceSpec(**values | changes)


def simulated(number: int, **changes: Any) -> SimulatedDevice:
    return SimulatedDevice(device(number, **changes), faults=DeviceFaults())


__all__ = ["PASSWORD", "ChannelSpec", "Instance", "World", "device", "simulated"]


@dataclass
class Instance:
    """A discovery instance in this process."""

    discovery: Discovery
    bus: Bus
    stop: asyncio.Event
    task: asyncio.Task[None]

    @property
    def leads(self) -> bool:
        return self.discovery.leading is not None

    async def end(self) -> None:
        self.stop.set()
        await self.task
        await self.bus.drain(0.5)

    async def kill(self) -> None:
        """Go without a word: nothing is written and nothing released any more."""
        await self.bus._connection.close(0)
        self.task.cancel()
        done, _ = await asyncio.wait([self.task], timeout=10)
        assert done, "discovery does not end"


@dataclass
class World:
    """Everything around discovery."""

    server: NatsServer
    key: str = field(default_factory=lambda: Fernet.generate_key().decode())
    buses: dict[str, Bus] = field(default_factory=dict)
    running: list[Instance] = field(default_factory=list)

    async def start(self) -> None:
        await declare(BusConfig(url=self.server.users.admin), [RECORDER, WIRING, API])
        self.buses = {
            "api": await self._connect("api"),
            "recorder": await self._connect("recorder"),
        }

    async def discovery(self, instance: str = "1", **changes: Any) -> Instance:
        values: dict[str, Any] = {
            "instance": instance,
            "credential_keys": SecretStr(self.key),
            "allow_loopback_cameras": True,
            "leader_ttl_seconds": 2,
            "scan_connect_seconds": 0.5,
            "device_timeout_seconds": 4.0,
            "health_seconds": 1.0,
        }
        bus = await self._connect("discovery")
        settings = DiscoverySettings(**values | changes)
        discovery = Discovery(settings, bus, Logins(self.box))
        stop = asyncio.Event()
        task = asyncio.create_task(discovery.run(stop))
        running = Instance(discovery, bus, stop, task)
        self.running.append(running)
        return running

    async def leader(self, **changes: Any) -> Instance:
        running = await self.discovery(**changes)
        await eventually(lambda: running.leads)
        return running

    @property
    def box(self) -> CredentialBox:
        return CredentialBox(self.key)

    def sealed(self, password: str = PASSWORD, username: str = "admin") -> str:
        return self.box.seal(CameraCredentials(username, password))

    @property
    def api(self) -> Bus:
        return self.buses["api"]

    async def answered(self) -> None:
        """Return when somebody takes asks."""

        async def is_answered() -> bool:
            try:
                await self.api.ask(CancelScan(scan_id="f" * 16))
            except BusUnavailable:
                return False
            return True

        await eventually_async(is_answered)

    async def scan(self, ask: ScanNetwork) -> ScanState:
        """Start a scan and return its end."""
        await self.answered()
        accepted = await self.api.ask(ask)
        assert accepted.failure is None, accepted
        return await self.scan_end(ask.scan_id)

    async def scan_state(self, scan_id: str) -> ScanState | None:
        entry = await self.api.kv(ScanState).get(device_key("main", scan_id))
        return entry.value if entry else None

    async def scan_end(self, scan_id: str) -> ScanState:
        found: list[ScanState] = []

        async def has_ended() -> bool:
            state = await self.scan_state(scan_id)
            found[:] = [state] if state and state.state != "running" else []
            return bool(found)

        await eventually_async(has_ended, within=60)
        return found[0]

    async def add_device(self, simulated: SimulatedDevice, **changes: Any) -> DeviceConfig:
        values: dict[str, Any] = {
            "device_id": "nvr",
            "name": "NVR",
            "driver": DriverName.ISAPI,
            "host": "127.0.0.1",
            "port": simulated.port,
            "credentials": self.sealed(),
        }
        config = DeviceConfig(**values | changes)
        await self.api.kv(DeviceConfig).put(config.key, config)
        return config

    async def device_state(
        self, condition: Callable[[DeviceState], bool], device_id: str = "nvr"
    ) -> DeviceState:
        """Return the device's state as soon as the condition holds."""
        return await self._value(DeviceState, device_key("main", device_id), condition)

    async def add_camera(self, url: str, camera_id: str = "yard", **changes: Any) -> CameraConfig:
        config = CameraConfig(camera_id=camera_id, name=camera_id, url=url, **changes)
        await self.api.kv(CameraConfig).put(config.key, config)
        return config

    async def health(self, state: HealthState, camera_id: str = "yard") -> CameraHealth:
        """Return the camera's health as soon as it is in this state."""
        return await self._value(
            CameraHealth, camera_key("main", camera_id), lambda health: health.state is state
        )

    async def report(self, state: CameraState, camera_id: str = "yard", detail: str = "") -> None:
        """Write what a recorder says of a camera."""
        moment = datetime.now(UTC)
        progress = RecordingProgress(
            camera_id=camera_id,
            recorder="recorder-1",
            epoch=1,
            seen_at=moment,
            accounted_until=moment,
            state=state,
            state_since=moment,
            detail=detail,
        )
        bus = self.buses["recorder"]
        await bus.kv(RecordingProgress).put(camera_key("main", camera_id), progress)

    async def close(self) -> None:
        for running in self.running:
            if not running.task.done():
                await running.end()
        await asyncio.gather(*(bus.drain(0.5) for bus in self.buses.values()))

    async def _connect(self, service: str) -> Bus:
        wiring = {"api": API, "recorder": RECORDER, "discovery": WIRING}[service]
        config = BusConfig(url=getattr(self.server.users, service), name=f"test-{service}")
        return await Bus.connect(config, wiring, wait_seconds=10)

    async def _value(self, model: type[M], key: str, condition: Callable[[M], bool]) -> M:
        found: list[M] = []

        async def holds() -> bool:
            try:
                entry = await self.api.kv(model).get(key)
            except BusUnavailable:
                return False
            found[:] = [entry.value] if entry and condition(entry.value) else []
            return bool(found)

        await eventually_async(holds, within=30)
        return found[0]
