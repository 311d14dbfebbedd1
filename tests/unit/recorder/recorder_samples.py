"""Parts, entries and moments for the recorder's tests."""

import contextlib
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from libs.contracts.recordings import EndReason, FragmentEntry
from libs.media.packets import VIDEO_TIMESCALE, Break, InitSegment, Part
from services.recorder.spool import Spool, SpoolEntry, SpoolState
from tests.unit.media import media_mux_samples as samples

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def at(seconds: float) -> datetime:
    """A moment after noon, in whole milliseconds."""
    return NOON + timedelta(milliseconds=round(seconds * 1000))


def init_segment(name: str = "one") -> InitSegment:
    return InitSegment(name.encode(), name, "avc1.640028", None, 1920, 1080, 25.0, None)


def part(
    start_seconds: float = 0.0,
    *,
    seconds: float = 1.0,
    is_key: bool = True,
    init: InitSegment | None = None,
    after: Break | None = None,
) -> Part:
    """A part without bytes, for what only looks at times."""
    return Part(
        init=init or init_segment(),
        data=b"",
        runs=(),
        start_90k=round(start_seconds * VIDEO_TIMESCALE),
        duration_90k=round(seconds * VIDEO_TIMESCALE),
        is_keyframe_start=is_key,
        captured_monotonic=start_seconds,
        camera_skew_seconds=None,
        starts_after=after,
    )


@cache
def real_parts(frames: int = 50) -> tuple[Part, ...]:
    """Two seconds of H.264 with a keyframe each 0.4 s, in parts of 0.2 s."""
    stream = samples.video(frames=frames)
    _, parts = samples.mux(stream.track, None, stream.packets)
    return tuple(parts)


def seconds_of(parts: tuple[Part, ...]) -> float:
    return sum(p.duration_90k for p in parts) / VIDEO_TIMESCALE


def entry(
    seconds: float = 0.0,
    *,
    camera: str = "front-door",
    epoch: int = 7,
    state: SpoolState = SpoolState.RECORDING,
    skew: float | None = None,
) -> SpoolEntry:
    """An entry as a session opens it."""
    return SpoolEntry(
        state=state,
        camera_id=camera,
        site="main",
        epoch=epoch,
        recorder="recorder-1",
        started_at=at(seconds),
        camera_skew_seconds=skew,
        video_codec="avc1.640028",
        audio_codec=None,
        width=64,
        height=48,
        fps=25.0,
    )


def finished(
    spool: Spool, seconds: float = 0.0, *, size: int = 1000, camera: str = "front-door"
) -> SpoolEntry:
    """A finished recording of ten seconds in the spool; its media is `size` bytes, not a film."""
    made = entry(seconds, camera=camera).model_copy(
        update={
            "state": SpoolState.FINISHED,
            "ended_at": at(seconds + 10),
            "end_reason": EndReason.ROTATION,
            "duration_90k": 10 * VIDEO_TIMESCALE,
            "bytes": size,
            "init_bytes": 100,
            "init_sha256": "a" * 64,
            "fragments": (FragmentEntry(offset=100, bytes=900, duration_90k=900_000),),
        }
    )
    spool.save(made)
    spool.media_path(made).write_bytes(bytes([round(seconds) % 251]) * size)
    return made


def files(root: Path) -> dict[str, bytes]:
    """Everything under a folder, by relative name."""
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


def is_empty(root: Path) -> bool:
    """Whether no file is left, also while somebody else deletes them."""
    return not any(path.is_file() for path in root.rglob("*"))


def states(root: Path) -> list[SpoolState]:
    """The states in all sidecars, oldest first, without touching anything."""
    found = []
    for path in sorted(root.glob("*/*.json")):
        with contextlib.suppress(FileNotFoundError):
            found.append(SpoolEntry.model_validate_json(path.read_bytes()).state)
    return found
