"""How long a scan of a /24 with three devices takes, and how soon a new device is listed.

    python -m benchmarks.discovery

Everything is on loopback, where an address without a device refuses at once: this measures the
scanner and the devices' answers, not a network that swallows packets.
"""

import argparse
import asyncio
import contextlib
import json
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.machine import describe
from tools.camera_sim.camera_spec import CameraSpec
from tools.camera_sim.devices.spec import ChannelSpec, DeviceSpec
from tools.camera_sim.process import CameraProcess
from tools.local.api_client import ApiClient
from tools.local.stack import Stack
from tools.local.stack_options import StackOptions

LOGIN = {"username": "viewer", "password": "benchmark"}
NAMES = ("front", "yard", "gate")
USUAL_PORTS = [80, 443, 554, 2020, 8000, 8080, 8554, 8899, 37777]
SCAN_TARGET_SECONDS, SYNC_TARGET_SECONDS = 10.0, 5.0
WAIT_SECONDS = 60.0


def device(number: int, name: str) -> DeviceSpec:
    """A camera with a day of footage."""
    return DeviceSpec(
        name=name,
        serial=f"SIM{number:08d}X",
        mac=f"02:00:00:00:03:{number:02x}",
        endpoint_id=f"urn:uuid:00000000-0000-4000-8000-{number:012d}",
        username=LOGIN["username"],
        password=LOGIN["password"],
        channels=(ChannelSpec(name=name, main_url=f"camera:{name}"),),
        recorded_hours=24.0,
        file_seconds=900.0,
    )


@contextlib.asynccontextmanager
async def installation() -> AsyncIterator[ApiClient]:
    """A whole installation without cameras."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        stack = Stack(StackOptions.for_tests(Path(folder), discoverers=1))
        await stack.start()
        key = await stack.make_key("benchmark")
        api = ApiClient(stack.api_url, key)
        try:
            yield api
        finally:
            await api.aclose()
            await stack.stop()


async def scan(api: ApiClient, ports: Sequence[int]) -> tuple[float, dict[str, Any]]:
    """Scan the /24 once; return seconds and what was found."""
    started = time.monotonic()
    found = await api.scan(
        targets=["127.0.0.0/24"], ports=[*USUAL_PORTS, *ports], credentials=LOGIN
    )
    return time.monotonic() - started, found


async def first_file(api: ApiClient, scanned: dict[str, Any]) -> list[float]:
    """Add each found device; return seconds until its footage is in the catalog."""
    seconds = []
    for found in scanned["devices"]:
        started = time.monotonic()
        body = {"credentials": LOGIN, "devices": [{"found_id": found["found_id"]}]}
        answer = await api.call("POST", f"/discovery/scans/{scanned['scan_id']}/add", body)
        camera = answer["items"][0]["cameras"][0]
        await until(partial(has_footage, api, camera))
        seconds.append(time.monotonic() - started)
    return seconds


async def has_footage(api: ApiClient, camera: str) -> bool:
    return bool((await api.get(f"/cameras/{camera}/stored-footage", limit=1))["items"])


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(WAIT_SECONDS):
        while not await condition():  # noqa: ASYNC110 - the catalog sets no event here
            await asyncio.sleep(0.05)


async def measure(rounds: int) -> dict[str, Any]:
    """Run everything; return the figures."""
    devices = [device(number, name) for number, name in enumerate(NAMES, 1)]
    specs = [
        CameraSpec(name, username=LOGIN["username"], password=LOGIN["password"]) for name in NAMES
    ]
    with CameraProcess(specs, devices=devices) as simulated:
        ports = [simulated.device_port(name) for name in NAMES]
        scans = []
        async with installation() as api:
            for _ in range(rounds):
                seconds, scanned = await scan(api, ports)
                scans.append(seconds)
            assert len(scanned["devices"]) == len(NAMES), scanned["devices"]
            listed = await first_file(api, scanned)
    return {
        "machine": describe(),
        "addresses": 256,
        "ports": len(USUAL_PORTS) + len(ports),
        "devices": len(NAMES),
        "rounds": rounds,
        "scan_seconds": _summary(scans),
        "first_file_seconds": _summary(listed),
    }


def _summary(values: Sequence[float]) -> dict[str, float]:
    return {"median": round(statistics.median(values), 2), "worst": round(max(values), 2)}


def report(figures: dict[str, Any]) -> str:
    """Return the figures as Markdown."""
    where = figures["machine"]
    rows = [
        ("scan", figures["scan_seconds"], f"{SCAN_TARGET_SECONDS:g} s"),
        (
            "added, until its first file is in the catalog",
            figures["first_file_seconds"],
            f"{SYNC_TARGET_SECONDS:g} s",
        ),
    ]
    size = f"{figures['addresses']} addresses, {figures['ports']} ports each"
    lines = [
        "# Finding devices",
        "",
        f"A scan of 127.0.0.0/24 ({size}) with {figures['devices']} ONVIF devices, a login",
        f"included, from the request until it has ended; {figures['rounds']} rounds. Then each",
        "device is added. On loopback an address without a device refuses at once: this is the",
        "scanner and the devices, not a network that swallows packets.",
        "",
        f"{where['cpu']}, {where['cores']} cores; commit {where['commit']}",
        "",
        "| what | median | worst | target |",
        "|---|---|---|---|",
        *(f"| {what} | {s['median']} s | {s['worst']} s | {aim} |" for what, s, aim in rows),
    ]
    return "\n".join(lines) + "\n"


def main() -> int:
    """Measure, print and write; exit status 1 when a target is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.discovery")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--out", type=Path, default=Path("docs/benchmarks"))
    given = parser.parse_args()
    figures = asyncio.run(measure(given.rounds))
    text = report(figures)
    (given.out / "discovery.md").write_text(text)
    (given.out / "discovery.json").write_text(json.dumps(figures, indent=2) + "\n")
    sys.stdout.write(text)
    missed = (
        figures["scan_seconds"]["worst"] > SCAN_TARGET_SECONDS
        or figures["first_file_seconds"]["worst"] > SYNC_TARGET_SECONDS
    )
    return 1 if missed else 0


if __name__ == "__main__":
    raise SystemExit(main())
