"""Writes live_fanout.json and .md."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks import machine
from benchmarks.live_fanout_summary import PART_SECONDS, Series, Step, conclusion

NAME = "live_fanout"
_METHOD = f"""\
A whole installation on one machine records one simulated camera (1280x720 H.264 at 25 fps, 2 s
between keyframes, AAC; parts of {PART_SECONDS} s). Viewers talk to its one streamer directly, each
with a token of its own, over plain HTTP/1.1 on loopback.

- LL-HLS: each viewer has two connections, as a page with hls.js does: one asks for the playlist
  with the very next part (gzip, blocking reload), one fetches each part that it tells of.
- WebSocket: each viewer has one socket, to which parts are pushed.
- Delay of a part: when its last byte was there, minus its end by the playlist's PROGRAM-DATE-TIME
  (by the message's header). **Added** is what is above the median with one viewer in the same run.
- Every viewer wants every part at the same moment: they are made for all at once.
- A step is within one part when the p99 of the added delay is at most {PART_SECONDS} s, all viewers
  had a picture, they got at least 90 % of the parts, and errors are below 1 %.
- The load generator's own cost stands in the table: where it is full, or its timers are late, a
  late part says nothing about the streamer."""
_HEAD = (
    "| viewers | streamer | requests/s | MB/s | added p50 | added p99 | worst | received "
    "| errors | generator | its timers, p99 | machine |\n"
    "|---|---|---|---|---|---|---|---|---|---|---|---|"
)


def write(series: Sequence[Series], *, cores: str, seconds: float, out: Path) -> str:
    """Write what was measured so far into `out`; return the text."""
    out.mkdir(parents=True, exist_ok=True)
    where = machine.describe()
    measured_at = datetime.now(UTC).isoformat(timespec="seconds")
    result = {
        "measured_at": measured_at,
        "machine": where,
        "cores": cores,
        "seconds_per_step": seconds,
        "series": [_series(each) for each in series],
    }
    (out / f"{NAME}.json").write_text(json.dumps(result, indent=2, allow_nan=False) + "\n")
    text = render(series, where=where, cores=cores, seconds=seconds, measured_at=measured_at)
    (out / f"{NAME}.md").write_text(text)
    return text


def render(
    series: Sequence[Series],
    *,
    where: Mapping[str, str | int],
    cores: str,
    seconds: float,
    measured_at: str,
) -> str:
    """Return the page."""
    note = (
        f"{where['cpu']}, {where['cores']} cores; Python {where['python']}; commit "
        f"{where['commit']}; {measured_at}. {cores} {seconds:g} s per step."
    )
    sections = ["# Live fan-out: viewers of one streamer"]
    sections += [f"**{conclusion(each)}**" for each in series]
    sections += [_METHOD, note, *(_table(each) for each in series)]
    return "\n\n".join(sections) + "\n"


def _table(series: Series) -> str:
    title = f"## {series.transport} (one viewer's median delay: {series.baseline * 1000:.0f} ms)"
    return "\n".join([title, "", _HEAD, *(_row(step) for step in series.steps)])


def _row(step: Step) -> str:
    errors = ", ".join(f"{name}: {count}" for name, count in sorted(step.errors.items())) or "0"
    cells = (
        f"{step.viewers}",
        f"{step.streamer_cpu:.0%} of a core",
        f"{step.requests_per_second:.0f}",
        f"{step.megabytes_per_second:.1f}",
        *(_milliseconds(delay) for delay in (step.p50, step.p99, step.worst)),
        f"{step.received:.1%}",
        errors,
        f"{step.generator_cpu:.0%} of a core",
        _milliseconds(step.generator_late_p99),
        f"{step.machine_busy:.0%}",
    )
    return f"| {' | '.join(cells)} |"


def _milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms" if math.isfinite(seconds) else "-"


def _series(series: Series) -> dict[str, Any]:
    most = series.most
    return {
        "transport": series.transport,
        "viewers_per_core": most.viewers if most else 0,
        "conclusion": conclusion(series),
        "baseline_seconds": series.baseline,
        "steps": [
            {name: _number(value) for name, value in asdict(step).items()} for step in series.steps
        ],
    }


def _number(value: Any) -> Any:
    if not isinstance(value, float):
        return value
    return round(value, 4) if math.isfinite(value) else None
