"""Compiles the stand-in for the vendor's library, and writes the scripts that it plays."""

import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

SOURCES: Final = Path(__file__).parent
LIBRARY_NAME: Final = "libhcnetsdk.so"
SCRIPT_VARIABLE: Final = "EVERFRAME_SIM_HCNETSDK_SCRIPT"
SCRIPT_NAME: Final = "hcnetsdk.script"
"""Read from beside the library where the variable is not set."""

_COMPILE_SECONDS: Final = 60.0

Value = str | int | Sequence[str | int]


class CompilerMissing(Exception):
    """There is no C compiler on this machine."""


def build_library(folder: Path) -> Path:
    """Compile into `folder`, and return the library's absolute path.

    Raises CompilerMissing, and RuntimeError with what the compiler says.
    """
    compiler = shutil.which("cc")
    if compiler is None:
        raise CompilerMissing("no C compiler (cc) for the stand-in of the vendor's library")
    library = folder.resolve() / LIBRARY_NAME
    flags = ["-std=gnu11", "-O1", "-Wall", "-Wextra", "-Werror", "-fPIC", "-fvisibility=hidden"]
    sources = [str(source) for source in sorted(SOURCES.glob("*.c"))]
    done = subprocess.run(
        [compiler, *flags, "-shared", "-pthread", "-o", str(library), *sources, "-ldl"],
        capture_output=True,
        text=True,
        timeout=_COMPILE_SECONDS,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(f"the stand-in does not compile: {done.stderr[-2000:]}")
    return library


def write_script(
    path: Path, devices: Mapping[int, Mapping[str, Value]], *, log: Path | None = None
) -> None:
    """Write what devices there are, by port, so that readers see the old script or the new one.

    A key with several values (files, faults) is written once for each. Port 0 is the library
    itself.
    """
    lines = [f"log {log}"] if log else []
    for port, keys in sorted(devices.items()):
        lines += [f"device {port}"] if port else []
        for key, value in keys.items():
            values = [value] if isinstance(value, str | int) else value
            lines += [f"{key} {each}" for each in values]
    fresh = path.with_suffix(".new")
    fresh.write_text("\n".join(lines) + "\n")
    fresh.replace(path)
