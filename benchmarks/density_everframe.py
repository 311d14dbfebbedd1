"""The whole of Everframe as one side of the comparison; of its processes the recorder counts."""

import asyncio
import json
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

from tools.local.api_client import ApiClient
from tools.local.ports import LOOPBACK
from tools.local.processes import ManagedProcess
from tools.local.stack import Stack, StackOptions

RECORDING_SECONDS = 60
_READY_SECONDS = 90.0
_SETTLE_SECONDS = 120.0
_DONE = {"stored", "announced"}
_COUNTERS = {
    "lost_packets": "everframe_recorder_lost_packets_total",
    "reconnects": "everframe_recorder_reconnects_total",
    "write_queue_overflows": "everframe_recorder_write_queue_overflows_total",
    "dropped_audio_packets": "everframe_recorder_dropped_audio_packets_total",
    "write_errors": "everframe_recorder_write_errors_total",
}


class EverframeSide:
    """Servers, API and one recorder in `folder`, with fresh state; `urls` by camera name."""

    name = "everframe"

    def __init__(self, folder: Path, urls: Mapping[str, str]) -> None:
        # What is stored stays in the spool until its pictures are counted.
        env = {"EVERFRAME_RECORDER_SPOOL_KEEP_SECONDS": "3600"}
        self._stack = Stack(StackOptions.for_tests(folder, env=env))
        self._folder = folder
        self._urls = urls
        self._ids: dict[str, str] = {}
        self._api: ApiClient | None = None

    async def __aenter__(self) -> Self:
        """Return when every camera is recorded. Raises TimeoutError and what the stack raises."""
        await self._stack.start()
        key = await self._stack.make_key("benchmark")
        try:
            self._api = ApiClient(self._stack.api_url, key)
            for name, url in self._urls.items():
                fields = {"url": url, "recording_seconds": RECORDING_SECONDS}
                self._ids[name] = await self._api.ensure_camera(name, fields)
            await self._until_all("recording", _READY_SECONDS)
        except BaseException:
            await self._end()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._end()

    @property
    def pids(self) -> list[int]:
        """The recorder alone: it starts no processes."""
        return [self._recorder.pid]

    def media_bytes(self) -> int:
        """Size of the media in the spool now."""
        return _size(self._spool.glob("*/*.mp4"))

    def store_bytes(self) -> int:
        """Size of the object store's blocks now."""
        blocks = self._folder / "s3" / "blocks"
        return _size(path for path in blocks.rglob("*") if path.is_file())

    async def finish(self) -> dict[str, float]:
        """Stop recording, wait for the uploads; return the recorder's own counters."""
        assert self._api is not None
        for camera in self._ids.values():
            await self._api.call("POST", f"/cameras/{camera}/recording/stop", None)
        await self._until_all("stopped", _SETTLE_SECONDS)
        await self._until_uploaded()
        return await self._counters()

    def last_words(self) -> str:
        """What the recorder wrote last; its log goes with the folder."""
        return self._recorder.log.tail()

    def files(self) -> dict[str, list[Path]]:
        """The spool's media by camera name, oldest first."""
        return {name: sorted(self._spool.glob(f"{i}/*.mp4")) for name, i in self._ids.items()}

    @property
    def _recorder(self) -> ManagedProcess:
        return self._stack.services["recorder-1"]

    @property
    def _spool(self) -> Path:
        return self._folder / "spool" / "recorder-1"

    async def _until_all(self, state: str, within_seconds: float) -> None:
        assert self._api is not None
        deadline = time.monotonic() + within_seconds
        while True:
            states = [row["state"] for row in await self._api.get("/status")]
            if len(states) == len(self._ids) and set(states) == {state}:
                return
            if time.monotonic() > deadline:
                raise TimeoutError(f"not all cameras are {state}: {sorted(states)}")
            await asyncio.sleep(0.3)

    async def _until_uploaded(self) -> None:
        deadline = time.monotonic() + _SETTLE_SECONDS
        while waiting := [p for p in self._spool.glob("*/*.json") if not _is_stored(p)]:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{len(waiting)} recordings are not uploaded")
            await asyncio.sleep(0.3)

    async def _counters(self) -> dict[str, float]:
        url = f"http://{LOOPBACK}:{self._stack.health_ports['recorder-1']}/metrics"
        async with httpx.AsyncClient(timeout=20.0) as http:
            text = (await http.get(url)).text
        return {name: sum_metric(text, metric) for name, metric in _COUNTERS.items()}

    async def _end(self) -> None:
        try:
            if self._api is not None:
                await self._api.aclose()
        finally:
            await self._stack.stop()


def sum_metric(text: str, name: str) -> float:
    """Return the sum of a metric's samples over its labels, in Prometheus' text format."""
    return sum(
        float(line.rpartition(" ")[2])
        for line in text.splitlines()
        if line.startswith((name + "{", name + " "))
    )


def _is_stored(sidecar: Path) -> bool:
    if sidecar.parent.name.startswith("_"):
        return True  # the outbox and the quarantine hold no recordings in progress
    try:
        return json.loads(sidecar.read_text())["state"] in _DONE
    except FileNotFoundError:
        return True


def _size(paths: Iterable[Path]) -> int:
    total = 0
    for path in paths:
        try:
            total += path.stat().st_size
        except FileNotFoundError:
            continue
    return total
