"""A client that others wrote finds its way around the simulated Dahua device."""

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.foreign_clients import needs_foreign_clients, run_foreign
from tools.camera_sim.devices.device import SimulatedDevice
from tools.camera_sim.devices.faults import DeviceFaults
from tools.camera_sim.devices.spec import ChannelSpec, DeviceSpec
from tools.camera_sim.devices.timeline import steady_timeline

NOW = datetime(2025, 7, 1, 12, 0, tzinfo=UTC)
SPEC = DeviceSpec(
    protocols=frozenset({"dahua"}), channels=(ChannelSpec(sub_url="rtsp://127.0.0.1:554/sub"),)
)

pytestmark = needs_foreign_clients


async def look(device: SimulatedDevice, channel: int, start: str, end: str) -> dict[str, Any]:
    who = (device.port, SPEC.username, SPEC.password)
    seen: dict[str, Any] = await run_foreign("amcrest_look.py", *who, channel, start, end)
    return seen


async def test_amcrest_reads_who_the_device_is_and_lists_every_file_of_a_day() -> None:
    faults = DeviceFaults(zone="CET-1CEST,M3.5.0,M10.5.0/3")
    timeline = steady_timeline(1, NOW - timedelta(days=1), NOW, file_seconds=300, now=lambda: NOW)

    async with SimulatedDevice(SPEC, timeline, faults) as device:
        seen = await look(device, 1, "2025-06-30 00:00:00", "2025-07-02 00:00:00")

    assert seen["device_type"] == SPEC.model
    assert seen["serial"] == SPEC.serial
    assert seen["name"] == SPEC.name
    assert seen["software"][0] == "V5.7.3"
    assert seen["clock"] == "2025-07-01T14:00:00"
    assert len(set(seen["paths"])) == len(seen["paths"]) == 288
    assert seen["paths"][0].startswith("/mnt/sd/2025-06-30/001/dav/14/14.00.00-14.05.00[R]")
    assert seen["snapshot_bytes"] > 1000
    assert device.open_finders == set()


async def test_amcrest_lists_all_files_of_firmware_that_counts_channels_from_zero() -> None:
    faults = DeviceFaults(channel_base=0, page_cap=7)
    timeline = steady_timeline(1, NOW - timedelta(hours=12), NOW, now=lambda: NOW)

    async with SimulatedDevice(SPEC, timeline, faults) as device:
        seen = await look(device, 0, "2025-06-30 00:00:00", "2025-07-02 00:00:00")

    assert len(seen["paths"]) == 24
