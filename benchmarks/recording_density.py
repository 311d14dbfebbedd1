"""Everframe's recorder against one ffmpeg per camera, on the same simulated streams.

`python -m benchmarks.recording_density`; see benchmarks/README.md.
"""

import argparse
import asyncio
import contextlib
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks import density_frames, density_profile, density_report, proc_usage
from benchmarks.density_everframe import EverframeSide
from benchmarks.density_ffmpeg import FfmpegSide, find_ffmpeg
from benchmarks.density_summary import Round, cpu_per_camera_minute
from tools.camera_sim.camera_spec import CameraSpec
from tools.camera_sim.clip_spec import ClipSpec
from tools.camera_sim.process import CameraProcess

PHASE_SECONDS = 0.0137
"""Real cameras do not take their pictures in the same millisecond."""
CLIP = ClipSpec(width=1920, height=1080, fps=25, gop_seconds=2.0, audio="aac")
SIDES = (EverframeSide, FfmpegSide)
# Beyond the window itself: starting, waiting for a quiet second, uploads, counting.
OVERHEAD_SECONDS = 420.0
MEMORY_SAMPLES = 6
ROTATION_SECONDS = 60
BEFORE_ROTATION, AFTER_ROTATION = 5.0, 15.0
PROFILE_SECONDS = 30.0
LATE_SECONDS = 2.0  # a picture that needs longer from the camera to the recorder is missing
BASELINE_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line asks for."""

    cameras: tuple[int, ...]
    rounds: int
    seconds: float
    warm_up_seconds: float
    out: Path
    work: Path | None
    profile: bool


def quiet_delay(unix_seconds: float, window_seconds: float) -> float:
    """Return how long to wait until a window cuts no rotation and its uploads in two.

    Both sides begin new files at full minutes. Windows too short to hold one begin at once.
    """
    if window_seconds < ROTATION_SECONDS:
        return 0.0
    since = unix_seconds % ROTATION_SECONDS
    if since < AFTER_ROTATION:
        return AFTER_ROTATION - since
    if since > ROTATION_SECONDS - BEFORE_ROTATION:
        return ROTATION_SECONDS - since + AFTER_ROTATION
    return 0.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Return 0, 1 when a round failed, or 2 when ffmpeg is missing."""
    options = _parse(arguments)
    ffmpeg = find_ffmpeg()
    if ffmpeg is None:
        print("ffmpeg is not installed: apt-get install ffmpeg", file=sys.stderr)
        return 2
    try:
        return asyncio.run(_run(options, ffmpeg))
    except (KeyboardInterrupt, asyncio.CancelledError):
        return 130


async def _run(options: Options, ffmpeg: str) -> int:
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    rounds: list[Round] = []
    steps: list[density_profile.Step] = []
    exit_code = 0
    for count in options.cameras:
        specs = [
            CameraSpec(f"camera-{number:02}", CLIP, clock_ahead_seconds=number * PHASE_SECONDS)
            for number in range(1, count + 1)
        ]
        with CameraProcess(specs, start_seconds=300.0) as simulated:
            urls = {spec.name: simulated.plain_url(spec.name) for spec in specs}
            try:
                if options.profile and not steps:
                    steps = _profile(urls, options)
                for number in range(options.rounds):
                    for side in SIDES:
                        _say(f"{count} cameras, round {number + 1}, {side.name}")
                        rounds.append(await _bounded(side, urls, simulated.pid, options))
            except Exception as error:  # noqa: BLE001 - other counts go on
                _say(f"{count} cameras: failed: {type(error).__name__}: {error}")
                exit_code = 1
        if rounds:
            # after every count, so that an interrupted run has what it measured
            density_report.write(rounds, steps, ffmpeg=ffmpeg, out=options.out)
    if rounds:
        _say("\n" + density_report.read_text(options.out))
    return exit_code


async def _bounded(
    side: type[EverframeSide] | type[FfmpegSide],
    urls: dict[str, str],
    simulator_pid: int,
    options: Options,
) -> Round:
    limit = options.seconds + options.warm_up_seconds + OVERHEAD_SECONDS
    with _work_folder(options.work) as folder:
        async with asyncio.timeout(limit):
            result = await _round(side, folder, urls, simulator_pid, options)
    missing = result.frames_expected - result.frames_recorded
    _say(
        f"  {cpu_per_camera_minute(result):.3f} CPU-s per camera-minute, "
        f"RSS {result.rss_bytes / 1e6:.0f} MB, PSS {result.pss_bytes / 1e6:.0f} MB, "
        f"{missing} pictures missing, machine {result.machine_busy:.0%} busy"
    )
    return result


async def _round(
    side: type[EverframeSide] | type[FfmpegSide],
    folder: Path,
    urls: dict[str, str],
    simulator_pid: int,
    options: Options,
) -> Round:
    before = proc_usage.machine_cpu()
    await asyncio.sleep(BASELINE_SECONDS)
    busy_before = proc_usage.busy_share(before, proc_usage.machine_cpu())
    async with side(folder, urls) as running:
        recording_since = time.time()
        await asyncio.sleep(options.warm_up_seconds)
        await asyncio.sleep(quiet_delay(time.time(), options.seconds))
        pids = running.pids
        media, store = running.media_bytes(), running.store_bytes()
        simulator = proc_usage.cpu_seconds([simulator_pid])
        threads = proc_usage.thread_cpu(pids[0])
        machine = proc_usage.machine_cpu()
        cpu, began = proc_usage.cpu_seconds(pids), time.monotonic()

        try:
            memory = await _peak_memory(pids, options.seconds)
        except proc_usage.ProcessGone as error:
            raise proc_usage.ProcessGone(f"{error}: {running.last_words()}") from error

        used, lasted = proc_usage.cpu_seconds(pids) - cpu, time.monotonic() - began
        machine_busy = proc_usage.busy_share(machine, proc_usage.machine_cpu())
        threads_after = proc_usage.thread_cpu(pids[0])
        simulator = proc_usage.cpu_seconds([simulator_pid]) - simulator
        media, store = running.media_bytes() - media, running.store_bytes() - store
        until = time.time()
        await asyncio.sleep(LATE_SECONDS)
        counters = await running.finish()
        span = density_frames.Span(
            loop_ms=CLIP.duration_seconds * 1000,
            frame_ms=1000 // CLIP.fps,
            since_ms=round(recording_since * 1000),
            until_ms=round(until * 1000),
        )
        frames = await asyncio.to_thread(_count, running.files(), span)
    return Round(
        side=side.name,
        cameras=len(urls),
        seconds=lasted,
        cpu_seconds=used,
        rss_bytes=memory.rss,
        pss_bytes=memory.pss,
        media_bytes=media,
        store_bytes=store,
        frames_recorded=frames.recorded,
        frames_expected=frames.expected,
        machine_busy=machine_busy,
        busy_before=busy_before,
        simulator_cpu_seconds=simulator,
        counters=counters,
        threads=(
            proc_usage.thread_share(pids[0], threads, threads_after)
            if options.profile and side is EverframeSide
            else None
        ),
    )


async def _peak_memory(pids: list[int], seconds: float) -> proc_usage.Memory:
    """Wait for the window to pass, looking at the memory a few times."""
    deadline = time.monotonic() + seconds
    rss = pss = 0
    for number in range(1, MEMORY_SAMPLES + 1):
        at = deadline - seconds * (MEMORY_SAMPLES - number) / MEMORY_SAMPLES
        await asyncio.sleep(max(0.0, at - time.monotonic()))
        now = proc_usage.memory(pids)
        rss, pss = max(rss, now.rss), max(pss, now.pss)
    return proc_usage.Memory(rss, pss)


def _count(files: dict[str, list[Path]], span: density_frames.Span) -> density_frames.FrameCount:
    return density_frames.total(
        density_frames.count_frames(paths, span) for paths in files.values()
    )


def _profile(urls: dict[str, str], options: Options) -> list[density_profile.Step]:
    # blocks: nothing else may run in this process meanwhile
    _say("profile: demux, mux and write alone")
    seconds = min(options.seconds, PROFILE_SECONDS)
    with _work_folder(options.work) as folder:
        return density_profile.measure_steps(
            next(iter(urls.values())), seconds=seconds, rounds=options.rounds, folder=folder
        )


@contextlib.contextmanager
def _work_folder(parent: Path | None) -> Iterator[Path]:
    """Both sides write below the same parent, so to the same disk."""
    folder = Path(tempfile.mkdtemp(prefix="everframe-bench-", dir=parent))
    folder.chmod(0o711)  # PostgreSQL runs as another account when the benchmark runs as root
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _parse(arguments: Sequence[str] | None) -> Options:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.recording_density")
    parser.add_argument("--cameras", type=_counts, default=(1, 4, 16, 32), help="1,4,16,32")
    parser.add_argument("--rounds", type=int, default=2, help="of each side and count")
    parser.add_argument("--seconds", type=float, default=60.0, help="length of a window")
    parser.add_argument("--warm-up", type=float, default=10.0, help="seconds before it")
    parser.add_argument("--out", type=Path, default=Path("docs/benchmarks"))
    parser.add_argument("--work", type=Path, help="where both sides write; default: temporary")
    parser.add_argument("--profile", action="store_true", help="also say where the CPU goes")
    given = parser.parse_args(arguments)
    if given.rounds < 1 or given.seconds <= 0:
        parser.error("--rounds and --seconds must be positive")
    return Options(
        cameras=given.cameras,
        rounds=given.rounds,
        seconds=given.seconds,
        warm_up_seconds=given.warm_up,
        out=given.out,
        work=given.work,
        profile=given.profile,
    )


def _counts(text: str) -> tuple[int, ...]:
    counts = tuple(int(item) for item in text.split(","))
    # one recorder process holds at most 32
    if not all(1 <= count <= 32 for count in counts):
        raise argparse.ArgumentTypeError("from 1 to 32 cameras")
    return counts


if __name__ == "__main__":
    sys.exit(main())
