"""Run on a small file system of its own: what the spool does when the disk is full.

`python -m tests.integration.recorder.recorder_full_disk FOLDER` prints what happened as JSON.
"""

import asyncio
import contextlib
import json
import sys
from datetime import datetime
from pathlib import Path

from pydantic import ByteSize

from libs.bus.testing import FakeBroker
from libs.contracts.recordings import EndReason, RecordingCompleted
from libs.media.recording_file import read_index
from libs.storage.testing import MemoryObjectStore
from services.recorder.ledger import Gap
from services.recorder.recovery import finish_interrupted, recover_spool
from services.recorder.settings import RecorderSettings
from services.recorder.spool import Spool, SpoolEntry, SpoolState
from services.recorder.spool_writer import ActiveRecording, SpoolReports, SpoolWriter
from services.recorder.uploader import Uploader
from services.recorder.wiring import WIRING
from tests.unit.recorder.recorder_samples import entry, finished, is_empty, real_parts


def fill(path: Path, *, leave: int) -> None:
    """Take all space but `leave` bytes."""
    with path.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(4096))
    with path.open("r+b") as file:
        file.truncate(max(0, path.stat().st_size - leave))


def writing(root: Path) -> dict[str, object]:
    """Record on a disk that fills up, and go on when there is room again."""
    spool = Spool(root / "spool")
    done: list[SpoolEntry] = []
    lost: list[SpoolEntry] = []
    until: dict[datetime, datetime] = {}
    reports = SpoolReports(
        recorded=lambda e, moment: until.update({e.started_at: moment}),
        finished=done.append,
        lost=lambda e, _moment: lost.append(e),
    )
    writer = SpoolWriter(spool, reports, queue_bytes=1 << 24)
    writer.start()
    ballast = root / "ballast"
    fill(ballast, leave=40_960)
    failures = 0
    for number in range(40):
        recording = record(writer, number, repeats=100)
        failures += recording.is_disk_full
    ballast.unlink()
    after = record(writer, 100)
    writer.stop(10)
    works_again = after.failure is None and done[-1].started_at == after.entry.started_at
    # the sidecar had no room either: the uploader finishes such a recording when there is some
    done += [e for e in (finish_interrupted(spool, each) for each in lost) if e is not None]
    indexes = [read_index(spool.media_path(e)) for e in done]
    return {
        "failures": failures,
        "finished": len(done),
        "cut": sum(e.end_reason is not EndReason.ROTATION for e in done),
        "whole": all(
            i is not None and i.bytes == e.bytes for i, e in zip(indexes, done, strict=True)
        ),
        "truthful": all(until[e.started_at] == e.ended_at for e in done),
        "works again": works_again,
        "left behind": [p.name for p in root.rglob("*.tmp")],
        "known": len(spool.load()) == len(done),
    }


def record(writer: SpoolWriter, number: int, *, repeats: int = 1) -> ActiveRecording:
    parts = real_parts()
    recording = ActiveRecording(entry(number * 10), parts[0].init, 8)
    for part in parts * repeats:
        writer.write(recording, part)
    writer.flush(10)
    writer.close(recording, recording.entry.started_at, EndReason.ROTATION)
    writer.flush(10)
    return recording


async def starting(root: Path) -> dict[str, object]:
    """Start on a full disk with an interrupted recording, while the store is away."""
    spool = Spool(root / "spool")
    old = [finished(spool, n * 10, size=20_000) for n in range(4)]
    interrupted = interrupt(spool)
    (root / "elsewhere").write_bytes(b"")
    fill(root / "elsewhere", leave=0)
    recovered = list(recover_spool(spool))
    store, broker = MemoryObjectStore(), FakeBroker()
    gaps: list[Gap] = []
    uploader = Uploader(
        spool,
        store,
        broker.bus(WIRING),
        RecorderSettings.model_construct(
            spool_max_bytes=ByteSize(1 << 30),
            spool_min_free_bytes=ByteSize(30_000),
            spool_keep_seconds=0.0,
            upload_concurrency=1,
        ),
        on_gap=lambda _entry, gap: gaps.append(gap),
        housekeeping_seconds=0.02,
    )
    for each, _ in recovered:
        uploader.add(each)
    work = asyncio.create_task(uploader.run())
    async with asyncio.timeout(20):
        while not is_empty(spool.root):  # noqa: ASYNC110 - the condition is not ours to signal
            await asyncio.sleep(0.01)
    work.cancel()
    await asyncio.wait([work])
    stored = [e for e in broker.published(RecordingCompleted) if isinstance(e, RecordingCompleted)]
    explained = {g.started_at for g in gaps} | {e.started_at for e in stored}
    return {
        "unfinished at the start": [e.state for e, _ in recovered].count(SpoolState.RECORDING),
        "explained": explained == {e.started_at for e in (*old, interrupted)},
        "recovered": interrupted.started_at in {e.started_at for e in stored},
    }


def interrupt(spool: Spool) -> SpoolEntry:
    done: list[SpoolEntry] = []
    reports = SpoolReports(
        recorded=lambda _e, _m: None, finished=done.append, lost=lambda _e, _m: None
    )
    writer = SpoolWriter(spool, reports, queue_bytes=1 << 24)
    writer.start()
    recording = ActiveRecording(entry(100), real_parts()[0].init, 8)
    for part in real_parts():
        writer.write(recording, part)
    writer.stop(10)
    return recording.entry


if __name__ == "__main__":
    folder = Path(sys.argv[2])
    print(
        json.dumps(asyncio.run(starting(folder)) if sys.argv[1] == "starting" else writing(folder))
    )
