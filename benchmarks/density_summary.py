"""From measured rounds to the table: averages, ratios, Markdown."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import fmean

from benchmarks.proc_usage import ThreadShare

_MB = 1_000_000


@dataclass(frozen=True, slots=True)
class Round:
    """One measured window of one side. Bytes and CPU are of the window, memory is its peak."""

    side: str
    cameras: int
    seconds: float
    cpu_seconds: float
    rss_bytes: int
    pss_bytes: int
    media_bytes: int
    store_bytes: int
    frames_recorded: int
    frames_expected: int
    """From the first picture recorded to the end of the window at least, warm-up included."""
    machine_busy: float
    """Share of all cores, everything that ran counted, 0 to 1."""
    simulator_cpu_seconds: float
    busy_before: float = 0.0
    """`machine_busy` before the side was started."""
    counters: dict[str, float] = field(default_factory=dict)
    threads: ThreadShare | None = None


@dataclass(frozen=True, slots=True)
class Summary:
    """One side at one number of cameras, averaged over its rounds."""

    side: str
    cameras: int
    rounds: int
    cpu_seconds_per_camera_minute: float
    cpu_spread: float
    """Largest minus smallest round, as a share of the average."""
    rss_bytes: float
    pss_bytes: float
    rss_bytes_per_camera: float
    pss_bytes_per_camera: float
    media_bytes_per_camera_minute: float
    store_bytes_per_camera_minute: float
    frames_recorded: int
    frames_missing: int
    machine_busy: float
    counters: dict[str, float]


def cpu_per_camera_minute(measured: Round) -> float:
    """CPU-seconds for one camera and one minute."""
    return measured.cpu_seconds / (measured.cameras * measured.seconds / 60)


def summarise(rounds: Sequence[Round]) -> Summary:
    """Average rounds of one side and one number of cameras; frames and counters are added up."""
    if len({(r.side, r.cameras) for r in rounds}) != 1:
        raise ValueError("rounds of exactly one side and one number of cameras")
    cameras = rounds[0].cameras
    cpu = [cpu_per_camera_minute(r) for r in rounds]
    rss, pss = fmean(r.rss_bytes for r in rounds), fmean(r.pss_bytes for r in rounds)
    names = {name for r in rounds for name in r.counters}
    return Summary(
        side=rounds[0].side,
        cameras=cameras,
        rounds=len(rounds),
        cpu_seconds_per_camera_minute=fmean(cpu),
        cpu_spread=(max(cpu) - min(cpu)) / fmean(cpu) if any(cpu) else 0.0,
        rss_bytes=rss,
        pss_bytes=pss,
        rss_bytes_per_camera=rss / cameras,
        pss_bytes_per_camera=pss / cameras,
        media_bytes_per_camera_minute=_per_camera_minute(rounds, lambda r: r.media_bytes),
        store_bytes_per_camera_minute=_per_camera_minute(rounds, lambda r: r.store_bytes),
        frames_recorded=sum(r.frames_recorded for r in rounds),
        frames_missing=sum(r.frames_expected - r.frames_recorded for r in rounds),
        machine_busy=fmean(r.machine_busy for r in rounds),
        counters={name: sum(r.counters.get(name, 0.0) for r in rounds) for name in sorted(names)},
    )


def summarise_all(rounds: Sequence[Round]) -> list[tuple[Summary, Summary]]:
    """Return (Everframe, ffmpeg) for every number of cameras that both sides have, ascending."""
    pairs = []
    for cameras in sorted({r.cameras for r in rounds}):
        ours, theirs = (
            [r for r in rounds if r.cameras == cameras and r.side == side]
            for side in ("everframe", "ffmpeg")
        )
        if ours and theirs:
            pairs.append((summarise(ours), summarise(theirs)))
    return pairs


def ratio(ours: float, theirs: float) -> float | None:
    """Everframe divided by ffmpeg; None when there is nothing to divide by."""
    return ours / theirs if theirs else None


def tables(pairs: Sequence[tuple[Summary, Summary]]) -> str:
    """Return the Markdown tables: CPU and memory, then what was written and lost."""
    cost = [
        [
            str(ours.cameras),
            *_compared(
                ours.cpu_seconds_per_camera_minute, theirs.cpu_seconds_per_camera_minute, "{:.2f}"
            ),
            *_compared(ours.rss_bytes_per_camera / _MB, theirs.rss_bytes_per_camera / _MB),
            *_compared(ours.pss_bytes_per_camera / _MB, theirs.pss_bytes_per_camera / _MB),
            f"{ours.rss_bytes / _MB:.0f} / {theirs.rss_bytes / _MB:.0f}",
            f"{ours.pss_bytes / _MB:.0f} / {theirs.pss_bytes / _MB:.0f}",
            f"{ours.machine_busy:.0%} / {theirs.machine_busy:.0%}",
        ]
        for ours, theirs in pairs
    ]
    written = [
        [
            str(ours.cameras),
            f"{ours.media_bytes_per_camera_minute / _MB:.1f}",
            f"{theirs.media_bytes_per_camera_minute / _MB:.1f}",
            f"{ours.store_bytes_per_camera_minute / _MB:.1f}",
            f"{ours.frames_missing} of {ours.frames_recorded + ours.frames_missing}",
            f"{theirs.frames_missing} of {theirs.frames_recorded + theirs.frames_missing}",
            _named(ours.counters),
            _named(theirs.counters),
        ]
        for ours, theirs in pairs
    ]
    return "\n".join(
        [
            "CPU-seconds per camera-minute, memory in MB; E is Everframe's recorder process, F all",
            "ffmpeg processes together, busy the whole machine with everything that ran on it.",
            "",
            *_table(_COST_HEAD, cost),
            "",
            "Media written in MB per camera-minute, pictures missing from the first recorded",
            "to the end of the window (by the clock in the pictures), each side's own counters.",
            "",
            *_table(_WRITTEN_HEAD, written),
        ]
    )


_COST_HEAD = (
    *("cameras", "CPU E", "CPU F", "E/F", "RSS/camera E", "RSS/camera F", "E/F"),
    *("PSS/camera E", "PSS/camera F", "E/F", "RSS in all E / F", "PSS in all E / F"),
    "busy E / F",
)
_WRITTEN_HEAD = (
    *("cameras", "disk E", "disk F", "object store E", "pictures missing E"),
    *("pictures missing F", "counters E", "counters F"),
)


def _per_camera_minute(rounds: Sequence[Round], value: Callable[[Round], int]) -> float:
    return fmean(value(r) / (r.cameras * r.seconds / 60) for r in rounds)


def _compared(ours: float, theirs: float, form: str = "{:.1f}") -> list[str]:
    share = ratio(ours, theirs)
    return [form.format(ours), form.format(theirs), "-" if share is None else f"{share:.2f}"]


def _named(counters: dict[str, float]) -> str:
    """Counters that are not zero; most never are."""
    return ", ".join(f"{k} {v:.0f}" for k, v in counters.items() if v) or "all 0"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    lines = [head, ["---:"] * len(head), *rows]
    return [f"| {' | '.join(line)} |" for line in lines]
