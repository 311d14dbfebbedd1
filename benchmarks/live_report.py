"""Writes live_latency.json and .md."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import machine

if TYPE_CHECKING:
    from benchmarks.live_latency import Latency, Wall

_METHOD = """\
A simulated camera burns its clock into the picture; a page in headless Chromium reads it back from
the video element at the moment the picture is shown. So the figures are glass to glass: camera,
RTSP, recorder, bus, streamer, gateway, player, decoder. Everything runs on one machine, the browser
and the simulated cameras too, and pictures are decoded in software.

- One camera: 1280x720 H.264 at 25 fps, 2 s between keyframes, AAC; parts of 0.2 s.
- First picture: from the player's start to the first picture shown, of the first and of the second
  viewer of a camera that is being recorded.
- Wall: sixteen cameras of 640x360 in one tab, plain HTTP/1.1, a WebSocket for each tile."""


def write_latency(
    latencies: "Sequence[Latency]",
    walls: "Sequence[Wall]",
    targets: Mapping[str, tuple[float, float, float]],
    *,
    out: Path,
) -> None:
    """Write what was measured into `out`; `targets` are p50, p95 and first picture in seconds."""
    out.mkdir(parents=True, exist_ok=True)
    where = machine.describe()
    measured_at = datetime.now(UTC).isoformat(timespec="seconds")
    result = {
        "measured_at": measured_at,
        "machine": where,
        "targets": targets,
        "one_camera": [asdict(item) for item in latencies],
        "wall": [asdict(item) for item in walls],
    }
    (out / "live_latency.json").write_text(json.dumps(result, indent=2) + "\n")
    note = f"{where['cpu']}, {where['cores']} cores; commit {where['commit']}; {measured_at}"
    sections = ["# Live latency, glass to glass", _METHOD, note, _one_camera(latencies, targets)]
    if walls:
        sections.append(_walls(walls))
    (out / "live_latency.md").write_text("\n\n".join(sections) + "\n")


def _one_camera(
    latencies: "Sequence[Latency]", targets: Mapping[str, tuple[float, float, float]]
) -> str:
    lines = [
        (
            "| transport | p50 (target) | p95 (target) | worst | first viewer (target) "
            "| second viewer | stalls | samples |"
        ),
        "|---|---|---|---|---|---|---|---|",
    ]
    for item in latencies:
        p50, p95, first = targets[item.transport]
        lines.append(
            f"| {item.transport} | {item.p50:.2f} s ({p50}) | {item.p95:.2f} s ({p95}) "
            f"| {item.worst:.2f} s | {item.first_viewer_seconds:.2f} s ({first}) "
            f"| {item.second_viewer_seconds:.2f} s | {item.stalls} | {item.samples} |"
        )
    return "\n".join(lines)


def _walls(walls: "Sequence[Wall]") -> str:
    lines = [
        "| tiles | transport | seconds | stalls | parts skipped | slowest tile | p50 | p95 |",
        "|---|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {item.tiles} | {item.transport} | {item.seconds:.0f} | {item.stalls} "
        f"| {item.skipped_parts} | {item.slowest_tile_fps:.1f} fps | {item.p50:.2f} s "
        f"| {item.p95:.2f} s |"
        for item in walls
    ]
    return "\n".join(lines)
