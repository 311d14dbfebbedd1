"""A client that others wrote finds its way around the simulated Dahua device."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tools.camera_sim.devices.device import SimulatedDevice
from tools.camera_sim.devices.faults import DeviceFaults
from tools.camera_sim.devices.spec import ChannelSpec, DeviceSpec
from tools.camera_sim.devices.timeline import steady_timeline

ROOT = Path(__file__).resolve().parents[3]
PYTHON = ROOT / ".venv-foreign" / "bin" / "python"
NOW = datetime(2025, 7, 1, 12, 0, tzinfo=UTC)
SPEC = DeviceSpec(
    protocols=frozenset({"dahua"}), channels=(ChannelSpec(sub_url="rtsp://127.0.0.1:554/sub"),)
)

pytestmark = pytest.mark.skipif(
    not PYTHON.exists(), reason="the environment with foreign clients is not installed"
)


async def look(device: SimulatedDevice, channel: int, start: str, end: str) -> dict[str, Any]:
    process = await asyncio.create_subprocess_exec(
        str(PYTHON),
        str(ROOT / "tests" / "foreign" / "amcrest_look.py"),
        *(str(device.port), SPEC.username, SPEC.password, str(channel), start, end),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(60):
            out, errors = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0, errors.decode()
    seen: dict[str, Any] = json.loads(out)
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
