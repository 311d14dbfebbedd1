"""One `ffmpeg -c copy -f segment` per camera, as most recorders do it."""

import asyncio
import shutil
import signal
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from tools.local.processes import ManagedProcess, ProcessSpec

SEGMENT_SECONDS = 60
_READY_SECONDS = 60.0


def command(ffmpeg: str, url: str, output: str) -> tuple[str, ...]:
    """Return the command line for one camera."""
    return (
        *(ffmpeg, "-nostdin", "-v", "error", "-rtsp_transport", "tcp", "-i", url, "-c", "copy"),
        *("-f", "segment", "-segment_time", str(SEGMENT_SECONDS), "-segment_format", "mp4"),
        *("-segment_atclocktime", "1", "-reset_timestamps", "1", output),
    )


def find_ffmpeg() -> str | None:
    """Return where ffmpeg is, None when it is not installed."""
    return shutil.which("ffmpeg")


class FfmpegSide:
    """All ffmpeg processes, each with a directory of its own in `folder`."""

    name = "ffmpeg"

    def __init__(self, folder: Path, urls: Mapping[str, str]) -> None:
        ffmpeg = find_ffmpeg()
        assert ffmpeg is not None
        self._folder = folder
        self._processes = {
            name: ManagedProcess(
                ProcessSpec(
                    name=f"ffmpeg {name}",
                    argv=command(ffmpeg, url, "out-%03d.mp4"),
                    cwd=folder / name,
                    log=folder / f"{name}.log",
                    stop_signal=signal.SIGINT,  # ffmpeg completes its file
                    stop_within_seconds=30.0,
                )
            )
            for name, url in urls.items()
        }

    async def __aenter__(self) -> Self:
        """Return when every camera is recorded. Raises TimeoutError and ProcessError."""
        try:
            for name, process in self._processes.items():
                (self._folder / name).mkdir()
                await process.start()
            await self._until_all_write()
        except BaseException:
            await self._stop()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._stop()

    @property
    def pids(self) -> list[int]:
        """Every ffmpeg."""
        return [process.pid for process in self._processes.values()]

    def media_bytes(self) -> int:
        """Size of the segments now."""
        return sum(path.stat().st_size for path in self._folder.glob("*/*.mp4"))

    def store_bytes(self) -> int:
        """Nothing is stored elsewhere."""
        return 0

    async def finish(self) -> dict[str, float]:
        """End all of them; return how many had ended before, and the errors that they wrote."""
        ended = sum(not process.is_running for process in self._processes.values())
        await self._stop()
        logs = [process.spec.log for process in self._processes.values()]
        errors = sum(len(log.read_text(errors="replace").splitlines()) for log in logs)
        return {"ended_early": float(ended), "error_lines": float(errors)}

    def last_words(self) -> str:
        """What those that have ended wrote last; their logs go with the folder."""
        gone = [process for process in self._processes.values() if not process.is_running]
        return "; ".join(f"{p.name}: {p.log.tail() or 'wrote nothing'}" for p in gone)

    def files(self) -> dict[str, list[Path]]:
        """The segments by camera name, oldest first."""
        return {name: sorted((self._folder / name).glob("*.mp4")) for name in self._processes}

    async def _until_all_write(self) -> None:
        deadline = time.monotonic() + _READY_SECONDS
        while waiting := [n for n, files in self.files().items() if not _has_media(files)]:
            if time.monotonic() > deadline:
                raise TimeoutError(f"ffmpeg does not write: {waiting}")
            await asyncio.sleep(0.2)

    async def _stop(self) -> None:
        await asyncio.gather(*(process.stop() for process in self._processes.values()))


def _has_media(files: list[Path]) -> bool:
    return any(path.stat().st_size for path in files)
