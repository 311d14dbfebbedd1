"""Writes recording_density.json, .md and .png."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from statistics import fmean

from benchmarks import density_chart, density_profile, machine
from benchmarks.density_summary import (
    Round,
    Summary,
    cpu_per_camera_minute,
    ratio,
    summarise_all,
    tables,
)

NAME = "recording_density"
_METHOD = """\
Both sides record the same simulated cameras (1920x1080 H.264, 25 fps, 2 s between keyframes, AAC;
RTSP over TCP) to the same disk, one after the other in alternating rounds. Counted is CPU time
(user and system, all threads) within each window after a warm-up. Windows of a minute and more
hold each minute's change of files, and the uploads, whole.

- **Everframe**: the recorder process alone, in a running installation. It does more than ffmpeg:
  parts for live viewing, fragment index, checksum, fsync, upload to an S3 server, events. The
  servers, the API and the object store are not counted, though they use the same cores.
- **ffmpeg**: one process per camera, `-c copy -f segment -segment_time 60 -segment_format mp4
  -segment_atclocktime 1 -reset_timestamps 1`; all of them are counted.
- Missing pictures are counted in the files of both sides, by the clock in the pictures, from the
  first one recorded to the end of the window. The recorder's own counter of lost packets proves
  nothing here: libav reports losses over UDP only, and to its log only.
- PSS of the recorder depends on the other Python processes that share its libraries; RSS does not.
- Where the machine is busy beyond 90 %, neither side's figures say what it would need alone."""


def write(
    rounds: Sequence[Round], steps: list[density_profile.Step], *, ffmpeg: str, out: Path
) -> None:
    """Write what was measured so far into `out`."""
    out.mkdir(parents=True, exist_ok=True)
    where = machine.describe(ffmpeg=ffmpeg)
    pairs = summarise_all(rounds)
    measured_at = datetime.now(UTC).isoformat(timespec="seconds")
    result = {
        "measured_at": measured_at,
        "machine": where,
        "summaries": [_compared(ours, theirs) for ours, theirs in pairs],
        "profile": [asdict(step) for step in steps],
        "rounds": [asdict(measured) for measured in rounds],
    }
    (out / f"{NAME}.json").write_text(json.dumps(result, indent=2) + "\n")
    text = _text(rounds, pairs, steps, heading=_heading(rounds, pairs, where, measured_at))
    (out / f"{NAME}.md").write_text(text)
    if pairs:
        note = f"{where['cpu']}, {where['cores']} cores; commit {where['commit']}"
        density_chart.draw(pairs, out / f"{NAME}.png", note=note)


def read_text(out: Path) -> str:
    """Return the summary that `write` made."""
    return (out / f"{NAME}.md").read_text()


def _compared(ours: Summary, theirs: Summary) -> dict[str, object]:
    names = (
        "cpu_seconds_per_camera_minute",
        "rss_bytes_per_camera",
        "pss_bytes_per_camera",
        "media_bytes_per_camera_minute",
    )
    return {
        "cameras": ours.cameras,
        "everframe": asdict(ours),
        "ffmpeg": asdict(theirs),
        "ratio": {name: ratio(getattr(ours, name), getattr(theirs, name)) for name in names},
    }


def _text(
    rounds: Sequence[Round],
    pairs: Sequence[tuple[Summary, Summary]],
    steps: list[density_profile.Step],
    *,
    heading: str,
) -> str:
    sections = ["# Recording density", heading, tables(pairs)]
    if pairs:
        sections.append(f"![CPU and memory over the number of cameras]({NAME}.png)")
    sections += ["## What was measured", _METHOD]
    if profile := _profile(rounds, steps):
        sections += ["## Where the recorder's time goes", profile]
    return "\n\n".join(sections) + "\n"


def _heading(
    rounds: Sequence[Round],
    pairs: Sequence[tuple[Summary, Summary]],
    where: dict[str, str | int],
    measured_at: str,
) -> str:
    seconds = fmean(measured.seconds for measured in rounds)
    most = max((ours.rounds for ours, _ in pairs), default=0)
    memory = int(where["memory_bytes"]) / 2**30
    before = max(measured.busy_before for measured in rounds)
    return (
        f"Measured {measured_at} by `make bench`: {most} rounds of {seconds:.0f} s of each side "
        f"for every number of cameras. Before a round began, at most {before:.0%} of the machine "
        f"was busy with other things.\n\n"
        f"{where['cpu']}, {where['cores']} cores, {memory:.0f} GiB; Linux {where['kernel']}, "
        f"Python {where['python']}, PyAV {where['pyav']}, ffmpeg {where['ffmpeg']}; "
        f"commit {where['commit']}."
    )


def _profile(rounds: Sequence[Round], steps: list[density_profile.Step]) -> str:
    lines = [
        f"- {r.cameras} cameras: main thread {r.threads.main:.2f} CPU-s, "
        f"{r.threads.other_threads} others {r.threads.others:.2f} CPU-s "
        f"(the busiest {r.threads.busiest_other:.2f}), in {r.seconds:.0f} s"
        for r in rounds
        if r.threads is not None
    ]
    parts = []
    if lines:
        parts.append("The recorder's threads, each round:\n\n" + "\n".join(lines))
    if steps:
        alone = [
            cpu_per_camera_minute(r) for r in rounds if r.side == "everframe" and r.cameras == 1
        ]
        report = density_profile.report(steps, fmean(alone) if alone else None)
        parts.append(report.replace(":\n", ":\n\n", 1))
    return "\n\n".join(parts)
