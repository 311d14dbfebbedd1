"""What processes cost, read from /proc (see proc(5)); parsers are apart from the reading."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

CLOCK_TICKS = os.sysconf("SC_CLK_TCK")
_KIB = 1024


class ProcessGone(Exception):
    """A measured process ended before the measurement did."""


@dataclass(frozen=True, slots=True)
class Memory:
    """Bytes. PSS divides each shared page by the processes that map it."""

    rss: int
    pss: int


@dataclass(frozen=True, slots=True)
class ThreadShare:
    """CPU-seconds of a process within a window, its main thread against the others."""

    main: float
    others: float
    other_threads: int
    busiest_other: float


def parse_stat_cpu(text: str, ticks_per_second: int = CLOCK_TICKS) -> float:
    """Return user + system CPU-seconds of /proc/<pid>/stat, all threads, without children."""
    # The name in parentheses may hold blanks and parentheses itself.
    fields = text.rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / ticks_per_second


def parse_rollup(text: str) -> Memory:
    """Return the memory that /proc/<pid>/smaps_rollup tells."""
    sizes = {
        name: int(rest.split()[0]) * _KIB
        for name, _, rest in (line.partition(":") for line in text.splitlines()[1:])
    }
    return Memory(rss=sizes["Rss"], pss=sizes["Pss"])


def parse_machine_cpu(text: str) -> tuple[float, float]:
    """Return the ticks (busy, all) of the first line of /proc/stat; waiting for I/O is idle."""
    # guest time is part of user time already
    ticks = [float(field) for field in text.splitlines()[0].split()[1:9]]
    idle = ticks[3] + ticks[4]
    return sum(ticks) - idle, sum(ticks)


def busy_share(before: tuple[float, float], after: tuple[float, float]) -> float:
    """Return the share of all cores that was busy between two readings, 0 to 1."""
    return (after[0] - before[0]) / max(1.0, after[1] - before[1])


def thread_share(pid: int, before: dict[int, float], after: dict[int, float]) -> ThreadShare:
    """Return what each thread used between two readings; a thread that ended is not counted."""
    used = {tid: seconds - before.get(tid, 0.0) for tid, seconds in after.items()}
    main = used.pop(pid)
    others = list(used.values())
    return ThreadShare(main, sum(others), len(others), max(others, default=0.0))


def cpu_seconds(pids: Iterable[int]) -> float:
    """Return CPU-seconds of all these processes so far. Raises ProcessGone."""
    return sum(parse_stat_cpu(_read(pid, "stat")) for pid in pids)


def memory(pids: Iterable[int]) -> Memory:
    """Return the memory of all these processes. Raises ProcessGone."""
    each = [parse_rollup(_read(pid, "smaps_rollup")) for pid in pids]
    return Memory(sum(m.rss for m in each), sum(m.pss for m in each))


def thread_cpu(pid: int) -> dict[int, float]:
    """Return CPU-seconds so far by native thread id. Raises ProcessGone."""
    tasks = Path(f"/proc/{pid}/task")
    found = {}
    for task in tasks.iterdir() if tasks.exists() else ():
        try:
            found[int(task.name)] = parse_stat_cpu((task / "stat").read_text())
        except (FileNotFoundError, ProcessLookupError):
            continue
    if pid not in found:
        raise ProcessGone(f"process {pid} has ended")
    return found


def machine_cpu() -> tuple[float, float]:
    """Return the machine's ticks (busy, all) since it started."""
    return parse_machine_cpu(Path("/proc/stat").read_text())


def _read(pid: int, name: str) -> str:
    try:
        text = Path(f"/proc/{pid}/{name}").read_text()
    except (FileNotFoundError, ProcessLookupError) as error:
        raise ProcessGone(f"process {pid} has ended") from error
    if name == "smaps_rollup" and not text:
        raise ProcessGone(f"process {pid} has ended")
    return text
