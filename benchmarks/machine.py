"""Where a measurement was made."""

import os
import platform
import subprocess
from pathlib import Path

import av

_ROOT = Path(__file__).resolve().parents[1]


def describe(*, ffmpeg: str | None = None) -> dict[str, str | int]:
    """Return CPU, memory, versions and commit; `ffmpeg` is the program's path."""
    commit = _first_line(["git", "rev-parse", "--short=12", "HEAD"])
    # the results themselves do not make a commit another one
    changed = ["git", "status", "--porcelain", "--", "services", "libs", "tools", "benchmarks"]
    where: dict[str, str | int] = {
        "cpu": cpu_model(Path("/proc/cpuinfo").read_text()),
        "cores": os.cpu_count() or 0,
        "memory_bytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "pyav": av.__version__,
        "commit": (commit or "unknown") + ("+changes" if _first_line(changed) else ""),
    }
    if ffmpeg is not None:
        version = _first_line([ffmpeg, "-version"]).removeprefix("ffmpeg version ").split(" ")[0]
        where["ffmpeg"] = version or "unknown"
    return where


def cpu_model(cpuinfo: str) -> str:
    """Return the model name from /proc/cpuinfo, or the architecture where there is none."""
    for line in cpuinfo.splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return platform.machine()


def _first_line(command: list[str]) -> str:
    try:
        done = subprocess.run(
            command, cwd=_ROOT, capture_output=True, text=True, timeout=20, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.partition("\n")[0].strip()
