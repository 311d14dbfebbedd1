"""The chart: CPU per camera-minute and memory per camera over the number of cameras."""

from collections.abc import Callable, Sequence
from pathlib import Path

import matplotlib as mpl

from benchmarks.density_summary import Summary

_MB = 1_000_000
_OURS, _THEIRS = "#1f5fa8", "#c8641e"
_WIDTH = 0.38


def draw(pairs: Sequence[tuple[Summary, Summary]], path: Path, *, note: str) -> None:
    """Write a PNG; `note` says below the chart what was measured on which machine."""
    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, (cpu, memory) = plt.subplots(1, 2, figsize=(12, 5.2), dpi=120)
    _bars(cpu, pairs, lambda s: s.cpu_seconds_per_camera_minute, "{:.2f}")
    cpu.set_title("CPU")
    cpu.set_ylabel("CPU-seconds per camera-minute")
    _bars(memory, pairs, lambda s: s.pss_bytes_per_camera / _MB, "{:.0f}")
    memory.set_title("Memory (PSS: shared pages divided among the processes)")
    memory.set_ylabel("MB per camera")
    figure.suptitle("Recording 1920x1080 H.264 + AAC: less is better")
    figure.text(0.5, 0.01, note, ha="center", fontsize=8, color="#444444")
    figure.tight_layout(rect=(0, 0.04, 1, 1))
    figure.savefig(path)
    plt.close(figure)


def _bars(
    axes: "mpl.axes.Axes",
    pairs: Sequence[tuple[Summary, Summary]],
    value: Callable[[Summary], float],
    form: str,
) -> None:
    positions = range(len(pairs))
    sides = (
        ("Everframe recorder, whole", _OURS, [value(ours) for ours, _ in pairs], -_WIDTH / 2),
        ("one ffmpeg per camera", _THEIRS, [value(theirs) for _, theirs in pairs], _WIDTH / 2),
    )
    for label, colour, heights, shift in sides:
        bars = axes.bar([p + shift for p in positions], heights, _WIDTH, label=label, color=colour)
        axes.bar_label(bars, labels=[form.format(h) for h in heights], fontsize=8, padding=2)
    axes.set_xticks(list(positions), [str(ours.cameras) for ours, _ in pairs])
    axes.set_xlabel("cameras")
    axes.margins(y=0.15)
    axes.grid(axis="y", alpha=0.3)
    axes.set_axisbelow(True)  # type: ignore[no-untyped-call, unused-ignore]
    axes.legend()
