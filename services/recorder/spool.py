"""The spool: footage on local disk from the first part until the store and the bus have it.

Each recording is a media file and a sidecar beside it. The sidecar says how far the recording has
come, is replaced atomically, and is the outbox of the recording's event:

    recording -> finished -> stored -> announced -> (deleted)
"""

import os
import shutil
import uuid
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Literal, Self

import structlog
from pydantic import BaseModel, ConfigDict, ValidationError

from libs.contracts.ids import CameraId, Site
from libs.contracts.keys import recording_key
from libs.contracts.recordings import EndReason, FragmentEntry, RecordingCompleted
from libs.contracts.times import UtcTime
from libs.media.packets import RecordingIndex

log = structlog.get_logger()

# an underscore is in no camera id, so no camera can be called like these
QUARANTINE = "_quarantine"
OUTBOX = "_outbox"


class SpoolState(StrEnum):
    """How far a recording has come."""

    RECORDING = "recording"
    FINISHED = "finished"
    """Complete and synced to disk."""
    STORED = "stored"
    """In the object store."""
    ANNOUNCED = "announced"
    """Its event is acknowledged by the bus."""
    DROPPED = "dropped"
    """Its media was given up; the gap is still to be announced."""


class SpoolEntry(BaseModel):
    """The sidecar of one recording."""

    model_config = ConfigDict(frozen=True)

    state: SpoolState
    camera_id: CameraId
    site: Site
    stream: Literal["main", "sub"] = "main"
    epoch: int
    recorder: str
    started_at: UtcTime
    camera_skew_seconds: float | None
    video_codec: str
    audio_codec: str | None
    width: int
    height: int
    fps: float | None
    ended_at: UtcTime | None = None
    end_reason: EndReason | None = None
    duration_90k: int = 0
    bytes: int = 0
    init_bytes: int = 0
    init_sha256: str = ""
    fragments: tuple[FragmentEntry, ...] = ()
    sha256: str | None = None
    """Known once the file was read for its upload."""
    announced_at: UtcTime | None = None

    @property
    def object_key(self) -> str:
        """Where the recording goes in the object store."""
        return recording_key(self.camera_id, self.started_at, self.epoch)

    @property
    def file_stem(self) -> str:
        """File name in the spool, without suffix."""
        return f"{self.started_at:%Y-%m-%dT%H-%M-%S}.{self._milliseconds:03d}Z-{self.epoch}"

    @property
    def _milliseconds(self) -> int:
        return self.started_at.microsecond // 1000

    def finished(self, index: RecordingIndex, ended_at: datetime, reason: EndReason) -> Self:
        """Return the entry of the completed file."""
        return self._with(
            state=SpoolState.FINISHED,
            ended_at=ended_at,
            end_reason=reason,
            duration_90k=index.duration_90k,
            bytes=index.bytes,
            init_bytes=index.init_bytes,
            init_sha256=index.init_sha256,
            fragments=tuple(
                FragmentEntry(offset=f.offset, bytes=f.bytes, duration_90k=f.duration_90k)
                for f in index.fragments
            ),
        )

    def stored(self, sha256: str) -> Self:
        """Return the entry after its upload."""
        return self._with(state=SpoolState.STORED, sha256=sha256)

    def announced(self, now: datetime) -> Self:
        """Return the entry after its event was acknowledged."""
        return self._with(state=SpoolState.ANNOUNCED, announced_at=now)

    def dropped(self) -> Self:
        """Return the entry of media that is given up."""
        return self._with(state=SpoolState.DROPPED)

    def reopened(self) -> Self:
        """Return the entry to be uploaded once more."""
        return self._with(state=SpoolState.FINISHED, announced_at=None)

    def to_event(self) -> RecordingCompleted:
        """Return the event of a stored recording."""
        assert self.ended_at is not None
        assert self.end_reason is not None
        assert self.sha256 is not None
        return RecordingCompleted(
            camera_id=self.camera_id,
            site=self.site,
            stream=self.stream,
            epoch=self.epoch,
            object_key=self.object_key,
            started_at=self.started_at,
            ended_at=self.ended_at,
            duration_90k=self.duration_90k,
            bytes=self.bytes,
            sha256=self.sha256,
            init_bytes=self.init_bytes,
            init_sha256=self.init_sha256,
            video_codec=self.video_codec,
            audio_codec=self.audio_codec,
            width=self.width,
            height=self.height,
            fps=self.fps,
            fragments=self.fragments,
            end_reason=self.end_reason,
            camera_skew_seconds=self.camera_skew_seconds,
            recorder=self.recorder,
        )

    def _with(self, **changes: object) -> Self:
        return self.model_copy(update=changes)


def moment_of(file_stem: str) -> datetime:
    """Return the start that a recording's file name tells; raises ValueError."""
    day, _, clock = file_stem.partition("T")
    return datetime.fromisoformat(f"{day}T{clock.partition('Z')[0].replace('-', ':')}Z")


class Spool:
    """The spool directory. Methods block on the local disk; call them from a thread."""

    def __init__(self, root: Path) -> None:
        """Create `root` when it is missing; raises OSError when it cannot be used."""
        self.root = root
        root.mkdir(parents=True, exist_ok=True)
        probe = root / ".writable"
        probe.write_bytes(b"")
        probe.unlink()

    @property
    def identity(self) -> str:
        """A name that this spool keeps for ever and no other has."""
        path = self.root / ".identity"
        if not path.exists():
            write_atomically(path, uuid.uuid4().hex.encode(), sync=True)
        return path.read_text()

    def media_path(self, entry: SpoolEntry) -> Path:
        """Return where the entry's media is."""
        return self.root / entry.camera_id / f"{entry.file_stem}.mp4"

    def sidecar_path(self, entry: SpoolEntry) -> Path:
        """Return where the entry's sidecar is."""
        return self.root / entry.camera_id / f"{entry.file_stem}.json"

    def save(self, entry: SpoolEntry, *, sync: bool = False) -> None:
        """Replace the sidecar atomically; `sync` makes it survive a power cut."""
        path = self.sidecar_path(entry)
        if not path.parent.exists():
            path.parent.mkdir(exist_ok=True)
            if sync:
                sync_directory(self.root)
        write_atomically(path, entry.model_dump_json().encode(), sync=sync)

    def remove(self, entry: SpoolEntry) -> None:
        """Delete media, then sidecar: a sidecar alone is harmless, media alone is not."""
        self.media_path(entry).unlink(missing_ok=True)
        self.sidecar_path(entry).unlink(missing_ok=True)

    def truncate(self, entry: SpoolEntry) -> None:
        """Free the media's space and keep the sidecar."""
        self.media_path(entry).unlink(missing_ok=True)

    def load(self) -> list[SpoolEntry]:
        """Return every entry, oldest first; what cannot be read is moved to quarantine."""
        entries = []
        for sidecar in sorted(self.root.glob("*/*.json")):
            if sidecar.parent.name in {QUARANTINE, OUTBOX}:
                continue
            try:
                entries.append(SpoolEntry.model_validate_json(sidecar.read_bytes()))
            except (OSError, ValidationError):
                self._quarantine(sidecar, "unreadable sidecar")
        known = {self.media_path(entry) for entry in entries}
        for media in sorted(self.root.glob("*/*.mp4")):
            if media.parent.name != QUARANTINE and media not in known:
                self._quarantine(media, "no sidecar")
        for leftover in self.root.glob("*/*.tmp"):
            leftover.unlink(missing_ok=True)
        return sorted(entries, key=lambda entry: entry.started_at)

    def exists(self, entry: SpoolEntry) -> bool:
        """Whether a recording of this camera, moment and epoch is in the spool."""
        return self.sidecar_path(entry).exists() or self.media_path(entry).exists()

    def quarantined_media(self) -> list[Path]:
        """Return the quarantined recordings, each named `<camera>.<file name>`."""
        return sorted((self.root / QUARANTINE).glob("*.mp4"))

    def empty_quarantine(self) -> int:
        """Delete what was quarantined; return how many bytes that were."""
        freed = 0
        for path in (self.root / QUARANTINE).glob("*"):
            freed += path.stat().st_size
            path.unlink(missing_ok=True)
            log.warning("spool.quarantine_deleted", path=str(path))
        return freed

    def used_bytes(self) -> int:
        """Return the size of everything in the spool."""
        total = 0
        for path in self.root.rglob("*"):
            try:
                total += path.stat().st_size if path.is_file() else 0
            except FileNotFoundError:
                continue
        return total

    def free_bytes(self) -> int:
        """Return the free space of the spool's disk."""
        return shutil.disk_usage(self.root).free

    def _quarantine(self, path: Path, why: str) -> None:
        target = self.root / QUARANTINE / f"{path.parent.name}.{path.name}"
        target.parent.mkdir(exist_ok=True)
        path.replace(target)
        log.error("spool.file_quarantined", path=str(target), reason=why)


def write_atomically(path: Path, data: bytes, *, sync: bool = False) -> None:
    """Replace `path` by `data` in one step; nothing half-written is ever seen under the name."""
    temporary = path.with_suffix(path.suffix + ".tmp")
    try:
        with temporary.open("wb") as file:
            file.write(data)
            if sync:
                file.flush()
                os.fsync(file.fileno())
        temporary.replace(path)
    except OSError:
        # a full disk makes this fail once a second: nothing may pile up
        temporary.unlink(missing_ok=True)
        raise
    if sync:
        sync_directory(path.parent)


def sync_directory(path: Path) -> None:
    """Make the names in a directory survive a power cut."""
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
