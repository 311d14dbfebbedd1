"""A client that others wrote finds all simulated devices behind one UDP port."""

from tests.foreign_clients import needs_foreign_clients, run_foreign
from tools.camera_sim.devices.device import SimulatedDevice
from tools.camera_sim.devices.spec import DeviceSpec
from tools.camera_sim.devices.ws_discovery import DiscoveryFaults, DiscoveryResponder

SPECS = [
    DeviceSpec(name=name, endpoint_id=f"urn:uuid:0000000{number}-0000-4000-8000-00000000000a")
    for number, name in enumerate(("Front door", "Yard", "Gate"), start=1)
]

pytestmark = needs_foreign_clients


async def test_wsdiscovery_finds_every_device_with_its_address_and_scopes() -> None:
    devices = [SimulatedDevice(spec) for spec in SPECS]
    faults = DiscoveryFaults(copies=2, garbage=True)
    async with (
        devices[0],
        devices[1],
        devices[2],
        DiscoveryResponder(devices, port=0, faults=faults) as responder,
    ):
        found = await run_foreign("wsdiscovery_find.py", responder.port, len(SPECS))

    assert {endpoint: seen["xaddrs"] for endpoint, seen in found.items()} == {
        device.spec.endpoint_id: [f"http://127.0.0.1:{device.port}/onvif/device_service"]
        for device in devices
    }
    yard = found[SPECS[1].endpoint_id]
    assert any("/name/Yard" in scope for scope in yard["scopes"])
    assert any("NetworkVideoTransmitter" in name for name in yard["types"])
