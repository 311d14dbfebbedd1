"""The command line of the simulator."""

import argparse
import asyncio
import json
import signal
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from tools.camera_sim.camera_spec import CameraSpec
from tools.camera_sim.clip_spec import FRONT_DOOR, PARKING_LOT, WAREHOUSE, ClipSpec
from tools.camera_sim.simulator import CameraSimulator
from tools.camera_sim.spec_json import Specs, specs_from_json

DEMO_ACCOUNT = ("viewer", "demo-camera")


def demo_specs() -> list[CameraSpec]:
    """The three cameras of the demo."""
    user, password = DEMO_ACCOUNT
    return [
        CameraSpec(clip.label, clip, username=user, password=password)
        for clip in (FRONT_DOOR, PARKING_LOT, WAREHOUSE)
    ]


async def main(arguments: Sequence[str] | None = None) -> None:
    """Runs until SIGTERM or SIGINT."""
    options = _parser().parse_args(arguments)
    specs, devices = _specs(options)
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)

    def progress(share: float) -> None:
        if stopped.is_set():
            raise InterruptedError("stopped while encoding")  # ends the encoder's thread
        _show_progress(share)

    simulator = CameraSimulator(
        specs,
        devices=devices,
        clips_dir=options.clips,
        control_port=options.control_port,
        discovery_port=options.discovery_port,
        progress=progress,
    )
    running = asyncio.create_task(_run(simulator, stopped), name="simulator")
    stop = asyncio.create_task(stopped.wait(), name="stop")
    await asyncio.wait({running, stop}, return_when=asyncio.FIRST_COMPLETED)
    if not running.done():
        running.cancel()
    stop.cancel()
    try:
        await running
    except asyncio.CancelledError:
        return


async def _run(simulator: CameraSimulator, stopped: asyncio.Event) -> None:
    async with simulator:
        for camera in simulator.cameras.values():
            line = {
                "ready": True,
                "kind": "camera",
                "name": camera.spec.name,
                "url": camera.url,
                "plain_url": camera.plain_url,
                "username": camera.spec.username,
                "password": camera.spec.password,
                "control": simulator.control_url,
            }
            sys.stdout.write(json.dumps(line) + "\n")
        for device in simulator.devices.values():
            line = {
                "ready": True,
                "kind": "device",
                "name": device.spec.name,
                "url": device.url,
                "username": device.spec.username,
                "password": device.spec.password,
                "control": simulator.control_url,
            }
            sys.stdout.write(json.dumps(line) + "\n")
        sys.stdout.flush()
        await stopped.wait()


def _show_progress(share: float) -> None:
    sys.stderr.write(f"\rencoding a clip: {share:4.0%}" + ("\n" if share >= 1 else ""))
    sys.stderr.flush()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tools.camera_sim", description=__doc__)
    parser.add_argument("--cameras", default="demo", help="demo, or how many of the demo's")
    parser.add_argument("--count", type=int, help="that many identical cameras instead")
    parser.add_argument("--specs", type=Path, help="a JSON file instead, - reads stdin")
    parser.add_argument("--width", type=int, default=1920)
    parser.add_argument("--height", type=int, default=1080)
    parser.add_argument("--codec", default="h264", choices=["h264", "hevc", "mpeg4"])
    parser.add_argument("--audio", default="aac", choices=["none", "aac", "alaw", "mulaw"])
    parser.add_argument("--duration", type=int, default=60, help="seconds of the loop")
    parser.add_argument("--speed", type=float, default=1.0, help="media seconds per second")
    parser.add_argument("--port-base", type=int, default=0, help="first port, 0: any")
    parser.add_argument("--control-port", type=int, default=0, help="0: any")
    parser.add_argument("--discovery-port", type=int, help="WS-Discovery of devices: 3702")
    parser.add_argument("--clips", type=Path, help="directory of encoded clips")
    return parser


def _specs(options: argparse.Namespace) -> Specs:
    if options.specs:
        text = sys.stdin.read() if str(options.specs) == "-" else options.specs.read_text()
        return specs_from_json(text)
    if options.count:
        clip = ClipSpec(
            width=options.width,
            height=options.height,
            codec=options.codec,
            audio=options.audio,
            duration_seconds=options.duration,
        )
        specs = [CameraSpec(f"camera-{n:02}", clip) for n in range(1, options.count + 1)]
    else:
        specs = demo_specs()
        if options.cameras != "demo":
            specs = specs[: int(options.cameras)]
    base: int = options.port_base
    cameras = [
        replace(spec, speed=options.speed, port=base + index if base else 0)
        for index, spec in enumerate(specs)
    ]
    return Specs(cameras, [])
